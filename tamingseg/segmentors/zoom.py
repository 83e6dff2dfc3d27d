"""Looking closer: once a mask is known roughly, it is asked for again at a higher resolution.

A model sees every photo at its own few hundred pixels, and a mask can only be as fine as that. So
the part of the image that holds the mask and the clicks is cropped, fitted to the model like an
image, and asked about again (zoom-in, Sofiiuk et al. 2020, section 4.2). There are few different
windows, so one click after the other looks through the same one, which is encoded once; and what a
click is answered with follows from the clicks and the mask alone. A window with fewer pixels than
the model takes is enlarged beyond them: the model's answer is finer all the same.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tamingseg.masks.changes import settle
from tamingseg.masks.connected import connected_to
from tamingseg.segmentors.base import ImageEmbedding, check_previous
from tamingseg.segmentors.click import ClickSegmentor
from tamingseg.values import MASK_THRESHOLD, Click

_SMALLEST = 64
"""Height and width of the smallest window in pixels; others are larger by powers of sqrt(2)."""

_MARGIN = 1.2
"""A window is so much higher and wider than what has to be seen: some context helps."""

_LARGEST = 0.6
"""Share of the image above which a window shows nothing larger."""

_WIDE = 4
"""A photo is very wide, or high, if one side is so many times as long as the other."""

_KEPT = 3
"""Windows of an image that are remembered."""

_LEAK = 0.25
"""An answer that claims more at the border of its window goes on outside."""

Window = tuple[int, int, int, int]
"""(top, left, height, width) in pixels."""


def zoom_window(mask: np.ndarray, click: Click) -> Window | None:
    """Return the part of an image to look at, around mask and click; None if that is (nearly) all.

    Parameters
    ----------
    mask
        bool (H, W), what is in it so far.
    click
        The last one, inside the image.
    """
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    low = np.array([click.row, click.col])
    high = low + 1
    if len(rows):
        low = np.minimum(low, (rows[0], cols[0]))
        high = np.maximum(high, (rows[-1] + 1, cols[-1] + 1))
    # Few sizes, on a grid of an eighth: what moves the centre by a sixteenth at most, so the margin
    # keeps everything inside.
    image = np.array(mask.shape)
    octaves = np.log2(np.maximum(_MARGIN * (high - low) / _SMALLEST, 1))
    size = np.minimum(np.ceil(_SMALLEST * 2 ** (np.ceil(2 * octaves) / 2)), image)
    if size.prod() > _LARGEST * mask.size:
        return None
    step = np.maximum(size // 8, 1)
    corner = np.round(((low + high) / 2 - size / 2) / step) * step
    top, left = np.clip(corner, 0, image - size).astype(int).tolist()
    height, width = size.astype(int).tolist()
    return top, left, height, width


class Windows:
    """The embeddings of the windows looked through last; several threads may share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[Window, ImageEmbedding] = OrderedDict()
        self._lock = Lock()

    def get(self, window: Window, embed: Callable[[], ImageEmbedding]) -> ImageEmbedding:
        """Return what is remembered of a window, or what `embed` makes of it."""
        with self._lock:
            known = self._known.pop(window, None)
        known = known or embed()  # outside of the lock: others need not wait for it
        with self._lock:
            self._known[window] = known
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True, eq=False)
class ZoomEmbedding(ImageEmbedding):
    """An embedding with those of the windows that its image was last looked at through."""

    windows: Windows = field(default_factory=Windows)


