"""Claim: labels from tiles are those of one pass over the whole raster, exactly with the exact halo, 99.99 % seamlessly.

Called by `python benchmarks/inference.py --halo --model M.safetensors --image R.tif`. The whole raster goes through the
network at once, in PyTorch and fp32, and so does every tile: what differs is what the halo does. Writes
benchmarks/results/inference_halo.json and a plot for each network, docs/img/halo_*.svg.
"""

import json
import math
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "inference_halo.json"
PLOTS = ROOT / "docs" / "img"
CORES_PX = (512, 1024)
HALOS_PX = (0, 32, 64, 96, 128, 160, 192, 256, 320, 384)
CLAIM = 1e-4
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 360, 70, 20, 130, 50
LOWEST, HIGHEST = -8, -1
COLORS = ("#3a86c8", "#d1495b")


def measure(model_path, image_path):
    """Return core -> halo -> share of labels that differ from the whole pass, and the same for the grades."""
    from engine.contract.events import Reporter
    from engine.geo import raster
    from engine.geo.tiles import Window
    from engine.inference import execute, plan, predict, prepare
    from engine.inference.labelling import Labels
    from models import checkpoint

    model, quiet, cpu = checkpoint.load(model_path), Reporter(lambda _: None), torch.device("cpu")
    exact_px, stride = model.card.halo_px, model.network.stride
    with raster.open(image_path) as image:
        height, width = image.geobox.height, image.geobox.width
        data, valid = image.read(Window(0, 0, height, width))
        expected, _ = predict.whole(model, data, valid)

        def labels_of(tiles, make_runner):
            return np.concatenate([b.classes for b in predict.bands(model, image, quiet, tiles, make_runner)])

        def differing(tiles, make_runner):
            return float((labels_of(tiles, make_runner) != expected)[valid].mean())

        make_runner = execute.runner_maker(model, Labels, image, cpu)
        curves = {}
        for core in CORES_PX:
            curves[str(core)] = {}
            for halo in sorted({*(h for h in HALOS_PX if h < exact_px), exact_px}):
                tiles = plan.cut_raster(height, width, core=core, halo=halo, stride=stride)
                curves[str(core)][str(halo)] = share = differing(tiles, make_runner)
                print(f"core {core} px, halo {halo:>3} px: {share:.1e} of the labels differ")
        grades = {}
        for grade in ("exact", "seamless"):
            ready = prepare.prepare(model, image, cpu, quiet, grade=grade, runtime="torch", precision="fp32")
            grades[grade] = {"halo_px": ready.plan.halo, "core_px": ready.plan.core_px}
            labels = labels_of(ready.plan, ready.make_runner)
            differ = (labels != expected) & valid
            grades[grade]["differing"] = float(differ[valid].mean())
            grades[grade]["largest_gap"] = largest_gap(model, data, differ, labels)
            print(f"{grade}: halo {ready.plan.halo} px, {grades[grade]['differing']:.1e} of the labels differ")
    return {
        "image": Path(image_path).name, "model": Path(model_path).name, "network": model.card.network,
        "pixels": int(valid.sum()), "exact_halo_px": exact_px, "cores": curves, "grades": grades,
        "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip


def largest_gap(model, data, differ, labels):
    """Return by how much the whole pass prefers its own class at most, in probability, where the labels differ."""
    from engine.inference.labelling import Probabilities

    if not differ.any():
        return 0.0
    pixels = np.concatenate([data, np.ones_like(data[:1])])
    with torch.inference_mode():
        (probs,) = Probabilities(model).eval()(torch.from_numpy(pixels[None]))
    at = probs[0].numpy()[:, differ]
    index = {number: i for i, number in enumerate(model.card.legend.ids)}
    other = at[[index[number] for number in labels[differ].tolist()], np.arange(at.shape[1])]
    return float((at.max(axis=0) - other).max())


def run(model_path, image_path):
    found = measure(model_path, image_path)
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[f"{found['network']} on {found['image']}"] = found
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    chart = PLOTS / f"halo_{found['network']}.svg"
    chart.write_text(plot(found), encoding="utf-8")
    print(f"\nwrote {RESULTS.relative_to(ROOT)} and {chart.relative_to(ROOT)}")


def plot(found):
    """Return the curves as SVG: halo across, share of differing labels on a logarithmic scale upward."""
    widest = max(float(h) for curve in found["cores"].values() for h in curve) or 1.0
    inner = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)

    def place(halo, share):
        power = math.log10(share) if share > 0 else LOWEST
        up = (min(max(power, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
        return f"{LEFT + inner[0] * float(halo) / widest:.1f}", f"{TOP + inner[1] * (1 - up):.1f}"

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>']
    for power in range(LOWEST, HIGHEST + 1):
        _, y = place(0, 10.0**power)
        name = "none" if power == LOWEST else f"1e{power}"
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end" dominant-baseline="middle">{name}</text>')
    for halo in range(0, int(widest) + 1, 64):
        x, _ = place(halo, 1)
        parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{halo}</text>')
    _, y = place(0, CLAIM)
    parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#588157" stroke-dasharray="6 4"/>')
    parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{y}" fill="#588157" dominant-baseline="middle">seamless</text>')
    for color, (core, curve) in zip(COLORS, found["cores"].items(), strict=True):
        points = [place(h, s) for h, s in curve.items()]
        parts.append(
            f'<polyline points="{" ".join(",".join(p) for p in points)}" fill="none" stroke="{color}" stroke-width="2"/>'
        )
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in points]
        y = TOP + 14 + 18 * COLORS.index(color)
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{y}" fill="{color}">core {core} px</text>')
    parts.append(f'<text x="{LEFT + inner[0] / 2}" y="{HEIGHT - 8}" text-anchor="middle">halo, px</text>')
    title = f"Share of labels that differ from one pass over the whole raster, {found['network']}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" '
        f'role="img"><title>{title}</title>{"".join(parts)}</svg>\n'
    )
