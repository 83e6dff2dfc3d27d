"""Our click models behind the `Segmentor` protocol.

The model sees a canvas, the user an image; here is the way between the two. `ClickSegmentor` keeps
the aspect ratio and pads; `SegNextSegmentor` does everything as SegNext was evaluated;
`FeatureSegmentor` is a model that knows every pixel by a feature.
"""

import ctypes
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tamingseg.checks import check_image
from tamingseg.frame import Frame
from tamingseg.segmentors.base import (
    LARGEST_LOGIT,
    DistinctClicks,
    ImageEmbedding,
    check_clicks,
    check_previous,
)
from tamingseg.segmentors.distinct import distinct_maps
from tamingseg.segmentors.network import Network
from tamingseg.threads import in_threads
from tamingseg.values import Click

_COARSE = 16
"""Pixels of the canvas along each side of a cell of rough answers."""
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # names of options in glibc's malloc.h


class ClickSegmentor:
    """A `ClickNet` as a segmentor: images are fitted to its longest side and padded.

    The network is not changed, so one segmentor may serve several threads. `precision` says what
    its encoder computes in, for records: figures differ in the second decimal.
    """

    antialias = True

    def __init__(self, network: Network, name: str) -> None:
        self.network = network
        self.name = name
        self.precision = network.precision
        self.device = network.device
        _reuse_large_blocks()

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        height, width = check_image(image).shape[:2]
        planes = image.transpose(2, 0, 1).astype(np.float32) / 255
        canvas = self._to_canvas(planes, self._frame((height, width)))
        features, nbytes = self.network.encode(canvas)
        return ImageEmbedding(image, features, nbytes)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`; the model's own resolution is that of its logits."""
        frame = self._frame(embedding.size)
        points = self._points(clicks, frame)[:, None]
        size = embedding.size if full_size else self._own_size(frame)
        answers = np.empty((len(points), *size), np.float32)

        def answer(part: slice) -> None:
            if full_size:
                logits = self._finest(embedding.features, points[part], None)
            else:
                logits = self.network.decode(embedding.features, points[part], None, finest=False)
            answers[part] = to_probabilities(resample_content(logits, frame, size))

        in_threads(answer, self._parts(len(points), frame, size), self.network.workers)
        return answers

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
        known = None
        if previous is not None:
            known = self._to_canvas(check_previous(previous, frame.image)[None], frame)
        points = self._points(clicks, frame)
        logits = self._finest(embedding.features, points[None], known)
        return to_probabilities(resample_content(logits, frame, embedding.size)[0])

    def distinct_clicks(self, embedding: ImageEmbedding, clicks: Sequence[Click]) -> DistinctClicks:
        """See `DistinctSegmentor.distinct_clicks`; the model's rough answers are compared."""
        frame = self._frame(embedding.size)
        points = self._points(clicks, frame)[:, None]

        def ask(part: slice) -> tuple[np.ndarray, np.ndarray] | None:
            return self.network.decode_coarse(embedding.features, points[part])

        parts = list(self._parts(len(points), frame, frame.canvas))
        found = [part for part in in_threads(ask, parts, self.network.workers) if part is not None]
        if not found:  # this network has no rough answers
            return DistinctClicks(np.arange(len(points)), np.ones(len(points), int), (points,))
        maps, query = (np.concatenate(parts) for parts in zip(*found, strict=True))
        height, width = (-(-side // _COARSE) for side in frame.content)
        rough = np.ascontiguousarray(maps[:, 0, :height, :width])
        chosen, counts = distinct_maps(to_probabilities(rough))
        return DistinctClicks(chosen, counts, (points[chosen], maps[chosen], query[chosen]))

    def predict_distinct(
        self, embedding: ImageEmbedding, distinct: DistinctClicks, part: slice
    ) -> np.ndarray:
        """See `DistinctSegmentor.predict_distinct`; rough answers are made finer."""
        frame = self._frame(embedding.size)
        points, *rough = (array[part] for array in distinct.known)
        answers = np.empty((len(points), *self._own_size(frame)), np.float16)

        def answer(part: slice) -> None:
            asked = embedding.features, points[part]
            if rough:
                logits = self.network.decode_fine(*asked, *(array[part] for array in rough))
            else:
                logits = self.network.decode(*asked, None, finest=False)
            found = resample_content(logits, frame, answers.shape[1:])
            answers[part] = np.clip(found, -LARGEST_LOGIT, LARGEST_LOGIT, out=found)

        in_threads(answer, self._parts(len(points), frame, frame.canvas), self.network.workers)
        return answers

    def _frame(self, size: tuple[int, int]) -> Frame:
        return Frame.fit(size, self.network.image_size, self.network.stride_multiple)

    def _finest(self, features: Any, points: np.ndarray, previous: np.ndarray | None) -> np.ndarray:
        """Answer N queries, (N, K, 3) in pixels of the canvas, as finely as the model can.

        Returns logits (N, h, w) over the canvas.
        """
        return self.network.decode(features, points, previous, finest=True)

    def _points(self, clicks: Sequence[Click], frame: Frame) -> np.ndarray:
        """Clicks of the image -> float32 (N, 3) rows (row, col, sign) of the canvas."""
        rows = check_clicks(clicks, frame.image)
        rows[:, :2] = frame.to_canvas(rows[:, :2])
        return rows.astype(np.float32)

    def _to_canvas(self, planes: np.ndarray, frame: Frame) -> np.ndarray:
        """Resize float32 (C, H, W) to the content of the canvas; what remains of it is zero.

        Returns (1, C, height, width), the canvas.
        """
        canvas = np.zeros((1, len(planes), *frame.canvas), np.float32)
        height, width = frame.content

        def resize(channel: int) -> None:
            plane, resized = planes[channel], canvas[0, channel, :height, :width]
            if self.antialias and (height < plane.shape[0] or width < plane.shape[1]):
                # Of Pillow: with its weights each network was trained. OpenCV's enlarge alike.
                shrunk = Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)
                resized[:] = np.asarray(shrunk)
            else:
                resized[:] = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)

        in_threads(resize, range(len(planes)), self.network.workers)
        return canvas

    def _own_size(self, frame: Frame) -> tuple[int, int]:
        """(height, width) of the content in logits, which are a quarter of the canvas."""
        height, width = frame.content
        return max(1, round(height / 4)), max(1, round(width / 4))

    def _parts(self, total: int, frame: Frame, size: tuple[int, int]) -> Iterator[slice]:
        """Split range(total) so that neither the decoding nor the answers of a part get large."""
        pixels = max(frame.canvas[0] * frame.canvas[1], size[0] * size[1])
        step = max(1, self.network.pixels_at_once // pixels)
        return (slice(start, start + step) for start in range(0, total, step))


class SegNextSegmentor(ClickSegmentor):
    """A `SegNext` as a segmentor, with the official evaluation's every number.

    Images are stretched to the model's square without antialiasing, a click is the index of its
    pixel, rounded on the square, and the logits are enlarged in two steps.
    """

    antialias = False

    def _frame(self, size: tuple[int, int]) -> Frame:
        side = self.network.image_size
        return Frame.stretch(size, (side, side))

    def _points(self, clicks: Sequence[Click], frame: Frame) -> np.ndarray:
        rows = check_clicks(clicks, frame.image)
        rows[:, :2] = np.floor(frame.to_canvas(np.floor(rows[:, :2])) + 0.5)
        return rows.astype(np.float32)


class FeatureSegmentor(ClickSegmentor):
    """A `PixelEmbedder` as a segmentor: a click is answered with its affinity to every pixel."""

    def pixel_features(self, embedding: ImageEmbedding) -> np.ndarray:
        """See `PixelSegmentor.pixel_features`; queries, then keys if the model has any."""
        frame = self._frame(embedding.size)
        features = self.network.pixel_features(embedding.features)
        features = resample_content(features, frame, self._own_size(frame))
        return np.ascontiguousarray(features.transpose(1, 2, 0))

    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """See `PixelSegmentor.affinity`."""
        return self.network.affinity(first, second)


def _reuse_large_blocks() -> None:
    """Let the C library reuse freed memory instead of giving every large block back at once.

    By itself glibc gives back what is freed of large blocks. Then each map of a grid of clicks, and
    each layer of an encoder, is fetched from the system page by page, which takes half as long
    again as the arithmetic. `malloc_trim` gives it back when nobody works.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, 2**30)
        set_option(_TRIM_THRESHOLD, 2**30)


def resample_content(logits: np.ndarray, frame: Frame, size: tuple[int, int]) -> np.ndarray:
    """Resize the content of (N, h, w), maps over the canvas, to (N, *size): bilinear, by centres.

    The edge of the content may lie between two logits, so the map is enlarged by the exact scale
    and cropped afterwards.
    """
    scale = [
        side * canvas / (content * logit_side)
        for side, canvas, content, logit_side in zip(
            size, frame.canvas, frame.content, logits.shape[1:], strict=True
        )
    ]
    resized = np.empty((len(logits), *size), np.float32)
    for plane, place in zip(logits, resized, strict=True):
        whole = cv2.resize(plane, None, fx=scale[1], fy=scale[0], interpolation=cv2.INTER_LINEAR)
        place[:] = whole[: size[0], : size[1]]
    return resized


def to_probabilities(logits: np.ndarray) -> np.ndarray:
    """Apply the logistic function to float32 logits, in place, and return them.

    It agrees with `scipy.special.expit` to 1e-6, in a quarter of the time.
    """
    with np.errstate(over="ignore"):  # exp gives infinity, and the quotient 0
        np.exp(np.negative(logits, out=logits), out=logits)
    logits += 1
    return np.reciprocal(logits, out=logits)
