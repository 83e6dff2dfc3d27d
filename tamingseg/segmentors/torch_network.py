"""A network of `tamingseg.models` that runs in torch, on any of its devices."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_PIXELS_AT_ONCE = 2**21
"""On a CPU this is more than twice as fast as four times as much."""
_MORE_ON_A_GPU = 16
"""How many times as much a GPU works on together."""


class TorchNetwork:
    """See `Network`; the model is put on `device` and in evaluation mode.

    On CPUs that multiply bfloat16 the encoder does, which halves its time at no loss
    (docs/results.md); features are float32 all the same. `exact` forbids it.
    """

    def __init__(
        self, model: nn.Module, device: str | torch.device = "cpu", exact: bool = False
    ) -> None:
        self.model: Any = model.to(device).to(memory_format=torch.channels_last).eval()
        self.device = torch.device(device)
        config: Any = self.model.config
        self.image_size: int = config.image_size
        self.stride_multiple: int = getattr(self.model, "stride_multiple", 1)
        self.outputs: int = getattr(config, "outputs", 1)
        self.rated: bool = getattr(config, "rated", False)
        self.workers = 1  # torch divides a call among threads itself
        self.pixels_at_once = _PIXELS_AT_ONCE * (1 if self.device.type == "cpu" else _MORE_ON_A_GPU)
        can = self.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        self.precision = "bfloat16" if can and not exact else "float32"

    @torch.inference_mode()
    def encode(self, canvas: np.ndarray) -> tuple[Any, int]:
        """See `Network.encode`."""
        lower = self.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=lower):
            found = self.model.encode(self._tensor(canvas))
        # The decoder gains nothing from bfloat16, and is asked many times.
        tensors = [found.float()] if isinstance(found, Tensor) else [part.float() for part in found]
        nbytes = {tensor.data_ptr(): tensor.nbytes for tensor in tensors}  # some are one tensor
        features = tensors[0] if isinstance(found, Tensor) else tuple(tensors)
        return features, sum(nbytes.values())

    @torch.inference_mode()
    def decode(
        self, features: Any, points: np.ndarray, previous: np.ndarray | None, finest: bool
    ) -> np.ndarray:
        """See `Network.decode`."""
        mask = None if previous is None else self._tensor(previous)
        logits = self.model.decode(features, self._tensor(points[None]), mask)
        if finest:
            logits = self.model.enlarge(logits, features)
        return logits[0].float().cpu().numpy()

    @torch.inference_mode()
    def decode_coarse(
        self, features: Any, points: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """See `Network.decode_coarse`."""
        if not hasattr(self.model, "decode_coarse"):
            return None
        maps, query = self.model.decode_coarse(features, self._tensor(points[None]))
        return maps[0].float().cpu().numpy(), query[0].float().cpu().numpy()

    @torch.inference_mode()
    def decode_fine(
        self, features: Any, points: np.ndarray, maps: np.ndarray, query: np.ndarray
    ) -> np.ndarray:
        """See `Network.decode_fine`."""
        given = (self._tensor(array[None]) for array in (points, maps, query))
        return self.model.decode_fine(features, *given)[0].float().cpu().numpy()

    @torch.inference_mode()
    def decode_candidates(self, features: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Network.decode_candidates`."""
        logits, expected = self.model.decode_candidates(features, self._tensor(points[None]))
        return logits[0].float().cpu().numpy(), expected[0].cpu().numpy()

    @torch.inference_mode()
    def rate(self, log_areas: np.ndarray) -> np.ndarray:
        """See `Network.rate`."""
        return self.model.rate(self._tensor(log_areas)).cpu().numpy()

    @torch.inference_mode()
    def pixel_features(self, features: Any) -> np.ndarray:
        """See `Network.pixel_features`."""
        queries, keys = features
        both = queries if keys is queries else torch.cat([queries, keys], 1)
        return both[0].cpu().numpy()

    @torch.inference_mode()
    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """See `Network.affinity`."""
        dim = self.model.config.dim
        logits = self.model.affinity_logits(
            self._tensor(first[:, :dim]), self._tensor(second[:, -dim:])
        )
        return logits.sigmoid_().cpu().numpy()

    def _tensor(self, values: np.ndarray) -> Tensor:
        # A copy: what is handed in may be reversed or read-only, which torch does not take.
        return torch.tensor(np.ascontiguousarray(values), device=self.device)
