"""Find a truncated file before work starts: a GeoTIFF says where each block lies, a PNG says where it ends."""

from __future__ import annotations

import math
from pathlib import Path

import rasterio

from engine.contract.errors import DataError
from engine.contract.params import is_local

_MAX_BLOCKS = 20_000
_PNG_TAIL_BYTES = 4096


def check(dataset: rasterio.DatasetReader, path: str) -> None:
    """Refuse a local GeoTIFF with blocks beyond its end (of very many blocks the last ones are looked at), or a cut PNG.

    Raises:
        DataError: the file is truncated.
    """
    if not is_local(path):
        return
    if dataset.driver == "PNG":
        _check_png(Path(path))
    elif dataset.driver == "GTiff":
        _check_blocks(dataset, path)


def _check_png(path: Path) -> None:
    """Refuse a PNG without its last chunk; GDAL fills what is missing with zeros and says nothing."""
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - _PNG_TAIL_BYTES, 0))
        if b"IEND" not in stream.read():
            raise DataError(f"{path} is truncated: it has no end mark.", "Copy or export it again.")


def _check_blocks(dataset: rasterio.DatasetReader, path: str) -> None:
    size = Path(path).stat().st_size
    block_height, block_width = dataset.block_shapes[0]
    down, across = math.ceil(dataset.height / block_height), math.ceil(dataset.width / block_width)
    bands = range(1, dataset.count + 1) if dataset.interleaving.value == "BAND" else (1,)
    first_row = max(0, down - _MAX_BLOCKS // (across * len(bands)) - 1)
    for band in bands:
        for row in range(down - 1, first_row - 1, -1):
            for col in range(across):
                end = _block_end(dataset, band, row, col)
                if end > size:
                    raise DataError(
                        f"{path} is truncated: the block at row {row * block_height}, column {col * block_width} should "
                        f"end at byte {end}, the file ends at byte {size}.",
                        "Copy or export it again.",
                    )


def _block_end(dataset: rasterio.DatasetReader, band: int, row: int, col: int) -> int:
    """Return the byte after a block; 0 for one that is not stored (sparse files leave empty blocks out)."""
    offset = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=band)
    if offset is None:
        return 0
    return int(offset) + int(dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=band) or 0)
