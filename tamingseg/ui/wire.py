"""What goes over the wire: calls always answer with JSON, and all that comes in is checked.

Every request is hostile until checked. A check returns the value as the rest of the page may use
it, or raises ValueError with a message for the user.
"""

import base64
import functools
import logging
import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tamingseg.ui.workspaces import Gone, Workspace, Workspaces

_LOG = logging.getLogger(__name__)

Call = Callable[..., dict[str, Any]]
"""A function the page's scripts may call: JSON values in, a JSON object out."""


def answered(call: Call) -> Call:
    """Turn what a call raises into ``{"error": message}``; gradio would say nothing."""

    @functools.wraps(call)
    def safely(*arguments: Any) -> dict[str, Any]:
        try:
            return call(*arguments)
        except Exception as error:
            return explain(error, call.__name__)

    return safely


def explain(error: Exception, what: str) -> dict[str, Any]:
    """Tell the user why `what` failed.

    The message of a ValueError is meant for the user. Anything else is a bug and goes to the log.
    """
    if isinstance(error, Gone):
        return {"error": str(error), "gone": True}
    if isinstance(error, ValueError):
        return {"error": str(error)}
    _LOG.error("the page's call of %s failed", what, exc_info=error)
    return {"error": "The server failed; its log says why. Try once more."}


def find_workspace(workspaces: Workspaces, request: Any) -> Workspace:
    """Return the workspace whose token a request carries; Gone or ValueError if it has none."""
    if not isinstance(request, dict):
        raise ValueError("expected a request with a token")
    return workspaces.find(request.get("token"))


def as_text(file: bytes) -> str:
    """Return a file as base64, which JSON can hold."""
    return base64.b64encode(file).decode("ascii")


MAX_IDS = 1000
"""Largest number of proposals named in one request: all there can be."""


def check_number(value: Any) -> float:
    """Return a finite number; numbers only, neither texts nor booleans."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise ValueError(f"expected a finite number, got {shorten(value)}")
    return float(value)


def check_whole(value: Any) -> int:
    """Return a whole number from 0 to 2^31."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"expected a whole number, got {shorten(value)}")
    return value


def check_flag(value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {shorten(value)}")
    return value


def check_text(value: Any) -> str:
    """Return a text as one line without spaces around it. Its length is checked elsewhere."""
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {shorten(value)}")
    return " ".join(value.split())


def check_counts(value: Any) -> str:
    """Return a text of run lengths. Decoding them shows whether they fit the image."""
    if not isinstance(value, str):
        raise ValueError(f"expected run lengths, got {shorten(value)}")
    return value


def check_ids(value: Any) -> list[int]:
    """Return a list of at most `MAX_IDS` whole numbers."""
    if not isinstance(value, list) or len(value) > MAX_IDS:
        raise ValueError(f"expected a list of at most {MAX_IDS} numbers, got {shorten(value)}")
    return [check_whole(number) for number in value]


def check_name(value: Any) -> str | None:
    """Return the name of a gesture or a run, at most 32 characters, or None."""
    if value is not None and not (isinstance(value, str) and len(value) <= 32):
        raise ValueError(f"expected a short name, got {shorten(value)}")
    return value


def pack_labels(labels: np.ndarray) -> str:
    """Pack int32 (H, W) labels below 65,536: base64 of zlib of uint16, little-endian.

    They lie column by column, as all masks do in the browser.
    """
    return as_text(zlib.compress(labels.T.astype("<u2").tobytes()))


def read_labels(packed: Any, size: tuple[int, int]) -> np.ndarray:
    """Unpack labels that came in: int32 of `size` = (height, width), 1..K, all in use."""
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


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def shorten(value: Any) -> str:
    """Return the value as text for a message, at most 40 characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
