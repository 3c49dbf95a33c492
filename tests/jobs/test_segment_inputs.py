"""What may be segmented: many files as one, bands in any order, other pixel sizes, a part, files elsewhere."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import torch
from affine import Affine
from rasterio.transform import from_origin

import models
from engine import record
from engine.contract.errors import DataError, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.merge import MergeSpec
from engine.contract.specs.segment import SegmentSpec
from engine.geo import raster
from engine.jobs import merge, segment
from engine.run import parse
from models import checkpoint
from models.card import Card

LEGEND = Legend.from_names(["building", "road", "water"])
LEFT, TOP, GSD_M = 400_000, 5_800_000, 0.2


def write(path, data, *, gsd_m=GSD_M, row=0, col=0, names=(), **profile):
    with rasterio.open(
        path, "w", driver="GTiff", count=len(data), height=data.shape[1], width=data.shape[2], dtype=data.dtype,
        crs="EPSG:25833", transform=from_origin(LEFT, TOP, gsd_m, gsd_m) @ Affine.translation(col, row),
        photometric="MINISBLACK", **profile,
    ) as dataset:  # fmt: skip
        for band, name in enumerate(names, start=1):
            dataset.set_band_description(band, name)
        dataset.write(data)
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture(scope="module")
def student(folder):
    torch.manual_seed(0)
    network = models.build("unet_mobilenet_v2_thin", 3, len(LEGEND)).eval()
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), LEGEND,
        halo_px=128, tile_px=512, grade="exact",
    )  # fmt: skip
    checkpoint.save(folder / "student.safetensors", network, card)
    return str(folder / "student.safetensors")


@pytest.fixture(scope="module")
def scene():
    """Blobs of a few pixels, with a corner without data; (3, 150, 170)."""
    rough = np.random.default_rng(0).integers(1, 255, (3, 30, 34), dtype=np.uint8)
    data = rough.repeat(5, axis=1).repeat(5, axis=2)
    data[:, 135:, 150:] = 0
    return data


@pytest.fixture(scope="module")
def ortho(folder, scene):
    return write(folder / "ortho.tif", scene, nodata=0, names=("red", "green", "blue"))


@pytest.fixture(scope="module")
def labels(folder, ortho, student):
    return run(folder / "whole.tif", image=ortho, model=student)


@pytest.fixture(autouse=True)
def machine(folder, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("EDGEWISE_CACHE", str(folder / "cache"))


def run(output, events=None, **values):
    spec = SegmentSpec.from_dict({"output": str(output), "runtime": "torch", "precision": "fp32", **values})
    spec.check()
    segment.run(spec, Reporter((events if events is not None else []).append))
    return None if spec.shard else read(output)


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def texts(events):
    return " ".join(e.get("text", "") for e in events)


# many files


@pytest.fixture(scope="module")
def tiles(folder, scene):
    place = folder / "tiles"
    place.mkdir()
    for row, stop in ((0, 60), (60, 150)):
        for col, end in ((0, 90), (90, 170)):
            part = scene[:, row:stop, col:end]
            write(place / f"{row}_{col}.tif", part, row=row, col=col, nodata=0, names=("red", "green", "blue"))
    return place


def test_adjoining_files_are_segmented_as_the_raster_they_were_cut_from(folder, tiles, student, labels):
    files = sorted(map(str, tiles.iterdir()))
    assert (run(folder / "listed.tif", image=files, model=student) == labels).all()
    assert (run(folder / "foldered.tif", image=str(tiles), model=student) == labels).all()
    with rasterio.open(folder / "listed.tif") as made, rasterio.open(folder / "whole.tif") as whole:
        assert (made.transform, made.crs, made.shape) == (whole.transform, whole.crs, whole.shape)


def test_the_command_line_takes_several_files_and_the_record_repeats_them(folder, tiles, student, labels):
    files, out = sorted(map(str, tiles.iterdir())), folder / "commanded.tif"
    spec = SegmentSpec.from_dict({"image": files, "model": student, "output": str(out), "extent": "-5,1,2,3"})
    flags = spec.to_flags()
    assert flags[1:6] == ["--image", *files]
    assert parse(flags)[1] == spec and SegmentSpec.from_dict(spec.to_dict()) == spec


def test_an_output_among_the_tiles_is_refused(tiles, student):
    spec = SegmentSpec.from_dict({"image": str(tiles), "model": student, "output": str(tiles / "classes.tif")})
    with pytest.raises(SpecError, match=r"every raster of that folder is an input\. Choose another folder"):
        spec.check()


def test_a_run_over_files_resumes_only_while_they_are_the_same(folder, tiles, student, scene):
    asked = {"image": [str(tiles / "0_0.tif"), str(tiles / "0_90.tif")], "model": student}
    out = folder / "resumed.tif"
    run(out, **asked, shard="1/2")
    with pytest.raises(DataError, match=r"image changed since.*--no-resume"):
        run(out, **{**asked, "image": asked["image"][::-1]}, shard="2/2")
    with pytest.raises(DataError, match=r"bands, image changed since"):
        run(out, **asked, bands="blue green red", shard="2/2")
    run(out, **asked)
    assert out.exists() and not out.with_suffix(".bands").exists()


# bands


def test_bands_are_put_in_the_order_of_the_model_by_their_names(folder, scene, student, labels):
    mixed = np.concatenate([scene[[2, 0]], 255 - scene[:1], scene[[1]]])
    mixed[:, (scene == 0).all(axis=0)] = 0
    image, events = write(folder / "bgr.tif", mixed, nodata=0, names=("Blue", "Red", "nir", "GREEN")), []
    assert (run(folder / "by_name.tif", events, image=image, model=student) == labels).all()
    assert "Reading the bands Red, GREEN, Blue of Blue, Red, nir, GREEN." in texts(events)
    assert (run(folder / "by_number.tif", image=image, model=student, bands=["2", "green", "1"]) == labels).all()


def test_the_bands_that_are_chosen_count_more_than_the_names_in_the_file(folder, scene, student, labels):
    image = write(folder / "misnamed.tif", scene, nodata=0, names=("blue", "green", "red"))
    assert (run(folder / "as_chosen.tif", image=image, model=student, bands="1 2 3") == labels).all()


def test_bands_that_cannot_be_told_are_asked_for(folder, student):
    image = write(folder / "nameless.tif", np.full((5, 40, 40), 9, np.uint8))
    with pytest.raises(DataError, match=r"Say which they are, in this order, by name or number: --bands 1 2 3"):
        run(folder / "refused.tif", image=image, model=student)
    with pytest.raises(SpecError, match=r"no band 'nir'\. Choose with --bands from: 1 band 1"):
        run(folder / "refused.tif", image=image, model=student, bands="nir 1 2")


# pixel size


@pytest.fixture(scope="module")
def fine(folder, scene):
    """The scene with pixels of 5 cm, a quarter of the middle size of the model."""
    data = scene[:, :60, :66].repeat(4, axis=1).repeat(4, axis=2)
    data[:, 203:, 221:] = 0
    return write(folder / "fine.tif", data, gsd_m=0.05, nodata=0, tiled=True, blockxsize=64, blockysize=64)


def test_another_pixel_size_is_refused_with_the_flag_that_resamples(folder, fine, student):
    with pytest.raises(ModelError, match=r"pixels of 0\.05 m; .* 0\.1 to 0\.4 m\. .*--resample auto.*gdalwarp -tr 0\."):
        run(folder / "refused.tif", image=fine, model=student)


def test_resampled_maps_lie_on_the_grid_asked_for_and_label_what_is_valid(folder, fine, student):
    events, asked = [], {"image": fine, "model": student, "resample": "auto"}
    coarse = run(folder / "coarse.tif", events, **asked, grid="working")
    assert "Resampling pixels of 0.05 m to 0.2 m" in texts(events)
    with rasterio.open(folder / "coarse.tif") as made, rasterio.open(fine) as source:
        assert made.res == pytest.approx((0.2, 0.2), rel=1e-3) and made.bounds.left == source.bounds.left
        valid = source.read().any(axis=0)
    full = run(folder / "full.tif", **asked, confidence=str(folder / "sure.tif"))
    with rasterio.open(folder / "full.tif") as made, rasterio.open(fine) as source:
        assert (made.transform, made.shape) == (source.transform, source.shape)
    assert ((full == UNLABELLED) == ~valid).all() and ((read(folder / "sure.tif") == UNLABELLED) == ~valid).all()
    inner = full[:200, :220]
    assert (inner[2::4, 2::4] == coarse[:50, :55]).mean() > 0.99  # the factor is not 4 to the last digit
    assert len(np.unique(inner)) > 1


def test_a_resampled_run_does_not_depend_on_the_tile(folder, scene, student):
    image = write(folder / "large_pixels.tif", scene[:, :56, :48], gsd_m=1.5)
    asked = {"image": image, "model": student, "resample": "auto", "grade": "exact", "grid": "working"}
    one_tile = run(folder / "one_tile.tif", **asked)
    assert (run(folder / "six_tiles.tif", **asked, tile=448) == one_tile).all()
    assert one_tile.shape[0] > 400


def test_shares_of_a_resampled_part_merge_to_the_pixels_of_one_run(folder, student):
    data = np.random.default_rng(3).integers(1, 255, (3, 90, 40), dtype=np.uint8)
    data[:, 50:60, 10:20] = 0
    tall = write(folder / "tall.tif", data, gsd_m=1.5, nodata=0)
    polygon = shapely.box(LEFT + 5, TOP - 120, LEFT + 41, TOP - 10.7)
    gpd.GeoDataFrame(geometry=[polygon], crs="EPSG:25833").to_file(folder / "area.gpkg")
    asked = {
        "image": tall, "model": student, "resample": "auto", "extent": f"{LEFT},{TOP - 130},{LEFT + 50},{TOP}",
        "area_of_interest": str(folder / "area.gpkg"), "tile": 512,
    }  # fmt: skip
    one = run(folder / "tall_one.tif", **asked)
    assert one.shape == (87, 34) and 0 < (one == UNLABELLED).sum() < one.size
    for share in ("1/2", "2/2"):
        run(folder / "tall_parts.tif", **asked, shard=share)
    spec = MergeSpec.from_dict({
        "image": tall, "model": student, "bands": [str(folder / "tall_parts.bands")], "output": str(folder / "tall_merged.tif")
    })  # fmt: skip
    merge.run(spec, Reporter(lambda _: None))
    assert (read(folder / "tall_merged.tif") == one).all()


# a part


def test_an_extent_maps_that_part_alone(folder, ortho, student):
    left, top = LEFT + 10, TOP - 8  # column 50, row 40
    extent = f"{left},{left + 12},{top - 16},{top} [EPSG:25833]"  # as QGIS writes it
    part = run(folder / "part.tif", image=ortho, model=student, extent=extent)
    with rasterio.open(folder / "part.tif") as made:
        assert made.bounds == (left, top - 16, left + 12, top)
    assert part.shape == (80, 60) and (part != UNLABELLED).all()
    with pytest.raises(DataError, match="choose an --extent inside it"):
        run(folder / "refused.tif", image=ortho, model=student, extent="0,0,1,1")


# elsewhere


@pytest.fixture(scope="module")
def address(folder):
    """A server in a process of its own: GDAL waits for it without letting go of Python here."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("ranges.py")), str(folder)], stdout=subprocess.PIPE, text=True
    )
    yield f"/vsicurl/http://127.0.0.1:{server.stdout.readline().strip()}"
    server.kill()
    server.communicate()


