"""The distilled model behind the protocols `Segmentor` and `PixelSegmentor`."""

import numpy as np
import torch
from torch import nn

from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.click import ClickSegmentor, resample_content


class FeatureSegmentor(ClickSegmentor):
    """A `PixelEmbedder` as a segmentor: a click is answered with its affinity to every pixel.

    On CPUs that multiply bfloat16 the encoder does, which halves its time (README: at no loss).
    """

    def __init__(self, model: nn.Module, name: str, device: str | torch.device = "cpu") -> None:
        super().__init__(model.to(memory_format=torch.channels_last), name, device)
        self._bfloat16 = self.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            return super().embed(image)

    @torch.inference_mode()
    def pixel_features(self, embedding: ImageEmbedding) -> np.ndarray:
        """See `PixelSegmentor.pixel_features`; queries, then keys if the model has any."""
        queries, keys = embedding.features
        features = queries if keys is queries else torch.cat([queries, keys], 1)
        features = resample_content(features, embedding.frame, self._own_size(embedding.frame))
        return np.ascontiguousarray(features[0].permute(1, 2, 0).cpu().numpy())

    @torch.inference_mode()
    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """See `PixelSegmentor.affinity`."""
        dim = self.model.config.dim
        # Copies: what is handed in may be reversed or read-only, which torch does not take.
        queries = torch.from_numpy(first[:, :dim].copy()).to(self.device)
        keys = torch.from_numpy(second[:, -dim:].copy()).to(self.device)
        return self.model.affinity_logits(queries, keys).sigmoid_().cpu().numpy()
