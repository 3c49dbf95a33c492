"""What may be asked, how it goes and what can go wrong: standard library only, Python 3.9 grammar.

QGIS imports this package and nothing else of the engine.
"""
