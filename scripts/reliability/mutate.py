"""Damage: a value or a file, changed at random in the ways that files are damaged or forged.

Every function takes a `numpy.random.Generator`, so the same seed gives the same damage.
"""

import copy
import csv
import io
import zlib
from typing import Any

import numpy as np

Rng = np.random.Generator

STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    255,
    2**31,
    -(2**63),
    10**30,
    10**400,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\x00",
    "../../x",
    "9" * 30,
    "é" * 1000,
    [],
    {},
    [[]],
    [1, 2, 3],
    {"x": 1},
)
"""Values that somebody could put where another kind of value belongs."""


def damage_bytes(data: bytes, rng: Rng) -> bytes:
    """Change, cut, repeat, remove or insert some bytes, more often near the beginning."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        if not out:
            return b""
        end = len(out) if rng.random() < 0.5 else min(len(out), 200)
        at, length = int(rng.integers(end)), int(rng.integers(1, 17))
        match rng.integers(7):
            case 0:
                out[at] ^= 1 << int(rng.integers(8))
            case 1:
                out[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.integers(256)]))
            case 2:
                out[at : at + length] = rng.bytes(length)
            case 3:
                out[at : at + length] = bytes([int(rng.choice([0, 255]))]) * length
            case 4:
                del out[at : at + int(rng.integers(1, max(2, len(out) // 4)))]
            case 5:
                out[at:at] = out[at : at + int(rng.integers(1, 100))]
            case 6 if rng.random() < 0.3:
                del out[at:]
    return bytes(out)


def damage_value(value: Any, rng: Rng) -> Any:
    """Return a copy of nested lists, tuples and dicts of which a few parts are something else."""
    value = copy.deepcopy(value)
    for _ in range(int(rng.integers(1, 4))):
        value = _damage_part(value, rng)
    return value


def damage_csv(text: str, rng: Rng) -> str:
    """Change some cells, lines or the header of a table."""
    rows = list(csv.reader(io.StringIO(text)))
    damaged = damage_value(rows, rng)
    if not isinstance(damaged, list):
        return str(damaged)
    rows = [list(map(str, row)) for row in damaged if isinstance(row, list)]
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def damage_packed(data: bytes, head: int, rng: Rng) -> bytes:
    """Damage what is zlib-compressed in a file after `head` bytes and 8 bytes of kind and size."""
    body = zlib.decompress(data[head + 8 :])
    packed = zlib.compress(damage_bytes(body, rng))
    return data[: head + 4] + len(packed).to_bytes(4, "little") + packed


def _damage_part(value: Any, rng: Rng) -> Any:
    """Replace, remove, repeat or nest one part, chosen by a walk down from the top."""
    if isinstance(value, tuple):
        return tuple(_items(_damage_part(list(value), rng)))
    if not isinstance(value, list | dict) or not value or rng.random() < 0.05:
        return _strange(value, rng)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[int(rng.integers(len(keys)))]
    match rng.integers(8):
        case 0:
            del value[key]
        case 1:
            value[key] = _strange(value[key], rng)
        case 2 if isinstance(value, list):
            value.insert(key, value[int(rng.integers(len(value)))])
        case 2:
            value[str(rng.integers(10))] = value[key]
        case _:
            value[key] = _damage_part(value[key], rng)
    return value


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _strange(value: Any, rng: Rng) -> Any:
    match rng.integers(6):
        case 0 if isinstance(value, int | float) and not isinstance(value, bool):
            return value + type(value)(rng.choice([-1, 1, 1000, -1000]))
        case 1 if isinstance(value, str):
            return damage_bytes(value.encode(), rng).decode(errors="replace")
        case 2 if isinstance(value, list):
            return value * int(rng.integers(0, 20))
        case 3:
            for _ in range(int(rng.choice([2, 50, 500]))):
                value = [value]
            return value
        case _:
            return copy.deepcopy(STRANGE[int(rng.integers(len(STRANGE)))])
