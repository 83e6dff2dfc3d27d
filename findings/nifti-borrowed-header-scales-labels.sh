#!/usr/bin/env bash
# Guess:     nibabel stores an array with the array's own type, or fails if it does not fit.
# Version:   nibabel 5.4.2, numpy 2.4.6.
# Behaviour: with a header taken over from another image, the type in that header wins. Whole
#            numbers above its range are squeezed into it with a scale factor and come back as
#            fractions; probabilities come back in 256 steps. No error, no warning.
# Seen:      int16 labels 0 20 40 60 through the header of a uint8 mask: 0.0 19.76 39.53 59.29;
#            63 of 64 are wrong.
# For you:   a label map saved with `nib.Nifti1Image(labels, mask.affine, mask.header)` has no label
#            right; call `header.set_data_dtype(labels.dtype)`, or pass no header.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 nibabel==5.4.2
env/bin/python -W error - <<'EOF'
import sys

import nibabel
import numpy as np

mask = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
labels = np.arange(64, dtype=np.int16).reshape(4, 4, 4) * 20


def stored(header):
    nibabel.Nifti1Image(labels, mask.affine, header).to_filename("labels.nii")
    return np.asarray(nibabel.load("labels.nii").dataobj)


borrowed, own = stored(mask.header), stored(None)
wrong = int((borrowed != labels).sum())
print("labels      ", labels.ravel()[:4], labels.dtype)
print("own header  ", own.ravel()[:4], own.dtype)
print("borrowed one", borrowed.ravel()[:4].round(2), borrowed.dtype, wrong, "of 64 wrong")
exact = np.array_equal(own, labels) and own.dtype == labels.dtype
sys.exit(not (exact and borrowed.dtype == np.float64 and wrong == 63))
EOF
