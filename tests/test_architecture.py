"""The floors of DESIGN.md: who may import whom, what QGIS may see, how long a file may be before it is a question."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {
    "engine.contract": 0.0, "engine.atomic": 0.1,
    "models": 1.0, "engine.geo": 1.0, "engine.metrics": 1.0, "engine.device": 1.0, "engine.scene": 1.0,
    "engine.losses": 1.1, "engine.acquisition": 1.1, "engine.runtimes": 1.1,
    "engine.training": 2, "engine.inference": 2, "engine.regions": 2, "engine.assessment": 2, "engine.campaign": 2.1,
    "engine.record": 2, "engine.vectorize": 2, "engine.export": 2,
    "engine.pseudolabels": 2,
    "engine.jobs": 3,
    "engine.run": 4,
}  # fmt: skip
"""Floors of DESIGN.md; a tenth orders what stands on one floor: losses take the outputs of models."""

NO_TORCH = ("engine.contract", "engine.geo", "engine.atomic", "engine.record", "engine.scene", "qgis_plugin", "models.card")
NO_FILES = ("engine.losses", "engine.acquisition")
STANDARD_LIBRARY = set(sys.stdlib_module_names)


def modules(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(name: str) -> str:
    """Return the floor-bearing package of a module: `engine.geo.tiles` -> `engine.geo`."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "engine" else parts[0]


def imports(path: Path) -> list[tuple[str, int]]:
    """Return (module, relative level) of every import in a file, also those inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            bare_package = base in ("engine", "models") and not node.level
            found += [(f"{base}.{a.name}", 0) for a in node.names] if bare_package else [(base, node.level)]
    return found


@pytest.mark.parametrize("path", modules("engine", "models"), ids=module_name)
def test_a_module_imports_only_from_lower_floors_or_its_own_package(path):
    name = module_name(path)
    own = package_of(name)
    if name == "engine":
        return
    for target, level in imports(path):
        if level or target.split(".")[0] not in ("engine", "models"):
            continue
        other = package_of(target)
        assert other in FLOORS, f"{name} imports {target}, which has no floor"
        assert own == other or FLOORS[other] < FLOORS[own], (
            f"{name} (floor {FLOORS[own]}) imports {target} (floor {FLOORS[other]})"
        )


@pytest.mark.parametrize("path", modules("engine/contract"), ids=module_name)
def test_the_contract_imports_only_the_standard_library(path):
    for target, level in imports(path):
        assert level or target.split(".")[0] in STANDARD_LIBRARY, f"{path.name} imports {target}"


@pytest.mark.parametrize("path", modules("qgis_plugin"), ids=module_name)
def test_the_plugin_reaches_the_engine_through_the_contract_alone(path):
    allowed = STANDARD_LIBRARY | {"qgis", "processing", "osgeo"}
    depth = len(path.relative_to(ROOT / "qgis_plugin").parts)
    for target, level in imports(path):
        if not level:
            assert target.split(".")[0] in allowed, f"{path.name} imports {target}"
        elif level > depth and target:
            assert target == "engine.contract" or target.startswith("engine.contract."), f"{path.name} imports {target}"


@pytest.mark.parametrize("path", modules("engine", "models", "qgis_plugin"), ids=module_name)
def test_torch_stays_out_of_the_floors_that_promise_so(path):
    name = module_name(path)
    if any(name == p or name.startswith(p + ".") for p in NO_TORCH):
        assert not [t for t, level in imports(path) if not level and t.split(".")[0] == "torch"]


@pytest.mark.parametrize("path", modules("engine/losses", "engine/acquisition", "models"), ids=module_name)
def test_parts_open_no_files(path):
    if module_name(path) in ("models.checkpoint", "models.model"):  # the model names its raster's path in errors
        return
    names = {
        n.func.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert "open" not in names
    assert not {"rasterio", "geopandas", "pathlib", "engine.geo"} & {t for t, _ in imports(path)}


@pytest.mark.parametrize("path", modules("engine/contract", "qgis_plugin"), ids=module_name)
def test_code_for_qgis_parses_as_python_3_9(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("path", modules("engine", "models"), ids=module_name)
def test_nothing_that_runs_code_is_loaded(path):
    called = {ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)}
    assert not called & {"torch.load", "pickle.load", "pickle.loads", "eval", "exec", "yaml.load", "os.system"}


def test_a_forbidden_import_is_seen(tmp_path):
    offending = tmp_path / "bad.py"
    offending.write_text("def f():\n    from engine import jobs\n    import torch\n")
    assert ("engine.jobs", 0) in imports(offending)
    assert ("torch", 0) in imports(offending)


ONE_SYSTEM = {
    "fcntl", "pwd", "grp", "resource", "termios", "msvcrt", "winreg", "killpg", "kill", "fork", "setsid", "getuid", "geteuid",
    "getpgid", "sysconf", "sched_getaffinity", "SIGKILL", "SIGHUP", "SIGALRM", "CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW",
    "start_new_session", "preexec_fn", "startfile",
}  # fmt: skip
"""Modules, calls and words that not every system has."""

TWIN = re.compile(r"os\.name|sys\.platform|hasattr\(|except \(?(OSError|AttributeError|ImportError)|suppress\(OSError")
"""How a function asks on which system it runs, or does without."""


def one_sided(source: str) -> list[str]:
    """Return the functions that call what one system has and that neither ask for the system nor do without."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, (ast.FunctionDef, ast.Module)):
            own = [function]
            for node in own:  # grows: the parts of a function without those of the functions in it
                own += [n for n in ast.iter_child_nodes(node) if not isinstance(n, (ast.FunctionDef, ast.Lambda))]
            names = {getattr(n, field, None) for n in own for field in ("attr", "name", "id", "arg", "value")}
            here = "\n".join(ast.unparse(n) for n in own[1:] if isinstance(n, ast.stmt))
            opened = [ast.unparse(n) for n in own if isinstance(n, ast.Call)]
            system_files = any(re.match(r"(Path|open)\('/(proc|sys|dev)/", call) for call in opened)
            if (names & ONE_SYSTEM or system_files) and not TWIN.search(here):
                found.append(getattr(function, "name", "module"))
    return found


@pytest.mark.parametrize("path", modules("engine", "models", "qgis_plugin"), ids=module_name)
def test_what_one_system_has_stands_beside_its_twin(path):
    assert one_sided(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", modules("engine", "models", "qgis_plugin"), ids=module_name)
def test_no_command_goes_through_a_shell(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [call for call in calls if any(k.arg == "shell" for k in call.keywords)]
    named = {ast.unparse(call.func) for call in calls}
    assert not named & {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "QProcess.execute"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f():\n    import fcntl\n", ["f"]),
        ("def f():\n    os.killpg(1, 9)\n", ["f"]),
        ("def f():\n    return Path('/proc/meminfo').read_text()\n", ["f"]),
        ("def f():\n    if os.name != 'nt':\n        os.killpg(1, 9)\n", []),
    ],
)
def test_a_call_without_its_twin_is_found(source, found):
    assert one_sided(source) == found
