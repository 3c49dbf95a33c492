"""The QGIS face: dialogs made from the specs, the engine as a child process, styled results. Knows `engine.contract` only."""
