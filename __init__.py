"""QGIS enters here: this folder, under the name `edgewise`, is the plugin."""

from __future__ import annotations


def classFactory(iface: object) -> object:
    """Return the plugin; QGIS asks for it by this name."""
    from .qgis_plugin.plugin import Plugin

    return Plugin(iface)
