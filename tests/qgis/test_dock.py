"""The labelling dock in real QGIS, driven by real keys and a real mouse, on a campaign that the engine wrote."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest
from conftest import HERE, PLUGINS, engine_says
from fakes import write_raster
from osgeo import ogr
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QApplication, QFileDialog
from window import Window

K = Qt.Key
KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[2:]
from qgis.core import QgsApplication, QgsProject
application = QgsApplication([], True)
application.initQgis()
from edgewise.qgis_plugin.dock.desk import Desk
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from window import Window
window = Window()
window.show()
desk = Desk(window)
desk.open(sys.argv[1])
for _ in range(3):
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
os.kill(os.getpid(), signal.SIGKILL)
"""
GROUND = """
import json, sys
from shapely.geometry import box
from engine.campaign import answers, store
made = answers.ground(store.read(sys.argv[1]), (1.0, 0.0, 500000.0, 0.0, -1.0, 5700100.0), box(0, 0, 1e7, 1e7))
print(json.dumps({"unused": made.unused, "noticed": made.noticed, "answered": made.answered,
                  "ground": [[s, c, round(p.area, 3), p.bounds[1]] for p, c, s in zip(made.polygons, made.ids, made.sources)]}))
"""


def press(desk, *keys):
    for key in keys:
        QTest.keyClick(desk._canvas, key)


def rows(path, sql):
    """Ask the file itself, as another program would."""
    with sqlite3.connect(path) as other:
        return other.execute(sql).fetchall()


def answers(path):
    return rows(path, "select unit, answer, class_id from units where answer <> '' order by rank")


def borders(path):
    return rows(path, "select unit, class_left, class_right from borders")


def place(desk):
    return desk.labelling.session.place


def hint(desk):
    return desk.labelling.view().hint


def box(desk):
    return desk.labelling.campaign.geometry(desk.labelling.session.current).boundingBox()


def stroke_at(window, desk, share):
    """Draw a stroke across the current unit from left to right, at a share of its height."""
    ground = box(desk)
    y = ground.yMinimum() + share * ground.height()
    window.draw((ground.xMinimum() - 3, y), (ground.xMaximum() + 3, y))


def test_a_campaign_opens_at_its_first_unit_in_the_middle_of_the_map(window, desk):
    QApplication.processEvents()  # QGIS shows the first layers of a project whole; the unit comes after that
    QApplication.processEvents()
    assert place(desk) == 0 and window.said() == []
    shown, unit = window.canvas.extent(), box(desk)
    assert shown.center().distance(unit.center()) < 0.1 * unit.width()
    assert 3 * unit.width() < max(shown.width(), shown.height()) < 12 * unit.width()
    loaded = {layer.name() for layer in QgsProject.instance().mapLayers().values()}
    assert loaded == {"units", "borders", "corrections", "points", "Luftbild ä"}
    assert "Gebäude" in desk.labelling.view().question and desk.labelling.view().reason.startswith("Unit 1:")


def test_a_campaign_over_adjoining_files_shows_each(window, path, tmp_path):
    files = [write_raster(tmp_path / name) for name in ("north.tif", "south.tif")]
    with sqlite3.connect(path) as db:
        db.execute("update rounds set image = ?", (json.dumps([*files, str(tmp_path)]),))
    window.desk.open(path)
    assert {"north", "south"} <= {layer.name() for layer in QgsProject.instance().mapLayers().values()}


def test_enter_confirms_is_in_the_file_at_once_and_goes_on(desk, path):
    press(desk, K.Key_Return)
    assert answers(path) == [("edge-0-0", "confirm", None)] and place(desk) == 1
    ((who, when, seconds),) = rows(path, "select who, answered, seconds from units where answer <> ''")
    assert who and when and seconds >= 0


