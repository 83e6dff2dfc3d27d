"""Any function behind the `Segmentor` protocol: the shortest way to try a model of one's own."""

from collections.abc import Callable, Sequence

import numpy as np

from tamingseg.segmentors.base import (
    ImageEmbedding,
    check_clicks,
    check_previous,
    check_probabilities,
)
from tamingseg.values import Click


class FunctionSegmentor:
    """A function ``(image, clicks) -> probabilities`` as a segmentor.

    The function gets the image, uint8 RGB (H, W, 3), and a list of at least one `Click`; it answers
    all of them together with the wanted mask: floats (H, W) in [0, 1]. Nothing is computed ahead,
    so a model with a slow encoder is better off with `embed` and `predict` of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import Click, FunctionSegmentor
    >>> def darkness(image, clicks):
    ...     return 1 - image.mean(axis=2) / 255
    >>> segmentor = FunctionSegmentor(darkness, "darkness")
    >>> embedding = segmentor.embed(np.zeros((2, 3, 3), np.uint8))
    >>> segmentor.predict(embedding, [Click(0.5, 0.5)]).shape
    (1, 2, 3)
    """

    def __init__(
        self, function: Callable[[np.ndarray, list[Click]], np.ndarray], name: str
    ) -> None:
        self.function = function
        self.name = name

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        return ImageEmbedding(image, features=None)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`; the model's own resolution is the image's.

        Raises ValueError if the function's answer is not as promised.
        """
        check_clicks(clicks, embedding.size)
        answers = np.empty((len(clicks), *embedding.size), np.float32)
        for answer, click in zip(answers, clicks, strict=True):
            answer[:] = self._ask(embedding, [click])
        return answers

    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """See `JointSegmentor.predict_jointly`; the function is not told of `previous`.

        Raises ValueError if the function's answer is not as promised.
        """
        if len(clicks) == 0:
            raise ValueError("a joint answer needs at least one click, got none")
        check_clicks(clicks, embedding.size)
        if previous is not None:
            check_previous(previous, embedding.size)
        return self._ask(embedding, list(clicks))

    def _ask(self, embedding: ImageEmbedding, clicks: list[Click]) -> np.ndarray:
        # A copy, because a function that paints into its image would spoil the next answers.
        answer = self.function(embedding.image.copy(), clicks)
        return check_probabilities(answer, embedding.size, self.name)
