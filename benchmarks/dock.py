"""Claim: with 1,000 units in the batch the labelling dock answers a key within 50 ms.

Run it with QGIS's Python: QT_QPA_PLATFORM=offscreen /usr/bin/python3 benchmarks/dock.py [UNITS]

A real map, a real campaign on disk, real key events. A key is answered when its event has returned: the answer is saved, the
next unit is shown and the map has its new extent; the map draws in the background. The floor in the same run is the time that
SQLite takes to save one value in the same file.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "qgis"))
KEYS = 200


def milliseconds(seconds: list[float]) -> str:
    """Return median, 95th percentile and maximum."""
    ordered = sorted(1000 * s for s in seconds)
    return f"median {statistics.median(ordered):.1f}, 95 % {ordered[int(0.95 * len(ordered))]:.1f}, most {ordered[-1]:.1f} ms"


def main(units: int) -> None:
    """Answer KEYS units of a batch and print how long each key took."""
    import conftest  # before QGIS: names its folders
    from qgis.core import QgsApplication
    from qgis.PyQt.QtCore import Qt
    from qgis.PyQt.QtTest import QTest

    application = QgsApplication([], True)
    application.initQgis()
    from edgewise.qgis_plugin import environment
    from edgewise.qgis_plugin.dock.desk import Desk
    from window import Window

    python = environment.find_python("", os.environ, ROOT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.gpkg"
        made = [python, ROOT / "tests" / "qgis" / "campaigns.py", path, str(units)]
        subprocess.run(made, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
        window = Window()
        window.show()
        desk = Desk(window)
        desk.open(str(path))
        wall, cpu = [], []
        for _ in range(KEYS):
            application.processEvents()  # what the last key left for later: the log, the map
            started, worked = time.perf_counter(), time.process_time()
            QTest.keyClick(window.canvas, Qt.Key.Key_U)
            wall.append(time.perf_counter() - started)
            cpu.append(time.process_time() - worked)
        desk.unload()
        floor = []
        for number in range(KEYS // 4):
            started = time.perf_counter()
            with sqlite3.connect(path) as file:
                file.execute("update rounds set seed = ?", (number,))
            floor.append(time.perf_counter() - started)
    print(f"{units} units, {KEYS} keys")
    print(f"a key:         {milliseconds(wall)}; processor {milliseconds(cpu)}")
    print(f"SQLite's save: {milliseconds(floor)}")
    conftest.pytest_unconfigure()
    sys.stdout.flush()
    os._exit(0)  # Qt's windows and QGIS's layers, freed by Python in any order at its end, crash


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
