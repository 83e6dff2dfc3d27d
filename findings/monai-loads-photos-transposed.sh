#!/usr/bin/env bash
# Guess:     MONAI's `LoadImage` gives a photo as (height, width) or (channels, height, width), as
#            every library around torch does.
# Version:   monai 1.6.1, torch 2.13.0, Pillow 13.0.0, numpy 2.4.6.
# Behaviour: PNG and JPEG files come turned over the diagonal, (width, height), so that they agree
#            with medical volumes; `reverse_indexing=False` gives (height, width).
# Seen:      a PNG 30 wide and 20 high: (30, 20), with channels first (3, 30, 20); numpy (20, 30).
# For you:   clicks, boxes and masks of other tools are mirrored over the diagonal against the
#            image; on square photos no shape gives it away.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pillow==13.0.0 torch==2.13.0 monai==1.6.1
env/bin/python -W ignore - <<'EOF'
import sys

import numpy as np
from monai.transforms import LoadImage
from PIL import Image

pixels = np.arange(600, dtype=np.uint16).astype(np.uint8).reshape(20, 30)
Image.fromarray(pixels).save("grey.png")
Image.fromarray(np.dstack([pixels] * 3)).save("colour.png")
grey = LoadImage(image_only=True)("grey.png").numpy()
shapes = {
    "numpy": pixels.shape,
    "grey": grey.shape,
    "colour": tuple(LoadImage(image_only=True, ensure_channel_first=True)("colour.png").shape),
    "not reversed": tuple(LoadImage(image_only=True, reverse_indexing=False)("grey.png").shape),
}
print(shapes, "transposed:", np.array_equal(grey, pixels.T))
expected = [(20, 30), (30, 20), (3, 30, 20), (20, 30)]
sys.exit(not (list(shapes.values()) == expected and np.array_equal(grey, pixels.T)))
EOF
