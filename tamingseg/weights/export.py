"""Exports a trained model as graphs for ONNX Runtime; `tamingseg.weights.graphs` reads them."""

import io
import json
import warnings
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto
from timm.layers import Conv2dSame
from torch import Tensor, nn
from torch.nn import functional as F
from torch.onnx import symbolic_helper

from tamingseg.files import write_whole
from tamingseg.masks.rated import LEVELS
from tamingseg.models.clicknet import ClickNet
from tamingseg.models.pixel_embedder import PixelEmbedder
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.graphs import (
    FACTS,
    FORMAT_VERSION,
    MANIFEST,
    feature_name,
    graphs_path,
    read_weights,
    shapes_of,
)

_OPSET = 20
_SMALL = 64
"""Numbers that a graph may hold itself, such as the mean of the images; weights it only names."""


def export_graphs(weights: str | Path) -> Path:
    """Write the graphs of a checkpoint beside it, and return their path.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no safetensors file of tamingseg, or of a model that is not exported: only the
        small models for CPUs are.
    """
    weights = Path(weights)
    model: Any = load_model(weights)
    if weights.suffix != ".safetensors" or not isinstance(model, ClickNet | PixelEmbedder):
        raise ValueError(
            f"{weights}: expected a safetensors file of a ClickNet or PixelEmbedder, which run in "
            f"ONNX Runtime; it holds a {type(model).__name__}"
        )
    _fix_padding(model)
    header, state = read_weights(weights)
    files, needed = {}, {}
    for task, module, inputs, names in _tasks(model):
        graph = _trace(module, inputs, names)
        needed[task] = _name_weights(graph, set(state))
        files[f"{task}.onnx"] = graph.SerializeToString()
    manifest = {
        "version": FORMAT_VERSION,
        **header,
        **_facts(model),
        "shapes": shapes_of(state),
        "graphs": needed,
    }
    files[MANIFEST] = json.dumps(manifest, indent=1).encode()
    path = graphs_path(weights)
    write_whole(path, _archive(files))
    return path


def _facts(model: Any) -> dict[str, int]:
    config = model.config
    values = (
        model.stride_multiple,
        config.image_size,
        getattr(config, "outputs", 1),
        getattr(config, "dim", 0),
    )
    return dict(zip(FACTS, values, strict=True))


class _Encode(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, canvas: Tensor) -> tuple[Tensor, ...]:
        features = self.model.encode(canvas)
        return tuple(dict.fromkeys(features))  # each once


class _Ask(nn.Module):
    """What a model says about an image: a method of it, and features before other arrays."""

    def __init__(self, model: Any, method: str) -> None:
        super().__init__()
        self.model, self.method = model, method

    def forward(self, features: tuple[Tensor, ...], *others: Tensor) -> Any:
        if isinstance(self.model, PixelEmbedder):
            features = (features[0], features[-1])
        if self.method == "enlarge":
            return self.model.enlarge(others[0], features)
        return getattr(self.model, self.method)(features, *others)


