#!/usr/bin/env bash
# Guess:     a class map copied to a cloud-optimized GeoTIFF is the same map: its pyramid, like the
#            overviews that rasterio and gdaladdo build, takes the nearest pixel, and `read` with a
#            smaller `out_shape`, which says "nearest", gives classes of the map alone.
# Version:   rasterio 1.4.4 (GDAL 3.10.3), numpy 2.4.6.
# Behaviour: the COG driver shrinks with a cubic filter, for whole numbers too. A smaller read takes
#            the nearest pixel of that pyramid. Only in full size is the map what was written.
# Seen:      classes in the half size: GeoTIFF 0 10 20, COG these and 13 more, such as 1 9 11 21.
# For you:   previews, areas counted on a smaller read, and training on shrunk tiles meet classes
#            that do not exist along every border; copy with `overview_resampling="nearest"`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 rasterio==1.4.4
env/bin/python - <<'EOF'
import sys
import warnings

import numpy as np
import rasterio
import rasterio.shutil

warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
rows, columns = np.indices((1024, 1024))
classes = np.where((rows - 500) ** 2 + (columns - 500) ** 2 < 90_000, 20, 0).astype(np.uint8)
classes[100:301, 500:901] = 10
shape = {"height": 1024, "width": 1024, "count": 1, "dtype": "uint8"}
with rasterio.open("map.tif", "w", driver="GTiff", **shape) as file:
    file.write(classes, 1)
rasterio.shutil.copy("map.tif", "cog.tif", driver="COG")
rasterio.shutil.copy("map.tif", "nearest.tif", driver="COG", overview_resampling="nearest")

whole, half = {}, {}
for name in ("map.tif", "cog.tif", "nearest.tif"):
    with rasterio.open(name) as file:
        whole[name] = np.array_equal(file.read(1), classes)
        half[name] = np.unique(file.read(1, out_shape=(512, 512))).tolist()
    print(name, "equal in full size:", whole[name], "classes in half size:", half[name])
right = half["map.tif"] == half["nearest.tif"] == [0, 10, 20]
sys.exit(not (all(whole.values()) and right and len(half["cog.tif"]) > 6))
EOF
