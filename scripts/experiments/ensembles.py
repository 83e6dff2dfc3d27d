"""Segmentors made of a segmentor: it is asked in several ways, and the answers are merged.

- `Ensemble` asks several segmentors the same; with `Turned` ones, this is test-time augmentation
  by flips and rotations.
- `Triangulation` clicks again where the first answer says yes, and merges the answers to all these
  clicks.
- `Votes` asks a grid of clicks once per image; those whose mask holds the user's click vote.

Nothing here learns. Whether it helps is measured by `compare_ensembles.py`; the note found
that flips, rotations and auxiliary clicks do harm. Answers are merged at the model's own resolution
and enlarged once, as logits, which is how a `ClickSegmentor` enlarges its own.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.special import expit, logit
from torch.nn import functional as F

from tamingseg.checks import check_image
from tamingseg.masks.certainty import fuse
from tamingseg.prompts.grids import grid_clicks
from tamingseg.segmentors.base import ImageEmbedding, Segmentor, check_clicks
from tamingseg.values import MASK_THRESHOLD, Click

_EPSILON = 1e-6
"""Probabilities stay that far from 0 and 1 where their logits are taken."""

Merge = Callable[[np.ndarray], np.ndarray]
"""Makes one answer, float32 (..., h, w), of A answers, float32 (A, ..., h, w)."""


def mean_probability(answers: np.ndarray) -> np.ndarray:
    """Every answer is right with the same probability, and one of them is."""
    return answers.mean(axis=0)


def mean_logit(answers: np.ndarray) -> np.ndarray:
    """Every answer is a piece of evidence, with the same weight."""
    return expit(_logits(answers).mean(axis=0))


def most_certain(answers: np.ndarray) -> np.ndarray:
    """Each pixel takes the answer farthest from 1/2, the earlier one of equals."""
    nowhere = [Click(0, 0)] * len(answers)  # this fusion does not ask where the clicks are
    return fuse(answers, nowhere, "certainty")


class Ensemble:
    """Several segmentors that answer together.

    Their own resolution is that of the first, to which the answers of the others are resized.
    """

    def __init__(
        self, members: Sequence[Segmentor], name: str, merge: Merge = mean_probability
    ) -> None:
        self.members = members
        self.merge = merge
        self.name = name

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        inner = [member.embed(image) for member in self.members]
        return ImageEmbedding(image, inner, sum(one.nbytes for one in inner))

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`."""
        answers = [
            member.predict(inner, clicks, full_size=False)
            for member, inner in zip(self.members, embedding.features, strict=True)
        ]
        size = answers[0].shape[1:]
        merged = self.merge(np.stack([_resize(answer, size) for answer in answers]))
        return _resize(merged, embedding.size) if full_size else merged


