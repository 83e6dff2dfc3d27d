"""The distilled model behind the protocols `Segmentor` and `PixelSegmentor`."""

import numpy as np
import torch

from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.click import ClickSegmentor, resample_content


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
