"""Damaged JPEG data in a GeoTIFF: libtiff only warns of them and goes on with wrong pixels; here they are an error.

GDAL_ERROR_ON_LIBJPEG_WARNING does this for .jpg files alone (GDAL 3.10 and 3.12). So the warnings count themselves: rasterio
hands them on as log records, on the thread that reads, also where GDAL decodes on several.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from rasterio.errors import RasterioIOError

_LOG = logging.getLogger("rasterio")
_SENDER = "JPEGLib:"


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Read in this context; what was read when it raises is not to be used.

    Raises:
        RasterioIOError: libjpeg warned of what this thread read.
    """
    heard = _Heard()
    _LOG.addHandler(heard)
    try:
        yield
    finally:
        _LOG.removeHandler(heard)
    if heard.warnings:
        raise RasterioIOError(heard.warnings[0])


class _Heard(logging.Handler):
    """Keeps what libjpeg says on one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        _, sender, warning = record.getMessage().partition(_SENDER)
        if sender and record.thread == self._thread:
            self.warnings.append(warning.strip())
