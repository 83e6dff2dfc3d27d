"""Label maps as they travel between the server and the browser."""

import base64
import zlib
from typing import Any

import numpy as np


def pack_labels(labels: np.ndarray) -> str:
    """Pack int32 (H, W) labels below 65,536: base64 of zlib of uint16, little-endian.

    They lie column by column, as all masks do in the browser.
    """
    return base64.b64encode(zlib.compress(labels.T.astype("<u2").tobytes())).decode("ascii")


def read_labels(packed: Any, size: tuple[int, int]) -> np.ndarray:
    """Unpack a stranger's labels: int32 of `size` = (height, width), 1..K, all in use."""
    height, width = size
    try:
        unpacked = zlib.decompressobj().decompress(
            base64.b64decode(packed, validate=True), 2 * height * width + 1
        )
    except (TypeError, ValueError, zlib.error) as error:
        raise ValueError("expected the labels of regions as this page packs them") from error
    if len(unpacked) != 2 * height * width:
        raise ValueError(f"expected a region for each of {height} x {width} pixels")
    labels = np.frombuffer(unpacked, "<u2").reshape(width, height).T.astype(np.int32)
    used = np.unique(labels)
    if not np.array_equal(used, np.arange(1, len(used) + 1)):
        raise ValueError("regions are numbered 1, 2, ..., none left out")
    return labels
