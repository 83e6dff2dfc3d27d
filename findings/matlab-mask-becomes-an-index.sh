#!/usr/bin/env bash
# Guess:     a boolean mask saved to a .mat file is boolean when it is loaded again.
# Version:   scipy 1.17.1, numpy 2.4.6.
# Behaviour: the file says "logical", `loadmat` returns uint8. `image[mask]` then does not select
#            pixels: it looks up rows 0 and 1. `~mask` is 255 and 254, all of it true.
# Seen:      uint8; image[mask] of shape (4, 4, 4) instead of (4,); `~mask` true in 16 of 16 pixels.
#            `loadmat(..., mat_dtype=True)` gives bool.
# For you:   statistics over a mask from MATLAB are those of two rows of the image, and "outside the
#            mask" is everywhere; compare (`mask > 0`) or pass `mat_dtype=True`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1
env/bin/python - <<'EOF'
import sys

import numpy as np
from scipy.io import loadmat, savemat, whosmat

mask = np.zeros((4, 4), bool)
mask[1:3, 1:3] = True
image = np.arange(16).reshape(4, 4)
savemat("mask.mat", {"mask": mask})
back = loadmat("mask.mat")["mask"]
exact = loadmat("mask.mat", mat_dtype=True)["mask"]
seen = (whosmat("mask.mat")[0][2], str(back.dtype), image[back].shape, int((~back > 0).sum()))
print("in the file:", seen[0], "loaded:", seen[1], "image[mask]:", seen[2], "instead of (4,)")
print("true pixels of ~mask:", seen[3], "instead of 12; mat_dtype=True:", exact.dtype)
sys.exit((*seen, exact.dtype) != ("logical", "uint8", (4, 4, 4), 16, np.dtype(bool)))
EOF
