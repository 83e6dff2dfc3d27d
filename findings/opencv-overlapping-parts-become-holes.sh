#!/usr/bin/env bash
# Guess:     filling the polygons of one object fills every pixel that lies in any of them.
# Version:   opencv-python-headless 5.0.0.93, pycocotools 2.0.11, rasterio 1.4.4, shapely 2.2.0,
#            numpy 2.4.6.
# Behaviour: `cv2.fillPoly` and `cv2.drawContours` count the outlines around a pixel over all
#            polygons of one call: where two parts overlap, an even number means outside. COCO's
#            rasteriser and rasterio unite the parts.
# Seen:      the pixel in both squares: fillPoly 0, drawContours 0, pycocotools 1, rasterio 1.
# For you:   an object whose parts overlap (LabelMe groups, merged annotations) gets holes when its
#            polygons are filled in one call; fill them one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 opencv-python-headless==5.0.0.93 pycocotools==2.0.11 rasterio==1.4.4 \
    shapely==2.2.0
env/bin/python -W ignore - <<'EOF'
import sys

import cv2
import numpy as np
from pycocotools import mask as coco
from rasterio.features import rasterize
from shapely.geometry import MultiPolygon, Polygon

parts = [np.int32([[1, 1], [7, 1], [7, 7], [1, 7]]), np.int32([[4, 4], [10, 4], [10, 10], [4, 10]])]
filled, drawn, one_by_one = (np.zeros((12, 12), np.uint8) for _ in range(3))
cv2.fillPoly(filled, parts, 1)
cv2.drawContours(drawn, [part[:, None] for part in parts], -1, 1, cv2.FILLED)
for part in parts:
    cv2.fillPoly(one_by_one, [part], 1)
rles = coco.frPyObjects([part.ravel().astype(float).tolist() for part in parts], 12, 12)
seen = {
    "fillPoly": int(filled[5, 5]),
    "drawContours": int(drawn[5, 5]),
    "fillPoly one by one": int(one_by_one[5, 5]),
    "pycocotools": int(coco.decode(coco.merge(rles))[5, 5]),
    "rasterio": int(rasterize([(MultiPolygon(map(Polygon, parts)), 1)], (12, 12))[5, 5]),
}
print("the pixel that lies in both squares:", seen)
sys.exit(list(seen.values()) != [0, 0, 1, 1, 1])
EOF
