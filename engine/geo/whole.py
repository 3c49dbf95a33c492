"""Find a truncated GeoTIFF before work starts: its directory says where each block lies, the file says where it ends."""

from __future__ import annotations

import math
from pathlib import Path

import rasterio

from engine.contract.errors import DataError
from engine.contract.params import is_local

_MAX_BLOCKS = 20_000


def check(dataset: rasterio.DatasetReader, path: str) -> None:
    """Refuse a local GeoTIFF with blocks beyond its end; of very many blocks the last ones are looked at.

    Raises:
        DataError: the file is truncated.
    """
    if dataset.driver != "GTiff" or not is_file_path(path):
        return
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


def is_file_path(path: str) -> bool:
    """Return whether `path` names a file of this machine and not a GDAL address."""
    return is_local(path)


def _block_end(dataset: rasterio.DatasetReader, band: int, row: int, col: int) -> int:
    """Return the byte after a block; 0 for one that is not stored (sparse files leave empty blocks out)."""
    offset = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=band)
    if offset is None:
        return 0
    return int(offset) + int(dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=band) or 0)
