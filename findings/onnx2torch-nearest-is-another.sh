#!/usr/bin/env bash
# Guess:     onnx2torch turns a Resize of mode "nearest" into a module that takes the same pixels, or
#            refuses it where torch has no such way; the ways that ONNX calls half_pixel and
#            round_prefer_floor, its defaults, are torch's `nearest-exact`.
# Version:   onnx2torch 1.5.15, torch 2.14.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
# Behaviour: every nearest Resize becomes torch's `nearest`, which takes the upper left pixel of a
#            block, whatever `coordinate_transformation_mode` and `nearest_mode` say. No warning. For
#            linear and cubic modes they are looked at.
# Seen:      columns 0..14 to 3: ONNX Runtime and torch's nearest-exact 2 7 12, onnx2torch 0 5 10; to
#            30 all are equal.
# For you:   label maps that a model shrinks move by up to half a cell, which is eight pixels of the
#            photo at a stride of 16. Enlarging twice hides it: compare at a size that is shrunk.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 torch==2.14.1 torchvision==0.29.1 onnx==1.23.2 onnxruntime==1.32.0 \
    onnx2torch==1.5.15
env/bin/python -W ignore - <<'EOF'
import sys

import numpy as np
import onnx2torch
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper


def resize(size):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, None, None]) for n in "xy"]
    sizes = numpy_helper.from_array(np.int64([1, 1, size, size]), "sizes")
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="nearest")
    graph = helper.make_graph([node], "g", values[:1], values[1:], [sizes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)


columns = np.tile(np.arange(15, dtype=np.float32), (1, 1, 15, 1))
equal = {}
for size in (30, 5, 3):
    model = resize(size)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    tensor = torch.from_numpy(columns)
    answers = {
        "ONNX Runtime": session.run(None, {"x": columns})[0],
        "nearest-exact": torch.nn.functional.interpolate(tensor, size, mode="nearest-exact").numpy(),
        "onnx2torch": onnx2torch.convert(model)(tensor).numpy(),
    }
    print("to", size, {name: answer[0, 0, 0].tolist() for name, answer in answers.items()})
    equal[size] = [np.array_equal(answers["ONNX Runtime"], a) for a in answers.values()]
print(equal)
sys.exit(equal != {30: [True] * 3, 5: [True, True, False], 3: [True, True, False]})
EOF
