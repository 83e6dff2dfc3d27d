#!/usr/bin/env bash
# Guess:     outlines in pixels, saved without a coordinate system, have none when read back.
# Version:   geopandas 1.2.0, shapely 2.2.0, pyogrio 0.13.0, numpy 2.4.6.
# Behaviour: GeoJSON is longitude and latitude by its standard: the file comes back as EPSG:4326,
#            with pixels as degrees. GeoPackage and FlatGeobuf keep "none".
# Seen:      GeoJSON EPSG:4326, GeoPackage None, FlatGeobuf None; a square of 100 x 100 pixels,
#            moved to metres, is inf x inf.
# For you:   masks as GeoJSON look right until a program uses the coordinate system: areas, buffers
#            and overlays are those of a globe. Reset it with `set_crs(None, allow_override=True)`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 geopandas==1.2.0 shapely==2.2.0 pyogrio==0.13.0
env/bin/python -W ignore - <<'EOF'
import sys

import geopandas
import numpy as np
from shapely.geometry import box

outlines = geopandas.GeoDataFrame({"label": [1]}, geometry=[box(400, 300, 500, 400)])
seen = {}
for ending in ("geojson", "gpkg", "fgb"):
    outlines.to_file(f"outlines.{ending}")
    back = geopandas.read_file(f"outlines.{ending}")
    seen[ending] = str(back.crs)
    print(ending, "before:", outlines.crs, "after:", back.crs, "bounds:", back.total_bounds)
metres = geopandas.read_file("outlines.geojson").to_crs(3857).total_bounds
print("in metres:", metres)
seen["finite"] = bool(np.isfinite(metres).all())
expected = {"geojson": "EPSG:4326", "gpkg": "None", "fgb": "None", "finite": False}
sys.exit(seen != expected)
EOF
