#!/usr/bin/env bash
# Guess:     an array is its values: libraries convert a byte order that is not the machine's own,
#            or refuse it.
# Version:   Pillow 13.0.0, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0, onnx 1.23.2,
#            rasterio 1.4.4, numpy 2.4.6, on a little-endian machine.
# Behaviour: Pillow gives a big-endian array for a big-endian 16-bit TIFF, the kind that ImageJ
#            writes. OpenCV, ONNX Runtime and rasterio take its bytes as they lie, without a word.
# Seen:      dtype >u2; OpenCV's resize 1152 1664 2176 instead of 4 6 8; other values in rasterio's
#            shapes and from an ONNX model that only copies its input.
# For you:   such a micrograph becomes noise between reader and model; convert with
#            `array.astype(array.dtype.newbyteorder("="))` right after reading.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93 onnxruntime==1.32.0 \
    onnx==1.23.2 rasterio==1.4.4
env/bin/python - <<'EOF'
import struct
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from PIL import Image
from rasterio.features import shapes

values = np.arange(1, 37, dtype=np.uint16).reshape(6, 6)
tags = [(256, 6), (257, 6), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1), (278, 6), (279, 72)]
directory = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
with open("micrograph.tif", "wb") as file:
    file.write(struct.pack(">2sHI", b"MM", 42, 80) + values.astype(">u2").tobytes())
    file.write(struct.pack(">H", len(tags)) + directory + bytes(4))

pixels = np.array(Image.open("micrograph.tif"))
print("Pillow:", pixels.dtype, "right:", np.array_equal(pixels, values))
image = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", image[:1], image[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
session = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["CPUExecutionProvider"]
)
answer = session.run(None, {"x": pixels.astype(">f4")})[0]
right = {
    "Pillow": np.array_equal(pixels, values),
    "OpenCV": np.array_equal(cv2.resize(pixels, (3, 3)), cv2.resize(values, (3, 3))),
    "rasterio": sorted(v for _, v in shapes(pixels)) == sorted(v for _, v in shapes(values)),
    "ONNX Runtime": np.array_equal(answer, values),
}
print(cv2.resize(pixels, (3, 3))[0], "instead of", cv2.resize(values, (3, 3))[0])
print(right)
expected = {"Pillow": True, "OpenCV": False, "rasterio": False, "ONNX Runtime": False}
sys.exit(not (pixels.dtype == ">u2" and right == expected))
EOF
