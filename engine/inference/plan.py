"""How a raster is cut for a network: tiles of one static shape that never leave the raster by more than the stride.

A tile at an edge is shifted inward instead of reaching over it, so its border is the raster's own border and the network
pads there exactly as it would on the whole raster. Tile origins are multiples of the stride. Both together are what makes
a tile with the halo of the receptive field identical to the whole-image pass (Majurski and Bajcsy 2021,
https://doi.org/10.6028/jres.126.009).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.contract.errors import ResourceError

BLOCK_PX = 512
"""Rows of a finished band are a multiple of this, the block size of the outputs."""

SMALLEST_CORE_PX = 64

IN_FLIGHT = 2
"""Batches given to the device before the results of the first are awaited."""


@dataclass(frozen=True)
class Span:
    """One tile along one axis: it reads [start, start + size) and answers for [core_start, core_stop)."""

    start: int
    core_start: int
    core_stop: int


@dataclass(frozen=True)
class Plan:
    """The tiles of one run.

    Args:
        height, width: size of the raster.
        stride: total stride of the network; tile origins and sizes are multiples of it.
        core: side of a core that was asked for; tiles may be smaller where that wastes less.
        halo: margin around a core, a multiple of the stride.
        tile_height, tile_width: the one shape that the network sees.
        batch: tiles computed at once.
        rows, cols: the tiles along each axis; their cores partition the axis.
        is_blended: tiles are blended where they overlap (see `blend`); a core is then what no later tile reaches.
    """

    height: int
    width: int
    stride: int
    core: int
    halo: int
    tile_height: int
    tile_width: int
    batch: int
    rows: tuple[Span, ...]
    cols: tuple[Span, ...]
    is_blended: bool = False

    @property
    def count(self) -> int:
        """Return the number of tiles."""
        return len(self.rows) * len(self.cols)

    @property
    def computed_px(self) -> int:
        """Return the pixels of all tiles, halos counted."""
        return self.count * self.tile_height * self.tile_width

    @property
    def waste(self) -> float:
        """Return pixels computed for each pixel of the raster; 1 is the ideal."""
        return self.computed_px / (self.width * sum(r.core_stop - r.core_start for r in self.rows))

    @property
    def core_px(self) -> int:
        """Return the shorter side of a core that has neighbours on all sides; of the raster where one tile spans it."""
        axes = ((self.rows, self.tile_height, self.height), (self.cols, self.tile_width, self.width))
        return min(tile - 2 * self.halo if len(spans) > 1 else length for spans, tile, length in axes)

    @property
    def padded_width(self) -> int:
        """Return the width that tiles may read: the raster's, up to the next multiple of the stride."""
        return max(_up(self.width, self.stride), self.tile_width)

    def ring_rows(self, strip: int) -> int:
        """Return how many decoded rows are held at once at most: two rows of tiles, in whole strips."""
        return _up(2 * self.tile_height, strip) + 3 * strip

    def memory_bytes(
        self, bands: int, item_bytes: int, strip: int, network_bytes_per_px: float, *, classes: int = 0, planes: int = 2
    ) -> int:
        """Return the bound on the memory of a run, beyond what the libraries take.

        Args:
            bands: bands that are read.
            item_bytes: bytes of one stored pixel of one band.
            strip: rows that are decoded at once.
            network_bytes_per_px: bytes the network needs for a pixel of a tile at its peak.
            classes: number of classes, where tiles are blended.
            planes: bytes of one finished pixel.
        """
        tile_px = self.tile_height * self.tile_width * self.batch
        band_rows = max(r.core_stop - r.core_start for r in self.rows)
        ring = self.ring_rows(strip) * self.padded_width * (bands * item_bytes + 1)
        batches = 4 * tile_px * (bands + 1) * item_bytes
        finished = 6 * band_rows * self.width * planes
        blended = 0
        if self.is_blended:
            sums = self.tile_height * self.width * (4 * classes + 4)
            blended = sums + 4 * (IN_FLIGHT + 2) * tile_px * classes + 2 * band_rows * self.width * classes
        return int(ring + batches + finished + blended + tile_px * network_bytes_per_px)

    def smaller(self) -> Plan:
        """Return a plan that needs about half the memory: half the batch, then half the core unless tiles are blended.

        Raises:
            ResourceError: the tiles are as small as they get.
        """
        if self.batch > 1:
            return replace(self, batch=self.batch // 2)
        if self.is_blended:
            raise ResourceError(
                f"The memory does not hold a tile of {self.tile_height} x {self.tile_width} px of this model.",
                "Begin anew with smaller tiles, such as --tile 512 --no-resume, or compute on the CPU.",
            )
        core = (max(self.tile_height, self.tile_width) - 2 * self.halo) // 2
        if core < SMALLEST_CORE_PX:
            raise ResourceError(
                f"The memory does not hold a tile of {self.tile_height} x {self.tile_width} px of this model.",
                "Close other programs, choose a lighter model, or compute on the CPU.",
            )
        return cut_raster(self.height, self.width, core=core, halo=self.halo, stride=self.stride)

    def clipped(self, first: int, stop: int) -> Plan:
        """Return the same tiles for the pixels of the rows [first, stop) alone; with blending also all that reach them."""
        spans = tuple(
            replace(r, core_start=min(max(r.core_start, first), stop), core_stop=max(min(r.core_stop, stop), first))
            for r in self.rows
            if self._reaches(r, first, stop)
        )
        return replace(self, rows=spans)

    def _reaches(self, row: Span, first: int, stop: int) -> bool:
        if self.is_blended:
            return row.start + self.tile_height > first and row.start < stop
        return row.core_stop > first and row.core_start < stop

    def shard(self, index: int, count: int) -> tuple[int, int]:
        """Return the rows [first, stop) that are the share `index` of `count`, 0 first; whole rows of tiles."""
        cuts = [len(self.rows) * i // count for i in (index, index + 1)]
        edges = [r.core_start for r in self.rows] + [self.height]
        return edges[cuts[0]], edges[cuts[1]]


def cut_raster(height: int, width: int, *, core: int, halo: int, stride: int, batch: int = 1) -> Plan:
    """Return the plan whose tiles have a core of about `core` pixels and at least `halo` around it.

    Cores start at multiples of a block down the raster, so that finished bands are whole blocks of the output. A raster
    that fits one tile becomes one tile.
    """
    halo = _up(halo, stride)
    tile_height, rows = _cut_rows(height, core, halo, stride)
    tile_width, cols = _cut_cols(width, core, halo, stride)
    return Plan(height, width, stride, core, halo, tile_height, tile_width, min(batch, len(rows) * len(cols)), rows, cols)


def cut_grid(height: int, width: int, *, core: int, halo: int, stride: int, batch: int = 1) -> Plan:
    """Return the plan whose cores lie at multiples of `core` along both axes, each with at least `halo` around it."""
    halo = _up(halo, stride) + _up(core, stride) - core
    axes = []
    for length in (height, width):
        padded = _up(length, stride)
        tile = min(_up(core, stride) + 2 * _up(halo, stride), padded)
        spans = tuple(
            Span(_clamped((s - halo) // stride * stride, padded - tile), s, min(s + core, length))
            for s in range(0, length, core)
        )
        axes.append((tile, spans))
    (tile_height, rows), (tile_width, cols) = axes
    return Plan(height, width, stride, core, halo, tile_height, tile_width, min(batch, len(rows) * len(cols)), rows, cols)


def _cut_rows(height: int, core: int, halo: int, stride: int) -> tuple[int, tuple[Span, ...]]:
    """Return the tile height and the spans, with cores at multiples of the block; of all fits the least work."""
    padded = _up(height, stride)
    block = BLOCK_PX
    while block > max(core, SMALLEST_CORE_PX):
        block //= 2
    largest = core // block * block
    if padded <= largest + 2 * halo:
        return padded, (Span(0, 0, height),)
    fits = [c for c in range(block, largest + 1, block) if 2 * c >= largest]
    best = min(fits, key=lambda c: (-(-height // c) * (c + 2 * halo), -c))
    tile = min(best + 2 * halo, padded)
    starts = range(0, height, best)
    return tile, tuple(Span(_clamped(s - halo, padded - tile), s, min(s + best, height)) for s in starts)


def _cut_cols(width: int, core: int, halo: int, stride: int) -> tuple[int, tuple[Span, ...]]:
    """Return the tile width and the spans: as many tiles as `core` asks for, all as narrow as that number allows."""
    padded = _up(width, stride)
    if padded <= core + 2 * halo:
        return padded, (Span(0, 0, width),)
    tile = _up(core, stride) + 2 * halo
    count = -(-(padded - 2 * halo) // (tile - 2 * halo))
    step = _up(-(-(padded - 2 * halo) // count), stride)
    tile = step + 2 * halo
    spans = []
    for i in range(count):
        start = _clamped(i * step, padded - tile)
        core_start = 0 if i == 0 else halo + i * step
        core_stop = width if i == count - 1 else halo + (i + 1) * step
        spans.append(Span(start, core_start, core_stop))
    return tile, tuple(spans)


def _clamped(start: int, last: int) -> int:
    return max(0, min(start, last))


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
