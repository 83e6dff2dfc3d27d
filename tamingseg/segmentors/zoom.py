"""Looking closer: once a mask is known roughly, it is asked for again at a higher resolution.

A model sees every photo at its own few hundred pixels, and a mask can only be as fine as that. So
the model is asked again about a window of the photo that holds the mask and the last click
(zoom-in, Sofiiuk et al. 2020, section 4.2). There are few different windows (see `windows`), so one
click after the other looks through the same one, which is encoded once. The answer follows from
the clicks and the mask alone. A window with fewer pixels than the model takes is enlarged: the
answer is finer all the same.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import expit

from tamingseg.masks.changes import settle
from tamingseg.masks.connected import connected_to
from tamingseg.masks.persistent import centred_on, persistent_level
from tamingseg.masks.rated import log_areas, rated_level
from tamingseg.segmentors.base import ImageEmbedding, check_previous
from tamingseg.segmentors.click import ClickSegmentor, resample_content, to_probabilities
from tamingseg.segmentors.windows import (
    Window,
    crop,
    inner_borders,
    is_wide,
    mark_around,
    slices,
    zoom_window,
)
from tamingseg.threads import in_threads
from tamingseg.values import MASK_THRESHOLD, Click

_KEPT = 3
"""Windows of an image that are remembered."""

_LEAK = 0.25
"""An answer that claims more at the border of its window goes on outside."""


class Windows:
    """The embeddings of the windows looked through last; several threads may share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[Window, ImageEmbedding] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, window: Window | None) -> bool:
        with self._lock:
            return window in self._known

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

    @property
    def nbytes(self) -> int:
        """Memory of what is remembered."""
        with self._lock:
            return sum(window.nbytes for window in self._known.values())


@dataclass(frozen=True, slots=True, eq=False)
class ZoomEmbedding(ImageEmbedding):
    """An embedding with those of the windows that its image was last looked at through."""

    windows: Windows = field(default_factory=Windows)

    @property
    def nbytes(self) -> int:
        """Memory of image, features and windows."""
        return self.image.nbytes + self.feature_bytes + self.windows.nbytes


