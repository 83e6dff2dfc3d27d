"""Numbers, cell arrays and structs from MATLAB 5 files, the .mat of ``save -v6`` and ``-v7``.

scipy.io.loadmat reads these files as well, but not those of strangers: one damaged byte in a struct
can take it out of its memory, which ends the process (seen with scipy 1.17), and it unpacks and
nests without limit. This reader knows what label maps need and looks at nothing outside an element.

The format: mathworks.com, "MAT-File Format", chapter 1. After a header of 128 bytes a file is a row
of elements (kind, size, contents). An array is an element that holds elements: flags, shape, name,
then the numbers, or one array per item of a cell array or per field of a struct.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAX_BYTES = 2**28
"""A larger file, or variable once it is unpacked, is refused (256 MiB)."""

MAX_DEPTH = 8
"""So are arrays in arrays in arrays beyond this."""

_HEADER = 128
_ARRAY, _COMPRESSED = 14, 15  # kinds of elements that hold elements
_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_CELL, _STRUCT, _NUMERIC = 1, 2, range(6, 16)  # classes of arrays
_COMPLEX = 0x0800  # flag of an array with a second set of numbers
_EMPTY = np.empty((0, 0))  # what MATLAB writes as an array without contents

_Elements = Iterator[tuple[int, memoryview]]


def read_variable(path: str | Path, name: str) -> Any:
    """Read the variable `name` of a MATLAB 5 file.

    Returns
    -------
    Numbers as an array of the variable's shape, in the type they are stored in (MATLAB takes the
    smallest that holds them); a cell array as the list of its items, column by column; a single
    struct as a dict of its fields; None for text and everything else.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no MATLAB 5 file, damaged or unreasonably large, or has no such variable.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        return _find(path, name)
    except (ValueError, zlib.error, struct.error) as error:
        raise ValueError(
            f"{path} is damaged or no MATLAB 5 file ({error}); get it again"
        ) from error


def _find(path: Path, wanted: str) -> Any:
    with open(path, "rb") as file:
        packed = file.read(MAX_BYTES + 1)
    if len(packed) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    order = {b"IM": "<", b"MI": ">"}.get(packed[_HEADER - 2 : _HEADER])
    if order is None:
        raise ValueError("its header is another one; save it in MATLAB with -v7")
    for kind, contents in _elements(memoryview(packed)[_HEADER:], order):
        if kind == _COMPRESSED:
            kind, contents = _next(_elements(_unpacked(contents), order))
        if kind == _ARRAY:
            parts = _elements(contents, order)
            flags, shape, name = _head(parts, order)
            if name == wanted:
                return _value(flags, shape, parts, order, 1)
    raise ValueError(f"it has no variable {wanted!r}")


def _unpacked(contents: memoryview) -> memoryview:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(contents, MAX_BYTES)
    if not unpacker.eof:
        raise ValueError(f"a variable is incomplete, or larger than {MAX_BYTES} bytes")
    return memoryview(data)


def _elements(data: memoryview, order: str) -> _Elements:
    """Yield (kind, contents) of the elements that lie one after the other in `data`."""
    position = 0
    while position < len(data):
        kind, size = struct.unpack_from(order + "II", data, position)
        start = position + 8
        if kind >= 2**16:  # a small element: size and kind share a word, four bytes of contents
            kind, size, start = kind & 0xFFFF, min(kind >> 16, 4), position + 4
            position += 8
        else:
            position = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError("it ends in the middle")
        yield kind, data[start : start + size]


def _next(elements: _Elements) -> tuple[int, memoryview]:
    element = next(elements, None)
    if element is None:
        raise ValueError("an element is missing")
    return element


def _head(parts: _Elements, order: str) -> tuple[int, tuple[int, ...], str]:
    """Return (flags, shape, name), the first three elements of every array."""
    (_, flags), (_, shape), (_, name) = (_next(parts) for _ in range(3))
    sizes = struct.unpack(f"{order}{len(shape) // 4}i", shape)
    if min(sizes, default=0) < 0:
        raise ValueError("an array has a negative size")
    return struct.unpack_from(order + "I", flags)[0], sizes, bytes(name).decode("latin-1")


def _value(flags: int, shape: tuple[int, ...], parts: _Elements, order: str, depth: int) -> Any:
    """Return what an array holds; `parts` are its elements after the head."""
    kind = flags & 0xFF
    if kind in _NUMERIC and not flags & _COMPLEX:
        stored_as, numbers = _next(parts)
        if stored_as not in _NUMBERS:
            raise ValueError(f"there is no type of numbers {stored_as}")
        dtype = np.dtype(order + _NUMBERS[stored_as])
        return np.frombuffer(numbers, dtype).reshape(shape, order="F")
    if kind == _CELL:
        items = _items(parts, order, depth)
        if len(items) != math.prod(shape):
            raise ValueError(f"a cell array of shape {shape} holds {len(items)} items")
        return items
    if kind == _STRUCT and math.prod(shape) == 1:
        (_, width), (_, names) = _next(parts), _next(parts)
        step = struct.unpack(order + "i", width)[0]
        if step <= 0:
            raise ValueError("the field names of a struct have no length")
        fields = [bytes(names[at : at + step]) for at in range(0, len(names), step)]
        keys = [field.split(b"\0")[0].decode("latin-1") for field in fields]
        return dict(zip(keys, _items(parts, order, depth), strict=True))
    return None


def _items(parts: _Elements, order: str, depth: int) -> list[Any]:
    """Return what each of the arrays in `parts` holds."""
    if depth == MAX_DEPTH:
        raise ValueError(f"arrays are nested more than {MAX_DEPTH} deep")
    items = []
    for kind, contents in parts:
        if kind != _ARRAY:
            raise ValueError(f"expected an array, got an element of kind {kind}")
        if not len(contents):
            items.append(_EMPTY)
            continue
        inner = _elements(contents, order)
        flags, shape, _ = _head(inner, order)
        items.append(_value(flags, shape, inner, order, depth + 1))
    return items
