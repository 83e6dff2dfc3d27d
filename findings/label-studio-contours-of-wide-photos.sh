#!/usr/bin/env bash
# Guess:     `contour2rle(contours, 0, img_width, img_height)` of Label Studio's SDK fills an OpenCV
#            contour, and its `decode_rle`, laid out as (height, width, 4) as the SDK itself does,
#            gives the same mask back.
# Version:   label-studio-sdk 2.1.2, opencv-python-headless 5.0.0.93, numpy 2.4.6.
# Behaviour: it draws on an array of (width, height) and writes that out row by row. In a square
#            photo nobody notices. In any other one the mask is sheared into stripes; what lies
#            below row `width` or right of column `height` is cut off. Inside it is 100, not 255, so
#            that a reader who asks for more than 128, as the SDK's own `image2rle` does, finds
#            nothing.
# Seen:      of a block of 360 px in a photo 32 px high and 64 px wide 144 come back, 12 of them in
#            their places. In a photo of 64 x 64 px all 360 are right.
# For you:   fill the contour yourself, with rows first, and encode it by `mask2rle` with 0 and 255.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 opencv-python-headless==5.0.0.93 pillow==13.0.0
env/bin/pip install --quiet --no-compile --disable-pip-version-check --no-deps label-studio-sdk==2.1.2
cat > seen.py <<'EOF'
import importlib.util
import site
import sys

import cv2
import numpy as np

# Only the module is loaded, because the package around it wants to be installed with all that it can talk to.
path = f"{site.getsitepackages()[0]}/label_studio_sdk/converter/brush.py"
spec = importlib.util.spec_from_file_location("brush", path)
brush = importlib.util.module_from_spec(spec)
spec.loader.exec_module(brush)

seen = []
for height, width in ((64, 64), (32, 64)):
    mask = np.zeros((height, width), np.uint8)
    mask[10:22, 20:50] = 255
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rle = brush.contour2rle(contours, 0, width, height)
    back = brush.decode_rle(rle).reshape(height, width, 4)[:, :, 3]
    right = int(((back > 0) & (mask > 0)).sum())
    seen.append(((back > 0).sum().item(), right, back.max().item()))
    print(f"{height} x {width}: {seen[-1][0]} of 360 px, {right} in place, highest {back.max()}")
sys.exit(seen != [(360, 360, 100), (144, 12, 100)])
EOF
env/bin/python seen.py