def test_a_digit_answers_a_region_and_two_digits_an_edge(desk, path):
    press(desk, K.Key_1, K.Key_1)  # an edge that is none: all of it is class 1
    press(desk, K.Key_3)  # a region: class 7 has the third key
    press(desk, K.Key_3, K.Key_1)  # an edge, as the model has it
    assert answers(path) == [("edge-0-0", "class", 1), ("region-1-0", "class", 7), ("edge-2-0", "confirm", None)]
    assert place(desk) == 3


def test_two_other_classes_keep_the_border_and_change_its_sides(desk, path, python):
    press(desk, K.Key_2, K.Key_3)  # below class 2, above class 7; the model has 1 and 2
    assert answers(path) == [("edge-0-0", "redraw", None)]
    said = json.loads(engine_says(python, "-c", GROUND, path))
    assert said["unused"] == said["noticed"] == []
    assert sorted((c, area, low) for _, c, area, low in said["ground"]) == [(2, 200.0, 5_700_000.0), (7, 200.0, 5_700_010.0)]


def test_one_stroke_moves_the_border_and_both_sides_follow(window, desk, path, python):
    stroke_at(window, desk, 0.25)
    assert answers(path) == [("edge-0-0", "redraw", None)] and place(desk) == 0
    assert "Enter goes on" in hint(desk)
    stroke_at(window, desk, 0.75)  # drawn again: the first border is gone
    assert len(borders(path)) == 1
    press(desk, K.Key_Return)
    assert place(desk) == 1 and len(borders(path)) == 1
    said = json.loads(engine_says(python, "-c", GROUND, path))
    assert said["unused"] == said["noticed"] == []
    found = {c: (area, low) for _, c, area, low in said["ground"]}
    assert found[1][0] == pytest.approx(300, abs=8) and found[1][0] + found[2][0] == pytest.approx(400)
    assert found[2][1] == pytest.approx(5_700_015, abs=0.5)


def test_a_stroke_where_the_model_sees_no_border_asks_for_its_sides(window, desk, path):
    press(desk, K.Key_K, K.Key_K, K.Key_K, K.Key_K)
    assert "does a border cross it" in desk.labelling.view().question
    stroke_at(window, desk, 0.5)
    assert answers(path)[-1][1] == "skip" and "left of the line" in hint(desk)
    press(desk, K.Key_3, K.Key_2)
    assert borders(path) == [("edge-4-0", 7, 2)] and place(desk) == 5


def test_a_stroke_that_misses_the_unit_says_what_to_do(window, desk, path):
    ground = box(desk)
    window.draw((ground.xMinimum() - 8, ground.yMinimum()), (ground.xMinimum() - 8, ground.yMaximum()))
    assert "Draw it from side to side" in hint(desk) and answers(path) == []


def test_unsure_skip_and_back(desk, path):
    press(desk, K.Key_U, K.Key_K)
    assert answers(path) == [("edge-0-0", "unsure", None), ("region-1-0", "skip", None)]
    press(desk, K.Key_Backspace, K.Key_Backspace)
    assert place(desk) == 0 and "unsure" in hint(desk)
    press(desk, K.Key_Return)  # Enter keeps what was answered
    assert answers(path)[0] == ("edge-0-0", "unsure", None)
    press(desk, K.Key_Backspace, K.Key_1, K.Key_1)
    assert answers(path)[0] == ("edge-0-0", "class", 1)


def test_backspace_and_escape_first_forget_a_half_answer(window, desk):
    press(desk, K.Key_2)
    assert "road & path, and the other class?" in hint(desk)
    press(desk, K.Key_Backspace)
    assert place(desk) == 0 and hint(desk) == ""
    window.click(500_030, 5_700_030)
    press(desk, K.Key_Escape)
    assert hint(desk) == "" and place(desk) == 0


