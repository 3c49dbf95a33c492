"""Real QGIS without a window, its settings in a folder of its own, and the plugin under the name that QGIS gives it.

Run by QGIS's own Python: QT_QPA_PLATFORM=offscreen /usr/bin/python3 -m pytest tests/qgis
"""

import os
import shutil
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
    folder = tmp_path / "Straße mit Lücke"
    folder.mkdir()
    python = folder / "pythön"
    shutil.copy(HERE / "fake_engine.py", python)
    python.chmod(0o755)
    monkeypatch.setenv("EDGEWISE_PYTHON", str(python))
    monkeypatch.setenv("FAKE_MARK", str(tmp_path))

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
