#!/usr/bin/env bash
# Guess:     tifffile writes a stack of N masks (N, height, width) as N pages.
# Version:   tifffile 2026.3.3, Pillow 13.0.0, numpy 2.4.6.
# Behaviour: for 2, 5 or more masks it does. Three masks become one colour photo, four become one
#            with transparency; only a deprecation warning tells. `photometric="minisblack"` gives
#            pages always.
# Seen:      masks 2 3 4 5 -> pages 2 1 1 5, Pillow's modes L RGB RGBA L
# For you:   whether a file holds masks or a photo depends on how many objects the image had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 tifffile==2026.3.3 pillow==13.0.0
env/bin/python -W ignore - <<'EOF'
import sys

import numpy as np
import tifffile
from PIL import Image

seen, stated = {}, {}
for count in (2, 3, 4, 5):
    masks = np.zeros((count, 20, 30), np.uint8)
    tifffile.imwrite("masks.tif", masks)
    with Image.open("masks.tif") as image:
        seen[count] = (image.n_frames, image.mode)
    tifffile.imwrite("masks.tif", masks, photometric="minisblack")
    with Image.open("masks.tif") as image:
        stated[count] = (image.n_frames, image.mode)
print("by default:", seen, "minisblack:", stated)
right = seen == {2: (2, "L"), 3: (1, "RGB"), 4: (1, "RGBA"), 5: (5, "L")}
sys.exit(not (right and stated == {count: (count, "L") for count in seen}))
EOF
