#!/usr/bin/env bash
# Guess:     ONNX Runtime enlarges an 8-bit image as Pillow and OpenCV do, rounded to the nearest
#            whole number.
# Version:   onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.
# Behaviour: a linear Resize of whole numbers cuts the fraction off. The image gets darker by half a
#            grey level on average, and a mask of 0 and 1 keeps only pixels that are inside
#            altogether.
# Seen:      random photo: equal to the float result cut off in 99.9 % of pixels; 0.5 levels darker.
#            A square of 4 x 4 ones, three times as large: 100 pixels instead of 140.
# For you:   a resize inside the model on uint8 input shrinks masks and shifts what the model sees;
#            cast to float before, round after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
env/bin/python - <<'EOF'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def enlarge(image, height, width):
    kind = {np.dtype(np.uint8): TensorProto.UINT8, np.dtype(np.float32): TensorProto.FLOAT}
    values = [helper.make_tensor_value_info(n, kind[image.dtype], [None] * 4) for n in "xy"]
    size = numpy_helper.from_array(np.int64([1, 1, height, width]), "size")
    node = helper.make_node("Resize", ["x", "", "", "size"], ["y"], mode="linear")
    graph = helper.make_graph([node], "g", values[:1], values[1:], [size])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": image[None, None]})[0][0, 0]


photo = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)
whole, exact = enlarge(photo, 97, 91), enlarge(photo.astype(np.float32), 97, 91)
cut_off = float(np.mean(np.abs(whole - np.floor(exact + 1e-3)) == 0))
darker = float((exact - whole).mean())
mask = np.pad(np.ones((4, 4), np.uint8), 2)
pixels = int(enlarge(mask, 24, 24).sum())
rounded = int((enlarge(mask.astype(np.float32), 24, 24) >= 0.5).sum())
print(f"equal to the result cut off: {cut_off:.1%}, darker by {darker:.2f} levels")
print("pixels of the enlarged mask:", pixels, "rounded:", rounded)
sys.exit(not (cut_off > 0.99 and 0.4 < darker < 0.6 and (pixels, rounded) == (100, 140)))
EOF
