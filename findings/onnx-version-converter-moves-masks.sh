#!/usr/bin/env bash
# Guess:     `onnx.version_converter` changes the version of a model and not what it computes; where
#            it cannot, it fails.
# Version:   onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
# Behaviour: two operators that every segmentation model has change their meaning in silence. The
#            linear Upsample of version 9 and Resize of version 10 count from the corner of the
#            pixels, what they become in 11 counts from half a pixel. Softmax over axis 1 in
#            version 13 becomes, in 12, Softmax over channels, rows and columns together.
# Seen:      a ramp of 0..15 enlarged twice: differs by up to 1.25; sum of class probabilities at a
#            pixel: 1.0 before, 0.0625 after (1 over 16 pixels).
# For you:   a converted model answers with shifted masks or tiny probabilities, and passes the
#            checker; compare outputs before and after, or export anew in the wanted version.
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
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, version_converter


def model(operator, version, constants=(), **attributes):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * 4) for n in "xy"]
    names = ["x", *(constant.name for constant in constants)]
    node = helper.make_node(operator, names, ["y"], **attributes)
    graph = helper.make_graph([node], "g", values[:1], values[1:], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=9)


def run(built, x):
    onnx.checker.check_model(built)
    session = onnxruntime.InferenceSession(
        built.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


ramp = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
twice = numpy_helper.from_array(np.float32([1, 1, 2, 2]), "scales")
seen = {}
for operator, version in (("Upsample", 9), ("Resize", 10)):
    before = model(operator, version, [twice], mode="linear")
    after = version_converter.convert_version(before, 11)
    seen[operator] = float(np.abs(run(before, ramp) - run(after, ramp)).max())

logits = np.zeros((1, 3, 4, 4), np.float32)
before = model("Softmax", 13, axis=1)
after = version_converter.convert_version(before, 12)
seen["Softmax before"] = float(run(before, logits).sum(1).max())
seen["Softmax after"] = float(run(after, logits).sum(1).max())
print(seen)
sys.exit(not np.allclose(list(seen.values()), [1.25, 1.25, 1, 1 / 16], atol=1e-5))
EOF
