#!/usr/bin/env bash
# Guess:     a colour TIFF of 16 bits is the same photo whether its channels lie side by side or in
#            planes of their own; all readers know both, as they do for 8 bits.
# Version:   tifffile 2026.3.3, Pillow 13.0.0, opencv-python-headless 5.0.0.93, rasterio 1.4.4,
#            numpy 2.4.6.
# Behaviour: OpenCV takes the first plane for pixels of three channels, and Pillow does something
#            like it where there is no compression. Neither warns. At 8 bits both are right.
# Seen:      pixels equal to the photo at 16 bits, not compressed: tifffile 100 %, rasterio 100 %,
#            Pillow 1 %, OpenCV 0 %; compressed: Pillow 100 %, OpenCV 0 %; at 8 bits 100 % everywhere.
# For you:   micrographs and satellite images often come in planes, and look like noise or like a
#            small grey copy afterwards. Read such files with tifffile or rasterio; the tag is
#            PlanarConfiguration (284), 2.
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

photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
readers = {
    "tifffile": lambda path: np.moveaxis(tifffile.imread(path), 0, 2),
    "rasterio": lambda path: np.moveaxis(rasterio.open(path).read(), 0, 2),
    "Pillow": lambda path: np.array(Image.open(path)),
    "OpenCV": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED)[..., ::-1],
}
right = {}
for dtype, white in ((np.uint8, 255), (np.uint16, 65535)):
    for compression in (None, "zlib"):
        planes = np.moveaxis(photo, 2, 0).astype(dtype) * dtype(white // 255)
        options = {"photometric": "rgb", "planarconfig": "separate", "compression": compression}
        tifffile.imwrite("photo.tif", planes, **options)
        for name, read in readers.items():
            pixels = read("photo.tif")
            pixels = pixels // 257 if pixels.dtype == np.uint16 else pixels
            equal = float(np.mean(pixels == photo))
            print(np.dtype(dtype), compression, name, f"{equal:.0%}")
            right[np.dtype(dtype).name, compression, name] = equal > 0.99
wrong = {("uint16", None, "Pillow"), ("uint16", None, "OpenCV"), ("uint16", "zlib", "OpenCV")}
sys.exit({key for key, value in right.items() if not value} != wrong)
EOF