def test_undo_takes_every_answer_back_in_the_file_too(window, desk, path):
    stroke_at(window, desk, 0.25)
    stroke_at(window, desk, 0.75)
    press(desk, K.Key_1, K.Key_1)
    QApplication.processEvents()  # the log is written
    assert rows(path, "select answer, accepted from answers") == [("redraw", 1), ("redraw", 1), ("class", 1)]
    QTest.keyClick(desk._canvas, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert answers(path) == [("edge-0-0", "redraw", None)] and borders(path) == [("edge-0-0", 2, 1)]
    for _ in range(2):
        QTest.keyClick(desk._canvas, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert answers(path) == borders(path) == rows(path, "select * from answers") == [] and place(desk) == 0
    QTest.keyClick(desk._canvas, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hint(desk) == "There is nothing to undo."


def test_space_shows_and_hides_what_the_model_sees(desk):
    bands = desk._highlight._parts
    assert [band.isVisible() for band in bands] == [True, True]
    press(desk, K.Key_Space)
    assert [band.isVisible() for band in bands] == [False, False] and "Space shows it" in hint(desk)
    press(desk, K.Key_Return, K.Key_Space)
    assert all(band.isVisible() for band in bands)


def test_ground_anywhere_is_corrected_with_the_same_keys(window, desk, path):
    window.draw((500_030, 5_700_000), (500_045, 5_700_000), (500_045, 5_700_015), (500_030, 5_700_015), (500_030, 5_700_001))
    press(desk, K.Key_3)
    window.click(500_028, 5_700_020)
    press(desk, K.Key_2)
    assert rows(path, "select class_id from corrections") == [(7,)] and rows(path, "select class_id from points") == [(2,)]
    assert answers(path) == [] and place(desk) == 0
    layer = QgsVectorLayer(f"{path}|layername=corrections")
    assert next(layer.getFeatures()).geometry().area() == pytest.approx(225, rel=0.1)
    QTest.keyClick(desk._canvas, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert rows(path, "select * from points") == []


def test_a_unit_comes_back_blind_and_its_second_answer_labels_nothing(window, path):
    campaign = ogr.Open(path, 1)  # region-21-0 is one of the few that come back
    campaign.ExecuteSQL(
        "update units set answer = 'class', class_id = 2, seconds = 2, "
        "answered = '2026-11-20T10:' || printf('%02d', rank) || ':00.000Z' where rank <= 33"
    )
    del campaign
    window.desk.open(path)
    desk = window.desk
    assert desk.labelling.session.current.name == "region-21-0" and desk.labelling.session.blind
    view = desk.labelling.view()
    assert view.question == "What is this?" and view.reason == "" and desk._highlight._parts == []
    press(desk, K.Key_Return)
    assert "Name what you see" in hint(desk)
    press(desk, K.Key_1)
    QApplication.processEvents()
    assert rows(path, "select unit, answer, class_id, accepted from answers") == [("region-21-0", "class", 1, 0)]
    assert rows(path, "select class_id from units where unit = 'region-21-0'") == [(2,)]
    assert desk.labelling.view().agreement == (0, 1) and desk.labelling.session.current.rank == 34


def test_pace_position_and_bars(desk):
    press(desk, K.Key_Return, K.Key_2, K.Key_Return)
    view = desk.labelling.view()
    assert (view.position, view.total, view.answered) == (4, 40, 3) and view.minutes is not None
    assert desk.panel.bars._counts[2].text().startswith("2 / ")


def test_the_keys_work_in_the_dock_too_and_leave_qgiss_own_alone(window, desk, path):
    QTest.keyClick(desk.panel.focusProxy(), K.Key_Return)
    assert len(answers(path)) == 1
    window.canvas.unsetMapTool(desk._tool)
    press(desk, K.Key_Return)
    assert len(answers(path)) == 1, "a key on the map is the dock's only while its tool is active"
    desk.panel._label.click()
    press(desk, K.Key_Return)
    assert len(answers(path)) == 2


def test_a_shortcut_of_qgis_does_not_take_a_key_of_the_dock(window, desk, path):
    action = QAction("Enable snapping", window)
    action.setShortcut("U")
    fired = []
    action.triggered.connect(lambda: fired.append(1))
    window.addAction(action)
    press(desk, K.Key_U)
    assert fired == [] and answers(path)[0][1] == "unsure"


def test_a_class_key_is_chosen_in_the_dock_and_stays(window, desk, path):
    desk.panel.bars.chosen.emit(7)
    assert desk.panel.bars._keys[7].text() == "…"
    QTest.keyClick(desk.panel.focusProxy(), K.Key_W)
    press(desk, K.Key_Return, K.Key_W)
    assert answers(path)[-1] == ("region-1-0", "class", 7)
    desk.open(path)
    assert desk.labelling.class_keys.by_class == {1: "1", 2: "2", 7: "W"}
    from edgewise.qgis_plugin.dock import keys
    from qgis.core import QgsSettings

    QgsSettings().remove(keys.SETTING)


@pytest.mark.parametrize(("key", "words"), [(K.Key_S, "already means 'Toggle snapping' in QGIS. Press another key"),
                                            (K.Key_U, "is a command of this dock. Press another key")])  # fmt: skip
def test_a_key_that_is_taken_is_refused_with_what_takes_it(window, desk, key, words):
    action = QAction("Toggle &snapping", window)
    action.setShortcut("S")
    desk.panel.bars.chosen.emit(1)
    QTest.keyClick(desk.panel.focusProxy(), key)
    assert words in window.said()[0] and desk.labelling.class_keys.by_class[1] == "1"


def test_a_shortcut_of_qgis_on_a_class_key_is_named_when_a_campaign_opens(window, path):
    action = QAction("Zoom to one", window)
    action.setShortcut("1")
    window.desk.open(path)
    assert "1 also means 'Zoom to one' in QGIS" in window.said()[0] and "Click the key in the dock" in window.said()[0]


def test_nothing_that_opens_is_modal(window, desk):
    for title in ("Open…", "Merge…"):
        next(b for b in desk.panel.findChildren(type(desk.panel._label)) if b.text() == title).click()
        (dialog,) = (d for d in desk.panel.findChildren(QFileDialog) if d.isVisible())
        assert not dialog.isModal() and QApplication.activeModalWidget() is None
        dialog.close()
        QApplication.processEvents()


def test_closing_in_mid_batch_loses_nothing(window, desk, path):
    press(desk, K.Key_Return, K.Key_1)
    units = desk.labelling.campaign.layers["units"]
    desk.close()
    assert not units.isEditable() and len(rows(path, "select * from answers")) == 2
    desk.open(path)
    assert place(desk) == 2 and len(answers(path)) == 2


def test_a_killed_qgis_loses_at_most_the_current_unit(plugin, path, tmp_path):
    environ = {**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, path, str(PLUGINS), str(HERE)], env=environ, capture_output=True, text=True
    )
    assert done.returncode == -9, done.stderr
    assert [a[1] for a in answers(path)] == ["confirm"] * 3


def test_a_file_that_is_locked_is_named_and_the_unit_stays(window, desk, path):
    other = sqlite3.connect(path)
    other.execute("begin exclusive")
    press(desk, K.Key_Return)
    other.rollback()
    assert "the answer was not saved" in window.said()[0] and "close other programs" in window.said()[0]
    assert place(desk) == 0 and answers(path) == []
    press(desk, K.Key_Return)
    assert len(answers(path)) == 1


def test_edits_that_the_user_has_open_stay_open(desk, path):
    units = desk.labelling.campaign.layers["units"]
    desk.close()
    units.startEditing()
    desk.open(path)
    press(desk, K.Key_Return)
    desk.close()
    assert units.isEditable() and len(answers(path)) == 1
    units.rollBack()


def test_a_file_that_is_no_campaign_is_refused_in_the_message_bar(window, tmp_path):
    layer = QgsVectorLayer("Point?crs=EPSG:32632", "points", "memory")
    layer.dataProvider().addFeature(QgsFeature())
    window.desk.open(str(tmp_path / "gone.gpkg"))
    (tmp_path / "broken.gpkg").write_text("no database")
    window.desk.open(str(tmp_path / "broken.gpkg"))
    assert window.desk.labelling is None
    assert "does not exist. Choose the GeoPackage that suggest wrote" in window.said()[0]
    assert "is no labelling campaign" in window.said()[1]


def test_layers_that_leave_the_project_close_the_campaign(desk):
    QgsProject.instance().clear()
    assert desk.labelling is None
    press(desk, K.Key_Return)


def test_two_analysts_answers_become_one_campaign(window, desk, path, tmp_path):
    other = str(shutil.copy(path, tmp_path / "other.gpkg"))
    press(desk, K.Key_Return, K.Key_1)
    QApplication.processEvents()
    desk.close()
    time.sleep(1.1)  # answers are dated to the second
    desk.open(other)
    press(desk, K.Key_Return, K.Key_2)
    stroke_at(window, desk, 0.25)
    window.click(500_028, 5_700_020)
    press(desk, K.Key_2)
    QApplication.processEvents()
    desk.open(path)
    desk.merge(other)
    expected = [("edge-0-0", "confirm", None), ("region-1-0", "class", 2), ("edge-2-0", "redraw", None)]
    assert answers(path) == expected, "the later answer stands"
    assert borders(path) == [("edge-2-0", 1, 7)] and len(rows(path, "select * from points")) == 1
    assert len(rows(path, "select * from answers")) == 5 and place(desk) == 3
    assert "3 answers and 1 corrections taken over. 2 units were answered by both, 1 of them alike" in window.said()[-1]
    desk.merge(other)
    assert "0 answers and 0 corrections taken over" in window.said()[-1]
    assert answers(path) == expected and len(rows(path, "select * from answers")) == 5


def test_merging_with_itself_or_with_another_campaign_is_refused(window, desk, path, tmp_path):
    desk.merge(path)
    stranger = str(shutil.copy(path, tmp_path / "stranger.gpkg"))
    with sqlite3.connect(stranger) as other:
        other.execute("update classes set name = 'sea' where id = 7")
    desk.merge(stranger)
    assert "is the campaign that is open. Choose the other analyst's copy" in window.said()[0]
    assert "is no copy of this campaign" in window.said()[1]


def test_the_plugin_puts_the_dock_into_menu_and_toolbar_and_takes_it_out(plugin, monkeypatch):
    import edgewise

    window = Window()
    started = edgewise.classFactory(window)
    monkeypatch.setattr(started, "initProcessing", lambda: None)  # the provider is there, from the session's own plugin
    started.initGui()
    (action,) = window.menu.actions()
    assert action in window.tools.actions() and action.text() == "Edgewise labels"
    window.show()
    action.trigger()
    assert started.desk.panel.isVisible()
    started.unload()
    assert window.menu.actions() == [] and action not in window.tools.actions()


def test_a_map_in_another_crs_shows_and_takes_the_same_ground(plugin, path):
    from edgewise.qgis_plugin.dock.desk import Desk
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform

    window = Window(epsg=25833)
    window.show()
    desk = Desk(window)
    desk.open(path)
    away = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem.fromEpsgId(32632), QgsCoordinateReferenceSystem.fromEpsgId(25833), QgsProject.instance()
    )
    ground = [(p.x(), p.y()) for p in (away.transform(x, 5_700_005.0) for x in (499_997.0, 500_023.0))]
    window.draw(*ground)
    assert answers(path) == [("edge-0-0", "redraw", None)]
    (border,) = QgsVectorLayer(f"{path}|layername=borders").getFeatures()
    assert border.geometry().distance(QgsGeometry.fromWkt("Point (500010 5700005)")) < 0.2
    desk.unload()
    QgsProject.instance().clear()
