#!/usr/bin/env bash
# Guess:     `scipy.ndimage.zoom(labels, 3, order=0)` repeats every pixel three times.
# Version:   scipy 1.17.1, scikit-image 0.26.0, numpy 2.4.6.
# Behaviour: the centres of the outer pixels stay at the ends, so that the first and the last pixel
#            come twice and others four times. `grid_mode=True` with `mode="grid-constant"` repeats
#            evenly, as scikit-image's `resize` does.
# Seen:      0 0 1 1 1 1 2 2 2 3 3 3 4 4 4 4 5 5
# For you:   a label map brought back to the size of its photo this way is shifted against it, most
#            at the borders, and objects there shrink.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0
env/bin/python - <<'EOF'
import sys

import numpy as np
from scipy import ndimage
from skimage.transform import resize

labels = np.arange(6)
zoomed = ndimage.zoom(labels, 3, order=0)
even = ndimage.zoom(labels, 3, order=0, grid_mode=True, mode="grid-constant")
resized = resize(labels, (18,), order=0, preserve_range=True).astype(int)
print("zoom     ", zoomed)
print("grid mode", even)
print("resize   ", resized)
repeated = labels.repeat(3)
counts = np.bincount(zoomed).tolist()
right = np.array_equal(even, repeated) and np.array_equal(resized, repeated)
sys.exit(not (right and counts == [2, 4, 3, 3, 4, 2]))
EOF
