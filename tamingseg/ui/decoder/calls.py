"""What the browser fetches to answer clicks itself: the decoder, and each photo's features.

Weights and features are safetensors files of float16, which changes a probability by less than a
thousandth. The scripts beside this file, and the kernels in WebAssembly, do with them what
`ClickDecoder` of `tamingseg.models.clicknet` does.
"""

import asyncio
import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tamingseg.frame import Frame
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.segmentors.onnx_network import OnnxNetwork
from tamingseg.segmentors.windows import is_wide
from tamingseg.segmentors.zoom import ZoomSegmentor
from tamingseg.ui.guard import FEATURES_PATH
from tamingseg.ui.workspaces import Gone, Workspaces

_PARTS = (
    "decoder.",
    "fine_features.",
    "fine_keys.",
    "coarse_features.",
    "coarse_keys.",
    "rating.",
)
"""Beginnings of the names of the weights that answer a click."""

_LEVELS = 4
"""The first features of a ClickNet are its pyramid; four more follow from these."""

_UPSAMPLING = 8
"""The feature that a model with finer answers has in the end."""

_PACKED_AT_ONCE = 2

KERNELS = Path(__file__).with_name("kernels.wasm").read_bytes()
"""The loops of the decoder that take the time, see kernels.c."""


def decoder_weights(segmentor: Segmentor) -> bytes | None:
    """Return the weights that answer a click; None of a model that the browser cannot run.

    It runs a `ClickNet` of one output that has graphs.
    """
    if type(segmentor) is not ZoomSegmentor or not isinstance(segmentor.network, OnnxNetwork):
        return None
    weights = segmentor.network.graphs.weights
    return _pack({name: array for name, array in weights.items() if name.startswith(_PARTS)})


def decoder_settings(weights: bytes | None) -> dict[str, Any]:
    """Return what the page's scripts know of the decoder from the start: a name of its files."""
    if weights is None:
        return {"DECODER": None}
    return {"DECODER": hashlib.blake2b(weights + KERNELS, digest_size=8).hexdigest()}


def pack_features(segmentor: ZoomSegmentor, embedding: ImageEmbedding) -> bytes:
    """Return a photo's features, with the (height, width) of its content on the canvas.

    Raises
    ------
    ValueError
        If the photo is very wide: the first click on it is answered by a closer look.
    """
    if is_wide(embedding.size):
        raise ValueError("a very wide photo is looked at closer, which the browser cannot do")
    network, features = segmentor.network, embedding.features
    sent = {f"level{place}": features[place] for place in range(_LEVELS)}
    if len(features) > _UPSAMPLING:
        sent["upsampling"] = features[_UPSAMPLING]
    frame = Frame.fit(embedding.size, network.image_size, network.stride_multiple)
    return _pack(sent, content=frame.content)


def decoder_routes(workspaces: Workspaces, weights: bytes) -> list[Route]:
    """Return the routes for weights and kernels, and for the features of the photo of a token."""
    files = {"weights": weights, "kernels": KERNELS}
    name, segmentor = decoder_settings(weights)["DECODER"], workspaces.segmentor
    assert isinstance(segmentor, ZoomSegmentor)  # or there are no weights
    packing = asyncio.Semaphore(_PACKED_AT_ONCE)

    def pack(token: str) -> bytes:
        segmentor = workspaces.segmentor
        assert isinstance(segmentor, ZoomSegmentor)  # or there were no weights
        embedding, _ = workspaces.find(token).encoded()
        # The zeros of rectified features take half of the bytes: level 1 is fast and finds them.
        return gzip.compress(pack_features(segmentor, embedding), 1)

    async def send_features(request: Request) -> Response:
        try:
            async with packing:
                token = request.headers.get("x-tamingseg-token", "")
                content = await run_in_threadpool(pack, token)
        except (Gone, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        headers = {"cache-control": "private, no-store", "content-encoding": "gzip"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def send_file(request: Request) -> Response:
        content = files.get(request.path_params["part"])
        if content is None or request.path_params["name"] != name:
            return JSONResponse({"error": "there is no such file"}, status_code=404)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    return [
        Route(FEATURES_PATH, send_features),
        Route("/tamingseg/decoder/{part}/{name}", send_file),
    ]


def _pack(arrays: dict[str, np.ndarray], **about: tuple[int, int]) -> bytes:
    halves = {name: np.ascontiguousarray(array, np.float16) for name, array in arrays.items()}
    return save(halves, {key: " ".join(map(str, value)) for key, value in about.items()})