class _Affinity(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.model.affinity_logits(first, second).sigmoid()


class _Rate(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, log_areas: Tensor) -> Tensor:
        return self.model.rate(log_areas)


_Task = tuple[str, nn.Module, tuple[Any, ...], Sequence[str]]


def _tasks(model: Any) -> list[_Task]:
    """List what a network does: name, module, inputs to trace it with, and their names."""
    canvas = torch.rand(1, 3, 2 * model.stride_multiple, 3 * model.stride_multiple)
    encode = _Encode(model).eval()
    with torch.no_grad():
        features = encode(canvas)
    of_image = [feature_name(place) for place in range(len(features))]
    points = torch.tensor([[[[5.0, 7.0, 1.0], [20.0, 30.0, 0.0]]] * 2])
    asked = (features, points, torch.rand(1, 1, 9, 12))
    names = [*of_image, "points", "previous"]
    tasks: list[_Task] = [
        ("encode", encode, (canvas,), ["canvas"]),
        ("decode", _Ask(model, "decode"), asked, names),
    ]
    if getattr(model.config, "rated", False):
        tasks.append(("rate", _Rate(model), (torch.rand(2, len(LEVELS)),), ["log_areas"]))
    if isinstance(model, ClickNet):
        asks = _Ask(model, "decode_coarse")
        tasks.append(("decode_coarse", asks, asked[:2], [*of_image, "points"]))
        with torch.no_grad():
            given = (*asked[:2], *asks(*asked[:2]))
        stages = [*of_image, "points", "maps", "query"]
        tasks.append(("decode_fine", _Ask(model, "decode_fine"), given, stages))
    if getattr(model.config, "outputs", 1) > 1:
        tasks.append(("decode_candidates", _Ask(model, "decode_candidates"), asked, names))
    if getattr(model.config, "finer", False):
        logits = torch.rand(1, 2, *features[0].shape[2:])
        names = [*of_image, "logits"]
        tasks.append(("enlarge", _Ask(model, "enlarge"), (features, logits), names))
    if isinstance(model, PixelEmbedder):
        pair = (torch.rand(2, model.config.dim), torch.rand(3, model.config.dim))
        tasks.append(("affinity", _Affinity(model), pair, ["first", "second"]))
    return tasks


def _trace(module: nn.Module, inputs: tuple[Any, ...], names: Sequence[str]) -> onnx.ModelProto:
    """Export a module for inputs of any size.

    torch's newer exporter takes minutes for these models and wants the relations of all sizes
    spelled out.
    """
    for operator, written in _WRITTEN.items():
        torch.onnx.register_custom_op_symbolic(operator, written, _OPSET)
    flat = [*inputs[0], *inputs[1:]] if isinstance(inputs[0], tuple) else inputs
    sizes = {
        name: {axis: f"{name}_{axis}" for axis in range(part.ndim)}
        for name, part in zip(names, flat, strict=True)
    }
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that checks of Python are not traced, and its own age
        torch.onnx.export(
            module.eval(),
            inputs,
            file,  # type: ignore[arg-type]
            input_names=list(names),
            dynamic_axes=sizes,
            opset_version=_OPSET,
            dynamo=False,
            # As it is: ONNX Runtime joins layers itself, and what is joined here has no name.
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
        )
    return onnx.load_from_string(file.getvalue())


def _antialiased(g: Any, image: Any, size: Any, *_: Any) -> Any:
    """Write torch's antialiased resize, whose weights outside of the image do not count."""
    shape = g.op("Shape", image)
    zero, two = (g.op("Constant", value_t=torch.tensor([number])) for number in (0, 2))
    if symbolic_helper._is_packed_list(size):
        axes = g.op("Constant", value_t=torch.tensor([0]))
        sides = symbolic_helper._unpack_list(size)
        size = g.op("Concat", *(g.op("Unsqueeze", side, axes) for side in sides), axis_i=0)
    sizes = g.op("Concat", g.op("Slice", shape, zero, two), size, axis_i=0)
    nothing = g.op("Constant", value_t=torch.tensor([], dtype=torch.float32))
    how = {"mode_s": "linear", "antialias_i": 1, "exclude_outside_i": 1}
    return g.op("Resize", image, nothing, nothing, sizes, **how)


def _softmax(g: Any, values: Any, axis: Any, *_: Any) -> Any:
    """Write a softmax step by step, which is much faster than ONNX Runtime's on an inner axis."""
    place = symbolic_helper._get_const(axis, "i", "dim")
    axes = g.op("Constant", value_t=torch.tensor([place]))
    largest = g.op("ReduceMax", values, axes)
    shares = g.op("Exp", g.op("Sub", values, largest))
    return g.op("Div", shares, g.op("ReduceSum", shares, axes))


_WRITTEN = {"aten::_upsample_bilinear2d_aa": _antialiased, "aten::softmax": _softmax}
"""Operators that torch exports not at all, or not well."""


def _fix_padding(model: nn.Module) -> None:
    """Let convolutions with TensorFlow's padding pad by fixed numbers.

    How much they pad follows from the image's size, but is always the same for multiples of the
    stride.
    """
    for layer in model.modules():
        if isinstance(layer, Conv2dSame):
            layer.forward = partial(_padded, layer)  # type: ignore[method-assign]


def _padded(layer: Conv2dSame, values: Tensor) -> Tensor:
    spare = [
        dilation * (kernel - 1) + 1 - stride
        for kernel, stride, dilation in zip(
            layer.kernel_size, layer.stride, layer.dilation, strict=True
        )
    ]
    pads = [*(side // 2 for side in spare), *(side - side // 2 for side in spare)]
    settings = pads, layer.stride, layer.dilation, layer.groups
    found = _PaddedConvolution.apply(values, layer.weight, *settings)
    return found if layer.bias is None else found + layer.bias[:, None, None]


class _PaddedConvolution(torch.autograd.Function):
    """A convolution that pads top, left, bottom and right by numbers of their own.

    ONNX has it and torch has not. After a layer that pads, ONNX Runtime would rearrange the memory.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, pads: list[int], *settings: Any) -> Any:
        top, left, bottom, right = pads
        stride, dilation, groups = settings
        padded = F.pad(values, (left, right, top, bottom))
        return F.conv2d(padded, weight, None, stride, 0, dilation, groups)

    @staticmethod
    def symbolic(g: Any, values: Any, weight: Any, pads: list[int], *settings: Any) -> Any:
        stride, dilation, groups = settings
        how = {"strides_i": stride, "dilations_i": dilation, "group_i": groups}
        return g.op("Conv", values, weight, pads_i=pads, **how)


def _name_weights(model: onnx.ModelProto, known: set[str]) -> list[str]:
    """Replace the weights in a graph by their names in the checkpoint, and return these."""
    graph = model.graph
    needed = []
    for tensor in graph.initializer:
        name = tensor.name.removeprefix("model.")
        if name not in known:
            if sum(tensor.dims) > _SMALL:
                raise ValueError(f"{tensor.name} of {list(tensor.dims)} is no tensor of the model")
            continue
        for node in graph.node:
            node.input[:] = [name if key == tensor.name else key for key in node.input]
        needed.append(name)
        tensor.name = name
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights")
    # Sizes are known when it runs; what was seen while tracing is not true of them.
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    for node in graph.node:
        node.ClearField("doc_string")
    return sorted(needed)


def _archive(files: dict[str, bytes]) -> bytes:
    """Write a ZIP file that is the same whenever it is written."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()
