#!/usr/bin/env bash
# Guess:     a mask that is one pixel wide is exported as a thin polygon, or reported as impossible.
# Version:   supervision 0.31.2, opencv-python-headless 5.0.0.93, Pillow 13.0.0, numpy 2.4.6.
# Behaviour: `mask_to_polygons` gives nothing for it. The YOLO export then writes a box line of 5
#            numbers among the polygons, with width or height 0; the COCO export writes an empty
#            `segmentation` beside the right area. No warning.
# Seen:      square, wire, post: numbers per YOLO line 9 5 5, heights of the boxes of the last two 0
#            and 0.125, widths 0.65 and 0; COCO polygons 1 0 0, areas 100 40 6.
# For you:   wires, cracks, hairs and scale bars are lost in training and score 0; widen them, or
#            write RLE.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 supervision==0.31.2 opencv-python-headless==5.0.0.93 pillow==13.0.0
env/bin/python -W ignore - <<'EOF'
import json
import sys

import numpy as np
import supervision
from PIL import Image

Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save("photo.png")
masks = np.zeros((3, 40, 60), bool)
masks[0, 5:15, 5:15] = masks[1, 20, 5:45] = masks[2, 30:36, 50] = True
boxes = supervision.mask_to_xyxy(masks).astype(float)
objects = supervision.Detections(xyxy=boxes, mask=masks, class_id=np.arange(3))
data = supervision.DetectionDataset(
    classes=["square", "wire", "post"], images=["photo.png"], annotations={"photo.png": objects}
)
data.as_yolo(annotations_directory_path="yolo")
data.as_coco(annotations_path="coco.json")
with open("yolo/photo.txt") as file:
    lines = [[float(number) for number in line.split()] for line in file]
with open("coco.json") as file:
    annotations = json.load(file)["annotations"]
print("YOLO", lines)
print("COCO", [(entry["segmentation"], entry["area"]) for entry in annotations])
seen = (
    [len(line) for line in lines],
    [lines[1][4], lines[2][3]],
    [len(entry["segmentation"]) for entry in annotations],
    [entry["area"] for entry in annotations],
)
sys.exit(seen != ([9, 5, 5], [0.0, 0.0], [1, 0, 0], [100, 40, 6]))
EOF
