#!/usr/bin/env bash
# Guess:     OpenCV 5, which knows 64-bit types, keeps int64 labels or refuses them.
# Version:   opencv-python-headless 5.0.0.93, numpy 2.4.6.
# Behaviour: the Python binding takes an int64 or uint64 array and computes with its lower 32 bits.
#            Numbers from 2**31 on become negative or those of other objects, without a warning.
# Seen:      flip of int64 [1, 2**31 + 5, 2**40 + 7] -> int32 [7, -2147483643, 1]
# For you:   ids made of parts (class * 2**32 + object, panoptic or connectome ids) collide after a
#            resize or a flip; number the objects anew from 1 before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 opencv-python-headless==5.0.0.93
env/bin/python - <<'EOF'
import sys

import cv2
import numpy as np

labels = np.array([[1, 2**31 + 5, 2**40 + 7]], np.int64)
seen = {}
for dtype in (np.int64, np.uint64):
    flipped = cv2.flip(labels.astype(dtype), 1)
    seen[dtype.__name__] = (str(flipped.dtype), flipped[0].tolist())
print("before:", labels[0].tolist(), "after:", seen)
sys.exit(list(seen.values()) != [("int32", [7, -(2**31) + 5, 1])] * 2)
EOF
