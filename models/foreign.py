"""What a file that is not one of our models seems to be, so that the refusal can say what to do with it."""

from __future__ import annotations

HEAD_BYTES = 512
"""How much of a file's beginning `describe` wants to see."""

_RETRAIN = "Edgewise reads the .safetensors files that its train and distill write."
_ONNX = "Edgewise takes ONNX files whose name ends in .onnx and that carry Deepness metadata."
_RASTER = "Give it as the orthophoto, not as the model."
_RUNS_CODE = "such a file can run code and is never loaded"
_MAGIC = (
    (b"PK\x03\x04", f"a zip archive, as PyTorch writes .pt and .pth files; {_RUNS_CODE}", _RETRAIN),
    (b"\x80", f"a Python pickle, as in old .pt and .pth files; {_RUNS_CODE}", _RETRAIN),
    (b"\x89HDF", "an HDF5 file, as Keras writes", _RETRAIN),
    (b"II*\x00", "a TIFF raster", _RASTER),
    (b"MM\x00*", "a TIFF raster", _RASTER),
    (b"II+\x00", "a TIFF raster", _RASTER),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Run git lfs pull."),
    (b"<", "a web page or XML, perhaps of a failed download", "Download the model file again."),
)


def describe(head: bytes) -> tuple[str, str]:
    """Return what a file seems to be and the next step, from its first `HEAD_BYTES`."""
    if not head:
        return "empty", "Copy the model file again."
    for magic, seems, hint in _MAGIC:
        if head.startswith(magic):
            return seems, hint
    if is_onnx(head):
        return "an ONNX model", _ONNX
    if _is_text(head):
        return "a text file", _RETRAIN
    return "no model file that Edgewise knows", _RETRAIN


def is_onnx(head: bytes) -> bool:
    """Return whether a file begins as ONNX files do: with their version, then one of their next fields."""
    return len(head) > 2 and head[0] == 0x08 and head[1] < 32 and head[2] in (0x12, 0x1A, 0x22, 0x2A, 0x32, 0x3A, 0x42)


def _is_text(head: bytes) -> bool:
    try:
        text = head[: len(head) - 3].decode() if len(head) == HEAD_BYTES else head.decode()
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n\f" for c in text)
