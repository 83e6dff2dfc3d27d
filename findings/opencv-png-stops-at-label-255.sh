#!/usr/bin/env bash
# Guess:     OpenCV writes the label map that its own `connectedComponents` returns as a 16-bit PNG,
#            or refuses it.
# Version:   opencv-python-headless 5.0.0.93, Pillow 13.0.0, numpy 2.4.6.
# Behaviour: the map is int32, which PNG has not; OpenCV saves 8 bits and cuts every label above 255
#            to 255. `imwrite` returns True, the only sign is a line on the standard error stream.
#            Pillow 13 refuses the same array ("cannot write mode I as PNG").
# Seen:      400 components -> True, uint8, highest label 255; 146 components are one.
# For you:   from the 256th cell on, all cells are one object; convert to uint16 before saving.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 opencv-python-headless==5.0.0.93 pillow==13.0.0
env/bin/python - <<'EOF'
import sys

import cv2
import numpy as np
from PIL import Image

dots = np.zeros((40, 40), np.uint8)
dots[::2, ::2] = 1
count, labels = cv2.connectedComponents(dots, connectivity=4)
written = cv2.imwrite("labels.png", labels)
back = cv2.imread("labels.png", cv2.IMREAD_UNCHANGED)
merged = int((back == 255).sum())
print(count - 1, "components,", labels.dtype, "->", written, back.dtype, back.max(), merged)
try:
    Image.fromarray(labels).save("pillow.png")
    refused = False
except OSError as error:
    print("Pillow:", error)
    refused = True
seen = (count, written, str(back.dtype), int(back.max()), merged, refused)
sys.exit(seen != (401, True, "uint8", 255, 146, True))
EOF
