"""A `ClickNet` of several outputs behind the protocol `CandidateSegmentor`."""

from collections.abc import Sequence

import numpy as np
import torch

from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.zoom import ZoomSegmentor
from tamingseg.values import Click


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
