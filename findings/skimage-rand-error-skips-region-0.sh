#!/usr/bin/env bash
# Guess:     `adapted_rand_error` and `variation_of_information` of scikit-image compare the same
#            pixels, and a partition may number its regions from 0.
# Version:   scikit-image 0.26.0, numpy 2.4.6.
# Behaviour: the Rand error leaves out every pixel whose true label is 0, the variation of
#            information counts them. A result that cuts region 0 in two has no Rand error; equal
#            partitions of region 0 alone give nan.
# Seen:      region 0 cut in two: error 0.0, numbered from 1: 0.146; variation of information 0.5
#            both times. One region 0 compared with itself: nan.
# For you:   superpixels, `argmax` and `np.unique(return_inverse=True)` count from 0: half of the
#            image may be missing from the figure. Add 1, or pass `ignore_labels=()`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 scikit-image==0.26.0
env/bin/python -W ignore - <<'EOF'
import sys

import numpy as np
from skimage.metrics import adapted_rand_error, variation_of_information

truth = np.zeros((10, 10), int)
truth[5:] = 1
result = truth.copy()
result[:5, :5] = 2  # region 0 is cut in two
seen = [
    round(float(adapted_rand_error(truth, result)[0]), 3),
    round(float(adapted_rand_error(truth + 1, result + 1)[0]), 3),
    round(float(adapted_rand_error(truth, result, ignore_labels=())[0]), 3),
    round(float(sum(variation_of_information(truth, result))), 3),
    round(float(sum(variation_of_information(truth + 1, result + 1))), 3),
]
alone = np.zeros((4, 4), int)
nothing = adapted_rand_error(alone, alone)[0]
print("Rand error from 0, from 1, nothing ignored:", seen[:3], "variation of information:", seen[3:])
print("one region 0 compared with itself:", nothing)
sys.exit(not (seen == [0.0, 0.146, 0.146, 0.5, 0.5] and np.isnan(nothing)))
EOF
