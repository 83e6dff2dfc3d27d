#!/usr/bin/env bash
# Guess:     torchvision's `v2.Resize` takes a photo and its mask to the same place.
# Version:   torchvision 0.29.1, torch 2.14.1, numpy 2.4.6.
# Behaviour: it shrinks the photo about the centres of the pixels, and a `tv_tensors.Mask` with
#            NEAREST, which takes the upper left pixel of each block. Shrunk by s, the mask lies
#            (s - 1) / 2 pixels of the photo too far to the lower right.
# Seen:      512 to 32 pixels, mean shift of photo and mask: bilinear 0.0 and 7.5, nearest 7.5 and 7.5,
#            nearest-exact -0.5 and -0.5 (blocks of 16 have no middle pixel).
# For you:   masks at the size of a network's features (stride 16) are half a cell off: the network
#            learns shifted outlines, and figures at that size are worse than the model is. Resize
#            the mask on its own with NEAREST_EXACT, or enlarge the answer instead.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 torch==2.14.1 torchvision==0.29.1
env/bin/python - <<'EOF'
import sys

import torch
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2


def centre(plane):
    """Column of the centre of mass of a plane of 32, in pixels of the photo of 512."""
    columns = (torch.arange(32) + 0.5) * 16
    return float((plane.float().sum(0) * columns).sum() / plane.float().sum())


# Squares at all 16 offsets within a block: their mean is the shift, not the luck of one outline.
shifts = {}
for name in ("BILINEAR", "NEAREST", "NEAREST_EXACT"):
    resize = v2.Resize((32, 32), interpolation=InterpolationMode[name])
    moved = []
    for start in range(96, 112):
        mask = torch.zeros(512, 512)
        mask[start : start + 256, start : start + 256] = 1
        photo, small = resize(tv_tensors.Image(mask[None]), tv_tensors.Mask(mask.byte()))
        moved.append([centre(plane) - (start + 128) for plane in (photo[0], small)])
    shifts[name] = torch.tensor(moved).mean(0)
    print(name, "photo and mask move by", shifts[name].tolist())
expected = {"BILINEAR": [0, 7.5], "NEAREST": [7.5, 7.5], "NEAREST_EXACT": [-0.5, -0.5]}
right = [torch.allclose(shifts[n], torch.tensor(e).float(), atol=0.01) for n, e in expected.items()]
sys.exit(not all(right))
EOF
