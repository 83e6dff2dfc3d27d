#!/usr/bin/env bash
# Guess:     OpenCV's dnn module computes what an ONNX file says, or refuses it: `readNetFromONNX`
#            does refuse operators that it does not know.
# Version:   opencv-python-headless 5.0.0.93, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.
# Behaviour: two things are taken for others in silence. Resize by factors uses the ratio of the whole
#            sizes instead of the factors, and `auto_pad` SAME_LOWER pads as SAME_UPPER.
# Seen:      columns 0..8 times 0.5: 0 2 4 6 in ONNX Runtime, 0 2.25 4.5 6.75 in OpenCV (0..7: equal);
#            each pixel's left neighbour with SAME_LOWER: 0 0 1 2 .. and 0 1 2 3 ..
# For you:   a network's masks come out stretched or a pixel to the side, only at sizes that the
#            factors do not divide. Compare with ONNX Runtime at odd sizes, export Resize with
#            sizes and padding with numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0
env/bin/python - <<'EOF'
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def answers(operator, x, constants, shape, **attributes):
    """What ONNX Runtime and OpenCV say to a model of one operator."""
    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    names = ["x", *(name if constant is not None else "" for name, constant in constants.items())]
    tensors = [numpy_helper.from_array(c, name) for name, c in constants.items() if c is not None]
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    node = helper.make_node(operator, names, ["y"], **attributes)
    graph = helper.make_graph([node], "g", values, [answer], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=9)
    file = model.SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    net = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
    net.setInput(x)
    return session.run(None, {"x": x})[0], net.forward()


ramp = np.tile(np.arange(9, dtype=np.float32), (1, 1, 9, 1))
even = ramp[..., :8, :8].copy()
half = {"roi": None, "scales": np.float32([1, 1, 0.5, 0.5])}
left = {"w": np.float32([[[[1, 0], [0, 0]]]])}
asymmetric = {"mode": "linear", "coordinate_transformation_mode": "asymmetric"}
pairs = {
    "Resize 8 by 0.5": answers("Resize", even, half, [1, 1, 4, 4], **asymmetric),
    "Resize 9 by 0.5": answers("Resize", ramp, half, [1, 1, 4, 4], **asymmetric),
    "Conv SAME_UPPER": answers("Conv", ramp, left, [1, 1, 9, 9], auto_pad="SAME_UPPER"),
    "Conv SAME_LOWER": answers("Conv", ramp, left, [1, 1, 9, 9], auto_pad="SAME_LOWER"),
}
equal = {}
for name, (runtime, opencv) in pairs.items():
    equal[name] = bool(np.allclose(runtime, opencv, atol=1e-5))
    print(name, runtime[0, 0, 2].round(3), opencv[0, 0, 2].round(3), "equal:", equal[name])
sys.exit(list(equal.values()) != [True, False] * 2)
EOF