class ZoomSegmentor(ClickSegmentor):
    """A `ClickNet` as a segmentor that looks closer when there is a mask to look at.

    `embed`, and `predict` at the model's own resolution, are those of `ClickSegmentor`.
    """

    def embed(self, image: np.ndarray) -> ZoomEmbedding:
        """See `Segmentor.embed`; the size in memory is with windows, as large as they can get."""
        whole = super().embed(image)
        # The canvas of a wide photo is wide; a window of it may be a square.
        height, width = self._frame(whole.size).canvas
        square = whole.feature_bytes * max(height, width) ** 2 // (height * width)
        windows = _KEPT * (square + int(_LARGEST * image.nbytes))
        return ZoomEmbedding(image, whole.features, whole.feature_bytes + windows)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`; a very wide photo is looked at closer, click by click."""
        answers = super().predict(embedding, clicks, full_size)
        if full_size and _is_wide(embedding.size):
            for answer, click in zip(answers, clicks, strict=True):
                self._look_closer(embedding, answer, [click], None)
        return answers

    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """See `JointSegmentor.predict_jointly`; the model is asked again through a window.

        With a previous answer, only what the last click may be about is changed, see `settle`.
        """
        answer = super().predict_jointly(embedding, clicks, previous)
        if previous is not None:
            previous = check_previous(previous, embedding.size)
        if previous is not None or _is_wide(embedding.size):
            self._look_closer(embedding, answer, clicks, previous)
        return answer if previous is None else settle(answer, previous, clicks)

    def _finest(self, features: Any, points: Tensor, previous: Tensor | None) -> Tensor:
        """See `ClickSegmentor`; one positive click asks for one piece, see `connected_to`."""
        logits = super()._finest(features, points, previous)
        if previous is None and points.shape[1] == 1:
            cells_per_pixel = logits.shape[3] / (4 * features[0].shape[3])
            for answer, (row, col, sign) in zip(logits[0], points[:, 0].tolist(), strict=True):
                if sign == 1:
                    # A click at the very edge may be rounded to the far side of it.
                    cell = [
                        min(int(place * cells_per_pixel), side - 1)
                        for place, side in zip((row, col), answer.shape, strict=True)
                    ]
                    piece = connected_to(answer.float().cpu().numpy(), *cell)
                    answer.copy_(torch.from_numpy(piece))
        return logits

    def _look_closer(
        self,
        embedding: ImageEmbedding,
        answer: np.ndarray,
        clicks: Sequence[Click],
        previous: np.ndarray | None,
    ) -> None:
        """Ask about the window around mask and last click, and write what is found into `answer`.

        An answer that runs out of its window is asked for again through a larger one.
        """
        if not isinstance(embedding, ZoomEmbedding):
            raise ValueError(f"expected what {self.name!r} itself embedded, got another embedding")
        wide = _is_wide(embedding.size)
        # Next to nothing is left of a very wide photo at the model's size: begin at the click.
        seen = _around(clicks[-1], answer.shape) if wide else answer > MASK_THRESHOLD
        if previous is not None:
            seen |= previous > MASK_THRESHOLD
        while (window := zoom_window(seen, clicks[-1])) is not None:
            top, left, height, width = window
            part = np.s_[top : top + height, left : left + width]
            pixels = np.ascontiguousarray(embedding.image[part])
            closer = embedding.windows.get(window, partial(super().embed, pixels))
            moved = [replace(click, row=click.row - top, col=click.col - left) for click in clicks]
            # Earlier clicks far from the mask have had their effect; they need not be in view.
            inside = [c for c in moved if 0 <= c.row < height and 0 <= c.col < width]
            known = None if previous is None else previous[part]
            found = super().predict_jointly(closer, inside, known)
            if not _runs_out(found, window, embedding.size):
                if wide:
                    answer[:] = 0
                answer[part] = found
                break
            # What fills a window from side to side is seen through a larger one.
            seen[part] = True


def _is_wide(size: tuple[int, int]) -> bool:
    return max(size) > _WIDE * min(size)


def _around(click: Click, size: tuple[int, int]) -> np.ndarray:
    """Mark the square around a click that fills an image's shorter side once it has a margin."""
    half = int(min(size) / _MARGIN / 2)
    seen = np.zeros(size, bool)
    row, col = int(click.row), int(click.col)
    seen[max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1] = True
    return seen


class CandidateClickSegmentor(ZoomSegmentor):
    """A `ClickNet` of several outputs as a `CandidateSegmentor`.

    `predict` and `predict_jointly` answer with the mask of the highest expected IoU.
    """

    @torch.inference_mode()
    def predict_candidates(
        self, embedding: ImageEmbedding, clicks: Sequence[Click]
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `CandidateSegmentor.predict_candidates`; K is the model's number of outputs."""
        frame = self._frame(embedding.size)
        points = self._points(clicks, frame)[:, None]
        size = self._own_size(frame)
        outputs = self.model.config.outputs
        answers = np.empty((len(points), outputs, *size), np.float32)
        expected = np.empty((len(points), outputs), np.float32)
        for part in self._parts(len(points), frame, size):
            logits, quality = self.model.decode_candidates(embedding.features, points[None, part])
            maps = self._to_image(logits.flatten(1, 2), frame, size)
            answers[part] = maps.reshape(-1, outputs, *size)
            expected[part] = quality[0].cpu().numpy()
        return answers, expected


def _runs_out(answer: np.ndarray, window: Window, size: tuple[int, int]) -> bool:
    """Whether the answer in a window goes on across a border that is not the image's."""
    top, left, height, width = window
    sides = [
        (top > 0, answer[0]),
        (top + height < size[0], answer[-1]),
        (left > 0, answer[:, 0]),
        (left + width < size[1], answer[:, -1]),
    ]
    return any(inside and side.max() > _LEAK for inside, side in sides)
