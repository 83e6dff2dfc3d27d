"""The one shape of every model: embed an image once, then answer clicks about it.

An embedding is a value that is handed around. Nothing about an image stays inside a segmentor, so
two images or two users cannot mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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
    """A model that answers clicks. `name` goes into result rows and project files."""

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


def check_clicks(clicks: Sequence[Click], size: tuple[int, int]) -> np.ndarray:
    """Return the clicks as float64 (N, 3) rows (row, col, positive), all inside the image."""
    for click in clicks:
        check_point(click.row, click.col, size)
    rows = [(click.row, click.col, float(click.positive)) for click in clicks]
    return np.array(rows, np.float64).reshape(-1, 3)
