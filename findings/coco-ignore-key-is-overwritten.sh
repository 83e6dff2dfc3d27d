#!/usr/bin/env bash
# Guess:     an annotation with `"ignore": 1` is left out of a COCO evaluation: the evaluator has a
#            field of that name in its own code, and files of other data sets carry it.
# Version:   pycocotools 2.0.11, faster-coco-eval 1.8.0, numpy 2.4.6.
# Behaviour: the evaluator overwrites `ignore` by `iscrowd`. The object counts as missed all the
#            same, in both libraries.
# Seen:      AP of one found and one ignored object: 0.505 with and without the key; 1.0 with
#            `iscrowd` 1.
# For you:   to leave doubtful objects out of the figures, write `iscrowd` 1; `ignore` does nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pycocotools==2.0.11 faster-coco-eval==1.8.0
env/bin/python -W ignore - <<'EOF'
import contextlib
import io
import sys

from faster_coco_eval import COCO as FasterCOCO
from faster_coco_eval import COCOeval_faster
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def average_precision(coco, evaluator, extra):
    common = {"image_id": 1, "category_id": 1, "iscrowd": 0}
    found = {"id": 1, "bbox": [0, 0, 50, 50], "area": 2500, **common}
    doubtful = {"id": 2, "bbox": [60, 60, 30, 30], "area": 900, **common, **extra}
    truth = coco()
    truth.dataset = {
        "images": [{"id": 1, "width": 100, "height": 100}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [found, doubtful],
    }
    truth.createIndex()
    answer = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "score": 0.9}
    run = evaluator(truth, truth.loadRes([answer]), "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
    return round(float(run.stats[0]), 3)


seen = []
for coco, evaluator in ((COCO, COCOeval), (FasterCOCO, COCOeval_faster)):
    for extra in ({}, {"ignore": 1}, {"iscrowd": 1}):
        with contextlib.redirect_stdout(io.StringIO()):
            seen.append(average_precision(coco, evaluator, extra))
        print(evaluator.__name__, extra, seen[-1])
sys.exit(seen != [0.505, 0.505, 1.0] * 2)
EOF
