"""Claims of `segment`: faster than any peer with the same weights, on the same raster, in the same run; memory is bounded.

    python benchmarks/inference.py --image R.tif --model M.safetensors [--repeats 5] [--only edgewise deepness ...]
    python benchmarks/inference.py --efficiency --image R.tif --models U_NET.safetensors STUDENT.safetensors
    python benchmarks/inference.py --memory --model M.safetensors
    python benchmarks/inference.py --null --image R.tif
    python benchmarks/inference.py --halo --image R.tif --model M.safetensors
    python benchmarks/inference.py --kill --image R.tif --model M.safetensors

Each contender runs in a process of its own, which reads the raster, labels it and writes a GeoTIFF; imports, loading and
exporting are not counted. Peers are written after their documentation, once with its defaults and once equalized: tiles
of 512 px, an overlap of 64 px, and the runtime and number format that Edgewise chose. Prints a table and adds to
benchmarks/results/inference.json. Peers: pip install -r benchmarks/requirements-peers.txt
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.windows import Window as RasterioWindow

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "inference.json"
NULL_FLOOR_MPX_PER_S = 80
NULL_PX = 8


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--image")
    arguments.add_argument("--model")
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--only", nargs="+", choices=list(CONTENDERS))
    arguments.add_argument("--efficiency", action="store_true")
    arguments.add_argument("--models", nargs="+", default=[])
    arguments.add_argument("--memory", action="store_true")
    arguments.add_argument("--null", action="store_true")
    arguments.add_argument("--halo", action="store_true")
    arguments.add_argument("--kill", action="store_true")
    arguments.add_argument("--one", help=argparse.SUPPRESS)
    arguments.add_argument("--output", help=argparse.SUPPRESS)
    arguments.add_argument("--runner", default="torch:fp32", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    if options.halo:
        import halo

        halo.run(options.model, options.image)
        return
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if options.efficiency:
        found["efficiency"] = {Path(m).name: efficiency(options, m) for m in options.models}
    elif options.memory:
        found["memory"] = memory(options.model)
    elif options.kill:
        import kill

        found["kill"] = kill.measure(options.model, options.image)
    elif options.null:
        found["null"] = [started("null", options, "none") for _ in range(options.repeats)]
        speed = statistics.median(r["mpx_per_s"] for r in found["null"])
        print(f"null network: {speed:.1f} Mpx/s, claim {NULL_FLOOR_MPX_PER_S}")
    else:
        found["speed"] = compare(options, found.get("speed", {}))
    found["machine"] = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    found["date"] = time.strftime("%Y-%m-%d")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\nwrote {RESULTS.relative_to(ROOT)}")


def compare(options, before):
    """Return the medians of every contender, ours first; its runtime is what equalized peers get.

    What was measured `before` on the same image with the same model, and is not asked for now, is kept.
    """
    asked = {"image": Path(options.image).name, "model": Path(options.model).name, "repeats": options.repeats}
    rows = dict(before["rows"]) if asked == {k: v for k, v in before.items() if k != "rows"} else {}
    runner = rows.get("edgewise", {}).get("runner", "torch:fp32")
    for name in options.only or [n for n in CONTENDERS if n != "null"]:
        runs = []
        for _ in range(options.repeats):
            run = started(name, options, runner)
            if "absent" in run:
                print(f"{name:<24}{run['absent']}")
                break
            runs.append(run)
        if not runs:
            continue
        rows[name] = {
            "mpx_per_s": statistics.median(r["mpx_per_s"] for r in runs),
            "seconds": sorted(r["seconds"] for r in runs),
            "peak_mb": max(r["peak_mb"] for r in runs),
            "runner": runs[0].get("runner", ""),
        }
        if name == "edgewise":
            runner = runs[-1]["runner"]
        print(f"{name:<24}{rows[name]['mpx_per_s']:>8.2f} Mpx/s{rows[name]['peak_mb']:>8.0f} MB  {rows[name]['runner']}")
    return {**asked, "rows": rows}


def efficiency(options, model):
    """Return what `bench` measures: each stage alone, the whole, and the share of the time that the stages need."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "bench.json")
        command = [sys.executable, "-m", "engine.run", "bench", "--image", options.image, "--model", model]
        subprocess.run([*command, "--repeats", str(options.repeats), "--output", str(figures)], cwd=ROOT, check=True)
        return json.loads(figures.read_text())


