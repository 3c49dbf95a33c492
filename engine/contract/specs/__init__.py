"""One file, one job's request; this list is the order of the toolbox."""

from __future__ import annotations

from ..spec import Spec
from .assess import AssessSpec
from .bench import BenchSpec
from .demo import DemoSpec
from .distill import DistillSpec
from .doctor import DoctorSpec
from .export import ExportSpec
from .info import InfoSpec
from .ingest import IngestSpec
from .merge import MergeSpec
from .pseudolabel import PseudolabelSpec
from .round import RoundSpec
from .sample import SampleSpec
from .segment import SegmentSpec
from .suggest import SuggestSpec
from .train import TrainSpec
from .vectorize import VectorizeSpec

SPECS: tuple[type[Spec], ...] = (
    SegmentSpec, MergeSpec, VectorizeSpec, TrainSpec, DistillSpec, SuggestSpec, IngestSpec, PseudolabelSpec, RoundSpec,
    AssessSpec, SampleSpec, ExportSpec, InfoSpec, DoctorSpec, BenchSpec, DemoSpec,
)  # fmt: skip
BY_JOB: dict[str, type[Spec]] = {spec.job: spec for spec in SPECS}
