"""The request to check the machine."""

from __future__ import annotations

from dataclasses import dataclass

from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class DoctorSpec(Spec):
    """Check the engine: interpreter, versions, device, memory, disk, and how fast the student that ships is here."""

    job = "doctor"
    title = "Check the engine"
    group = "Set up"
    results = (
        Result("problem_count", "Number of problems", "problems"),
        Result("student_mpx_per_s", "Speed of the shipped student in megapixels a second"),
    )

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"Checking": 1.0}
