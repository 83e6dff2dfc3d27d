#!/usr/bin/env bash
# Guess:     datumaro's KITTI export keeps objects and background apart, or says that it needs a
#            class for the background. Its VOC, Cityscapes and CamVid exports add one.
# Version:   datumaro 1.13.12, Pillow 12.3.0, numpy 2.2.6.
# Behaviour: classes are numbered from 0, and pixels without an object are 0 as well: the first
#            class and the background are one in the file. Read back, all of the background is an
#            object of the first class.
# Seen:      a cat of 100 and a dog of 32 pixels in 600: 568 pixels of class 0 in the file; read
#            back a cat of 468, a cat of 100, a dog of 32.
# For you:   training on such an export learns that everything is a cat; put a class "background"
#            first in the label list before exporting.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.2.6 pillow==12.3.0 datumaro==1.13.12
env/bin/python -W ignore - <<'EOF'
import sys

import numpy as np
from datumaro import Dataset, DatasetItem
from datumaro.components.annotation import AnnotationType, Mask
from datumaro.components.media import Image
from PIL import Image as Pillow


def there_and_back(classes):
    masks = np.zeros((2, 20, 30), np.uint8)
    masks[0, 2:12, 3:13] = masks[1, 14:18, 20:28] = 1
    objects = [
        Mask(mask, label=classes.index(name), id=number, group=number)
        for number, (mask, name) in enumerate(zip(masks, ("cat", "dog"), strict=True), start=1)
    ]
    photo = Image.from_numpy(np.zeros((20, 30, 3), np.uint8))
    item = DatasetItem("photo", subset="train", media=photo, annotations=objects)
    folder = f"kitti-{len(classes)}"
    Dataset.from_iterable([item], categories=classes).export(
        folder, "kitti_segmentation", save_media=True
    )
    labels = np.array(Pillow.open(f"{folder}/train/semantic/photo.png"))
    back = Dataset.import_from(folder, "kitti_segmentation")
    names = [entry.name for entry in back.categories()[AnnotationType.label].items]
    found = [(names[a.label], int(a.image.sum())) for item in back for a in item.annotations]
    return int((labels == 0).sum()), sorted(found)


seen = [there_and_back(["cat", "dog"]), there_and_back(["background", "cat", "dog"])]
for classes, (zeros, found) in zip(("cat dog", "background cat dog"), seen, strict=True):
    print(f"classes {classes}: {zeros} pixels of class 0, read back {found}")
expected = [
    (568, [("cat", 100), ("cat", 468), ("dog", 32)]),
    (468, [("background", 468), ("cat", 100), ("dog", 32)]),
]
sys.exit(seen != expected)
EOF
