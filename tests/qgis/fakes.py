"""Small things that tests build: rasters, layers, a log, and a look at the processes that are left."""

import shutil
import sys
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsFeature, QgsGeometry, QgsProcessingFeedback, QgsVectorLayer

gdal.UseExceptions()

ENGINE_PYTHON = sys.executable if sys.version_info < (3, 14) else shutil.which("python3.13")
"""A Python that the engine's packages support, as `.ci/setup` finds or installs one."""


def write_raster(path, bands=3, side=32, value=7):
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), side, side, bands, gdal.GDT_Byte)
    dataset.SetGeoTransform((500000, 0.5, 0, 5700000, 0, -0.5))
    from osgeo import osr

    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32632)
    dataset.SetProjection(crs.ExportToWkt())
    for band in range(1, bands + 1):
        dataset.GetRasterBand(band).Fill(value)
    return str(path)


def polygons(name="fields", count=1):
    """Return a polygon layer in memory with the fields `fid` (repeating) and `class`."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32632&field=fid:integer&field=class:string", name, "memory")
    layer.dataProvider().addFeatures([square(layer, number) for number in range(count)])
    return layer


def square(layer, number=0):
    feature = QgsFeature(layer.fields())
    feature["fid"] = 1
    feature["class"] = "water"
    left = 500000 + 2 * number
    feature.setGeometry(QgsGeometry.fromWkt(f"POLYGON(({left} 5700000,{left + 1} 5700000,{left + 1} 5699999,{left} 5700000))"))
    return feature


def processes(mark):
    """Return the command lines of the processes that carry FAKE_MARK=mark; zombies have none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"FAKE_MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


class Log(QgsProcessingFeedback):
    """Remembers all it is told; cancels itself when `cancel_at` returns True for its percent."""

    def __init__(self):
        super().__init__(False)
        self.infos, self.warnings, self.texts, self.percents, self.commands, self.errors = [], [], [], [], [], []
        self.progressChanged.connect(self.percents.append)

    def pushInfo(self, info):
        self.infos.append(info)

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def pushCommandInfo(self, info):
        self.commands.append(info)

    def pushConsoleInfo(self, info):
        self.infos.append(info)

    def setProgressText(self, text):
        self.texts.append(text)

    def reportError(self, error, fatalError=False):
        self.errors.append(error)
