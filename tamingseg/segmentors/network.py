"""What a segmentor asks of a network: arrays in, arrays out.

The same `ClickNet` may run in torch (`torch_network`), on any device, or in ONNX Runtime
(`onnx_network`), which starts in a moment and needs no torch. Segmentors see no difference.
"""

from typing import Any, Protocol

import numpy as np


class Network(Protocol):
    """A trained network that encodes an image once and answers any number of queries about it.

    A network keeps nothing about an image, so several threads may share it.

    Attributes
    ----------
    image_size
        Longest side in pixels that images are shown at.
    stride_multiple
        What the sides of a canvas must be divisible by.
    outputs
        Masks per query.
    rated
        Whether it rates the levels of an answer, see `rate`.
    precision
        What the encoder computes in, ``float32`` or ``bfloat16``.
    device
        Where it runs, as torch names devices.
    workers
        Threads that should ask it at the same time; more than one where a call takes one thread.
    pixels_at_once
        Queries times pixels (of the canvas or of the answer) to work on together: on a CPU what
        stays in its cache.
    """

    image_size: int
    stride_multiple: int
    outputs: int
    rated: bool
    precision: str
    device: Any
    workers: int
    pixels_at_once: int

    def encode(self, canvas: np.ndarray) -> tuple[Any, int]:
        """Encode an image: float32 (1, 3, H, W), RGB in [0, 1].

        Returns its features, which only this network can read, and their size in bytes.
        """
        ...

    def decode(
        self, features: Any, points: np.ndarray, previous: np.ndarray | None, finest: bool
    ) -> np.ndarray:
        """Answer N queries, float32 (N, K, 3) rows (row, col, sign) in pixels of the canvas.

        The sign is 1 for a positive click, 0 for a negative one. `previous` are probabilities
        (1, 1, H, W) on the canvas before the last click. Returns logits, float32 (N, H/4, W/4);
        with `finest` as finely as the network can.
        """
        ...

    def decode_coarse(
        self, features: Any, points: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Do the first stage of `decode`, or return None if there are no stages.

        Returns maps (N, C, H/16, W/16), of which the first is logits of a rough answer, and what is
        known of each query so far, (N, query).
        """
        ...

    def decode_fine(
        self, features: Any, points: np.ndarray, maps: np.ndarray, query: np.ndarray
    ) -> np.ndarray:
        """Do the second stage, given what the first found: logits (N, H/4, W/4)."""
        ...

    def decode_candidates(self, features: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer N queries with all outputs.

        Returns logits (N, outputs, H/4, W/4) and the IoU with the wanted mask that is expected of
        each, (N, outputs).
        """
        ...

    def rate(self, log_areas: np.ndarray) -> np.ndarray:
        """Expect the IoU with the wanted mask of each level of N answers, float32 (N, 15).

        For `log_areas`, see `tamingseg.masks.rated`.
        """
        ...

    def pixel_features(self, features: Any) -> np.ndarray:
        """Return what is known of each pixel: queries, then keys if there are any, (C, h, w)."""
        ...

    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """See `PixelSegmentor.affinity`; features (N, C) and (M, C) of `pixel_features`."""
        ...
