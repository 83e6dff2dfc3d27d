"""What a model has to offer: embed an image once, then answer clicks about it.

`Segmentor` is all that the package asks of a model. What some models can do beyond that are
protocols of their own: answer several clicks together (`JointSegmentor`), give several masks per
click (`CandidateSegmentor`), know every pixel by a feature (`PixelSegmentor`), tell which of many
clicks they would answer alike (`DistinctSegmentor`).

An embedding is a value that is handed around. Nothing about an image stays inside a segmentor, so
two images or two users cannot mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tamingseg.checks import check_image, check_point
from tamingseg.values import Click

LARGEST_LOGIT = 10.0
"""Logits of many answers stay within this; beyond it they are all sure."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbedding:
    """An image together with what a segmentor made of it: wherever an image goes, this does too.

    Attributes
    ----------
    image
        uint8 RGB (H, W, 3), copied, so that later changes of the original do not matter.
    features
        What the segmentor needs to answer clicks. Only the segmentor that made it can read it.
    feature_bytes
        Memory of the features, 0 if nobody counted.

    Raises
    ------
    ValueError
        If the image is of another kind.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import ImageEmbedding
    >>> embedding = ImageEmbedding(np.zeros((20, 30, 3), np.uint8), features="any")
    >>> embedding.size, embedding.nbytes
    ((20, 30), 1800)
    """

    image: np.ndarray
    features: Any
    feature_bytes: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", check_image(self.image).copy())

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the image."""
        height, width = self.image.shape[:2]
        return height, width

    @property
    def nbytes(self) -> int:
        """Memory of image and features."""
        return self.image.nbytes + self.feature_bytes


class Segmentor(Protocol):
    """A model that answers clicks. `name` goes into result rows and project files.

    The shortest way to a segmentor of one's own is `FunctionSegmentor`; this is the long one.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import ImageEmbedding, segment
    >>> class SameGrey:
    ...     name = "same grey"
    ...
    ...     def embed(self, image):
    ...         return ImageEmbedding(image, features=image.mean(axis=2))
    ...
    ...     def predict(self, embedding, clicks, full_size=True):
    ...         grey = embedding.features
    ...         answers = [grey == grey[int(click.row), int(click.col)] for click in clicks]
    ...         return np.array(answers, np.float32)
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> image[:, 15:] = 200
    >>> int(segment(image, [(10, 20)], SameGrey()).sum())
    300
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


@runtime_checkable
class JointSegmentor(Segmentor, Protocol):
    """A segmentor that can also answer several clicks together.

    Examples
    --------
    >>> from tamingseg import FunctionSegmentor, JointSegmentor
    >>> red = FunctionSegmentor(lambda image, clicks: image[..., 0] / 255, "red")
    >>> isinstance(red, JointSegmentor)
    True
    """

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

    Examples
    --------
    >>> from tamingseg import CandidateSegmentor, load_segmentor
    >>> isinstance(load_segmentor("default", device="cpu"), CandidateSegmentor)
    False
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

    Examples
    --------
    >>> from tamingseg import PixelSegmentor, load_segmentor
    >>> isinstance(load_segmentor("distilled", device="cpu"), PixelSegmentor)
    True
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


@dataclass(frozen=True, slots=True, eq=False)
class DistinctClicks:
    """Those of many clicks that are worth an answer of their own, M of them.

    Attributes
    ----------
    numbers
        int64, (M,), ascending: which clicks these are.
    counts
        int64, (M,): how many clicks each stands for, itself included.
    known
        What the segmentor found out about them. Only the segmentor that made it can read it.
    """

    numbers: np.ndarray
    counts: np.ndarray
    known: Any


@runtime_checkable
class DistinctSegmentor(Segmentor, Protocol):
    """A segmentor that knows which of many clicks are worth an answer of their own.

    Examples
    --------
    >>> from tamingseg import load_segmentor
    >>> from tamingseg.segmentors.base import DistinctSegmentor
    >>> isinstance(load_segmentor("default", device="cpu"), DistinctSegmentor)
    True
    """

    def distinct_clicks(self, embedding: ImageEmbedding, clicks: Sequence[Click]) -> DistinctClicks:
        """Leave out clicks that would be answered nearly as others are.

        Raises ValueError for a click outside the image.
        """
        ...

    def predict_distinct(
        self, embedding: ImageEmbedding, distinct: DistinctClicks, part: slice
    ) -> np.ndarray:
        """Answer a part of the clicks that are left: float16 logits (N, h, w).

        They are those of `predict` at the model's own resolution, within `LARGEST_LOGIT` of 0.
        """
        ...


def embed_image(segmentor: Segmentor, image: np.ndarray | ImageEmbedding) -> ImageEmbedding:
    """Embed an image, unless it is an embedding already."""
    return image if isinstance(image, ImageEmbedding) else segmentor.embed(image)


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
