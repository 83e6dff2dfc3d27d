#!/usr/bin/env bash
# Guess:     a model with 64-bit whole numbers in and out computes in 64 bits in OpenVINO as it does
#            in ONNX Runtime.
# Version:   openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.
# Behaviour: OpenVINO's CPU plug-in computes int64 in 32 bits and widens the answer again. The type
#            that comes out says int64, the upper half is gone.
# Seen:      Identity of 2**31 + 5 and 2**40 + 1: ONNX Runtime the same, OpenVINO other numbers; for
#            2**40 + 1 it says 1.
# For you:   large object ids and positions in very large images change inside the model; a label
#            map of such ids merges objects. Keep numbers below 2**31.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1
env/bin/python - <<'EOF'
import sys

import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper

values = [helper.make_tensor_value_info(n, TensorProto.INT64, [None]) for n in "xy"]
node = helper.make_node("Identity", ["x"], ["y"])
graph = helper.make_graph([node], "g", values[:1], values[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
data = model.SerializeToString()
ids = np.array([7, 2**31 + 5, 2**40 + 1])

session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
core = openvino.Core()
answers = {
    "ONNX Runtime": session.run(None, {"x": ids})[0],
    "OpenVINO": core.compile_model(core.read_model(data), "CPU")({"x": ids})[0],
}
for name, answer in answers.items():
    print(name, answer.dtype, answer.tolist())
equal = {name: (str(a.dtype), (a == ids).tolist()) for name, a in answers.items()}
expected = {
    "ONNX Runtime": ("int64", [True, True, True]),
    "OpenVINO": ("int64", [True, False, False]),
}
sys.exit(equal != expected)
EOF
