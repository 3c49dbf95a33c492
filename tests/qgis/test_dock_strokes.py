"""Borders from predictions and from the mouse: they cut the unit whole, and both sides keep a class."""

import pytest
from edgewise.qgis_plugin.dock import strokes
from qgis.core import QgsGeometry, QgsPointXY

UNIT = QgsGeometry.fromWkt("MultiPolygon(((0 0, 20 0, 20 10, 0 10, 0 0)))")
STAIRS = QgsGeometry.fromWkt("MultiPolygon(((0 0, 20 0, 20 4, 10 4, 10 6, 0 6, 0 0)))")
PARTS = [(1, STAIRS), (2, UNIT.difference(STAIRS))]


def points(*pairs):
    return [QgsPointXY(x, y) for x, y in pairs]


def left_of(border, unit=UNIT):
    return QgsGeometry.unaryUnion([piece for piece, left in strokes.pieces(unit, border) if left])


def test_the_predicted_border_has_its_first_class_on_the_left():
    for class_id, ground in PARTS:
        assert left_of(strokes.predicted(PARTS, class_id)).symDifference(ground).area() == pytest.approx(0)


def test_a_predicted_island_is_a_border_too():
    island = QgsGeometry.fromWkt("MultiPolygon(((5 3, 8 3, 8 6, 5 6, 5 3)))")
    border = strokes.predicted([(1, UNIT.difference(island)), (2, island)], 2)
    assert left_of(border).symDifference(island).area() == pytest.approx(0)


def test_a_third_class_counts_to_the_second_side():
    third = QgsGeometry.fromWkt("MultiPolygon(((15 4, 20 4, 20 10, 15 10, 15 4)))")
    parts = [(1, STAIRS), (2, PARTS[1][1].difference(third)), (7, third)]
    assert left_of(strokes.predicted(parts, 1)).symDifference(STAIRS).area() == pytest.approx(0)


def test_where_the_model_sees_one_class_there_is_no_border():
    assert strokes.predicted([(1, UNIT)], 1).isEmpty()


@pytest.mark.parametrize(
    "stroke",
    [
        points((-5, 5), (25, 5)),
        points((3, 5), (10, 5.2), (17, 5)),  # drawn within the unit: goes on to its outline
        points((10, -5), (10, 15)),
        points((1, 1), (19, 9)),
    ],
)
def test_a_stroke_cuts_the_unit_into_pieces_without_gap_or_overlap(stroke):
    border = strokes.drawn(stroke, UNIT, 0.1)
    cut = [piece for piece, _ in strokes.pieces(UNIT, border)]
    assert len(cut) == 2
    assert sum(piece.area() for piece in cut) == pytest.approx(UNIT.area())
    assert QgsGeometry.unaryUnion(cut).symDifference(UNIT).area() == pytest.approx(0)


@pytest.mark.parametrize("stroke", [points((30, 0), (40, 5)), points((-5, 12), (25, 12)), points((25, -1), (19, 11), (25, 12))])
def test_a_stroke_beside_the_unit_is_no_border(stroke):
    outside = strokes.drawn(stroke, QgsGeometry.fromWkt("MultiPolygon(((0 0, 10 0, 10 10, 0 10, 0 0)))"), 0.1)
    assert outside.isEmpty()


@pytest.mark.parametrize("turned", [False, True])
def test_each_side_of_a_stroke_gets_the_class_that_the_model_sees_more_of_there(turned):
    stroke = points((-1, 7), (21, 7))
    border = strokes.drawn(stroke[::-1] if turned else stroke, UNIT, 0.1)
    classes = strokes.sides(UNIT, border, strokes.seen(PARTS, 1), 1, 2)
    for piece, left in strokes.pieces(UNIT, border):
        below = piece.boundingBox().center().y() < 7
        assert classes[0 if left else 1] == (1 if below else 2)


def test_where_nothing_is_predicted_the_left_side_gets_the_first_class():
    border = strokes.drawn(points((-1, 7), (21, 7)), UNIT, 0.1)
    assert strokes.sides(UNIT, border, QgsGeometry(), 5, 6) == (5, 6)


def test_a_line_that_comes_back_is_a_loop_and_encloses_ground():
    around = points((0, 0), (10, 0), (10, 10), (0, 10), (0.2, 0.5))
    assert strokes.is_loop(around) and not strokes.is_loop(points((0, 0), (10, 0), (10, 10), (0, 10)))
    assert strokes.enclosed(around, 0.01).area() == pytest.approx(100, rel=0.05)


def test_a_loop_that_crosses_itself_is_repaired():
    eight = points((0, 0), (10, 10), (10, 0), (0, 10), (0, 0.1))
    ground = strokes.enclosed(eight, 0.01)
    assert ground.isGeosValid() and ground.area() == pytest.approx(50, rel=0.05)
