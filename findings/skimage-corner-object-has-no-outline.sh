#!/usr/bin/env bash
# Guess:     the outlines from `find_contours`, filled by `polygon2mask`, give the mask back.
# Version:   scikit-image 0.26.0, numpy 2.4.6.
# Behaviour: true inside the image. An outline that meets the border ends there, and the polygon is
#            closed by a straight line between its ends: what lies beyond that line is lost. For an
#            object that fills a corner to the diagonal nothing is left, and no error is raised.
# Seen:      disk 709 -> 709 pixels, triangle in the corner 210 -> 0; with one pixel of padding 210.
# For you:   polygons exported from masks lose what touches two sides of the photo; pad the mask by
#            one pixel before, and take it off the coordinates after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scikit-image==0.26.0
env/bin/python - <<'EOF'
import sys

import numpy as np
from skimage.draw import polygon2mask
from skimage.measure import find_contours

rows, cols = np.mgrid[:40, :40]
masks = {"disk": (rows - 20) ** 2 + (cols - 20) ** 2 <= 15**2, "corner": rows + cols < 20}
seen = {}
for name, mask in masks.items():
    for padding in (0, 1):
        filled = np.zeros(mask.shape, bool)
        for outline in find_contours(np.pad(mask, padding), 0.5):
            filled |= polygon2mask(mask.shape, outline - padding)
        seen[name, padding] = (int(mask.sum()), int(filled.sum()))
print("(object, padding): (pixels before, after):", seen)
expected = {
    ("disk", 0): (709, 709),
    ("disk", 1): (709, 709),
    ("corner", 0): (210, 0),
    ("corner", 1): (210, 210),
}
sys.exit(seen != expected)
EOF
