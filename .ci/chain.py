"""Write qgis_plugin/chains/map_and_suggest.model3, the chain of jobs that travels with the plugin, by QGIS's own hand.

Run it with QGIS's Python after a parameter of one of its jobs was renamed: `make chain`, or with a path to write there.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "qgis_plugin" / "chains" / "map_and_suggest.model3"
ABOUT = "Segment an orthophoto, draw its classes as polygons, and suggest the regions whose labels teach most."
COUNT = "Number of regions to suggest."


def main(target: Path) -> None:
    """Build the model and save it; the same QGIS writes the same bytes."""
    from edgewise.engine.contract.specs import BY_JOB
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
        QgsProcessingModelOutput,
        QgsProcessingModelParameter,
        QgsProcessingParameterFile,
        QgsProcessingParameterNumber,
        QgsProcessingParameterRasterLayer,
    )
    from qgis.PyQt.QtCore import QPointF

    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("map_and_suggest", "Chains")
    number = QgsProcessingParameterNumber
    inputs = (
        QgsProcessingParameterRasterLayer("IMAGE", "Orthophoto"),
        QgsProcessingParameterFile("MODEL", "Model", optional=True, fileFilter="Model (*.safetensors *.onnx)"),
        number("MINIMUM_AREA", "Minimum area", number.Type.Double, 0.0, False, 0.0, 1e9),
        number("BUDGET", "Budget", number.Type.Integer, 200, False, 1, 100_000),
    )
    for place, definition in enumerate(inputs):
        component = QgsProcessingModelParameter(definition.name())
        component.setPosition(QPointF(150 + 260 * place, 100))
        model.addModelParameter(definition, component)

    def child(job: str, place: int, given: dict[str, object], outputs: dict[str, str]) -> None:
        algorithm = QgsProcessingModelChildAlgorithm(f"edgewise:{job}")
        algorithm.setChildId(job)
        algorithm.setDescription(algorithm.algorithm().displayName())
        algorithm.setPosition(QPointF(250 + 320 * place, 280))
        for name, value in given.items():
            algorithm.addParameterSources(name, [value])
        made = {}
        for parameter, name in outputs.items():
            output = QgsProcessingModelOutput(name)
            output.setChildId(job)
            output.setChildOutputName(parameter)
            output.setDescription(name.capitalize())
            output.setPosition(QPointF(330 + 320 * place, 400 + 80 * len(made)))
            made[name] = output
        algorithm.setModelOutputs(made)
        model.addChildAlgorithm(algorithm)

    image, network = source.fromModelParameter("IMAGE"), source.fromModelParameter("MODEL")
    child("segment", 0, {"IMAGE": image, "MODEL": network}, {"OUTPUT": "classes"})
    map_ = source.fromChildOutput("segment", "OUTPUT")
    least = source.fromModelParameter("MINIMUM_AREA")
    child("vectorize", 1, {"MAP": map_, "MINIMUM_AREA": least}, {"OUTPUT": "polygons"})
    budget = source.fromModelParameter("BUDGET")
    child("suggest", 2, {"IMAGE": image, "MODEL": network, "BUDGET": budget}, {"OUTPUT": "campaign"})
    helped = {param.name.upper(): param.help for job in ("vectorize", "segment") for param in BY_JOB[job].params()}
    model.setHelpContent({"ALG_DESC": ABOUT, "BUDGET": COUNT, **{d.name(): helped[d.name()] for d in inputs[:3]}})
    model.setParameterOrder([definition.name() for definition in inputs])
    if not model.toFile(str(target)):
        raise SystemExit(f"{target} cannot be written.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(QT_QPA_PLATFORM="offscreen", QGIS_CUSTOM_CONFIG_PATH=home, EDGEWISE_PYTHON="/bin/true")
        os.environ["QT_HASH_SEED"] = "0"  # else Qt writes the attributes of each element in another order every time
        Path(home, "edgewise").symlink_to(ROOT)
        sys.path[:0] = [home, "/usr/share/qgis/python/plugins"]
        from qgis.core import QgsApplication

        application = QgsApplication([], False)
        application.initQgis()
        import edgewise

        plugin = edgewise.classFactory(None)
        plugin.initProcessing()
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
