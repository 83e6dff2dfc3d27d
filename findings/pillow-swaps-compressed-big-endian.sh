#!/usr/bin/env bash
# Guess:     Pillow reads a big-endian TIFF of 32-bit labels or probabilities as their values, or as
#            a big-endian array of them; compressing the file changes nothing.
# Version:   Pillow 13.0.0, tifffile 2026.3.3, imagecodecs 2026.3.6, opencv-python-headless
#            5.0.0.93, rasterio 1.4.4, numpy 2.4.6, on a little-endian machine.
# Behaviour: compressed (deflate, LZW, PackBits), libtiff hands the values over in the order of the
#            machine and Pillow swaps their bytes once more: int16, int32 and float32 come out as
#            other numbers in an array of the machine's order. uint16 is right.
# Seen:      labels 0 1 2 3 as int32: 0 16777216 33554432 50331648; 0.25 0.5 0.75 as float32: less
#            than 1e-40. Not compressed they are right, and so they always are in the others.
# For you:   `labels == 1` selects nothing, a threshold at 0.5 gives an empty mask, and each object
#            keeps its own number, so that a picture of the labels looks right. Read TIFF with
#            tifffile.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 opencv-python-headless==5.0.0.93 \
    imagecodecs==2026.3.6 rasterio==1.4.4
env/bin/python -W ignore - <<'EOF'
import sys

import cv2
import numpy as np
import rasterio
import tifffile
from PIL import Image

readers = {
    "Pillow": lambda name: np.array(Image.open(name)),
    "tifffile": tifffile.imread,
    "OpenCV": lambda name: cv2.imread(name, cv2.IMREAD_UNCHANGED),
    "rasterio": lambda name: rasterio.open(name).read(1),
}
wrong = set()
for dtype in ("uint16", "int16", "int32", "float32"):
    values = np.arange(12).reshape(3, 4).astype(dtype)
    if dtype == "float32":
        values /= 4
    for compress in (None, "deflate", "lzw", "packbits"):
        profile = {"height": 3, "width": 4, "count": 1, "dtype": dtype, "compress": compress}
        with rasterio.open("x.tif", "w", driver="GTiff", ENDIANNESS="BIG", **profile) as file:
            file.write(values, 1)
        for reader, read in readers.items():
            pixels = read("x.tif")
            if not np.array_equal(pixels, values):
                wrong.add((reader, dtype, compress, pixels.dtype.byteorder))
                if compress == "deflate":
                    print(reader, dtype, values[0], "->", pixels[0], pixels.dtype)
compressed = ("deflate", "lzw", "packbits")
expected = {("Pillow", dtype, c, "=") for dtype in ("int16", "int32", "float32") for c in compressed}
print(sorted(wrong, key=str))
sys.exit(wrong != expected)
EOF
