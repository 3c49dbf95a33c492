"""Claim: at equal cost, our default choice of places to label teaches a student more than the field's baselines.

An oracle answers from the true labels. Every training starts from the same model of the other dataset, with a new classifier.
Training, first labels and budgets are the same for every selector; what a round may cost is counted in clicks or in pixels, and
both are kept. One row for each finished run; what is finished is not run again, a stopped run goes on after its last trained
model, and several processes may share the work.

    python benchmarks/active_learning.py --setting smoke
    python benchmarks/active_learning.py --setting small --datasets dubai dronedeploy
    python benchmarks/active_learning.py --setting probe --datasets dubai dronedeploy --seeds 3 4 5
    python benchmarks/active_learning.py --setting full --datasets dubai dronedeploy --seeds 0 1 2 --ledgers clicks pixels
    python benchmarks/active_learning.py --setting full --starts random clusters --semi none distill pseudolabel
    python benchmarks/active_learning.py --setting full --noise-px 2 --flip-share 0.05
    python benchmarks/active_learning.py --setting full --table

Budgets are shares of the pixels to label; in clicks they are what random superpixels of 32 x 32 px cost for that share.
"""

import argparse
import functools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rows import shared
from simulation import choosing, learning, oracle, pool, tables
from simulation.learning import Lesson, Trainer
from simulation.probe import Probe

from engine.acquisition.performance import shrunken
from engine.acquisition.standing import Past
from engine.campaign import answers
from engine.contract.specs.ingest import IngestSpec
from engine.metrics import Confusion

ROOT = Path(__file__).resolve().parent
UNLABELLED = oracle.UNLABELLED
SUPERPIXEL_PX = 32 * 32
PSEUDOLABELS = ("pseudolabel", "unbalanced")
HELD_OUT = ("held_out", *PSEUDOLABELS)
ASKED_AGAIN = 8
"""So often a round asks for more where its answers were cheaper than estimated."""


@dataclass(frozen=True)
class Setting:
    """How large the ground is, how long is trained, and what the rounds may cost in all, as shares of the ground.

    With `is_probe` no network is trained but that to start from, see `simulation.probe`.
    """

    crop_px: int
    scenes: int
    lesson: Lesson
    shares: tuple
    is_probe: bool = False


NETWORK = "unet_mobilenet_v2_thin"
SETTINGS = {
    "smoke": Setting(256, 6, Lesson(NETWORK, 3, 2, 64), (0.05, 0.1)),
    "small": Setting(1024, 48, Lesson(NETWORK, 300, 4, 128), (0.0025, 0.005, 0.015, 0.05)),
    "probe": Setting(1024, 48, Lesson(NETWORK, 300, 4, 128), (0.0025, 0.005, 0.01, 0.02, 0.05), is_probe=True),
    "full": Setting(0, 0, Lesson(NETWORK, 3000, 16, 256), (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05)),
}


@dataclass(frozen=True)
class Run:
    """What makes a row; a row with the same values is not run again."""

    setting: str
    dataset: str
    selector: str
    ledger: str
    start: str
    semi: str
    noise_px: float
    flip_share: float
    iterations: int
    seed: int


def main() -> None:
    options = arguments()
    results = (options.runs if options.setting == "smoke" else ROOT / "results") / f"active_learning_{options.setting}.json"
    runs = [] if options.table else planned(options)
    print(tables.table(shared(results, options.runs / "rows", runs, lambda run: measured(run, options), said)))


