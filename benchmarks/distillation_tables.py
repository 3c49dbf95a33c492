"""What the rows of the distillation benchmark say: means over seeds, and differences to the plain student paired by seed."""

from statistics import mean, stdev

from rows import spread

TOGETHER = "teachers together"
TEACHERS = ("teacher", TOGETHER)


def table(rows: list) -> str:
    """Return the figures as Markdown: mean and spread over seeds, and differences paired with `plain` by seed."""
    groups: dict = {}
    for row in rows:
        r = row["run"]
        if r["method"] not in TEACHERS:
            group = groups.setdefault((r["dataset"], r["label_share"], r["budget"], r["student"]), {})
            asked = ", ".join(v for v in (r["signals"], r.get("unlabelled", "") and f"unlabelled {r['unlabelled']}") if v)
            group.setdefault((r["teacher"], r["members"], asked, r["method"]), {})[r["seed"]] = row
    text = []
    for (dataset, share, budget, student), methods in groups.items():
        teachers: dict = {}
        for row in rows:
            r = row["run"]
            if r["method"] in TEACHERS and (r["dataset"], r["label_share"]) == (dataset, share):
                teachers.setdefault((r["teacher"], r["members"], "", r["method"]), {})[r["seed"]] = row
        spent = budget if budget.endswith("s") else f"{budget} iterations"
        text.append(f"\n{dataset}, {spent}, labels {share:g}, {student}\n\n{of_group({**teachers, **methods})}")
    return "\n".join(text)


COLUMNS = {
    "miou": "mIoU", "mean_f1": "F1", "overall_accuracy": "OA", "boundary_f1": "boundary F1", "boundary_iou": "boundary IoU"
}  # fmt: skip


def of_group(methods: dict) -> str:
    tests = list(next(iter(next(iter(methods.values())).values()))["tests"])
    head = ["method", "from", "n", *COLUMNS.values(), *tests, "pieces", "holes", "steps", "s/step", "teachers", "losses",
            "mIoU to plain", "boundary F1 to plain", "gap closed"]  # fmt: skip
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for key, seeds in sorted(methods.items(), key=lambda item: rank(*item)):
        teacher, members, how, method = key
        origin = f"{members} x {teacher}" if members else teacher
        origin += f", {how}" if how else ""
        shares = [spread([100 * r["mean"][name] for r in seeds.values()]) for name in COLUMNS]
        scenes = [spread([100 * r["tests"][t]["miou"] for r in seeds.values()]) for t in tests]
        counts = [spread([r["mean"][name] for r in seeds.values()]) for name in ("piece_error", "hole_error")]
        pace = [
            of_run(list(seeds.values()), "iterations", ".0f"),
            of_run([paced(r) for r in seeds.values()], "s_per_step", ".3f"),
        ]
        time = [of_step(list(seeds.values()), part) for part in ("teachers", "losses")]
        cells = [method, origin, str(len(seeds)), *shares, *scenes, *counts, *pace, *time, *paired(key, methods)]
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def rank(key: tuple, seeds: dict) -> tuple:
    """Return what sorts the rows: teachers first, students by their mIoU."""
    return key[-1] not in TEACHERS, -mean(row["mean"]["miou"] for row in seeds.values())


def of_run(rows: list, name: str, form: str) -> str:
    """Return the mean of what a training took; empty for what was not trained."""
    known = [row[name] for row in rows if name in row]
    return format(mean(known), form) if known else ""


def paced(row: dict) -> dict:
    """Return a row with the pace of an idle machine, where its budget was made from one."""
    return {**row, **row.get("pace", {})}


def of_step(rows: list, part: str) -> str:
    """Return the share of a step that a part takes; empty where no run was long enough to measure it."""
    known = [row["time"][part] for row in rows if part in row.get("time", {})]
    return f"{mean(known):.0%}" if known else ""


def paired(key: tuple, methods: dict) -> tuple:
    """Return the mean differences to `plain` with their standard errors, in points, and the share of the gap that is closed.

    The gap is that to the teachers that were asked: to their common map where there are several.
    """
    plain, (teacher, members, *_) = methods.get(("", 0, "", "plain"), {}), key
    asked = (teacher, members, "", TOGETHER) if members > 1 else (teacher, 0, "", "teacher")
    both = sorted(set(methods[key]) & set(plain)) if key[-1] not in ("plain", *TEACHERS) else []
    if not both:
        return "", "", ""

    def gains(name: str) -> list:
        return [100 * (methods[key][s]["mean"][name] - plain[s]["mean"][name]) for s in both]

    top = methods.get(asked, {}).get(0)  # the first of the teachers where one was asked
    gap = 100 * top["mean"]["miou"] - mean(100 * plain[s]["mean"]["miou"] for s in both) if top else 0
    closed = f"{mean(gains('miou')) / gap:.0%}" if gap > 0 else ""
    return difference(gains("miou")), difference(gains("boundary_f1")), closed


def difference(gains: list) -> str:
    """Return the mean of paired differences with its standard error."""
    return f"{mean(gains):+.1f}" + (f" ± {stdev(gains) / len(gains) ** 0.5:.1f}" if len(gains) > 1 else "")
