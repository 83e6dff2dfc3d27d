#!/usr/bin/env bash
# Guess:     torch's tracing ONNX exporter keeps height and width variable that were declared as
#            `dynamic_axes`, or warns where it takes them as constants.
# Version:   torch 2.13.0, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
# Behaviour: a size read from `x.unflatten(1, ...)`, such as groups of channels or heads of attention,
#            is written as the number of the example, although only another axis was divided. The same
#            size read from `x` stays variable. No warning; the checker passes the file.
# Seen:      exported with 6 x 6, asked about 10 x 10, enlarged twice: sizes read from x give 20 x 20,
#            from x.unflatten 12 x 12; torch says 20 x 20 in both.
# For you:   the model answers photos of another size with masks of the example's size, without an
#            error. Read sizes from the tensor as it came, and compare with torch at two sizes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0
env/bin/python - <<'PYTHON'
import io
import sys
import warnings

import onnx
import onnxruntime
import torch


class Enlarge(torch.nn.Module):
    def __init__(self, in_groups):
        super().__init__()
        self.in_groups = in_groups

    def forward(self, x):
        sizes = x.unflatten(1, (2, 4)).shape[3:] if self.in_groups else x.shape[2:]
        return torch.nn.functional.interpolate(x, size=(2 * sizes[0], 2 * sizes[1]))


axes = {"x": {2: "height", 3: "width"}, "y": {2: "rows", 3: "cols"}}
photo = torch.zeros(1, 8, 10, 10)
seen = {}
for in_groups in (False, True):
    model, file = Enlarge(in_groups).eval(), io.BytesIO()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.onnx.export(
            model,
            (torch.zeros(1, 8, 6, 6),),
            file,
            dynamo=False,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes=axes,
        )
    onnx.checker.check_model(onnx.load_from_string(file.getvalue()), full_check=True)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"x": photo.numpy()})[0]
    warned = any("constant" in str(warning.message) for warning in said)
    seen[in_groups] = (answer.shape[2:], tuple(model(photo).shape[2:]), warned)
print("(ONNX Runtime, torch, whether it warned), by whether sizes come from groups:", seen)
sys.exit(seen != {False: ((20, 20), (20, 20), False), True: ((12, 12), (20, 20), False)})
PYTHON
