#!/usr/bin/env bash
# Guess:     OpenCV treats a noted rotation alike in all formats: it turns the photo, unless the
#            flags say IMREAD_UNCHANGED or IMREAD_IGNORE_ORIENTATION.
# Version:   opencv-python-headless 5.0.0.93, tifffile 2026.3.3, Pillow 13.0.0, numpy 2.4.6.
# Behaviour: so it does for JPEG, PNG and WebP. A TIFF that is noted to lie on its side (274: 6) is
#            turned whatever the flags by `imdecode` and `imreadmulti`; `imread` gives None for it.
# Seen:      a photo of 40 x 60 as (height, width), COLOR / UNCHANGED / COLOR with IGNORE_ORIENTATION:
#            jpg, png, webp (60, 40) / (40, 60) / (40, 60); tif by imread None / None / None, by
#            imdecode (60, 40) / (60, 40) / (60, 40).
# For you:   a mask and its photo can come out with different sides although both were read with
#            IMREAD_UNCHANGED, and a valid TIFF counts as damaged. Read TIFF files with tifffile and
#            look at the tag yourself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 pillow==13.0.0
env/bin/python -W ignore - <<'EOF' 2>/dev/null
import sys

import cv2
import numpy as np
import tifffile
from PIL import Image

photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
exif = Image.Exif()
exif[274] = 6
for ending in ("jpg", "png", "webp"):
    Image.fromarray(photo).save(f"photo.{ending}", exif=exif)
tifffile.imwrite("photo.tif", photo, photometric="rgb", extratags=[(274, "H", 1, 6, True)])

flags = (
    cv2.IMREAD_COLOR,
    cv2.IMREAD_UNCHANGED,
    cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
)
seen = {}
for ending in ("jpg", "png", "webp", "tif"):
    data = np.fromfile(f"photo.{ending}", np.uint8)
    for name, read in (
        ("imread", lambda flag: cv2.imread(f"photo.{ending}", flag)),
        ("imdecode", lambda flag: cv2.imdecode(data, flag)),
    ):
        pixels = [read(flag) for flag in flags]
        seen[ending, name] = [None if image is None else image.shape[:2] for image in pixels]
        print(ending, name, *seen[ending, name])
usual = [(60, 40), (40, 60), (40, 60)]
expected = {key: usual for key in seen}
expected["tif", "imread"] = [None] * 3
expected["tif", "imdecode"] = [(60, 40)] * 3
sys.exit(seen != expected)
EOF
