"""A request to one job: a frozen dataclass that reads itself from plain values, checks itself and writes itself back.

Its fields are made by the functions of `params`; what QGIS, the command line and the record know of them comes from there.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from . import shipped
from .errors import DataError, SpecError
from .params import RASTER_SUFFIXES, Param, is_local, nearest, parse
from .results import Result


@dataclass(frozen=True)
class Spec:
    """What is asked of one job; a subclass adds the fields.

    The first line of a subclass's docstring is the short description that people read; the rest is its help.
    """

    job: ClassVar[str] = ""
    title: ClassVar[str] = ""
    group: ClassVar[str] = ""
    results: ClassVar[tuple[Result, ...]] = ()

    def stages(self) -> dict[str, float]:
        """Return the stages of this run in their order with their shares of its time; empty where they are not known."""
        return {}

    @classmethod
    def params(cls) -> tuple[Param, ...]:
        """Return the parameters in the order of the dialog."""
        return tuple(dataclasses.replace(f.metadata["param"], name=f.name) for f in dataclasses.fields(cls))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], base: str = "") -> Spec:
        """Read a request from plain values (JSON, flags, QGIS); relative paths start at `base` or the current folder.

        Raises:
            SpecError: an unknown name, a missing value, a value of the wrong kind or out of range; no model is given and none
                ships with this copy of Edgewise.
        """
        known = {p.name: p for p in cls.params()}
        for name in values:
            if name not in known:
                raise SpecError(f"{cls.job}: there is no parameter '{name}'.", nearest(name, known))
        parsed = {name: parse(p, values.get(name), base) for name, p in known.items()}
        for name, p in known.items():
            if p.shipped and not parsed[name] and not parsed.get(p.unless):
                parsed[name] = _shipped(cls, p)
            if p.required and parsed[name] in (None, "", ()):
                raise SpecError(f"{cls.job}: {p.label} is missing.", f"Give it with {p.flag}.")
        return cls(**parsed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; fields that are not set are left out."""
        values = {p.name: getattr(self, p.name) for p in self.params()}
        return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items() if v not in (None, "", ())}

    def to_flags(self) -> list[str]:
        """Return the job and the flags that repeat this request on the command line; defaults are left out."""
        words = [self.job]
        for p in self.params():
            value = getattr(self, p.name)
            if value == p.default:
                continue
            if p.kind == "boolean":
                words.append(p.flag if value else f"--no-{p.flag[2:]}")
            else:
                words += [p.flag, *(str(item) for item in (value if isinstance(value, tuple) else (value,)))]
        return words

    def check(self) -> None:
        """Refuse what can be refused without opening a file; a subclass adds its own rules and calls this one.

        Raises:
            SpecError: an output is an input or lies in an input folder, or two outputs are one file.
            DataError: an input does not exist, or an output folder does not exist or cannot be written.
        """
        inputs = {path: p for p in self.params() if p.is_input for path in paths(self, p)}
        for path, p in inputs.items():
            if is_local(path) and not os.path.exists(path.partition("|")[0]):  # a.gpkg|layername=b, as QGIS says
                raise DataError(f"{p.label}: {path} does not exist.", f"Check the path given with {p.flag}.")
        outputs: dict[str, Param] = {}
        for p in (p for p in self.params() if p.is_output):
            for path in paths(self, p):
                if any(_same_file(path, other.partition("|")[0]) for other in inputs):
                    raise SpecError(
                        f"{p.label}: {path} is also an input, and inputs are never changed.", "Choose another name."
                    )
                folder = next((f for f, q in inputs.items() if q.kind == "mosaic" and _same_file(f, os.path.dirname(path))), "")
                if folder and os.path.splitext(path)[1].lstrip(".").lower() in RASTER_SUFFIXES:
                    raise SpecError(
                        f"{p.label}: {path} lies in {folder}, and every raster of that folder is an input.",
                        "Choose another folder.",
                    )
                if path in outputs:
                    raise SpecError(f"{p.label} and {outputs[path].label} are the same file, {path}.", "Name them apart.")
                outputs[path] = p
                _check_output(p, path)

    def outputs(self) -> dict[str, str]:
        """Return the outputs asked for, by parameter name."""
        return {p.name: path for p in self.params() if p.is_output for path in paths(self, p)}

    def inputs(self) -> tuple[str, ...]:
        """Return every input file, in the order of the parameters."""
        return tuple(path for p in self.params() if p.is_input for path in paths(self, p))


def _shipped(spec: type[Spec], param: Param) -> str:
    path = shipped.student()
    if not path:
        raise SpecError(
            f"{spec.job}: {param.label} is missing, and none ships with this copy of Edgewise ({shipped.FOLDER}).",
            f"Give a model file with {param.flag}; train or distill writes one.",
        )
    return path


def paths(spec: Spec, param: Param) -> tuple[str, ...]:
    """Return the value of an input or output parameter as a tuple of paths."""
    value = getattr(spec, param.name)
    return tuple(value) if isinstance(value, (tuple, list)) else ((value,) if value else ())


def _same_file(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return os.path.normcase(path) == os.path.normcase(other)


def _check_output(param: Param, path: str) -> None:
    suffix = os.path.splitext(path)[1].lstrip(".").lower()
    if param.suffixes and suffix not in param.suffixes:
        wanted = " or ".join(f".{s}" for s in param.suffixes)
        raise SpecError(f"{param.label}: {path} should end in {wanted}.", f"Rename it in {param.flag}.")
    folder = os.path.dirname(path)
    if os.path.isfile(folder):
        raise DataError(f"{param.label}: {folder} is not a folder.", "Choose another output.")
    if not os.path.isdir(folder):
        raise DataError(f"{param.label}: the folder {folder} does not exist.", "Create it or choose another output.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(
            f"{param.label}: the folder {folder} cannot be written ({error.strerror}).", "Choose a folder you may write to."
        ) from None