def said(row: dict) -> str:
    run = Run(**row["run"])
    return f"{run.dataset} {run.selector} seed {run.seed}: mIoU {100 * row['points'][-1]['miou']:.1f}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", choices=SETTINGS, default="small")
    parser.add_argument("--datasets", nargs="+", choices=("dubai", "dronedeploy"), default=["dubai"])
    parser.add_argument("--selectors", nargs="+", choices=choosing.SELECTORS, default=list(choosing.SELECTORS))
    parser.add_argument("--ledgers", nargs="+", choices=("clicks", "pixels"), default=["clicks"])
    parser.add_argument("--starts", nargs="+", choices=("random", "clusters"), default=["random"])
    parser.add_argument(
        "--semi", nargs="+", choices=("none", "distill", *HELD_OUT), default=["none"],
        help="learn from the last model too: as a teacher, or by its pseudo-labels, which cost a fifth of the answers; "
        "held_out: pay that fifth and learn nothing from it; unbalanced: one threshold for all classes, no cap (probe only)",
    )  # fmt: skip
    parser.add_argument("--noise-px", type=float, default=0.0, help="standard deviation of the oracle's borders")
    parser.add_argument("--flip-share", type=float, default=0.0, help="share of the oracle's answers with another class")
    parser.add_argument("--iterations", type=int, default=0, help="training steps of every round; the setting's by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runs", type=Path, default=Path("runs/active_learning"))
    parser.add_argument("--table", action="store_true", help="print the table of what is there, run nothing")
    options = parser.parse_args()
    if ("distill" if SETTINGS[options.setting].is_probe else "unbalanced") in options.semi:
        parser.error("the probe has no teacher, and networks no unbalanced pseudo-labels: choose another --semi")
    return options


def planned(options: argparse.Namespace) -> list:
    """Return all runs: full supervision first, seeds outside, so that a first seed of everything is there early."""
    o, iterations = options, options.iterations or SETTINGS[options.setting].lesson.iterations
    full = [
        Run(o.setting, dataset, "full", "pixels", "random", "none", 0.0, 0.0, iterations, seed)
        for seed in o.seeds for dataset in o.datasets
    ]  # fmt: skip
    return full + [
        Run(o.setting, dataset, selector, ledger, start, semi, o.noise_px, o.flip_share, iterations, seed)
        for seed in o.seeds for dataset in o.datasets for ledger in o.ledgers for start in o.starts for semi in o.semi
        for selector in o.selectors
    ]  # fmt: skip


def measured(run: Run, options: argparse.Namespace) -> dict:
    """Return the row of a run: a point for every trained model."""
    setting = SETTINGS[run.setting]
    lesson = Lesson(setting.lesson.network, run.iterations, setting.lesson.batch, setting.lesson.chip)
    body = learning.body(run.dataset, options.runs, setting.lesson, options.device)
    ground = pool.make(run.dataset, options.runs, setting.crop_px, setting.scenes, body)
    learner = probe(ground) if setting.is_probe else Trainer(ground, lesson, options.device)
    if run.selector == "full":
        labels = np.where(ground.valid, ground.truth, UNLABELLED).astype(np.uint8)
        return {"points": [{"pixels": int(ground.valid.sum()), **learner.figures(learner.learn(labels, run.seed))}]}
    campaign = Campaign(ground, run)
    points, model = [], None
    valid_px = int(ground.valid.sum())
    for turn, share in enumerate(setting.shares):
        target = share * valid_px / (1 if run.ledger == "pixels" else SUPERPIXEL_PX)
        started = time.perf_counter()
        campaign.ask(turn, target, model, learner)
        chosen_s = time.perf_counter() - started
        more = {}
        if model and run.semi == "distill":
            more["teacher"] = model
        elif model and run.semi in PSEUDOLABELS:
            more["pseudolabels"] = learner.pseudolabels(
                model, campaign.labels, campaign.held_out, turn, run.seed,
                **({"is_balanced": False} if run.semi == "unbalanced" else {}),
            )  # fmt: skip
        model = learner.learn(campaign.labels, run.seed, **more)
        found = learner.figures(model)
        pseudo_px = int((more["pseudolabels"] != UNLABELLED).sum()) if "pseudolabels" in more else 0
        points.append({"share": share, **campaign.ledger(), "pseudo_px": pseudo_px, "chosen_s": round(chosen_s, 2), **found})
    return {"points": points, "valid_px": valid_px}


@functools.cache
def probe(ground: pool.Pool) -> Probe:
    """Return the probe of a pool; its features are gigabytes, and the same in every row."""
    return Probe(ground)


