#!/usr/bin/env bash
# Guess:     a boolean mask saved by tifffile is the same mask in every other reader: True is white.
# Version:   tifffile 2026.3.3, Pillow 13.0.0, opencv-python-headless 5.0.0.93, rasterio 1.4.4,
#            numpy 2.4.6.
# Behaviour: tifffile writes one bit per pixel and says "min is white" in the file, without turning
#            the bits. tifffile and rasterio ignore that tag when they read, Pillow and OpenCV obey
#            it: object and background change places.
# Seen:      pixels equal to the mask: tifffile 100 %, rasterio 100 %, Pillow 0 %, OpenCV 0 %;
#            as uint8: 100 % everywhere.
# For you:   a mask exchanged as a one-bit TIFF is the background for half of its readers, and no
#            reader warns. Save masks as uint8.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 tifffile==2026.3.3 pillow==13.0.0 opencv-python-headless==5.0.0.93 \
    rasterio==1.4.4
env/bin/python -W ignore - <<'EOF'
import sys

import cv2
import numpy as np
import rasterio
import tifffile
from PIL import Image

rows, cols = np.mgrid[:40, :40]
mask = (rows - 20) ** 2 + (cols - 20) ** 2 <= 15**2
readers = {
    "tifffile": tifffile.imread,
    "rasterio": lambda path: rasterio.open(path).read(1),
    "Pillow": lambda path: np.array(Image.open(path)),
    "OpenCV": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED),
}
equal = {}
for dtype in (bool, np.uint8):
    tifffile.imwrite("mask.tif", mask.astype(dtype))
    for name, read in readers.items():
        equal[dtype.__name__, name] = float(np.mean((read("mask.tif") > 0) == mask))
        print(dtype.__name__, name, f"{equal[dtype.__name__, name]:.0%}")
expected = {key: 0.0 if key in {("bool", "Pillow"), ("bool", "OpenCV")} else 1.0 for key in equal}
sys.exit(equal != expected)
EOF
