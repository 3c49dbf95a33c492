"""The engine's Python: made from a folder of wheels by real commands, gone on with, cancelled, renewed and removed."""

import json
import os
import shutil
import subprocess
import threading
import zipfile
from dataclasses import replace

import pytest
from edgewise.engine.contract.errors import Cancelled, EngineError, ResourceError
from edgewise.qgis_plugin import environment, install, order
from edgewise.qgis_plugin.lock import only_one
from fakes import ENGINE_PYTHON, processes

UV = shutil.which("uv", path=f"{environment.ROOT}/.venv/bin{os.pathsep}{os.environ['PATH']}")
"""As make setup leaves it."""


def wheel(folder, name, version, code=""):
    """Write a wheel with one module."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code or f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture
def environ(tmp_path):
    """Variables as the algorithm gives them, with a home below the test's folder."""
    kept = order.variables({**os.environ, "EDGEWISE_HOME": str(tmp_path / "Mein Ordner ä")}, environment.ROOT)
    return {
        **kept,
        "FAKE_MARK": str(tmp_path),
        "PIP_FIND_LINKS": "",
        "PIP_EXTRA_INDEX_URL": "",
        "UV_CACHE_DIR": f"{tmp_path}/uv",
    }


@pytest.fixture
def wanted(tmp_path, environ, monkeypatch):
    """An order for one tiny package, 1.0 of two versions, from a folder of wheels."""
    monkeypatch.setattr(install, "GIB", {"cpu": 0, "cuda": 0})
    for version in ("1.0", "2.0"):
        wheel(tmp_path / "wheels", "tinypart", version)
    root = tmp_path / "plugin"
    (root / "engine").mkdir(parents=True)
    requirements, constraints = environment.pin_files(root)
    requirements.write_text("tinypart\n")
    constraints.write_text("tinypart==1.0\n")
    found = order.for_machine(environ, root, build="cpu", python=ENGINE_PYTHON, wheels=str(tmp_path / "wheels"))
    return replace(found, uv=UV, extra=(), needed=("tinypart",))


def run(wanted, environ, is_cancelled=lambda: False, log=None, steps=None):
    log, steps = [] if log is None else log, [] if steps is None else steps
    return install.install(wanted, environ, log.append, lambda *step: steps.append(step[2]), is_cancelled)


