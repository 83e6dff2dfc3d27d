#!/usr/bin/env bash
# Guess:     ONNX's Resize with `antialias` and `mode="linear"` is Pillow's BILINEAR, which it was
#            modelled on.
# Version:   onnxruntime 1.32.0, onnx 1.23.2 (its reference evaluator says the same), Pillow 13.0.0,
#            numpy 2.4.6.
# Behaviour: inside the image it is. In the outermost rows and columns it is not: by default the
#            weights that fall outside the image go to the border pixels, while Pillow (and torch)
#            leave them out. `exclude_outside=1`, documented for cubic, makes all pixels equal.
# Seen:      60 x 60 random numbers to 20 x 20: largest difference in the rim .035, elsewhere 2e-7;
#            with exclude_outside=1 everywhere 2e-7.
# For you:   a model whose preprocessing was moved into ONNX sees another rim of each photo or tile
#            than in training, which shows as seams between tiles.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 pillow==13.0.0
env/bin/python - <<'EOF'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from PIL import Image


def resizer(exclude_outside):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * 4) for n in "xy"]
    size = numpy_helper.from_array(np.int64([1, 1, 20, 20]), "size")
    node = helper.make_node(
        "Resize",
        ["x", "", "", "size"],
        ["y"],
        mode="linear",
        antialias=1,
        exclude_outside=exclude_outside,
    )
    graph = helper.make_graph([node], "g", values[:1], values[1:], [size])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


photo = np.random.default_rng(0).random((60, 60), np.float32)
pillow = np.array(Image.fromarray(photo).resize((20, 20), Image.Resampling.BILINEAR))
differs = {}
for exclude_outside in (0, 1):
    model = resizer(exclude_outside)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for name, run in (("ONNX Runtime", session.run), ("onnx", ReferenceEvaluator(model).run)):
        error = np.abs(run(None, {"x": photo[None, None]})[0][0, 0] - pillow)
        inner = bool(error[1:-1, 1:-1].max() > 1e-5)
        differs[name, exclude_outside] = (bool(error.max() > 0.02), inner)
        print(name, "exclude_outside", exclude_outside, "largest difference", error.max())
print("(in the rim, elsewhere):", differs)
sys.exit(differs != {key: (key[1] == 0, False) for key in differs})
EOF
