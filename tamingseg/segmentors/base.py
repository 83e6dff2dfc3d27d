"""The one shape of every model: embed an image once, then answer clicks about it.

An embedding is a value that is handed around. Nothing about an image stays inside a segmentor, so
two images or two users cannot mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tamingseg.checks import check_point
from tamingseg.frame import Frame
from tamingseg.values import Click


@dataclass(frozen=True, slots=True)
class ImageEmbedding:
    """What a segmentor remembers of an image; only the segmentor that made it can read `features`.

    `frame` says how the image was fitted to the model, `size` is the image's (height, width), and
    `nbytes` what the features occupy in memory.
    """

    features: Any
    frame: Frame
    nbytes: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the original image."""
        return self.frame.image


class Segmentor(Protocol):
    """A model that answers clicks. `name` goes into result rows and project files.

    `predict_jointly` is needed only where clicks are combined by "joint" fusion. The shortest way
    to a segmentor of one's own is `tamingseg.segmentors.function.FunctionSegmentor`.
    """

    name: str

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """Encode a uint8 RGB (H, W, 3) image; raises ValueError for anything else."""
        ...

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """Answer each click alone: float32 probabilities (N, H, W), whatever the number of clicks.

        A positive click asks for the mask that holds it, a negative one for the mask that does
        not. With `full_size=False` the answers come at the model's own resolution. Raises
        ValueError for a click outside the image.
        """
        ...

    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """Answer all clicks at once, in the order they were made: float32 (H, W) probabilities.

        `previous` is the probability map (H, W) after the clicks before the last one. Raises
        ValueError for a click outside the image, for no click at all, and for a `previous` of
        another size.
        """
        ...


@runtime_checkable
class CandidateSegmentor(Segmentor, Protocol):
    """A segmentor that gives several masks per click and says how good it thinks each is.

    `isinstance(segmentor, CandidateSegmentor)` tells it from one that gives a single mask.
    """

    def predict_candidates(
        self, embedding: ImageEmbedding, clicks: Sequence[Click]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Answer each click alone with all its masks, in the model's own order.

        Returns float32 probabilities (N, K, h, w) at the model's own resolution, and float32
        (N, K), the IoU with the wanted mask that the model expects of each. All answers are held
        in memory at once, so ask for many clicks in parts. Raises ValueError for a click outside
        the image.
        """
        ...


@runtime_checkable
class PixelSegmentor(Segmentor, Protocol):
    """A segmentor that knows every pixel by a feature, and needs no click to compare them.

    `isinstance(segmentor, PixelSegmentor)` tells it from one that has to be asked click by click.
    """

    def pixel_features(self, embedding: ImageEmbedding) -> np.ndarray:
        """Return the features of the image's pixels at the model's own resolution.

        float32 (h, w, D); (0, 0) to (h, w) is the whole image.
        """
        ...

    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return P(second in the mask | first in the mask) of features (N, D) and (M, D).

        float32 probabilities (N, M), not always symmetric. Means of features may be asked about
        as well.
        """
        ...


def check_clicks(clicks: Sequence[Click], size: tuple[int, int]) -> np.ndarray:
    """Return the clicks as float64 (N, 3) rows (row, col, positive), all inside the image."""
    for click in clicks:
        check_point(click.row, click.col, size)
    rows = [(click.row, click.col, float(click.positive)) for click in clicks]
    return np.array(rows, np.float64).reshape(-1, 3)


def check_previous(previous: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the probability map `previous`, as float32, if it has the image's `size`."""
    if np.shape(previous) != tuple(size):
        raise ValueError(
            f"previous must be a probability map of the image's size {tuple(size)}, "
            f"got {np.shape(previous)}"
        )
    return np.ascontiguousarray(previous, np.float32)


def check_probabilities(answers: np.ndarray, shape: tuple[int, ...], model: str) -> np.ndarray:
    """Return what a model answered, as float32, if it is probabilities of exactly `shape`.

    Raises
    ------
    ValueError
        If it is no floating-point array, has another shape, or a value that is not a number in
        [0, 1]. The message names the `model`, what was expected and what came.
    """
    expected = f"the model {model!r} must answer with probabilities, a float array of shape {shape}"
    if not isinstance(answers, np.ndarray):
        raise ValueError(f"{expected}, got a {type(answers).__name__}; convert it to numpy")
    if not np.issubdtype(answers.dtype, np.floating) or answers.shape != tuple(shape):
        raise ValueError(f"{expected}, got {answers.dtype} {answers.shape}")
    if answers.size:
        lowest, highest = answers.min(), answers.max()  # both NaN if any value is
        if np.isnan(lowest):
            raise ValueError(f"{expected}, got {np.isnan(answers).sum()} values that are NaN")
        if lowest < 0 or highest > 1:
            raise ValueError(
                f"{expected} with values in [0, 1], got {lowest:g} to {highest:g}; "
                "turn logits into probabilities with a sigmoid"
            )
    return answers.astype(np.float32, copy=False)
