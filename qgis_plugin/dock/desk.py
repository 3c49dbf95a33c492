"""The dock at work in QGIS's window: opens and closes campaigns, hands on keys and strokes, and says what went wrong.

Nothing here opens a modal dialog: what there is to say stands in QGIS's message bar.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from qgis.core import Qgis, QgsProject
from qgis.PyQt.QtCore import QObject, Qt, QTimer

from ...engine.contract.campaign import UNITS
from ...engine.contract.errors import EngineError
from ..i18n import tr
from . import keys, shown, tally, words
from .campaign import Campaign
from .highlight import Highlight
from .labelling import Labelling
from .merge import merge
from .panel import Panel
from .rounds import Round
from .tool import KeyFilter, LabelTool

_TITLE = "Edgewise"


class Desk(QObject):
    """The dock, its map tool and the open campaign.

    Args:
        iface: QGIS's window.
    """

    def __init__(self, iface: Any) -> None:
        super().__init__(iface.mainWindow())
        self._iface, self._canvas = iface, iface.mapCanvas()
        self.panel = Panel(iface.mainWindow())
        self.labelling: Optional[Labelling] = None
        self.round = Round(self)
        self._highlight: Optional[Highlight] = None
        self._choosing: Optional[int] = None
        self._tool = LabelTool(self._canvas)
        self._tool.stroke.connect(lambda points: self._do(lambda at: at.stroke(points)))
        self._tool.point.connect(lambda point: self._do(lambda at: at.point(point)))
        self._filter = KeyFilter(self, self._knows, self._press)
        for widget in (self._canvas, self.panel.focusProxy()):
            widget.installEventFilter(self._filter)
        self._canvas.mapToolSet.connect(self._tool_set)
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_go)
        panel = self.panel
        panel.open_asked.connect(self.open)
        panel.merge_asked.connect(self.merge)
        panel.command.connect(lambda command: self._do(lambda at: at.command(command)))
        panel.class_key_asked.connect(self._choose_key)
        panel.label_asked.connect(self._take_over)
        panel.foot.round_asked.connect(self.start_round)
        panel.foot.cancel_asked.connect(self.round.cancel)
        panel.closed.connect(lambda: self._canvas.unsetMapTool(self._tool))
        self.round.progressed.connect(panel.foot.show_round)
        self.round.ended.connect(self._round_ended)

    def open(self, path: str) -> None:
        """Open a campaign and go to its first open unit; one that is open already is read anew."""
        if self.labelling is not None and self.labelling.campaign.path == str(Path(path).resolve()):
            self.close()
        try:
            campaign = Campaign(path, QgsProject.instance())
        except EngineError as error:
            self._say_error(error)
            return
        self.close()
        shown.show(campaign, QgsProject.instance())
        self._highlight = Highlight(self._canvas, campaign.layers[UNITS].crs(), campaign.legend)
        class_keys = keys.load(campaign.legend.ids)
        self.panel.show_legend(campaign.legend, tally.quotas(campaign.units))
        self.labelling = Labelling(campaign, class_keys, self._highlight, self._refresh, self._say_error)
        self.panel.show_campaign(campaign.path, campaign.round)
        self._refresh()
        self._take_over()
        QTimer.singleShot(0, lambda: self._do(Labelling.look))  # after QGIS has shown the first layers of a project whole
        for key, action in class_keys.clashes(keys.shortcuts(self._iface.mainWindow())).items():
            self._say(
                tr("{key} also means '{action}' in QGIS; while labels are set it is the dock's.").format(key=key, action=action)
                + " " + tr("Click the key in the dock to choose another."), Qgis.MessageLevel.Warning,
            )  # fmt: skip

    def close(self) -> None:
        """Close the campaign; its layers stay in the project."""
        if self.labelling is not None:
            self.labelling.close()
            self.labelling = None
        if self._highlight is not None:
            self._highlight.remove()
            self._highlight = None
        self._choosing = None
        self._canvas.unsetMapTool(self._tool)
        self.panel.show_campaign("", 0)

    def unload(self) -> None:
        """Leave nothing behind in QGIS."""
        self.round.cancel()
        self.close()
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_go)
        self._canvas.mapToolSet.disconnect(self._tool_set)
        for widget in (self._canvas, self.panel.focusProxy()):
            widget.removeEventFilter(self._filter)
        self._iface.removeDockWidget(self.panel)
        self.panel.deleteLater()
        self.deleteLater()

    def merge(self, path: str) -> None:
        """Take over the answers of another analyst's copy."""
        if self.labelling is None:
            return
        campaign = self.labelling.campaign
        try:
            merged = merge(campaign, path)
        except EngineError as error:
            self._say_error(error)
            return
        self.open(campaign.path)
        self._say(words.told(merged), Qgis.MessageLevel.Success)

    def start_round(self) -> None:
        """Start the next round in the background."""
        if self.labelling is None or self.round.running:
            return
        try:
            self.round.start(self.labelling.campaign)
        except EngineError as error:
            self._say_error(error)
            return
        self.panel.foot.show_round(0.0, tr("The next round is being prepared."))

    def _round_ended(self, ok: bool, why: str) -> None:
        self.panel.foot.show_round(None)
        if not ok:
            self._say(why or tr("The round was cancelled; the answers stay."), _level(bool(why)))
            return
        if self.labelling is not None and self.labelling.campaign.path == self.round.path:
            self.open(self.round.path)
            self._say(tr("The next batch is here."), Qgis.MessageLevel.Success)
        else:
            self._say(
                tr("The next batch of {name} is here; open it.").format(name=Path(self.round.path).name),
                Qgis.MessageLevel.Success,
            )

    def _do(self, act: Callable[[Labelling], object]) -> None:
        """Act on the open campaign; what goes wrong is said, and the unit stays."""
        if self.labelling is None:
            return
        try:
            act(self.labelling)
        except EngineError as error:
            self._say_error(error)
            self._refresh()

    def _knows(self, key: str) -> bool:
        if self.labelling is None:
            return False
        mine = self._canvas.mapTool() is self._tool or self.panel.focusProxy().hasFocus()
        return self._choosing is not None or (mine and self.labelling.class_keys.knows(key))

    def _press(self, key: str) -> None:
        if self._choosing is None:
            self._do(lambda at: at.press(key))
            return
        class_id, self._choosing = self._choosing, None
        if key != "Esc" and self.labelling is not None:
            try:
                self.labelling.class_keys.choose(class_id, key, keys.shortcuts(self._iface.mainWindow()))
                keys.save(self.labelling.class_keys)
            except EngineError as error:
                self._say_error(error)
        self._refresh()

    def _choose_key(self, class_id: int) -> None:
        self._choosing = class_id
        self.panel.focusProxy().setFocus()
        self._refresh()

    def _refresh(self) -> None:
        if self.labelling is None or self.panel.bars is None:
            return
        self.panel.show_view(self.labelling.view())
        self.panel.bars.show_keys(self.labelling.class_keys.by_class, self._choosing)
        self.panel.bars.show_counts(tally.reached(self.labelling.session.units))

    def _take_over(self) -> None:
        """Give the map's keys and mouse to the dock."""
        self._canvas.setMapTool(self._tool)
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _tool_set(self, tool: Any, _before: Any = None) -> None:
        self.panel.show_labelling(tool is self._tool)

    def _layers_go(self, identifiers: list[str]) -> None:
        if self.labelling is not None:
            own = {layer.id() for layer in self.labelling.campaign.layers.values()}
            if own & set(identifiers):
                self.close()

    def _say_error(self, error: EngineError) -> None:
        self._say(str(error), Qgis.MessageLevel.Warning)

    def _say(self, text: str, level: Qgis.MessageLevel) -> None:
        self._iface.messageBar().pushMessage(_TITLE, text, level)


def _level(failed: bool) -> Qgis.MessageLevel:
    return Qgis.MessageLevel.Critical if failed else Qgis.MessageLevel.Info
