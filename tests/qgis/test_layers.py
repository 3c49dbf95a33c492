"""Layers become files: their own where it holds what QGIS shows, a copy where not, a refusal in words where neither works."""

import shutil
from pathlib import Path

import pytest
from edgewise.engine.contract.errors import DataError
from fakes import polygons, square, write_raster
from qgis.core import QgsCoordinateTransformContext, QgsProject, QgsRasterLayer, QgsVectorFileWriter, QgsVectorLayer

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
    path = file_of(polygons("Äcker: 2026/1", count=3))
    assert Path(path).name.startswith("Äcker_2026_1_"), "the engine's messages name the copy"
    copy = QgsVectorLayer(path)
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


@pytest.fixture
def two(tmp_path):
    """The second of two layers in one file."""
    saved(polygons(count=1), tmp_path / "a b.gpkg", "one")
    return saved(polygons(count=2), tmp_path / "a b.gpkg", "zwei")


def test_one_layer_of_several_in_a_file_is_named(file_of, two, tmp_path):
    assert file_of(two) == f"{tmp_path}/a b.gpkg|layername=zwei"


def test_unsaved_edits_beside_other_layers_are_refused_because_a_copy_would_lose_those(file_of, two):
    two.startEditing()
    two.addFeature(square(two, 9))
    with pytest.raises(DataError, match=r"Labels: zwei has edits that are not saved.*Save them \(Layer, Save Layer Edits\)"):
        file_of(two)
    two.rollBack()


def test_a_file_that_is_read_whole_is_given_whole_and_saved(two, tmp_path):
    from edgewise.qgis_plugin import layers

    assert layers.whole_file_of(two, "Campaign") == f"{tmp_path}/a b.gpkg"
    two.startEditing()
    two.addFeature(square(two, 9))
    with pytest.raises(DataError, match=r"Campaign: zwei has edits that are not saved.*then run this again"):
        layers.whole_file_of(two, "Campaign")
    other = QgsVectorLayer(f"{tmp_path}/a b.gpkg|layername=one", "one")
    QgsProject.instance().addMapLayer(two)
    with pytest.raises(DataError, match="zwei has edits that are not saved"):
        layers.whole_file_of(other, "Campaign")
    two.rollBack()
    QgsProject.instance().removeMapLayer(two)
    with pytest.raises(DataError, match=r"is no layer of a file. Choose the GeoPackage itself"):
        layers.whole_file_of(polygons(), "Campaign")


def test_selected_features_alone_are_copied(tmp_path):
    from edgewise.qgis_plugin import layers

    layer = polygons(count=3)
    layer.selectByIds([layer.allFeatureIds()[0]])
    copy = layers.export_vector(layer, tmp_path, QgsCoordinateTransformContext(), "Labels", selected_only=True)
    assert QgsVectorLayer(copy).featureCount() == 1


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


def test_a_virtual_raster_that_only_qgis_holds_is_refused(file_of, ortho):
    vrt = (
        f'<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{ortho}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(DataError, match=r"in memory.*Save it as a file first"):
        file_of(QgsRasterLayer(vrt, "vrt"))


def test_a_copy_that_cannot_be_written_is_said(tmp_path):
    from edgewise.qgis_plugin import layers

    shutil.rmtree(tmp_path)
    with pytest.raises(DataError, match=r"cannot be copied to a file.*Save it as a file first"):
        layers.export_vector(polygons(), tmp_path, QgsCoordinateTransformContext(), "Labels")
