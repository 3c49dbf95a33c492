"""What the rows say: learning curves in a few numbers, and differences to the default paired by seed."""

from statistics import mean

import numpy as np
from rows import spread
from scipy import stats

CONTEXT = ("dataset", "ledger", "start", "semi", "noise_px", "flip_share", "iterations")
REACHED = 0.95
REFERENCE, RANDOM = "default", "random_superpixel"


def table(rows: list) -> str:
    """Return the figures as Markdown, on the test scenes and on the map of the ground that is labelled."""
    ground = [{**row, "points": [{**p, **p["ground"]} for p in row["points"]]} for row in rows]
    return f"On the test scenes\n\n{of_rows(rows)}\n\nOn the ground itself\n\n{of_rows(ground)}"


def of_rows(rows: list) -> str:
    """Return one table for each dataset and way of paying; then all datasets together."""
    full, groups = {}, {}
    for row in rows:
        run = row["run"]
        if run["selector"] == "full":
            full[run["dataset"], run["iterations"], run["seed"]] = row["points"][-1]["miou"]
        else:
            groups.setdefault(tuple(run[k] for k in CONTEXT), {}).setdefault(run["selector"], {})[run["seed"]] = row
    parts = [of_group(context, group, full) for context, group in groups.items()]
    joined: dict = {}
    for context, group in groups.items():
        for selector, seeds in group.items():
            joined.setdefault(context[1:], {}).setdefault(selector, {}).update(
                {(context[0], seed): aubc(row, context[1]) for seed, row in seeds.items()}
            )
    several = {c: g for c, g in joined.items() if len({d for s in g.values() for d, _ in s}) > 1}
    return "\n\n".join(parts + [together(context, group) for context, group in several.items()])


def of_group(context: tuple, group: dict, full: dict) -> str:
    dataset, ledger, iterations = context[0], context[1], context[-1]
    head = [
        "selector", "n", "AUBC", "to default", "p", "first mIoU", "to random", "first worst IoU", "last mIoU", "last worst IoU",
        "last boundary F1", "pixels at 95 % of full", "confirmed", "pixels", "clicks",
    ]  # fmt: skip
    areas = {name: {seed: aubc(row, ledger) for seed, row in seeds.items()} for name, seeds in group.items()}
    tests = paired(areas)
    lines = []
    for name, seeds in group.items():
        points = [row["points"] for row in seeds.values()]
        tops = [full.get((dataset, iterations, seed)) for seed in seeds]
        spent = [reached(row, top) for row, top in zip(seeds.values(), tops, strict=True) if top]
        lines.append([
            name, str(len(seeds)), spread([100 * a for a in areas[name].values()]), *tests[name],
            spread([100 * p[1]["miou"] for p in points]), to_random(seeds, group.get(RANDOM, {})),
            *(spread([100 * p[at][key] for p in points])
              for at, key in ((1, "worst_iou"), (-1, "miou"), (-1, "worst_iou"), (-1, "boundary_f1"))),
            share_of(spent), confirmed(points), str(round(mean(p[-1]["pixels"] for p in points))),
            str(round(mean(p[-1]["clicks"] for p in points))),
        ])  # fmt: skip
    lines.sort(key=lambda cells: -mean(areas[cells[0]].values()))
    tops = [v for (d, i, _), v in full.items() if (d, i) == (dataset, iterations)]
    title = ", ".join(f"{k} {v}" for k, v in zip(CONTEXT, context, strict=True))
    return f"{title}; full supervision {spread([100 * t for t in tops]) if tops else 'not run'}\n\n" + markdown([head, *lines])


def aubc(row: dict, ledger: str) -> float:
    """Return the area under the curve of mIoU over the logarithm of what was spent, divided by its width.

    Budgets grow by factors, so that each round counts alike.
    """
    x, y = np.array([[np.log(p[ledger]), p["miou"]] for p in row["points"]]).T
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() / (x[-1] - x[0])) if x[-1] > x[0] else float(y[-1])


def to_random(seeds: dict, by_chance: dict) -> str:
    """Return by what part the first mIoU after a choice exceeds that of random superpixels, over the seeds of both."""
    both = sorted(set(seeds) & set(by_chance)) if seeds is not by_chance else []
    mine, theirs = ([row[s]["points"][1]["miou"] for s in both] for row in (seeds, by_chance))
    return f"{mean(mine) / mean(theirs) - 1:+.0%}" if both else ""


def reached(row: dict, top: float) -> float | None:
    """Return the share of the pixels at which 95 % of full supervision is reached, interpolated."""
    points = [(p["pixels"] / row["valid_px"], p["miou"]) for p in row["points"]]
    wanted = REACHED * top
    for (x0, y0), (x1, y1) in zip([points[0], *points], points, strict=False):
        if y1 >= wanted:
            return x1 if y1 == y0 else x0 + (x1 - x0) * max(wanted - y0, 0) / (y1 - y0)
    return None


def share_of(spent: list) -> str:
    """Return the mean of what was needed; how many runs did not get there is said."""
    known = [s for s in spent if s is not None]
    missed = f" ({len(spent) - len(known)} of {len(spent)} not)" if len(known) < len(spent) else ""
    return (f"{100 * mean(known):.2g} %" if known else "-") + missed if spent else ""


def confirmed(points: list) -> str:
    """Return the share of edge units that were answered by one click of consent."""
    counts = [p[-1]["answers"] for p in points]
    edges = sum(v for c in counts for k, v in c.items() if k.startswith("edge"))
    return f"{sum(c.get('edge confirm', 0) for c in counts) / edges:.0%}" if edges else ""


def together(context: tuple, group: dict) -> str:
    """Return the mean AUBC over datasets, and differences paired by dataset and seed."""
    tests = paired(group)
    lines = [
        [name, str(len(areas)), spread([100 * a for a in areas.values()]), *tests[name]]
        for name, areas in sorted(group.items(), key=lambda item: -mean(item[1].values()))
    ]
    title = ", ".join(f"{k} {v}" for k, v in zip(CONTEXT[1:], context, strict=True))
    return f"all datasets, {title}\n\n" + markdown([["selector", "n", "AUBC", "to default", "p"], *lines])


def paired(areas: dict) -> dict:
    """Return for each selector the mean difference to the default in points, and the p of a paired t-test after Holm."""
    default, raw = areas.get(REFERENCE, {}), {}
    differences = {}
    for name, mine in areas.items():
        both = sorted(set(mine) & set(default)) if name != REFERENCE else []
        gains = 100 * np.array([mine[s] - default[s] for s in both])
        differences[name] = gains
        if len(gains) > 1 and gains.std() > 0:
            raw[name] = float(stats.ttest_1samp(gains, 0).pvalue)
    corrected, worst = {}, 0.0
    for rank, name in enumerate(sorted(raw, key=raw.get)):
        worst = max(worst, min(1.0, raw[name] * (len(raw) - rank)))
        corrected[name] = worst
    return {
        name: (f"{gains.mean():+.1f}" if len(gains) else "", f"{corrected[name]:.2g}" if name in corrected else "")
        for name, gains in differences.items()
    }


def markdown(lines: list) -> str:
    head, *body = lines
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *body])
