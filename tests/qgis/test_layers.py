"""Layers become files: their own where it holds what QGIS shows, a copy where not, a refusal in words where neither works."""

import shutil

import pytest
from edgewise.engine.contract.errors import DataError
from fakes import polygons, square, write_raster
from qgis.core import QgsCoordinateTransformContext, QgsRasterLayer, QgsVectorFileWriter, QgsVectorLayer

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def file_of(tmp_path):
    from edgewise.qgis_plugin import layers

    def file_of(layer):
        transforms = QgsCoordinateTransformContext()
        return layers.file_of(layer, "Labels", lambda v: layers.export_vector(v, tmp_path, transforms, "Labels"))

    return file_of


def saved(layer, path, name="one"):
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = name
    options.layerOptions = ["FID=key"]
    if path.exists():
        options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsCoordinateTransformContext(), options)
    return QgsVectorLayer(f"{path}|layername={name}", name)


def test_a_saved_layer_is_its_own_file(file_of, tmp_path):
    path = tmp_path / "Äcker und Wiesen.gpkg"
    assert file_of(saved(polygons(), path)) == str(path)


def test_a_layer_in_memory_is_copied_whole(file_of):
    copy = QgsVectorLayer(file_of(polygons(count=3)))
    assert copy.featureCount() == 3
    assert copy.crs().authid() == "EPSG:32632"
    assert {f["class"] for f in copy.getFeatures()} == {"water"}


def test_unsaved_edits_and_filters_count(file_of, tmp_path):
    layer = saved(polygons(count=2), tmp_path / "a.gpkg")
    layer.startEditing()
    layer.addFeature(square(layer, 9))
    assert QgsVectorLayer(file_of(layer)).featureCount() == 3
    layer.rollBack()
    layer.setSubsetString("key = 1")
    assert QgsVectorLayer(file_of(layer)).featureCount() == 1


def test_one_layer_of_several_in_a_file_is_copied(file_of, tmp_path):
    saved(polygons(count=1), tmp_path / "a.gpkg", "one")
    copy = file_of(saved(polygons(count=2), tmp_path / "a.gpkg", "two"))
    assert copy != str(tmp_path / "a.gpkg")
    assert QgsVectorLayer(copy).featureCount() == 2


def test_a_raster_is_its_own_file(file_of, ortho):
    assert file_of(QgsRasterLayer(ortho)) == ortho


def test_a_web_map_is_refused_with_the_way_out(file_of):
    web = QgsRasterLayer("type=xyz&url=http://localhost/%7Bz%7D/%7Bx%7D/%7By%7D.png", "tiles", "wms")
    with pytest.raises(DataError, match=r"Labels: tiles is a wms layer, and the engine reads files. Save it as a file first"):
        file_of(web)


def test_a_raster_in_memory_is_refused_with_the_way_out(file_of):
    write_raster("/vsimem/a.tif")
    with pytest.raises(DataError, match=r"in memory.*Save it as a file first"):
        file_of(QgsRasterLayer("/vsimem/a.tif", "a"))


def test_a_copy_that_cannot_be_written_is_said(tmp_path):
    from edgewise.qgis_plugin import layers

    shutil.rmtree(tmp_path)
    with pytest.raises(DataError, match=r"cannot be copied to a file.*Save it as a file first"):
        layers.export_vector(polygons(), tmp_path, QgsCoordinateTransformContext(), "Labels")
