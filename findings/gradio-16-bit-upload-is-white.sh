#!/usr/bin/env bash
# Guess:     a 16-bit micrograph uploaded to `gr.Image()` is scaled to 8 bits, or refused.
# Version:   gradio 6.31.0, Pillow 12.3.0, numpy 2.4.6.
# Behaviour: everything above 255 becomes 255, the function behind it gets a white image. With
#            `image_mode=None` the 16 bits arrive as they are.
# Seen:      a ramp from 0 to 65,520 in 4,096 steps: 17 different greys, 99.6 % of pixels white.
# For you:   a demo that works on 8-bit photos answers nonsense on microscope or X-ray images, and
#            shows a proper preview beside it. Take `image_mode=None` and scale by hand.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pillow==12.3.0 gradio==6.31.0
GRADIO_ANALYTICS_ENABLED=False GRADIO_TEMP_DIR="$folder" env/bin/python -W ignore - <<'EOF'
import sys

import gradio
import numpy as np
from gradio.data_classes import ImageData
from PIL import Image

ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16
Image.fromarray(ramp).save("ramp.png")
by_default = gradio.Image().preprocess(ImageData(path="ramp.png"))
as_it_is = gradio.Image(image_mode=None).preprocess(ImageData(path="ramp.png"))
greys, white = len(np.unique(by_default)), float((by_default == 255).mean())
print("default:", by_default.dtype, by_default.shape, greys, f"greys, {white:.1%} white")
print("image_mode=None:", as_it_is.dtype, len(np.unique(as_it_is)), "greys")
sys.exit(not (greys == 17 and white > 0.99 and np.array_equal(as_it_is, ramp)))
EOF
