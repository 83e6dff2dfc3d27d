#!/usr/bin/env bash
# Guess:     `kornia.contrib.connected_components` gives one label to each connected object.
# Version:   kornia 0.9.0, torch 2.13.0, numpy 2.4.6, scipy 1.17.1.
# Behaviour: a label travels one pixel per iteration, and the default stops after 100 iterations. An
#            object that is longer than 100 steps keeps many labels; nothing says that it stopped.
# Seen:      a line of 400 pixels: 300 labels (scipy: 1); with num_iterations=400: 1.
# For you:   cracks, vessels, roads and large objects are counted as hundreds; pass at least as many
#            iterations as the longest object has pixels, or label with scipy.
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
from kornia.contrib import connected_components
from scipy import ndimage

line = torch.zeros(1, 1, 3, 400)
line[..., 1, :] = 1
seen = {
    "scipy": ndimage.label(line[0, 0].numpy())[1],
    "kornia": connected_components(line).unique().numel() - 1,
    "kornia, 400 iterations": connected_components(line, 400).unique().numel() - 1,
}
print(seen)
sys.exit(list(seen.values()) != [1, 300, 1])
EOF
