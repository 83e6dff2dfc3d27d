#!/usr/bin/env bash
# Guess:     SimpleITK reads a label map of one channel from a TIFF as one channel of its type,
#            whether the file is made of strips or of tiles.
# Version:   SimpleITK 2.5.7, tifffile 2026.3.3, Pillow 13.0.0, numpy 2.4.6.
# Behaviour: from tiles it makes a colour picture with four channels of 8 bits. Of 16-bit labels it
#            keeps the upper 8 bits, so that all below 256 are background, and tells it by a
#            warning of the library below on the error stream; of 8-bit labels it says nothing.
# Seen:      labels 0 1 200 1000 in tiles: shape (64, 96, 4) instead of (64, 96), three channels
#            of 0 and 3, one of 255; 8-bit labels 0 1 200 three times and 255.
# For you:   exports of pathology and aerial tools and pyramids are tiled. Labels, and photos of 12
#            bits, lose what they hold; read them with tifffile and use `GetImageFromArray`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 simpleitk==2.5.7
env/bin/python - <<'EOF'
import sys

import numpy as np
import SimpleITK
import tifffile
from PIL import Image

seen = {}
for dtype in (np.uint8, np.uint16):
    labels = np.zeros((64, 96), dtype)
    labels[8:40, 16:48], labels[8:40, 56:88] = 1, 200
    if dtype == np.uint16:
        labels[48:60, 16:88] = 1000
    for layout in ("strips", "tiles"):
        tile = (32, 32) if layout == "tiles" else None
        tifffile.imwrite("labels.tif", labels, tile=tile, photometric="minisblack")
        pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage("labels.tif"))
        pillow = np.array_equal(np.array(Image.open("labels.tif")), labels)
        values = [np.unique(channel).tolist() for channel in pixels.reshape(64 * 96, -1).T]
        seen[labels.dtype.name, layout] = pixels.dtype.name, pixels.shape, values, pillow
        print(labels.dtype, layout, *seen[labels.dtype.name, layout])
expected = {
    ("uint8", "strips"): ("uint8", (64, 96), [[0, 1, 200]], True),
    ("uint8", "tiles"): ("uint8", (64, 96, 4), [[0, 1, 200]] * 3 + [[255]], True),
    ("uint16", "strips"): ("uint16", (64, 96), [[0, 1, 200, 1000]], True),
    ("uint16", "tiles"): ("uint8", (64, 96, 4), [[0, 3]] * 3 + [[255]], True),
}
sys.exit(seen != expected)
EOF
