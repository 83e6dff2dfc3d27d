#!/usr/bin/env bash
# Guess:     `random_walker` answers with the labels of the seeds, as `watershed` does.
# Version:   scikit-image 0.26.0, numpy 2.4.6, scipy 1.17.1.
# Behaviour: it numbers them anew from 1 on, in order. Seeds 2 and 7 give regions 1 and 2.
# Seen:      watershed [2 7], random_walker [1 2]
# For you:   seeds that carry class or object numbers lose them; the result looks right on the
#            screen and belongs to other classes. Look up `np.unique(seeds[seeds > 0])[result - 1]`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0
env/bin/python -W ignore - <<'EOF'
import sys

import numpy as np
from skimage.segmentation import random_walker, watershed

photo = np.random.default_rng(0).random((12, 12))
seeds = np.zeros((12, 12), int)
seeds[1, 1], seeds[9, 9] = 2, 7
seen = {f.__name__: np.unique(f(photo, seeds)).tolist() for f in (watershed, random_walker)}
print(seen)
sys.exit(seen != {"watershed": [2, 7], "random_walker": [1, 2]})
EOF