class Turned:
    """A segmentor that sees the image turned, and its mirror image if `mirrored`.

    The image is turned by `quarter_turns` counterclockwise, then mirrored left to right; clicks go
    the same way, and answers the way back.
    """

    def __init__(self, segmentor: Segmentor, quarter_turns: int = 0, mirrored: bool = False):
        self.segmentor = segmentor
        self.quarter_turns = quarter_turns % 4
        self.mirrored = mirrored
        self.name = segmentor.name

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        turned = np.rot90(check_image(image), self.quarter_turns)
        turned = turned[:, ::-1] if self.mirrored else turned
        inner = self.segmentor.embed(turned.copy())  # torch takes no negative strides
        return ImageEmbedding(image, inner, inner.nbytes)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`."""
        check_clicks(clicks, embedding.size)
        turned = [self._turn(click, embedding.size) for click in clicks]
        answers = self.segmentor.predict(embedding.features, turned, full_size)
        answers = answers[:, :, ::-1] if self.mirrored else answers
        return np.ascontiguousarray(np.rot90(answers, -self.quarter_turns, axes=(1, 2)))

    def _turn(self, click: Click, size: tuple[int, int]) -> Click:
        """Where a click on an image of `size` lies on the turned one."""
        row, col, (height, width) = click.row, click.col, size
        for _ in range(self.quarter_turns):
            row, col, height, width = width - col, row, width, height
        col = width - col if self.mirrored else col
        # The image holds its left and upper edges, but not the right and lower ones.
        inside = np.minimum([row, col], np.nextafter([height, width], 0))
        return Click(*inside.tolist(), click.positive)


class Triangulation:
    """A click answered together with auxiliary clicks on the pixels it says yes to.

    Each of `count` positive clicks is drawn uniformly, with replacement, among the pixels that the
    first answer, at the model's own resolution, gives more than 1/2; `merge` takes the first answer
    and theirs. Without such a pixel the first answer stands. The draws follow from the click
    itself, so the same question gets the same answer, and a smaller `count` has the first draws of
    a larger one.
    """

    def __init__(
        self, segmentor: Segmentor, name: str, count: int, merge: Merge = mean_probability
    ) -> None:
        self.segmentor = segmentor
        self.count = count
        self.merge = merge
        self.name = name

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        return self.segmentor.embed(image)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`."""
        rows = check_clicks(clicks, embedding.size)
        answers = self.segmentor.predict(embedding, clicks, full_size=False).copy()
        for index, row in enumerate(rows):
            rng = np.random.default_rng(row.view(np.uint32))
            further = self._further(answers[index], embedding.size, rng)
            theirs = self.segmentor.predict(embedding, further, full_size=False)
            answers[index] = self.merge(np.concatenate([answers[index : index + 1], theirs]))
        return _resize(answers, embedding.size) if full_size else answers

    def _further(
        self, answer: np.ndarray, size: tuple[int, int], rng: np.random.Generator
    ) -> list[Click]:
        """Draw the auxiliary clicks, on centres of pixels of `answer`."""
        pixels = np.argwhere(answer > MASK_THRESHOLD)
        if len(pixels) == 0:
            return []
        drawn = pixels[rng.integers(len(pixels), size=self.count)]
        return [Click(*point) for point in (drawn + 0.5) * np.divide(size, answer.shape)]


class Votes:
    """A click answered by a grid of clicks, each with the weight of its yes to the user's.

    Let the wanted mask m be the one that somebody meant who clicked on a place a, every place of
    the grid being as likely. Given a, let pixels x and y lie in m independently, with the model's
    probabilities p_a(x) and p_a(y). Then, by Bayes' rule,

        P(y in m | x in m) = sum_a p_a(x) p_a(y) / sum_a p_a(x),

    and for a negative click at x, with 1 - p_a(x) in place of p_a(x). The model is asked once per
    image, `side` x `side` clicks; a click of the user costs a weighted mean.
    """

    def __init__(self, segmentor: Segmentor, name: str, side: int = 16) -> None:
        self.segmentor = segmentor
        self.side = side
        self.name = name

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`; the features are the answers to the grid, float32 (A, h, w)."""
        inner = self.segmentor.embed(image)
        answers = self.segmentor.predict(inner, grid_clicks(self.side, inner.size), full_size=False)
        return ImageEmbedding(image, answers, answers.nbytes)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`."""
        clicked = check_clicks(clicks, embedding.size)
        answers = embedding.features
        size = answers.shape[1:]
        cells = (clicked[:, :2] * np.divide(size, embedding.size)).astype(int)
        rows, cols = np.minimum(cells, np.subtract(size, 1)).T
        weights = np.where(clicked[:, 2] > 0, answers[:, rows, cols], 1 - answers[:, rows, cols]).T
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), _EPSILON)
        merged = np.clip(np.tensordot(weights, answers, 1), 0, 1)
        return _resize(merged, embedding.size) if full_size else merged


def _resize(answers: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Probabilities (N, h, w) at another size: logits, bilinear, by centres."""
    if answers.shape[1:] == tuple(size) or len(answers) == 0:
        return np.ascontiguousarray(answers.reshape(len(answers), *size), np.float32)
    resized = np.empty((len(answers), *size), np.float32)
    for answer, target in zip(answers, resized, strict=True):
        small = torch.from_numpy(_logits(answer))[None, None]
        target[:] = F.interpolate(small, tuple(size), mode="bilinear")[0, 0].sigmoid_().numpy()
    return resized


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, _EPSILON, 1 - _EPSILON))