def version_in(python):
    said = subprocess.run(
        [python, "-c", "import tinypart; print(tinypart.VERSION)"], capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


@pytest.mark.parametrize("with_uv", [True, False], ids=["uv", "venv and pip"])
def test_a_pinned_engine_is_made_without_a_network_and_found_afterwards(wanted, environ, tmp_path, with_uv):
    python = run(wanted if with_uv else replace(wanted, uv=""), environ)
    assert version_in(python) == "1.0"
    assert environment.find_python("", environ, tmp_path / "plugin") == python
    assert install.uninstall(wanted.folder.parent) > 0
    assert not wanted.folder.parent.exists()
    with pytest.raises(ResourceError, match=r"none is set. Run 'Install the engine'"):
        environment.find_python("", environ, tmp_path / "plugin")


def test_a_stopped_run_is_gone_on_with_and_does_not_count_before(wanted, environ, tmp_path):
    missing = replace(wanted, extra=("notthere",))
    with pytest.raises(EngineError, match=r"notthere(?s:.*)run this again: it goes on"):
        run(missing, environ)
    with pytest.raises(ResourceError):
        environment.find_python("", environ, tmp_path / "plugin")
    steps = []
    assert version_in(run(wanted, environ, steps=steps)) == "1.0"
    assert steps == ["fill", "try"], "the environment was made anew"


def test_other_pins_make_another_engine_and_the_old_one_goes(wanted, environ, tmp_path):
    run(wanted, environ)
    wanted.constraints.write_text("tinypart==2.0\n")
    with pytest.raises(ResourceError, match=r"was updated.*made for the version before. Run 'Install the engine'"):
        environment.find_python("", environ, tmp_path / "plugin")
    renewed = replace(wanted, folder=environment.engine_folder(environ, tmp_path / "plugin"))
    assert version_in(run(renewed, environ)) == "2.0"
    assert [p.name for p in wanted.folder.parent.glob("engine-*")] == [renewed.folder.name]


def test_a_package_that_does_not_load_leaves_nothing_to_go_on_with(wanted, environ, tmp_path):
    wheel(tmp_path / "wheels", "tinypart", "1.0", code="raise ImportError('half a package')")
    with pytest.raises(EngineError, match=r"half a package"):
        run(wanted, environ)
    assert not wanted.folder.exists()


def test_a_cancel_ends_the_program_within_two_seconds(wanted, environ, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\necho begun\nsleep 600\n")
    slow.chmod(0o755)
    cancelled, log = threading.Event(), []
    threading.Timer(0.5, cancelled.set).start()
    with pytest.raises(Cancelled):
        run(replace(wanted, uv=str(slow)), environ, cancelled.is_set, log)
    assert "begun" in log
    assert processes(tmp_path) == []
    assert not (wanted.folder.parent / "install.lock").exists() or only_one(wanted.folder.parent)


def test_two_windows_do_not_install_at_once(wanted, environ):
    home = wanted.folder.parent
    with only_one(home):
        with pytest.raises(ResourceError, match=r"Another window is changing the engine.*Wait until it is done"):
            run(wanted, environ)
        with pytest.raises(ResourceError, match=r"Wait until it is done, or cancel it there"):
            install.uninstall(home)
    with only_one(home):
        pass


def test_only_engines_are_removed(tmp_path):
    (tmp_path / "engine-0123abcd").mkdir()
    (tmp_path / "my maps").mkdir()
    install.uninstall(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["my maps"]


def test_a_full_disk_is_said_before_anything_is_downloaded(wanted, environ, monkeypatch):
    monkeypatch.setattr(install, "GIB", {"cpu": 10**9})
    with pytest.raises(ResourceError, match=r"GiB are free.*choose the CPU build, or set the variable EDGEWISE_HOME"):
        run(wanted, environ)


def test_a_home_that_cannot_be_written_is_named(wanted, environ, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match=r"cannot be written.*Set the variable EDGEWISE_HOME"):
        run(replace(wanted, folder=tmp_path / "file" / "engine-1"), environ)


def test_an_empty_folder_of_wheels_and_a_wrong_python_are_refused(environ, tmp_path):
    with pytest.raises(ResourceError, match=r"holds no wheel.*pip download"):
        order.for_machine(environ, environment.ROOT, wheels=str(tmp_path))
    with pytest.raises(ResourceError, match=r"is no Python from 3.10 to 3.13 with venv. Choose another under Python"):
        order.for_machine(environ, environment.ROOT, python="/bin/false")
    with pytest.raises(ResourceError, match=r"No Python from 3.10 to 3.13.*python3-venv"):
        order.for_machine({"PATH": str(tmp_path)}, environment.ROOT)


@pytest.mark.parametrize(("gpus", "build", "backend"), [("GPU 0: a card", "cuda", "auto"), ("", "cpu", "cpu")])
def test_the_build_follows_the_driver(environ, tmp_path, gpus, build, backend):
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho '{gpus}'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    (tmp_path / "uv").symlink_to("/bin/true")
    found = order.for_machine({**environ, "PATH": str(tmp_path)}, environment.ROOT)
    assert found.build == build
    fill = found.steps()["fill"]
    assert fill[fill.index("--torch-backend") + 1] == backend
    assert str(environment.ROOT / "engine" / "constraints.txt") in fill


def test_the_users_settings_of_pip_count_but_none_that_leads_elsewhere(tmp_path):
    given = {"PIP_INDEX_URL": "mirror", "PIP_TARGET": "/elsewhere", "PYTHONHOME": "/qgis", "SSL_CERT_FILE": "/ca.pem"}
    kept = order.variables(given, tmp_path)
    assert (kept["PIP_INDEX_URL"], kept["SSL_CERT_FILE"], kept["UV_SYSTEM_CERTS"]) == ("mirror", "/ca.pem", "true")
    assert not {"PIP_TARGET", "PYTHONHOME", "PYTHONPATH"} & set(kept)


def test_certificates_of_a_bundled_qgis_do_not_count(tmp_path):
    environ = {"OSGEO4W_ROOT": "/OSGeo4W", "SSL_CERT_FILE": "/osgeo4w/bin/ca.crt", "CURL_CA_BUNDLE": "/Q.app/Contents/ca.crt"}
    assert not {"SSL_CERT_FILE", "CURL_CA_BUNDLE"} & set(environment.child_environment(environ, tmp_path))


def test_the_proxy_of_qgis_is_used(plugin):
    from edgewise.qgis_plugin.network import proxy_variables
    from qgis.core import QgsSettings

    settings = QgsSettings()
    assert proxy_variables() == {}
    values = {"Enabled": True, "Type": "HttpProxy", "Host": "proxy.local", "Port": "8080", "User": "me", "Password": "a@b"}
    for name, value in values.items():
        settings.setValue(f"proxy/proxy{name}", value)
    settings.setValue("proxy/noProxyUrls", ["http://intranet"])
    try:
        address = "http://me:a%40b@proxy.local:8080"
        assert proxy_variables() == {"HTTP_PROXY": address, "HTTPS_PROXY": address, "NO_PROXY": "intranet"}
    finally:
        settings.remove("proxy")


def test_the_algorithm_shows_the_commands_and_changes_nothing(plugin, log, tmp_path, monkeypatch):
    import processing

    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    results = processing.run("edgewise:install", {"ONLY_SHOW": True, "BUILD": "cpu", "PYTHON": ENGINE_PYTHON}, feedback=log)
    assert results == {"ENGINE": ""}
    assert any("venv" in command for command in log.commands) and any("install" in command for command in log.commands)
    assert any("python3 -m venv edgewise-engine" in info for info in log.infos)
    assert not (tmp_path / "home").exists()


def test_the_algorithms_install_and_remove(plugin, log, tmp_path, monkeypatch, wanted):
    import processing

    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    own = replace(wanted, folder=tmp_path / "home" / "engine-0123abcd")
    monkeypatch.setattr(order, "for_machine", lambda *_, **__: own)
    results = processing.run("edgewise:install", {}, feedback=log)
    assert version_in(results["ENGINE"]) == "1.0"
    assert log.texts[0] == "Step 1 of 3: making an environment"
    assert json.loads((own.folder / environment.STAMP).read_text())["build"] == "cpu"
    assert processing.run("edgewise:uninstall", {}, feedback=log) == {"REMOVED": str(tmp_path / "home")}
    assert not (tmp_path / "home").exists()
