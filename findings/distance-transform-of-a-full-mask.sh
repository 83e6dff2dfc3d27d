#!/usr/bin/env bash
# Guess:     the distance to the background of a mask that covers the whole image is infinite, or
#            the distance to the image border; at any rate it is symmetric.
# Version:   scipy 1.17.1, opencv-python-headless 5.0.0.93, edt 3.1.2, scikit-image 0.26.0,
#            numpy 2.4.6.
# Behaviour: three libraries, three answers. scipy measures to an imagined pixel above the top left
#            one, so that the deepest point is the bottom right corner, and scikit-image's medial
#            axis follows it. OpenCV says 1.8e19, edt inf.
# Seen:      5 x 7 pixels: scipy 1.0 top left, 7.81 bottom right; OpenCV 1.84e19; edt inf.
# For you:   a "centre click" or a marker for a watershed sits in the corner of a photo that one
#            object fills; pad the mask with background first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 opencv-python-headless==5.0.0.93 edt==3.1.2 scikit-image==0.26.0
env/bin/python - <<'EOF'
import sys

import cv2
import edt
import numpy as np
from scipy import ndimage
from skimage.morphology import medial_axis

full = np.ones((5, 7), np.uint8)
distances = {
    "scipy": ndimage.distance_transform_edt(full),
    "OpenCV": cv2.distanceTransform(full, cv2.DIST_L2, cv2.DIST_MASK_PRECISE),
    "edt": edt.edt(full),
}
seen = {name: (float(a[0, 0]), float(a[-1, -1])) for name, a in distances.items()}
deepest = np.unravel_index(distances["scipy"].argmax(), full.shape)
print("top left, bottom right:", seen, "deepest for scipy:", tuple(map(int, deepest)))
print(medial_axis(full).astype(int))
right = {
    "scipy": seen["scipy"][0] == 1 and round(seen["scipy"][1], 2) == 7.81,
    "OpenCV": min(seen["OpenCV"]) > 1e19 and np.isfinite(seen["OpenCV"][0]),
    "edt": seen["edt"] == (np.inf, np.inf),
}
sys.exit(not all(right.values()))
EOF
