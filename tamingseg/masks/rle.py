"""Run-length encoding as COCO writes it: column by column, starting with the length of a 0-run.

Compressed counts are a short text: each count is the difference to the one two places before it,
in groups of five bits, lowest first, as characters from "0" on. Encoding is pycocotools' C code.
Decoding is our own: the text may come from a stranger, and the C code trusts it.
"""

import numpy as np
from pycocotools import mask as coco


def encode_rle(mask: np.ndarray) -> str:
    """Compressed COCO counts of a bool (H, W) mask."""
    encoded = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return encoded["counts"].decode("ascii")


def decode_rle(counts: str, size: tuple[int, int]) -> np.ndarray:
    """Bool (H, W) mask of `size` = (height, width) from compressed COCO counts.

    Raises
    ------
    ValueError
        If it is no text, no such encoding, or the runs do not fill the size exactly.
    """
    if not isinstance(counts, str):
        raise ValueError(
            f"COCO's compressed run lengths must be text, got {type(counts).__name__}; encode them "
            "with encode_rle"
        )
    runs = _parse(counts)
    height, width = size
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(
            f"the run lengths must be positive and fill {height} x {width} pixels, "
            f"got {len(runs)} runs of {sum(runs)} pixels; was the mask made for another image?"
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _parse(counts: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError(
                f"{character!r} has no place in COCO's compressed run lengths; "
                "expected the text that encode_rle writes"
            )
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("COCO's compressed run lengths end in the middle of a number")
    return runs
