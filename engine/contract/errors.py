"""What can go wrong, in four classes; each carries the exit code that the shell sees.

A message says what is wrong, where, what was found and expected, and the next step. Anything that is not an
`EngineError` is a bug and leaves with code 1.
"""

from __future__ import annotations

BUG = 1
CANCELLED = 130


class EngineError(Exception):
    """The engine cannot do what was asked; the text is for the user.

    Args:
        text: one or two full sentences: what, where, found, expected.
        hint: the next step, as a sentence; shown on a line of its own.
    """

    exit_code = BUG

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(f"{text} {hint}".strip())
        self.text = text
        self.hint = hint


class SpecError(EngineError):
    """The request is wrong: an unknown flag, a value out of range, two fields that contradict each other."""

    exit_code = 2


class DataError(EngineError):
    """A raster, a label or a folder is missing, damaged or does not fit the request."""

    exit_code = 3


class ModelError(EngineError):
    """A model file is missing, damaged, foreign, or does not fit the data."""

    exit_code = 3


class ResourceError(EngineError):
    """The machine cannot do it: memory, disk or device."""

    exit_code = 4


class Cancelled(Exception):
    """The user, or the program that started the engine, asked it to stop."""