def test_a_file_on_a_server_or_in_an_archive_reads_like_a_file(folder, ortho, tiles, student, labels, address):
    with zipfile.ZipFile(folder / "tiles.zip", "w") as archive:
        for file in tiles.iterdir():
            archive.write(file, file.name)
    archived = [f"/vsizip/{folder}/tiles.zip/{file.name}" for file in sorted(tiles.iterdir())]
    assert (run(folder / "archived.tif", image=archived, model=student) == labels).all()
    out = folder / "served.tif"
    served = f"{address}/ortho.tif"
    assert (run(out, image=served, model=student) == labels).all()
    spec = SegmentSpec.from_dict({"image": served, "model": student, "output": str(out)})
    record.write(spec, spec.outputs(), {}, 0.0)
    written = json.loads(Path(f"{out}.job.json").read_text())
    assert written["spec"]["image"] == [served] and written["inputs"][served] == {}


def test_another_file_under_the_same_address_is_noticed(folder, scene, student, address):
    data = scene[:, :128, :64]
    write(folder / "changing.tif", data)
    with raster.open(f"{address}/changing.tif") as image:
        before = image.fingerprint()
    write(folder / "renamed.tif", 255 - data)
    with raster.open(f"{address}/renamed.tif") as image:
        assert image.fingerprint() != before


def test_an_address_that_does_not_answer_is_refused_in_words(folder, student, address):
    with pytest.raises(DataError, match=r"gone\.tif cannot be opened as a raster .*Give a raster that GDAL reads"):
        run(folder / "refused.tif", image=f"{address}/gone.tif", model=student)
