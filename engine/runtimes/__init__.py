"""How a student is executed on this machine; one file, one way.

Each module offers

    missing() -> str
        Why it cannot be used here, as a sentence; empty where it can.
    precisions(device) -> tuple[str, ...]
        The number formats the device computes natively, of `fp32`, `bf16` and `fp16`.
    compile(make, example, precision, device) -> Runner
        A graph for one static shape. `make(dtype)` returns the module; `example` is a batch as it will come.

A runner takes a batch of stored pixels and returns at once where it can; what it returns gives the results when called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

Result = tuple[NDArray, ...]
Runner = Callable[[NDArray], Callable[[], Result]]
Make = Callable[[Any], Any]
