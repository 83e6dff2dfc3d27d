#!/usr/bin/env bash
# Guess:     `kornia.contrib.distance_transform` of a mask is the distance of each pixel inside to
#            the background, as in scipy, OpenCV, edt and MONAI.
# Version:   kornia 0.9.0, torch 2.13.0, numpy 2.4.6, scipy 1.17.1.
# Behaviour: it is the distance of each pixel outside to the object, and 0 inside. It is a smooth
#            approximation, not the Euclidean distance: up to a quarter too short.
# Seen:      a square of 11 x 11 in 21 x 21: centre 0.0 (scipy 6.0); in the corner of the image,
#            5.41 instead of 7.07.
# For you:   the deepest point of an object, a boundary weight or a clicker made with it picks a
#            place outside of the object; invert the mask, and take scipy where figures matter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 torch==2.13.0 kornia==0.9.0
env/bin/python -W ignore - <<'EOF'
import sys

import torch
from kornia.contrib import distance_transform
from scipy import ndimage

mask = torch.zeros(1, 1, 21, 21)
mask[..., 5:16, 5:16] = 1
kornia = distance_transform(mask)[0, 0].numpy()
inside = ndimage.distance_transform_edt(mask[0, 0].numpy())
outside = ndimage.distance_transform_edt(1 - mask[0, 0].numpy())
print("centre of the square: kornia", kornia[10, 10], "scipy", inside[10, 10])
print("corner of the image: kornia", kornia[0, 0], "scipy, mask inverted", outside[0, 0])
seen = [round(float(v), 2) for v in (kornia[10, 10], inside[10, 10], kornia[0, 0], outside[0, 0])]
sys.exit(seen != [0.0, 6.0, 5.41, 7.07])
EOF
