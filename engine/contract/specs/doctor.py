"""The request to check the machine."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import Spec


@dataclass(frozen=True)
class DoctorSpec(Spec):
    """Check the engine: interpreter, versions, device, memory, disk."""

    job = "doctor"
    title = "Check the engine"
    group = "Set up"
