#!/usr/bin/env bash
# Guess:     a morphological closing only adds pixels: the result contains the mask.
# Version:   scipy 1.17.1, scikit-image 0.26.0, opencv-python-headless 5.0.0.93, numpy 2.4.6.
# Behaviour: scipy takes everything outside the image as background, also for the erosion that ends
#            a closing. It removes the pixels of the mask that lie on the image border.
# Seen:      pixels of the mask that are gone: scipy 12 of 24, scikit-image 0, OpenCV 0.
# For you:   objects cut by the image border lose their rim when "closed" with
#            `scipy.ndimage.binary_closing`; pad first, or use one of the others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0 opencv-python-headless==5.0.0.93
env/bin/python - <<'EOF'
import sys

import cv2
import numpy as np
from scipy import ndimage
from skimage import morphology

mask = np.zeros((8, 8), bool)
mask[:, :3] = True  # an object at the left border, cut off above and below
closed = {
    "scipy": ndimage.binary_closing(mask),
    "scikit-image": morphology.closing(mask),
    "OpenCV": cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3))) > 0,
}
lost = {name: int((mask & ~result).sum()) for name, result in closed.items()}
print("pixels of the mask that are gone:", lost, "of", mask.sum())
sys.exit(lost != {"scipy": 12, "scikit-image": 0, "OpenCV": 0})
EOF