def started(name, options, runner):
    """Run one contender in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--one", name, "--output", str(Path(folder, "classes.tif")), "--runner", runner]
        command += ["--image", options.image, *(["--model", options.model] if options.model else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"absent": (done.stderr.strip().splitlines() or ["no reason given"])[-1]}
        return json.loads(done.stdout.splitlines()[-1])


def one(options):
    torch.set_grad_enabled(False)
    with rasterio.open(options.image) as image:
        pixels = image.height * image.width
    made = CONTENDERS[options.one](options)
    return {
        "mpx_per_s": pixels / 1e6 / made["seconds"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **made,
    }


def edgewise(options):
    from engine.contract.events import Reporter
    from engine.contract.specs.segment import SegmentSpec
    from engine.inference import race
    from engine.jobs import segment
    from models import checkpoint

    checkpoint.load(options.model)  # imports are not counted
    race.RACE_WORTH_SECONDS = 0.0  # as a large raster has it: which way is fastest is found once, and remembered
    spec = SegmentSpec(image=(options.image,), model=options.model, output=options.output)
    summary = segment.run(spec, Reporter(lambda _: None))
    seconds = summary["total_seconds"] - summary["seconds_prepare"]
    return {"seconds": seconds, "runner": f"{summary['runtime']}:{summary['precision']}"}


def null(options):
    """Label without a network: red in six steps, for 8 x 8 px at once. What is left is reading, cutting and writing.

    No finished rows are kept for a killed run, which costs 4 ns a pixel of processor time.
    """
    from engine.contract.events import Reporter
    from engine.contract.legend import Legend
    from engine.geo import raster, writer
    from engine.inference import lanes, predict
    from engine.inference.plan import cut_grid
    from models.card import Card
    from models.model import Model

    def runner(batch):
        number, _, height, width = batch.shape
        coarse = (batch[:, 0, ::NULL_PX, ::NULL_PX] // 43)[:, :, None, :, None]
        ids = np.broadcast_to(coarse, (number, height // NULL_PX, NULL_PX, width // NULL_PX, NULL_PX)).reshape(
            number, height, width
        )
        return lambda: (ids, ids)

    report = Reporter(lambda _: None)
    with raster.open(options.image) as image:
        card = Card("unet_resnet18", image.bands, ((120.0, 60.0),) * image.count, str(image.dtype), None,
                    Legend.from_names(list("abcdef")), 0, 512, "exact")  # fmt: skip
        model = Model(torch.nn.Identity(), card)
        plan = cut_grid(image.geobox.height, image.geobox.width, core=512, halo=0, stride=32)
        started_at = time.perf_counter()
        with writer.create(options.output, image.geobox, legend=card.legend) as out:
            with lanes.behind(lambda band: out.write(band.window, band.classes), 1, report.check) as put:
                for band in predict.bands(model, image, report, plan, lambda _: runner):
                    put(band)
            streamed = time.perf_counter() - started_at
        seconds = time.perf_counter() - started_at
    return {"seconds": seconds, "seconds_before_finishing": streamed, "runner": "none"}


def network_of(options, tile, batch, *, is_equalized):
    """Return logits of normalized (N, B, tile, tile) float32 arrays, run as the contender runs it."""
    from engine.runtimes import openvino as ov_runtime
    from models import checkpoint

    model = checkpoint.load(options.model)

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = model.network

        def forward(self, images):
            return self.network(images).logits

    graph = Logits().eval()
    runtime, precision = options.runner.split(":") if is_equalized else ("torch", "fp32")
    example = np.zeros((batch, len(model.card.bands), tile, tile), np.float32)
    if runtime == "openvino":
        run = ov_runtime.compile(lambda _: graph, example, precision, torch.device("cpu"))
    elif runtime == "onnxruntime":
        run = ort_of(graph, example)
    else:
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        graph.to(dtype)
        return model, lambda images: graph(torch.as_tensor(images).to(dtype)).float(), f"{runtime}:{precision}"
    return model, lambda images: torch.from_numpy(run(np.ascontiguousarray(images))()[0]), f"{runtime}:{precision}"


def ort_of(graph, example):
    from engine.runtimes import export, onnxruntime

    return onnxruntime.serve(export.onnx_bytes(lambda _: graph, example))


def scaling_of(model):
    offset, scale = np.float32(model.card.scaling).T[..., None, None]
    return offset, scale


def write(options, labels):
    with rasterio.open(options.image) as image:
        profile = {"driver": "GTiff", "height": image.height, "width": image.width, "count": 1, "dtype": "uint8",
                   "crs": image.crs, "transform": image.transform, "compress": "DEFLATE", "tiled": True}  # fmt: skip
    with rasterio.open(options.output, "w", **profile) as out:
        out.write(labels, 1)


def deepness(options):
    """A plain ONNX Runtime loop with Deepness's settings: tiles of 512 px, 15 % overlap, one at a time, centres kept."""
    return plain_loop(options, overlap=int(512 * 0.15), is_equalized=False)


