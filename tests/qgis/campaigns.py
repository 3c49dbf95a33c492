"""Makes campaigns with the engine's own hands: run by the engine's Python as `campaigns.py PATH UNITS`, see conftest."""

import sys

import geopandas as gpd
from shapely.geometry import MultiPolygon, box

from engine.campaign import store
from engine.contract.legend import Legend

LEGEND = Legend.from_names({1: "Gebäude", 2: "road & path", 7: "water"})
LEFT, TOP, STEP = 500_000.0, 5_700_000.0, 60.0
PAIRS = ((1, 2), (2, 7), (7, 1))


def make(path, count, image=""):
    """Write a campaign: units of 20 x 20 m in rows of 40, edge and region in turn; A below, B above; the fifth is all A."""
    units, parts = [], []
    for number in range(count):
        x, y = LEFT + STEP * (number % 40), TOP - STEP * (number // 40)
        kind = "region" if number % 2 else "edge"
        a, b = PAIRS[number % 3]
        if number == 4:
            b = a
        name = f"{kind}-{number}-0"
        units.append({
            "unit": name, "round": 1, "rank": number + 1, "kind": kind, "class_a": a, "class_b": b, "score": 1 / (number + 1),
            "reason": f"Unit {number + 1}: the model sees 51 % of one and 49 % of the other.", "clicks": 3, "pixels": 400,
            "model": "abc", "geometry": MultiPolygon([box(x, y, x + 20, y + 20)]),
        })  # fmt: skip
        for class_id, low, high in ((a, 0, 10), (b, 10, 20)):
            parts.append(
                {"unit": name, "round": 1, "class_id": class_id, "geometry": MultiPolygon([box(x, y + low, x + 20, y + high)])}
            )
    crs = "EPSG:32632"
    record = {"round": 1, "image": image, "model": "m.safetensors", "seed": 0}
    store.create(path, gpd.GeoDataFrame(units, crs=crs), gpd.GeoDataFrame(parts, crs=crs), LEGEND, record)


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
