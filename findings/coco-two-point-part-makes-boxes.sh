#!/usr/bin/env bash
# Guess:     a part of a COCO polygon with two points, a stray click of an annotator, has no area: it
#            is left out, or the file is refused with a word about it.
# Version:   pycocotools 2.0.11, faster-coco-eval 1.8.0, numpy 2.4.6.
# Behaviour: the number of values in the FIRST part decides what all parts are. Four values are
#            taken for a box (x, y, width, height). faster-coco-eval then reads the first four values
#            of every other part as a box too. pycocotools fails with a TypeError about an argument
#            'bb'. With the stray part in second place both read the object rightly.
# Seen:      a square of 20 x 20 px has 400 px; after a part of two points 1020, and the part 400.
# For you:   drop parts with fewer than three points before you hand polygons on; two tools may give
#            an object another area only because its parts stand in another order.
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
import pycocotools.mask

square = [30, 30, 50, 30, 50, 50, 30, 50]
stray = [10, 10, 20, 20]
seen = []
for library in (faster_coco_eval.core.mask, pycocotools.mask):
    for parts in ([square, stray], [stray, square]):
        try:
            found = [int(library.area(rle)) for rle in library.frPyObjects(parts, 64, 64)]
        except TypeError as error:
            found = str(error)
        seen.append(found)
        print(library.__name__, "points", [len(part) // 2 for part in parts], "->", found)
error = "Argument 'bb' has incorrect type (expected numpy.ndarray, got list)"
sys.exit(seen != [[400, 0], [400, 1020], [400, 0], error])
EOF
