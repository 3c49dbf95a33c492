"""From a predicted or drawn line to a border that `ingest` can cut a unit by, with a class on each side.

`ingest` gives each piece of a cut unit the class of the side of the line that it lies on; so a border that cuts the unit leaves
no gap and no overlap, and both classes follow it.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsGeometry, QgsPointXY

Parts = Sequence[tuple[int, QgsGeometry]]
"""What the model sees inside a unit: class and ground."""

_LOOP_SHARE = 0.2
"""A drawn line is closed when its ends are nearer to each other than this share of its length."""

_BEYOND = 1e-3
"""How far an extended stroke leaves the unit, in parts of the unit's size."""


def seen(parts: Parts, class_id: int) -> QgsGeometry:
    """Return the ground on which the model sees a class; empty where there is none."""
    return QgsGeometry.unaryUnion([ground for seen_id, ground in parts if seen_id == class_id])


def predicted(parts: Parts, class_a: int) -> QgsGeometry:
    """Return the border between class A and the rest of a unit, A on its left; empty where the model draws none."""
    inside = seen(parts, class_a)
    rest = QgsGeometry.unaryUnion([ground for class_id, ground in parts if class_id != class_a])
    if inside.isEmpty() or rest.isEmpty():
        return QgsGeometry()
    shared = _outline(inside).intersection(_outline(rest))
    lines = [line for line in shared.asGeometryCollection() if line.constGet().dimension() == 1]
    merged = QgsGeometry.collectGeometry(lines).mergeLines() if lines else QgsGeometry()
    return _multi([_with_left(line.asPolyline(), inside) for line in merged.asGeometryCollection()])


def drawn(points: Sequence[QgsPointXY], unit: QgsGeometry, tolerance: float) -> QgsGeometry:
    """Return a stroke as a border of a unit, its ends drawn out until they leave the unit; empty where it does not cut it.

    Args:
        points: the stroke, in the CRS of the campaign.
        unit: outline.
        tolerance: the hand's tremor, in units of the CRS; smaller wiggles are smoothed away.
    """
    line = QgsGeometry.fromPolylineXY(list(points)).simplify(tolerance)
    if line.isEmpty() or not line.intersects(unit):
        return QgsGeometry()
    vertices = line.asPolyline()
    vertices = _drawn_out(_drawn_out(vertices, unit)[::-1], unit)[::-1]
    border = _multi([vertices])
    return border if len(pieces(unit, border)) > len(unit.asGeometryCollection()) else QgsGeometry()


def is_loop(points: Sequence[QgsPointXY]) -> bool:
    """Return whether a stroke comes back to where it began, and so encloses ground."""
    length = QgsGeometry.fromPolylineXY(list(points)).length()
    return len(points) > 3 and points[0].distance(points[-1]) < _LOOP_SHARE * length


def enclosed(points: Sequence[QgsPointXY], tolerance: float) -> QgsGeometry:
    """Return the ground inside a closed stroke, repaired where the stroke crosses itself; empty where there is none."""
    ground = QgsGeometry.fromPolygonXY([[*points, points[0]]]).simplify(tolerance).makeValid()
    polygons = [part for part in ground.asGeometryCollection() if part.constGet().dimension() == 2]
    return QgsGeometry.unaryUnion(polygons) if polygons else QgsGeometry()


def pieces(unit: QgsGeometry, border: QgsGeometry) -> list[tuple[QgsGeometry, bool]]:
    """Cut a unit as `ingest` does; return each piece with whether it lies on the left of the border."""
    cut = unit.asGeometryCollection()
    lines = border.asGeometryCollection()
    for line in lines:
        cut = [piece for ground in cut for piece in _cut(ground, line)]
    found = []
    for piece in cut:
        inside = piece.pointOnSurface()
        nearest = min(lines, key=inside.distance)
        found.append((piece, _is_left(nearest, inside.asPoint())))
    return found


def sides(unit: QgsGeometry, border: QgsGeometry, inside: QgsGeometry, first: int, second: int) -> tuple[int, ...]:
    """Return the classes left and right of a border, or nothing where it does not have both sides.

    Args:
        unit: outline.
        border: from `predicted` or `drawn`.
        inside: ground on which the model sees one class, from `seen`; the side that holds more of it gets `first`.
        first: where both sides hold the same of it, the left side gets it.
        second: class of the other side.
    """
    cut = pieces(unit, border)
    if len({left for _, left in cut}) < 2:
        return ()
    left, right = (_share([piece for piece, is_left in cut if is_left == side], inside) for side in (True, False))
    return (first, second) if left >= right else (second, first)


def _share(ground: list[QgsGeometry], of: QgsGeometry) -> float:
    area = 0.0 if of.isEmpty() else sum(piece.area() for piece in ground)
    return sum(piece.intersection(of).area() for piece in ground) / area if area else 0.0


def _cut(ground: QgsGeometry, line: QgsGeometry) -> list[QgsGeometry]:
    """Return the pieces of a polygon along a line; the polygon itself where the line does not cross it."""
    woven = QgsGeometry.unaryUnion([_outline(ground), line])
    faces = QgsGeometry.polygonize([woven]).asGeometryCollection()
    return [face for face in faces if ground.contains(face.pointOnSurface())] or [ground]


def _is_left(line: QgsGeometry, point: QgsPointXY) -> bool:
    """Return whether a point lies on the left of a line, seen along its drawing direction."""
    along = line.lineLocatePoint(QgsGeometry.fromPointXY(point))
    length = line.length()
    step = min(length, 1e-3 * max(length, QgsGeometry.fromPointXY(point).distance(line)))
    start = line.interpolate(max(along - step, 0.0)).asPoint()
    end = line.interpolate(min(along + step, length)).asPoint()
    return (end.x() - start.x()) * (point.y() - start.y()) - (end.y() - start.y()) * (point.x() - start.x()) > 0


def _with_left(vertices: list[QgsPointXY], ground: QgsGeometry) -> list[QgsPointXY]:
    """Return a line turned so that `ground` lies on its left."""
    (x0, y0), (x1, y1) = ((p.x(), p.y()) for p in vertices[:2])
    beside = QgsPointXY((x0 + x1) / 2 - 0.05 * (y1 - y0), (y0 + y1) / 2 + 0.05 * (x1 - x0))
    return vertices if ground.contains(beside) else vertices[::-1]


def _drawn_out(vertices: list[QgsPointXY], unit: QgsGeometry) -> list[QgsPointXY]:
    """Return a line whose last end lies outside the unit: where it does not, it goes straight on to the nearest way out."""
    end = vertices[-1]
    if not unit.contains(end):
        return vertices
    box = unit.boundingBox()
    size = box.width() + box.height()
    before = vertices[-2]
    reach = before.distance(end)
    direction = ((end.x() - before.x()) / reach, (end.y() - before.y()) / reach)
    far = QgsPointXY(end.x() + size * direction[0], end.y() + size * direction[1])
    ray = QgsGeometry.fromPolylineXY([end, far])
    ways_out = QgsGeometry(ray.intersection(_outline(unit)))
    out = min((end.distance(QgsPointXY(vertex)) for vertex in ways_out.vertices()), default=size) + _BEYOND * size
    return [*vertices, QgsPointXY(end.x() + out * direction[0], end.y() + out * direction[1])]


def _outline(ground: QgsGeometry) -> QgsGeometry:
    return QgsGeometry(ground.constGet().boundary())


def _multi(lines: Sequence[Sequence[QgsPointXY]]) -> QgsGeometry:
    return QgsGeometry.fromMultiPolylineXY([list(line) for line in lines]) if lines else QgsGeometry()
