"""Real QGIS without a window, its settings in a folder of its own, and the plugin under the name that QGIS gives it.

Run by QGIS's own Python: QT_QPA_PLATFORM=offscreen /usr/bin/python3 -m pytest tests/qgis
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
HOME = Path(tempfile.mkdtemp(prefix="edgewise_qgis_"))
PLUGINS = HOME / "python" / "plugins"
PLUGINS.mkdir(parents=True)
(PLUGINS / "edgewise").symlink_to(ROOT)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(HOME)
os.environ.setdefault("XDG_RUNTIME_DIR", str(HOME))
sys.path[:0] = [str(PLUGINS), "/usr/share/qgis/python/plugins", str(HERE)]


def pytest_unconfigure():
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def qgis():
    """QGIS with Processing started."""
    from qgis.core import QgsApplication
    from qgis.PyQt.QtCore import QCoreApplication

    QCoreApplication.setOrganizationName("edgewise-tests")
    QCoreApplication.setApplicationName("edgewise-tests")
    application = QgsApplication([], True)
    application.initQgis()
    from processing.core.Processing import Processing

    Processing.initialize()
    return application


@pytest.fixture(scope="session")
def plugin(qgis):
    """The plugin, started as qgis_process starts it."""
    import edgewise

    started = edgewise.classFactory(None)
    started.initProcessing()
    yield started
    started.unload()


@pytest.fixture
def engine(plugin, tmp_path, monkeypatch):
    """A made engine in a folder with spaces and umlauts; call it with the behaviour it shall show."""
    from fakes import ENGINE_PYTHON

    folder = tmp_path / "Straße mit Lücke"
    folder.mkdir()
    python = folder / "pythön"
    shutil.copy(HERE / "fake_engine.py", python)
    python.chmod(0o755)
    monkeypatch.setenv("EDGEWISE_PYTHON", str(python))
    monkeypatch.setenv("FAKE_MARK", str(tmp_path))
    monkeypatch.setenv("FAKE_PYTHON", ENGINE_PYTHON)

    def behave(behaviour):
        monkeypatch.setenv("FAKE_BEHAVIOUR", behaviour)
        return python

    behave("succeed")
    return behave


@pytest.fixture
def log():
    """A Processing feedback that remembers all it is told."""
    from fakes import Log

    return Log()


@pytest.fixture
def ortho(tmp_path, plugin):
    """A small orthophoto on disk, in UTM, in a folder with an umlaut."""
    from fakes import write_raster

    (tmp_path / "Bäume").mkdir()
    return write_raster(tmp_path / "Bäume" / "ortho foto.tif", bands=3)


@pytest.fixture(scope="session")
def python(plugin):
    """The engine's Python."""
    from edgewise.qgis_plugin import environment

    return environment.find_python("", os.environ, ROOT)


def engine_says(python, *words):
    """Run the engine's Python in the checkout and return what it printed."""
    done = subprocess.run(
        [python, *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def written(python, tmp_path_factory):
    """A campaign of 40 units, written by the engine."""
    from fakes import write_raster

    path = tmp_path_factory.mktemp("campaigns") / "forty.gpkg"
    image = write_raster(path.with_name("Luftbild ä.tif"))
    engine_says(python, HERE / "campaigns.py", path, "40", image)
    return path


@pytest.fixture
def path(written, tmp_path):
    """A campaign of one's own, in a folder with a space and an umlaut."""
    (tmp_path / "Kampagne ä").mkdir()
    return str(shutil.copy(written, tmp_path / "Kampagne ä" / "orte.gpkg"))


@pytest.fixture
def window(plugin):
    """QGIS's window with the dock in it."""
    from edgewise.qgis_plugin.dock.desk import Desk
    from qgis.core import QgsProject
    from qgis.PyQt.QtCore import Qt
    from qgis.PyQt.QtWidgets import QApplication
    from window import Window

    made = Window()
    made.show()
    made.desk = Desk(made)
    made.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, made.desk.panel)
    yield made
    assert QApplication.activeModalWidget() is None, "a modal dialog is open"
    made.desk.unload()
    QgsProject.instance().clear()
    made.close()
    made.deleteLater()


@pytest.fixture
def desk(window, path):
    """The dock with the campaign open, at its first unit."""
    window.desk.open(path)
    return window.desk
