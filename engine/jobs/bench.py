"""Measure how close to its limit this machine segments: each stage alone, then the whole."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from engine import atomic, device
from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.contract.specs.bench import BenchSpec
from engine.geo import writer
from engine.inference import inputs, lanes, limits, predict, prepare
from engine.inference.predict import Band
from models import checkpoint

BANDS_WAITING = 1


def run(spec: BenchSpec, report: Reporter) -> dict[str, Any]:
    """Return speeds and efficiencies, and print them as a table; nothing but the figures is kept."""
    model = checkpoint.load(spec.model)
    if model.is_onnx:
        raise ModelError(
            f"{spec.model}: an ONNX file does not say how much it computes, so its efficiency cannot be measured.",
            "Measure a model that Edgewise wrote.",
        )
    where = device.resolve(spec.device)
    opened = inputs.open(spec.image, model, report, chosen=spec.bands, extent=spec.extent, resample=spec.resample)
    with opened as given, tempfile.TemporaryDirectory(prefix="edgewise-bench-") as scratch:
        image = given.source
        ready = prepare.prepare(
            model, image, where, report, grade=spec.grade, runtime=spec.runtime, precision=spec.precision, tile=spec.tile,
            batch=spec.batch,
        ).compiled()  # fmt: skip
        plan, legend, pixels = ready.plan, model.card.legend, image.geobox.height * image.geobox.width
        kept: list[Band] = []

        def whole() -> None:
            kept.clear()
            with writer.create(Path(scratch, "whole.tif"), image.geobox, legend=legend) as out:

                def write(band: Band) -> None:
                    out.write(band.window, band.classes)
                    kept.append(band)

                with lanes.behind(write, BANDS_WAITING, report.check) as put:
                    for band in predict.bands(model, image, report, plan, ready.make_runner):
                        put(band)

        def encode() -> None:
            with writer.create(Path(scratch, "encoded.tif"), image.geobox, legend=legend) as out:
                limits.encode(kept, lambda band: out.write(band.window, band.classes))

        spent = {"whole": limits.measure(whole, spec.repeats)}
        spent["decode"] = limits.measure(lambda: limits.decode(image, plan, report), spec.repeats)
        spent["model"] = limits.model_alone(ready.make_runner, image, plan, spec.repeats)
        spent["encode"] = limits.measure(encode, spec.repeats)
        arithmetic = limits.flop_per_px(model, image.count) * pixels * plan.waste
        peak = limits.peak_flop_per_s(where, ready.choice.precision)
    floor = limits.floor_seconds(spent["decode"], spent["model"], spent["encode"], where)
    summary = {
        "mpx_per_s": {name: round(s.mpx_per_s(pixels), 3) for name, s in spent.items()},
        "seconds": {name: round(s.wall, 3) for name, s in spent.items()},
        "cpu_seconds": {name: round(s.cpu, 3) for name, s in spent.items()},
        "efficiency": {
            "pipeline": round(floor / spent["whole"].wall, 3),
            "overlap": round(1 / plan.waste, 3),
            "model": round(arithmetic / peak / spent["model"].wall, 3),
        },
        "pixels": pixels,
        "runtime": ready.choice.runtime,
        "precision": ready.choice.precision,
        "tile_px": [plan.tile_height, plan.tile_width],
        "halo_px": plan.halo,
        "batch": plan.batch,
        "repeats": spec.repeats,
        "device": device.describe(where),
        "gflop_per_s_peak": round(peak / 1e9, 1),
        "kflop_per_px": round(arithmetic / pixels / plan.waste / 1e3, 2),
    }
    for line in table(summary):
        report.message(line)
    if spec.output:
        with atomic.output(spec.output) as part:
            part.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        report.artifact("figures", spec.output)
    return summary


def table(summary: dict[str, Any]) -> list[str]:
    """Return the figures as lines of a table."""
    lines = [f"{'stage':<10}{'Mpx/s':>10}{'seconds':>10}{'CPU s':>10}"]
    for name in ("decode", "model", "encode", "whole"):
        row = [summary[key][name] for key in ("mpx_per_s", "seconds", "cpu_seconds")]
        lines.append(f"{name:<10}" + "".join(f"{value:>10.2f}" for value in row))
    return [*lines, *(f"{name} efficiency {value:.0%}" for name, value in summary["efficiency"].items())]
