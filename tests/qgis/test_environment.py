"""Which Python runs the engine, and what of QGIS's environment reaches it: nothing."""

import sys

import pytest
from edgewise.engine.contract.errors import ResourceError
from edgewise.qgis_plugin import environment
from fakes import ENGINE_PYTHON


def make_python(folder):
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return str(python)


def test_the_setting_goes_before_the_variable_before_the_checkout(tmp_path):
    setting, variable, checkout = (make_python(tmp_path / n) for n in ("a", "b", "c/.venv"))
    environ = {"EDGEWISE_PYTHON": variable}
    assert environment.find_python(setting, environ, tmp_path / "c") == setting
    assert environment.find_python("", environ, tmp_path / "c") == variable
    assert environment.find_python("", {}, tmp_path / "c") == checkout


def test_the_folder_of_an_environment_is_as_good_as_its_python(tmp_path):
    assert environment.find_python(str(tmp_path), {}, tmp_path) if make_python(tmp_path) else False


def test_a_link_is_kept_because_an_environment_is_found_through_it(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)
    assert environment.find_python(str(tmp_path / "python"), {}, tmp_path) == str(tmp_path / "python")


def test_a_python_that_is_gone_is_named_and_no_other_is_taken(tmp_path):
    make_python(tmp_path / ".venv")
    with pytest.raises(ResourceError, match=r"/gone/python, set in Settings.*does not exist. Correct it in Settings"):
        environment.find_python("/gone/python", {}, tmp_path)
    with pytest.raises(ResourceError, match=r"/gone/python, from the variable EDGEWISE_PYTHON.*Correct it"):
        environment.find_python("", {"EDGEWISE_PYTHON": "/gone/python"}, tmp_path)


def test_without_a_python_the_two_commands_are_given(tmp_path):
    with pytest.raises(ResourceError, match=r"none is set.*-m venv edgewise-engine.*pip install.*Then name it in Settings"):
        environment.find_python("", {}, tmp_path)


def test_the_child_sees_nothing_of_qgis_and_all_of_the_user(tmp_path):
    prefixes = ("PYTHON", "QT_PLUGIN_", "QGIS_PREFIX_", "PROJ_", "GDAL_", "LD_LIBRARY_", "DYLD_LIBRARY_", "CONDA_", "PIP_")
    of_qgis = {f"{prefix}PATH": "/of/qgis" for prefix in prefixes} | {
        "PYTHONHOME": "/q",
        "VIRTUAL_ENV": "/q",
        "LD_PRELOAD": "x.so",
    }
    of_the_user = {
        "HOME": "/home/u",
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "1",
        "HTTPS_PROXY": "p",
        "SSL_CERT_FILE": "/ca.pem",
    }
    child = environment.child_environment({**of_qgis, **of_the_user}, tmp_path)
    ours = {name: value for name, value in child.items() if name.startswith("PYTHON")}
    assert {n: v for n, v in child.items() if n not in ours} == of_the_user
    assert ours["PYTHONPATH"] == str(tmp_path)
    assert ours["PYTHONUTF8"] == "1"


def test_the_folders_of_a_bundled_qgis_leave_the_path(tmp_path):
    environ = {"OSGEO4W_ROOT": "/OSGeo4W", "PATH": "/osgeo4w/bin:/usr/bin"}
    assert environment.child_environment(environ, tmp_path)["PATH"] == "/usr/bin"


def test_a_python_without_the_engines_packages_is_told_which(tmp_path):
    said = environment.diagnose(ENGINE_PYTHON, {}, tmp_path)
    assert "lacks torch" in said
    assert f'-r "{tmp_path}/engine/requirements.txt" -c "{tmp_path}/engine/constraints.txt"' in said


def test_what_is_no_python_is_told_so(tmp_path):
    assert "does not answer as a Python does" in environment.diagnose("/bin/false", {}, tmp_path)
