#!/usr/bin/python3
"""A made engine: speaks the protocol, or breaks it as FAKE_BEHAVIOUR says; stands where the engine's Python is expected."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LEGEND = [
    {"id": 0, "name": "Gebäude", "color": "#d1495b"},
    {"id": 2, "name": "water", "color": "#3a86c8"},
]


def say(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)


def finish(outputs=None, **summary):
    say("finished", outputs=outputs or {}, summary=summary)


def write_classes(path, confidence=False):
    from osgeo import gdal

    gdal.UseExceptions()
    dataset = gdal.GetDriverByName("GTiff").Create(path, 16, 8, 1, gdal.GDT_Byte)
    dataset.SetGeoTransform((500000, 0.5, 0, 5700000, 0, -0.5))
    band = dataset.GetRasterBand(1)
    band.SetNoDataValue(255)
    band.Fill(80 if confidence else 2)
    if not confidence:
        table = gdal.ColorTable()
        names = ["", "", ""]
        for item in LEGEND:
            color = item["color"]
            table.SetColorEntry(item["id"], tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)))
            names[item["id"]] = item["name"]
        band.SetColorTable(table)
        band.SetCategoryNames(names)


def write_polygons(path):
    from osgeo import ogr, osr

    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32632)
    layer = dataset.CreateLayer("classes", crs, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("class_id", ogr.OFTInteger))
    feature = ogr.Feature(layer.GetLayerDefn())
    feature["class_id"] = 2
    feature.SetGeometry(ogr.CreateGeometryFromWkt("POLYGON((500000 5700000,500004 5700000,500004 5699998,500000 5700000))"))
    layer.CreateFeature(feature)


def succeed(spec):
    say("started", job="segment", device="cpu", versions={"python": "3.11"})
    for done in (1, 2, 4):
        say("progress", stage="segment", done=done, total=4, unit="tiles", eta_s=200.0 if done == 1 else None)
    say("progress", stage="Tracing", done=1, total=2, unit="Mpx", eta_s=None)
    say("message", level="warning", text="The GSD is at the border of the model's range.")
    say("metric", step=3, values={"loss": 0.25})
    say("news", text="an event of a later version")
    for name, path in spec.items():
        if name == "output" and path.endswith(".tif"):
            write_classes(path)
        elif name in ("confidence", "probabilities") and path:
            write_classes(path, confidence=True)
        elif name == "polygons" or (name == "output" and path.endswith(".gpkg")):
            write_polygons(path)
    written = ("output", "confidence", "probabilities", "polygons")
    finish({k: v for k, v in spec.items() if k in written and v}, legend=LEGEND, device="CPU", mpx_per_s=2.5)


def next_round(spec):
    """Append a round as the job `round` does: here the last ten units are asked anew."""
    from osgeo import ogr

    say("progress", stage="Training", done=1, total=2, unit="steps", eta_s=None)
    campaign = ogr.Open(spec["campaign"], 1)
    campaign.ExecuteSQL("insert into rounds (round, image) select 2, image from rounds")
    for layer in ("units", "predictions"):
        campaign.ExecuteSQL(f"update {layer} set round = 2 where unit in (select unit from units where rank > 30)")
    del campaign
    finish()


def halves(spec):
    line = json.dumps({"event": "message", "level": "info", "text": "half and half"}) + "\n"
    for part in (line[:7], line[7:20], line[20:]):
        sys.stdout.write(part)
        sys.stdout.flush()
        time.sleep(0.05)
    finish()


def latin1(spec):
    sys.stdout.buffer.write(b'Gr\xfc\xdfe aus der Bibliothek\n{"event": 3}\n{broken\n')
    sys.stderr.buffer.write(b"Stra\xdfe\n")
    sys.stdout.buffer.flush()
    finish()


def chatter(spec):
    sys.stderr.write("x" * 200 + "\n")
    sys.stderr.write(("y" * 99 + "\n") * 20000)
    finish()


def silent(spec):
    time.sleep(1.0)
    finish()


def crash(spec):
    sys.stderr.write("Fatal: the library fell over\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGSEGV)


def memory(spec):
    os.kill(os.getpid(), signal.SIGKILL)


def traceback(spec):
    raise ImportError("No module named torch")


def mute(spec):
    """Leave with code 0 and without `finished`."""
    say("progress", stage="segment", done=4, total=4, unit="tiles", eta_s=None)


def refuse(spec):
    say("failed", error="ModelError", text="m.safetensors has 4 bands, the image 3.", hint="Choose another file with --model.")
    sys.exit(3)


def lingering(spec):
    """Finish while a grandchild keeps the pipes open."""
    subprocess.Popen(["sleep", "600"])
    finish()


def long(spec):
    """Work until stdin closes; then clean up as the engine does, but forget the grandchildren."""
    part = Path(spec.get("output", os.environ["FAKE_MARK"] + "/x") + ".part")
    part.touch()
    subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"])
    say("progress", stage="segment", done=1, total=100, unit="tiles", eta_s=None)
    while os.read(0, 100):
        pass
    time.sleep(0.3)
    part.unlink()
    say("failed", error="Cancelled", text="The job was cancelled.", hint="")
    sys.exit(130)


def stubborn(spec):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("progress", stage="segment", done=1, total=100, unit="tiles", eta_s=None)
    time.sleep(600)


def share(spec):
    """Leave a share of the rows, and no map before the merge."""
    say("message", level="warning", text="Go on with --shard, not with --no-resume; --other is no flag of this job.")
    finish(legend=LEGEND)


def echo(spec):
    finish(spec=spec, argv=sys.argv[1:], cwd=os.getcwd(), environ=dict(os.environ))


if __name__ == "__main__":
    if sys.argv[1:2] == ["-c"]:
        os.execv(os.environ["FAKE_PYTHON"], [os.environ["FAKE_PYTHON"], *sys.argv[1:]])
    request = {"spec": {}}
    if "--spec" in sys.argv:
        request = json.loads(Path(sys.argv[sys.argv.index("--spec") + 1]).read_text(encoding="utf-8"))
    globals()[os.environ["FAKE_BEHAVIOUR"]](request["spec"])
