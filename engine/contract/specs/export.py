"""The request to write a model for other programs."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class ExportSpec(Spec):
    """Write a model for other programs.

    ONNX files carry the metadata that the Deepness plugin reads: classes, pixel size, tiles, overlap and standardization.
    Beside the model lie an example image with the labels of the engine, and a STAC item (MLM extension) that describes
    all of it. Each file is tried on the example, and it is said where its labels differ.
    """

    job = "export"
    title = "Export a model"
    group = "Set up"
    results = (
        Result("onnx_model", "ONNX file", "models.onnx", is_text=True),
        Result("openvino_model", "OpenVINO graph", "models.openvino", is_text=True),
        Result("tile_px", "Side of a tile in pixels"),
        Result("overlap_percent", "Overlap of tiles in percent"),
        Result("onnx_differing", "Pixels of the example with another class in ONNX", "differing_pixels.onnx"),
        Result("openvino_differing", "Pixels of the example with another class in OpenVINO", "differing_pixels.openvino"),
    )

    model: str = params.model(
        "Model",
        "Model file, trained or distilled by Edgewise; the student that ships with it when not given.",
        shipped=True,
    )
    format: str = params.choice(
        "Format", "What the other program reads.",
        {"onnx": "ONNX, for Deepness and others", "openvino": "OpenVINO", "all": "ONNX and OpenVINO"}, "onnx",
    )  # fmt: skip
    tile: int = params.integer(
        "Tile size", "Side of the tiles that the other program will cut, in pixels, margin included; 0 takes what suits the "
        "model.", 0, 0, 8192, advanced=True,
    )  # fmt: skip
    output: str = params.output_folder("Folder", "Folder that is written; files of the same name are replaced.")
