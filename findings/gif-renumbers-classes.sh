#!/usr/bin/env bash
# Guess:     a palette image keeps its indices in every lossless format that holds a palette.
# Version:   Pillow 13.0.0, numpy 2.4.6.
# Behaviour: Pillow's GIF writer drops the colours that do not occur and numbers the rest anew, by
#            default. PNG, TIFF, BMP, TGA and PCX keep the indices; GIF does with `optimize=False`.
# Seen:      classes 2 7 12 -> GIF 0 1 2; 2 7 12 from the others and from GIF with optimize=False
# For you:   class numbers in a GIF change with the classes that occur in each image; the colours
#            look right all the same. Keep label maps out of GIF, or switch `optimize` off.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pillow==13.0.0
env/bin/python - <<'EOF'
import sys

import numpy as np
from PIL import Image

labels = Image.fromarray(np.uint8([[2, 7, 12, 7], [12, 2, 2, 7], [7, 7, 12, 2]]))
labels.putpalette([value for index in range(256) for value in (index, 255 - index, index // 2)])
seen = {}
for ending in ("gif", "png", "tif", "bmp", "tga", "pcx"):
    labels.save(f"labels.{ending}")
    seen[ending] = np.unique(np.array(Image.open(f"labels.{ending}"))).tolist()
labels.save("labels.gif", optimize=False)
seen["gif, optimize=False"] = np.unique(np.array(Image.open("labels.gif"))).tolist()
print(labels.mode, seen)
sys.exit(seen != {name: [0, 1, 2] if name == "gif" else [2, 7, 12] for name in seen})
EOF