class ZoomSegmentor(ClickSegmentor):
    """A `ClickNet` as a segmentor that looks closer when there is a mask to look at.

    `embed`, and `predict` at the model's own resolution, are those of `ClickSegmentor`.
    """

    def embed(self, image: np.ndarray) -> ZoomEmbedding:
        """See `Segmentor.embed`."""
        whole = super().embed(image)
        return ZoomEmbedding(image, whole.features, whole.feature_bytes)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`; a very wide photo is looked at closer, click by click."""
        answers = super().predict(embedding, clicks, full_size)
        if full_size and is_wide(embedding.size):
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
        ask = partial(super().predict_jointly, embedding, clicks, previous)
        if previous is None:
            answer = ask()
            if is_wide(embedding.size):
                self._look_closer(embedding, answer, clicks, None)
            return answer
        previous = check_previous(previous, embedding.size)
        calls, likely = [ask], None
        if isinstance(embedding, ZoomEmbedding):
            likely = self._likely_window(embedding, clicks, previous)
            if likely is not None:
                calls.append(partial(self._look_through, likely, embedding, clicks, previous))
        answer, *found = in_threads(lambda call: call(), calls, self.network.workers)
        known = dict(zip([likely], found, strict=False))
        self._look_closer(embedding, answer, clicks, previous, known)
        return settle(answer, previous, clicks)

    def _finest(self, features: Any, points: np.ndarray, previous: np.ndarray | None) -> np.ndarray:
        """See `ClickSegmentor`; one positive click asks for one piece, see `connected_to`.

        Of its levels it gets the one that the network rates best, or the one that persists.
        """
        logits = self.network.decode(features, points, previous, finest=True)
        if previous is None and points.shape[1] == 1:
            for number, point in enumerate(points[:, 0]):
                if point[2] == 1:
                    piece, at_click = piece_of(logits[number], point, 4 * features[0].shape[3])
                    logits[number] = centred_on(piece, self._level(piece, at_click))
        return logits

    def _level(self, piece: np.ndarray, at_click: float) -> float:
        """Return the level of a piece, logits (h, w), that is probably meant."""
        probabilities = expit(piece)
        if not self.network.rated:
            return persistent_level(probabilities)
        expected = self.network.rate(log_areas(probabilities)[None])[0]
        return rated_level(expected, at_click)

    def pieces(
        self, embedding: ImageEmbedding, clicks: Sequence[Click]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield `log_areas` and logits, (H, W), of the piece that each click is about."""
        frame = self._frame(embedding.size)
        points = self._points(clicks, frame)
        logits = self.network.decode(embedding.features, points[:, None], None, finest=True)
        for answer, point in zip(logits, points, strict=True):
            piece, _ = piece_of(answer, point, frame.canvas[1])
            yield log_areas(expit(piece)), resample_content(piece[None], frame, embedding.size)[0]

    def _likely_window(
        self, embedding: ZoomEmbedding, clicks: Sequence[Click], previous: np.ndarray
    ) -> Window | None:
        """Return the window that will probably be looked through, if it is encoded already.

        Most clicks change the mask little, so the window for the mask before does. It is asked
        about while another thread asks about the whole photo.
        """
        if self.network.workers < 2 or not clicks:
            return None
        window = zoom_window(previous > MASK_THRESHOLD, clicks[-1])
        return window if window in embedding.windows else None

    def _look_closer(
        self,
        embedding: ImageEmbedding,
        answer: np.ndarray,
        clicks: Sequence[Click],
        previous: np.ndarray | None,
        found: Mapping[Window | None, np.ndarray] = MappingProxyType({}),
    ) -> None:
        """Ask about the window around mask and last click, and write what is found into `answer`.

        An answer that runs out of its window is asked for again through a larger one. `found` are
        answers through windows that were asked for already.
        """
        if not isinstance(embedding, ZoomEmbedding):
            raise ValueError(f"expected what {self.name!r} itself embedded, got another embedding")
        wide = is_wide(embedding.size)
        # Next to nothing is left of a very wide photo at the model's size: begin at the click.
        seen = mark_around(clicks[-1], answer.shape) if wide else answer > MASK_THRESHOLD
        if previous is not None:
            seen |= previous > MASK_THRESHOLD
        while (window := zoom_window(seen, clicks[-1])) is not None:
            closer = found.get(window)
            if closer is None:
                closer = self._look_through(window, embedding, clicks, previous)
            if not _runs_out(closer, window, embedding.size):
                if wide:
                    answer[:] = 0
                answer[slices(window)] = closer
                break
            # What fills a window from side to side is seen through a larger one.
            seen[slices(window)] = True

    def _look_through(
        self,
        window: Window,
        embedding: ZoomEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None,
    ) -> np.ndarray:
        """Ask about a window as about an image of its own; probabilities of the window's size."""
        top, left, height, width = window
        pixels = crop(embedding.image, window)
        closer = embedding.windows.get(window, partial(super().embed, pixels))
        moved = [replace(click, row=click.row - top, col=click.col - left) for click in clicks]
        # Earlier clicks far from the mask have had their effect; they need not be in view.
        inside = [c for c in moved if 0 <= c.row < height and 0 <= c.col < width]
        known = None if previous is None else previous[slices(window)]
        return super().predict_jointly(closer, inside, known)


class CandidateClickSegmentor(ZoomSegmentor):
    """A `ClickNet` of several outputs as a `CandidateSegmentor`.

    `predict` and `predict_jointly` answer with the mask of the highest expected IoU.
    """

    def predict_candidates(
        self, embedding: ImageEmbedding, clicks: Sequence[Click]
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `CandidateSegmentor.predict_candidates`; K is the model's number of outputs."""
        frame = self._frame(embedding.size)
        points = self._points(clicks, frame)[:, None]
        size = self._own_size(frame)
        outputs = self.network.outputs
        answers = np.empty((len(points), outputs, *size), np.float32)
        expected = np.empty((len(points), outputs), np.float32)

        def answer(part: slice) -> None:
            logits, expected[part] = self.network.decode_candidates(
                embedding.features, points[part]
            )
            maps = resample_content(logits.reshape(-1, *logits.shape[2:]), frame, size)
            answers[part] = to_probabilities(maps).reshape(-1, outputs, *size)

        in_threads(answer, self._parts(len(points), frame, size), self.network.workers)
        return answers, expected


def piece_of(logits: np.ndarray, point: np.ndarray, width: int) -> tuple[np.ndarray, float]:
    """Return the piece of an answer that a click is about, and the probability at the click.

    Parameters
    ----------
    logits
        float32 (h, w), over the canvas.
    point
        (row, col, ...) of the click, in pixels of the canvas.
    width
        Of the canvas.
    """
    # A click at the very edge may be rounded to the far side of it.
    row, col = (
        min(int(place * logits.shape[1] / width), side - 1)
        for place, side in zip(point[:2].tolist(), logits.shape, strict=True)
    )
    piece = connected_to(logits, row, col)
    return piece, float(expit(piece[row, col]))


def _runs_out(answer: np.ndarray, window: Window, size: tuple[int, int]) -> bool:
    """Whether the answer in a window goes on across a border that is not the photo's."""
    return any(answer[line].max() > _LEAK for line, _ in inner_borders(window, size))
