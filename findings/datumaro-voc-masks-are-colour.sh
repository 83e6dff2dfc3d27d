#!/usr/bin/env bash
# Guess:     datumaro writes Pascal VOC as the data set has it: palette PNGs whose numbers are the
#            classes and the objects, with the colours named in labelmap.txt.
# Version:   datumaro 1.13.12, Pillow 12.3.0, numpy 2.4.6.
# Behaviour: the masks are RGB pictures without a palette, and labelmap.txt names classes without
#            their colours. datumaro reads both back.
# Seen:      mode RGB, shape (20, 30, 3), values 0 and 128 for class 1; the line "cell:::".
# For you:   readers of indices, such as np.array(Image.open(path)), get three channels, and class 1
#            is 128 in the first; turn colours back to indices with VOC's own colour map.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    datumaro==1.13.12 numpy==2.4.6 pillow==12.3.0
env/bin/python -W ignore - <<'END'
import logging
import sys

import datumaro
import numpy as np
from PIL import Image

logging.disable(logging.CRITICAL)
mask = np.zeros((20, 30), bool)
mask[5:15, 5:15] = True
photo = datumaro.Image.from_numpy(np.zeros((20, 30, 3), np.uint8))
cell = datumaro.Mask(mask, label=0, id=1)
item = datumaro.DatasetItem("a", subset="train", media=photo, annotations=[cell])
data = datumaro.Dataset.from_iterable([item], categories=["cell"])
data.export("voc", "voc_segmentation", save_media=True)
classes = Image.open("voc/SegmentationClass/a.png")
pixels = np.array(classes)
with open("voc/labelmap.txt") as file:
    lines = file.read().splitlines()
print(classes.mode, pixels.shape, np.unique(pixels).tolist(), lines)
seen = (classes.mode, pixels.shape, np.unique(pixels).tolist(), "cell:::" in lines)
sys.exit(seen != ("RGB", (20, 30, 3), [0, 128], True))
END
