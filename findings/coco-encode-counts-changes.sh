#!/usr/bin/env bash
# Guess:     `pycocotools.mask.encode` takes every value that is not zero as inside.
# Version:   pycocotools 2.0.11, faster-coco-eval 1.8.0, numpy 2.4.6.
# Behaviour: it starts a new run wherever the value changes. Two values side by side inside an
#            object, such as 1 and 2 of a label map or 128 and 255 of a soft mask, turn the second
#            into background. The rewrite in faster-coco-eval does the same.
# Seen:      columns of a row 0 1 1 2 2 255 0 0 come back as 0 1 1 0 0 1 0 0; area 12 instead of 20.
# For you:   threshold or compare (`labels == 3`) before encoding; a label map or a grey mask with
#            soft edges gives a mask with holes and stripes, without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pycocotools==2.0.11 faster-coco-eval==1.8.0
env/bin/python - <<'EOF'
import sys

import faster_coco_eval.core.mask
import numpy as np
import pycocotools.mask

values = np.tile(np.uint8([0, 1, 1, 2, 2, 255, 0, 0]), (4, 1))
seen = []
for library in (pycocotools.mask, faster_coco_eval.core.mask):
    rle = library.encode(np.asfortranarray(values))
    seen.append((library.decode(rle)[0].tolist(), int(library.area(rle))))
    print(library.__name__, "row", seen[-1][0], "area", seen[-1][1])
print("pixels that are not zero:", np.count_nonzero(values))
sys.exit(seen != [([0, 1, 1, 0, 0, 1, 0, 0], 12)] * 2)
EOF
