#!/usr/bin/env bash
# Guess:     a COCO file with three annotations is read as three annotations.
# Version:   datumaro 1.13.12, pycocotools 2.0.11, numpy 2.4.6.
# Behaviour: each annotation with run lengths becomes two: a mask, and its box, which have the same id
#            and group. So they do for polygons.
# Seen:      3 annotations in the file, 6 in datumaro, 3 of them boxes; the file has 3 in pycocotools.
# For you:   counts of objects, statistics and exports to formats of boxes are doubled; keep one type
#            before you count.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    datumaro==1.13.12 numpy==2.4.6 pycocotools==2.0.11
mkdir -p coco/annotations coco/images/default
env/bin/python -W ignore - <<'END'
import collections
import contextlib
import json
import logging
import sys

import datumaro
from pycocotools.coco import COCO

logging.disable(logging.CRITICAL)
square = {"size": [20, 30], "counts": [105, 10, 10, 10, 465]}
polygon = [[5, 5, 9, 5, 9, 9, 5, 9]]
annotations = [
    {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "segmentation": segmentation,
        "area": 20,
        "bbox": [5, 5, 2, 10],
        "iscrowd": 0,
    }
    for number, segmentation in enumerate((square, square, polygon), 1)
]
contents = {
    "images": [{"id": 1, "file_name": "a.png", "height": 20, "width": 30}],
    "categories": [{"id": 1, "name": "cell"}],
    "annotations": annotations,
}
with open("coco/annotations/instances_default.json", "w") as file:
    json.dump(contents, file)
with contextlib.redirect_stdout(sys.stderr):
    right = len(COCO("coco/annotations/instances_default.json").anns)
(item,) = datumaro.Dataset.import_from("coco", "coco_instances")
kinds = collections.Counter(entry.type.name for entry in item.annotations)
print(right, dict(kinds), [(entry.type.name, entry.id, entry.group) for entry in item.annotations])
sys.exit((right, sum(kinds.values()), kinds["bbox"]) != (3, 6, 3))
END
