#!/usr/bin/env bash
# Guess:     a label map that a Gradio app returns through `gr.Image()` arrives pixel by pixel.
# Version:   gradio 6.31.0, Pillow 12.3.0, numpy 2.4.6.
# Behaviour: the default format of the component is WebP with loss. Labels change by a few numbers,
#            even in large areas of one label. `gr.Image(format="png")` is exact.
# Seen:      right pixels: random labels 11 %, 8 x 8 blocks of 16 classes 81 %; with format="png"
#            100 % of both.
# For you:   masks and label maps taken from somebody's demo are not those that the model answered;
#            set the format, or hand them over as a file.
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
from PIL import Image


def arrives(labels, **settings):
    sent = gradio.Image(**settings).postprocess(labels)
    received = np.array(Image.open(sent.path))
    received = received if received.ndim == 2 else received[..., 0]
    return sent.path.rpartition(".")[2], round(float((received == labels).mean()), 2)


noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
blocks = np.kron(np.arange(16).reshape(4, 4) * 10, np.ones((8, 8), int)).astype(np.uint8)
seen = {}
for name, labels in {"noise": noise, "blocks": blocks}.items():
    seen[name] = (arrives(labels), arrives(labels, format="png"))
    print(name, "(format, right pixels):", *seen[name])
expected = {
    "noise": (("webp", 0.11), ("png", 1.0)),
    "blocks": (("webp", 0.81), ("png", 1.0)),
}
sys.exit(seen != expected)
EOF
