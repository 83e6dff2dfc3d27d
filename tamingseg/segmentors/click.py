"""Our click models behind the `Segmentor` protocol.

The model sees a canvas, the user an image; here is the way between the two. `ClickSegmentor` keeps
the aspect ratio and pads; `SegNextSegmentor` does everything as SegNext was evaluated;
`FeatureSegmentor` is a model that knows every pixel by a feature.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tamingseg.checks import check_image
from tamingseg.frame import Frame
from tamingseg.segmentors.base import ImageEmbedding, check_clicks, check_previous
from tamingseg.values import Click

_PIXELS_AT_ONCE = 2**21
"""Clicks times pixels (of the canvas or of the answer) that are worked on together: on a CPU what
stays in its cache, which is more than twice as fast as four times as much."""
_MORE_ON_A_GPU = 16
"""How many times as much a GPU works on together."""


class ClickSegmentor:
    """A `ClickNet` as a segmentor: images are fitted to its longest side and padded.

    The model is put on `device` and in evaluation mode, and is not changed afterwards, so one
    segmentor may serve several threads. On CPUs that multiply bfloat16 the encoder does, which
    halves its time at no loss (docs/results.md); features are float32 all the same. `precision`
    says which, for records: figures differ in the second decimal.
    """

    antialias = True
    exact = False
    """Whether the encoder computes in float32 everywhere."""

    def __init__(self, model: nn.Module, name: str, device: str | torch.device = "cpu") -> None:
        self.model: Any = model.to(device).to(memory_format=torch.channels_last).eval()
        self.name = name
        self.device = torch.device(device)
        _reuse_large_blocks()
        can = self.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        self.precision = "bfloat16" if can and not self.exact else "float32"

    @torch.inference_mode()
    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        height, width = check_image(image).shape[:2]
        frame = self._frame((height, width))
        pixels = torch.tensor(image, device=self.device)
        pixels = pixels.permute(2, 0, 1)[None].float() / 255
        canvas = self._to_canvas(pixels, frame)
        lower = self.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=lower):
            features = self.model.encode(canvas)
        tensors = [features] if isinstance(features, Tensor) else features
        # The decoder gains nothing from bfloat16, and is asked many times.
        tensors = [tensor.float() for tensor in tensors]
        features = tensors[0] if isinstance(features, Tensor) else tuple(tensors)
        nbytes = {tensor.data_ptr(): tensor.nbytes for tensor in tensors}  # some are one tensor
        return ImageEmbedding(image, features, sum(nbytes.values()))

    @torch.inference_mode()
    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`; the model's own resolution is that of its logits."""
        frame = self._frame(embedding.size)
        points = self._points(clicks, frame)[:, None]
        size = embedding.size if full_size else self._own_size(frame)
        answers = np.empty((len(points), *size), np.float32)
        for part in self._parts(len(points), frame, size):
            if full_size:
                logits = self._finest(embedding.features, points[part], None)
            else:
                logits = self.model.decode(embedding.features, points[None, part])
            answers[part] = self._to_image(logits, frame, size)
        return answers

    @torch.inference_mode()
    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """See `JointSegmentor.predict_jointly`."""
        if len(clicks) == 0:
            raise ValueError("a joint answer needs at least one click, got none")
        frame = self._frame(embedding.size)
        known = None if previous is None else self._previous(previous, frame)
        points = self._points(clicks, frame)
        logits = self._finest(embedding.features, points[None], known)
        return self._to_image(logits, frame, embedding.size)[0]

    def _frame(self, size: tuple[int, int]) -> Frame:
        return Frame.fit(size, self.model.config.image_size, self.model.stride_multiple)

    def _finest(self, features: Any, points: Tensor, previous: Tensor | None) -> Tensor:
        """Answer N queries, (N, K, 3) in pixels of the canvas, as finely as the model can.

        Returns logits (1, N, h, w) over the canvas.
        """
        return self.model.enlarge(self.model.decode(features, points[None], previous), features)

    def _points(self, clicks: Sequence[Click], frame: Frame) -> Tensor:
        """Clicks of the image -> (N, 3) rows (row, col, sign) of the canvas."""
        rows = check_clicks(clicks, frame.image)
        rows[:, :2] = frame.to_canvas(rows[:, :2])
        return torch.from_numpy(rows).float().to(self.device)

    def _to_canvas(self, pixels: Tensor, frame: Frame) -> Tensor:
        """Resize (1, C, H, W) to the content of the canvas; what remains of it is zero."""
        content = F.interpolate(pixels, frame.content, mode="bilinear", antialias=self.antialias)
        below, right = (c - s for c, s in zip(frame.canvas, frame.content, strict=True))
        return F.pad(content, (0, right, 0, below))

    def _previous(self, previous: np.ndarray, frame: Frame) -> Tensor:
        """Bring a probability map of the image onto the canvas, (1, 1, H, W)."""
        values = torch.from_numpy(check_previous(previous, frame.image)).to(self.device)
        return self._to_canvas(values[None, None], frame)

    def _own_size(self, frame: Frame) -> tuple[int, int]:
        """(height, width) of the content in logits, which are a quarter of the canvas."""
        height, width = frame.content
        return max(1, round(height / 4)), max(1, round(width / 4))

    def _parts(self, total: int, frame: Frame, size: tuple[int, int]) -> Iterator[slice]:
        """Split range(total) so that neither the decoding nor the answers of a part get large."""
        pixels = max(frame.canvas[0] * frame.canvas[1], size[0] * size[1])
        at_once = _PIXELS_AT_ONCE * (1 if self.device.type == "cpu" else _MORE_ON_A_GPU)
        step = max(1, at_once // pixels)
        return (slice(start, start + step) for start in range(0, total, step))

    def _to_image(self, logits: Tensor, frame: Frame, size: tuple[int, int]) -> np.ndarray:
        """Logits (1, N, h, w) over the canvas -> probabilities (N, *size) over the image."""
        logits = resample_content(logits.float(), frame, size)
        return logits[0].sigmoid_().cpu().numpy()


class SegNextSegmentor(ClickSegmentor):
    """A `SegNext` as a segmentor, with the official evaluation's every number.

    Images are stretched to the model's square without antialiasing, a click is the index of its
    pixel, rounded on the square, and the logits are enlarged in two steps.
    """

    antialias = False
    exact = True

    def _frame(self, size: tuple[int, int]) -> Frame:
        side = self.model.config.image_size
        return Frame.stretch(size, (side, side))

    def _points(self, clicks: Sequence[Click], frame: Frame) -> Tensor:
        rows = check_clicks(clicks, frame.image)
        rows[:, :2] = np.floor(frame.to_canvas(np.floor(rows[:, :2])) + 0.5)
        return torch.from_numpy(rows).float().to(self.device)


class FeatureSegmentor(ClickSegmentor):
    """A `PixelEmbedder` as a segmentor: a click is answered with its affinity to every pixel."""

    @torch.inference_mode()
    def pixel_features(self, embedding: ImageEmbedding) -> np.ndarray:
        """See `PixelSegmentor.pixel_features`; queries, then keys if the model has any."""
        queries, keys = embedding.features
        features = queries if keys is queries else torch.cat([queries, keys], 1)
        frame = self._frame(embedding.size)
        features = resample_content(features, frame, self._own_size(frame))
        return np.ascontiguousarray(features[0].permute(1, 2, 0).cpu().numpy())

    @torch.inference_mode()
    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """See `PixelSegmentor.affinity`."""
        dim = self.model.config.dim
        # Copies: what is handed in may be reversed or read-only, which torch does not take.
        queries = torch.from_numpy(first[:, :dim].copy()).to(self.device)
        keys = torch.from_numpy(second[:, -dim:].copy()).to(self.device)
        return self.model.affinity_logits(queries, keys).sigmoid_().cpu().numpy()


def _reuse_large_blocks() -> None:
    """Let the C library reuse freed memory instead of giving every large block back at once.

    glibc gives back blocks above a limit, and raises the limit to the largest block that was freed,
    up to 32 MiB. Without this each map of a grid of clicks is fetched from the system page by page,
    which takes as long as the arithmetic.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def resample_content(logits: Tensor, frame: Frame, size: tuple[int, int]) -> Tensor:
    """Resize the content of (1, N, h, w), a map over the canvas, to `size`: bilinear, by centres.

    The edge of the content may lie between two logits, so the map is enlarged by the exact scale
    and cropped afterwards.
    """
    scale = [
        side * canvas / (content * logit_side)
        for side, canvas, content, logit_side in zip(
            size, frame.canvas, frame.content, logits.shape[2:], strict=True
        )
    ]
    # The number of pixels is rounded down; a hair more keeps the last one from being lost.
    scale = [s * (1 + 1e-9) for s in scale]
    return F.interpolate(logits, scale_factor=scale, mode="bilinear")[..., : size[0], : size[1]]
