"""Open the page sys.argv[1] in Qt's Chromium, run by QGIS's own Python, and print the title that the page gives itself.

Every distribution has it as a package; Chromium itself is a snap on Ubuntu, which sees no temporary folder.
"""

from __future__ import annotations

import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"

from PyQt5.QtCore import QTimer, QUrl
from PyQt5.QtWebEngineWidgets import QWebEngineView
from PyQt5.QtWidgets import QApplication

app = QApplication([sys.argv[0], "--allow-file-access-from-files", "--disable-gpu"])
view = QWebEngineView()
view.resize(1280, 1024)
view.titleChanged.connect(lambda title: title.startswith("{") and (print(title), app.quit()))
view.load(QUrl.fromLocalFile(sys.argv[1]))
QTimer.singleShot(90_000, lambda: app.exit(1))
sys.exit(app.exec_())
