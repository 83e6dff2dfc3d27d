#!/usr/bin/env bash
# Guess:     `safetensors.numpy.save` writes the array that it is given, whatever its memory layout;
#            or it refuses, as its torch counterpart does for tensors that are not contiguous.
# Version:   safetensors 0.8.0, numpy 2.4.6.
# Behaviour: it writes the memory in the order in which it lies, under the shape of the view. A
#            transposed array comes back with the right shape and dtype, and scrambled values.
# Seen:      contiguous: same True / transposed: same False, shape (4, 3), first row [0. 1. 2.]
#            instead of [0. 4. 8.]
# For you:   masks and embeddings moved from (W, H) or (H, W, C) to another order of axes are
#            destroyed in silence; call `np.ascontiguousarray` before saving.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 safetensors==0.8.0
env/bin/python - <<'EOF'
import sys

import numpy as np
from safetensors.numpy import load, save

array = np.arange(12, dtype=np.float32).reshape(3, 4)
same = {}
for name, view in {"contiguous": array, "transposed": array.T}.items():
    back = load(save({"mask": view}))["mask"]
    same[name] = bool(np.array_equal(back, view))
    print(name, "same", same[name], back.shape, back.dtype, "first row", back[0], "was", view[0])
sys.exit(same != {"contiguous": True, "transposed": False})
EOF