class Campaign:
    """The labels so far, what they cost, and what the rounds were short of.

    Where pseudo-labels are made, a share of the answers is held out of the labels, as `ingest` does, and paid for all the same.
    """

    def __init__(self, ground: pool.Pool, run: Run) -> None:
        self.labels, self.held_out = (np.full(ground.truth.shape, UNLABELLED, np.uint8) for _ in range(2))
        self._held_out_share = IngestSpec.held_out_share if run.semi in HELD_OUT else 0.0
        self._ground, self._run, self._selector = ground, run, choosing.SELECTORS[run.selector]
        truth = oracle.shifted(ground.truth, run.noise_px, run.seed)
        self._oracle = oracle.Oracle(truth, ground.classes, run.flip_share, run.seed)
        self._asked = ~ground.valid
        self._spent = {"pixels": 0, "clicks": 0}
        self._answers: dict = {}
        self._served: list = []
        self._past: list = []
        self._named = np.zeros(len(ground.classes))
        self._table = Confusion.zeros(len(ground.classes))

    def ask(self, turn: int, target: float, model: object, learner: object) -> None:
        """Ask and answer until the target is spent."""
        ids = self._ground.classes
        iou = shrunken(self._table.iou, self._table.counts.sum(axis=1)) if self._table.pixels else None
        now = choosing.Turn(turn, self._run.seed, self._run.ledger, iou, tuple(self._past), self._named, ids)
        if model is None:
            ask = choosing.first(self._ground, self._run.start, now)
        else:
            with learner.seen(model, self._selector.tta) as seen:
                ask = choosing.later(self._ground, self._selector, *seen, now)
        self._table, offered = Confusion.zeros(len(ids)), np.zeros(len(ids))
        for _ in range(ASKED_AGAIN):
            left = target - self._spent[self._run.ledger]
            if left < 1 or not self._answer_all(ask(left, self._asked), target, offered):
                break
        self._named = self._named + offered
        if iou is not None:
            self._past.append(Past(iou, offered >= offered.sum() / (2 * len(ids))))

    def _answer_all(self, questions: object, target: float, offered: np.ndarray) -> bool:
        """Answer questions in turn until the target is spent; return whether there was any."""
        was_asked = False
        for question in questions:
            if self._spent[self._run.ledger] >= target:
                break
            was_asked = True
            answer = self._answer(question)
            self._spent["pixels"] += len(answer.ids)
            self._spent["clicks"] += answer.clicks
            self._answers[f"{question.kind} {answer.kind}"] = self._answers.get(f"{question.kind} {answer.kind}", 0) + 1
            known = answer.ids[answer.ids != UNLABELLED]
            offered[np.searchsorted(self._ground.classes, np.unique(known))] += 1
            if question.predicted is not None:
                predicted = question.predicted[question.mask]
                self._table += Confusion.of(predicted, answer.ids, self._ground.classes.tolist())
            self._asked[question.window] |= question.mask
            is_held_out = answers.is_held_out(question.name, self._held_out_share)
            painted = (self.held_out if is_held_out else self.labels)[question.window]
            painted[question.mask] = answer.ids
        return was_asked

    def _answer(self, question: choosing.Question) -> oracle.Answer:
        if question.kind == "edge":
            return self._oracle.edge(question.window, question.mask, question.predicted)
        if question.kind == "region":
            return self._oracle.region(question.window, question.mask)
        clicks = oracle.drawing_clicks(self._oracle.truth[question.window], question.mask) if question.kind == "cell" else None
        return self._oracle.paint(question.window, question.mask, clicks)

    def ledger(self) -> dict:
        """Return what was spent, how it was answered, and the pixels of each class."""
        counts = np.bincount(self.labels.ravel(), minlength=256)
        return {
            **self._spent, "answers": dict(self._answers),
            "labelled": {str(i): int(counts[i]) for i in self._ground.classes},
        }  # fmt: skip


if __name__ == "__main__":
    main()