def deepness_equalized(options):
    return plain_loop(options, overlap=64, is_equalized=True)


def plain_loop(options, overlap, is_equalized):
    tile = 512
    if is_equalized:
        model, logits_of, runner = network_of(options, tile, 1, is_equalized=True)
    else:
        model, _, _ = network_of(options, tile, 1, is_equalized=False)

        class Logits(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.network = model.network

            def forward(self, images):
                return self.network(images).logits

        run, runner = ort_of(Logits().eval(), np.zeros((1, len(model.card.bands), tile, tile), np.float32)), "onnxruntime:fp32"

        def logits_of(images):
            return torch.from_numpy(run(images)()[0])

    offset, scale = scaling_of(model)
    started_at = time.perf_counter()
    with rasterio.open(options.image) as image:
        labels = np.zeros((image.height, image.width), np.uint8)
        step, half = tile - overlap, overlap // 2
        for row in range(-half, image.height, step):
            for col in range(-half, image.width, step):
                window = RasterioWindow(col, row, tile, tile)
                data = image.read(window=window, boundless=True, fill_value=0)
                logits = logits_of(((data.astype(np.float32) - offset) / scale)[None].astype(np.float32))
                ids = logits[0].numpy().argmax(axis=0).astype(np.uint8)
                top, left = row + half, col + half
                bottom, right = min(top + step, image.height), min(left + step, image.width)
                if top < bottom and left < right:
                    labels[top:bottom, left:right] = ids[half : half + bottom - top, half : half + right - left]
    write(options, labels)
    return {"seconds": time.perf_counter() - started_at, "runner": runner}


def monai(options, is_equalized=False):
    from monai.inferers import sliding_window_inference

    batch = 4
    model, logits_of, runner = network_of(options, 512, batch, is_equalized=is_equalized)
    offset, scale = scaling_of(model)

    def padded(images):
        missing = batch - len(images)
        whole = torch.nn.functional.pad(images, (0, 0, 0, 0, 0, 0, 0, missing)) if missing else images
        return logits_of(whole)[: len(images)]

    started_at = time.perf_counter()
    with rasterio.open(options.image) as image:
        data = torch.from_numpy((image.read().astype(np.float32) - offset) / scale)[None]
    overlap = {"overlap": 64 / 512} if is_equalized else {}
    logits = sliding_window_inference(data, (512, 512), batch, padded, **overlap)
    write(options, logits[0].argmax(dim=0).to(torch.uint8).numpy())
    return {"seconds": time.perf_counter() - started_at, "runner": runner}


def monai_equalized(options):
    return monai(options, is_equalized=True)


def toolbelt(options, is_equalized=False):
    from pytorch_toolbelt.inference.tiles import ImageSlicer, TileMerger

    batch = 4
    model, logits_of, runner = network_of(options, 512, batch, is_equalized=is_equalized)
    offset, scale = scaling_of(model)
    started_at = time.perf_counter()
    with rasterio.open(options.image) as image:
        data = image.read().transpose(1, 2, 0)
    step = 448 if is_equalized else 256
    slicer = ImageSlicer(data.shape, tile_size=(512, 512), tile_step=(step, step))
    merger = TileMerger(slicer.target_shape, len(model.card.legend), slicer.weight)
    tiles, boxes = slicer.split(data), slicer.crops
    for first in range(0, len(tiles), batch):
        chosen = np.stack(tiles[first : first + batch]).transpose(0, 3, 1, 2)
        images = np.zeros((batch, *chosen.shape[1:]), np.float32)
        images[: len(chosen)] = (chosen.astype(np.float32) - offset) / scale
        merger.integrate_batch(logits_of(images)[: len(chosen)], boxes[first : first + batch])
    merged = merger.merge().argmax(dim=0).to(torch.uint8).numpy()
    write(options, slicer.crop_to_orignal_size(merged))
    return {"seconds": time.perf_counter() - started_at, "runner": runner}


def toolbelt_equalized(options):
    return toolbelt(options, is_equalized=True)


def torchgeo(options, is_equalized=False):
    """The pattern of its documentation: GridGeoSampler, DataLoader, centres kept."""
    from torch.utils.data import DataLoader
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    tile, overlap, batch = 512, (64 if is_equalized else 128), 4
    model, logits_of, runner = network_of(options, tile, batch, is_equalized=is_equalized)
    offset, scale = scaling_of(model)
    started_at = time.perf_counter()
    with rasterio.open(options.image) as image:
        transform, height, width = image.transform, image.height, image.width
    dataset = RasterDataset(paths=[options.image])
    sampler = GridGeoSampler(dataset, size=tile, stride=tile - overlap)
    loader = DataLoader(dataset, batch_size=batch, sampler=sampler, collate_fn=stack_samples)
    labels, half = np.zeros((height, width), np.uint8), overlap // 2
    for samples in loader:
        chosen = samples["image"].numpy()
        images = np.zeros((batch, *chosen.shape[1:]), np.float32)
        images[: len(chosen)] = (chosen - offset) / scale
        ids = logits_of(images)[: len(chosen)].argmax(dim=1).to(torch.uint8).numpy()
        for place, found in zip(samples.get("bounds", samples.get("bbox")), ids, strict=True):
            left, top = place_of(place)
            col, row = (round(v) for v in ~transform * (left, top))
            first_row, first_col = (0 if row <= 0 else half), (0 if col <= 0 else half)
            rows = slice(max(row + first_row, 0), min(row + tile, height))
            cols = slice(max(col + first_col, 0), min(col + tile, width))
            labels[rows, cols] = found[rows.start - row : rows.stop - row, cols.start - col : cols.stop - col]
    write(options, labels)
    return {"seconds": time.perf_counter() - started_at, "runner": runner}


def place_of(bounds):
    """Return left and top of a sample, in the forms that versions of torchgeo give it."""
    if hasattr(bounds, "minx"):
        return bounds.minx, bounds.maxy
    cols, rows = bounds[0], bounds[1]
    return cols.start, rows.stop


def torchgeo_equalized(options):
    return torchgeo(options, is_equalized=True)


def memory(model_path):
    """Return peak memory on rasters of one width and two heights, 17 and 268 Mpx."""
    from models import checkpoint

    card = checkpoint.read_card(model_path)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for height in (4096, 65536):
            path = Path(folder, f"{height}.tif")
            tall(path, height, card)
            options = argparse.Namespace(image=str(path), model=model_path)
            run = started("edgewise", options, "torch:fp32")
            if "absent" in run:
                raise SystemExit(run["absent"])
            rows[f"{height * 4096 / 1e6:.0f} Mpx"] = {k: run[k] for k in ("peak_mb", "mpx_per_s", "seconds", "runner")}
            print(f"{height} x 4096 px: {run['peak_mb']:.0f} MB at {run['mpx_per_s']:.2f} Mpx/s")
    low, high = (r["peak_mb"] for r in rows.values())
    return {"rows": rows, "growth": round(high / low - 1, 4), "claim": "growth at most 0.10, peak at most 1536 MB"}


def tall(path, height, card):
    """Write a raster of texture, 4096 px wide, that fits the model."""
    from rasterio.transform import from_origin

    gsd_m = (card.gsd_m[0] * card.gsd_m[1]) ** 0.5 if card.gsd_m else 0.2
    rng = np.random.default_rng(0)
    with rasterio.open(
        path, "w", driver="GTiff", width=4096, height=height, count=len(card.bands), dtype=card.dtype, crs="EPSG:25833",
        transform=from_origin(400_000, 5_800_000, gsd_m, gsd_m), tiled=True, blockxsize=512, blockysize=512, compress="ZSTD",
        photometric="RGB" if len(card.bands) == 3 else "MINISBLACK",
    ) as out:  # fmt: skip
        for row in range(0, height, 512):
            coarse = rng.integers(30, 220, (len(card.bands), 32, 256), dtype=np.uint8)
            texture = coarse.repeat(16, axis=1).repeat(16, axis=2) + rng.integers(0, 30, (1, 512, 4096), dtype=np.uint8)
            out.write(texture.astype(card.dtype), window=RasterioWindow(0, row, 4096, 512))


CONTENDERS = {
    "edgewise": edgewise, "deepness": deepness, "deepness_equalized": deepness_equalized, "torchgeo": torchgeo,
    "torchgeo_equalized": torchgeo_equalized, "monai": monai, "monai_equalized": monai_equalized, "toolbelt": toolbelt,
    "toolbelt_equalized": toolbelt_equalized, "null": null,
}  # fmt: skip

if __name__ == "__main__":
    main()
