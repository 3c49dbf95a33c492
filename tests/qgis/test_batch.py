"""The same algorithm over many rasters: QGIS's own batch dialog, filled as one fills it by hand."""

from pathlib import Path

import pytest
from fakes import write_raster
from qgis.core import QgsProcessingContext, QgsProject, QgsRasterLayer
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QTextEdit
from test_run import pump


@pytest.fixture
def batch(engine, tmp_path):
    """Run rows of parameters in the batch dialog; an output that is left out stays empty."""
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog
    from qgis.core import QgsApplication

    algorithm = QgsApplication.processingRegistry().createAlgorithmById("edgewise:segment")
    dialog = BatchAlgorithmDialog(algorithm)
    panel = dialog.mainWidget()
    panel.checkLoadLayersOnCompletion.setChecked(True)

    def batch(*rows):
        panel.clear()
        panel.addRow(len(rows))
        for number, row in enumerate(rows):
            for name, value in row.items():
                column = panel.parameter_to_column[name]
                if algorithm.parameterDefinition(name).isDestination():
                    panel.tblParameters.cellWidget(number + 1, column).setValue(value)
                else:
                    panel.wrappers[number][column].setParameterValue(value, QgsProcessingContext())
        dialog.show()  # QGIS 3.40 deletes a dialog that is not seen when its first row is done
        dialog.runAlgorithm()
        pump(
            lambda: any("Batch execution completed" in log.toPlainText() for log in dialog.findChildren(QTextEdit)), seconds=60
        )

    yield batch
    sip.delete(dialog)
    QgsProject.instance().clear()


def test_a_batch_segments_each_raster_with_the_defaults_of_the_dialog(batch, tmp_path):
    rows = [
        {"IMAGE": write_raster(tmp_path / f"Blatt {name}.tif"), "OUTPUT": str(tmp_path / f"Karte {name}.tif")} for name in "äb"
    ]
    batch(*rows)
    loaded = {Path(layer.source()): layer for layer in QgsProject.instance().mapLayers().values()}
    for row in rows:
        assert QgsRasterLayer(row["OUTPUT"]).isValid()
        assert [item.label for item in loaded[Path(row["OUTPUT"])].renderer().classes()] == ["Gebäude", "water"]
    assert not list(tmp_path.glob("*confidence*")), "what was left empty is not written"


def test_a_row_that_is_refused_does_not_stop_the_others(batch, tmp_path):
    image, other = (write_raster(tmp_path / f"{name}.tif") for name in "ab")
    batch({"IMAGE": image, "OUTPUT": image}, {"IMAGE": other, "OUTPUT": str(tmp_path / "map.tif")})
    assert QgsRasterLayer(str(tmp_path / "map.tif")).isValid()
    assert QgsRasterLayer(image).bandCount() == 3, "the orthophoto was changed"
