"""Overlap of many masks of one image, exact and fast, with one bit per pixel.

Masks here are packed: uint8, (N, H, ceil(W / 8)), made by ``np.packbits(masks, axis=-1)`` from bool
(N, H, W) as in `values.MaskSet`; the bits beyond the width are zero. A thousand masks of 480 x 854
pixels are 51 MB; comparing the bits of all pairs of them would read 50 GB.

So the image is divided into tiles. With the pixels of a mask in a tile as c, F = 1 where it covers
the tile entirely and else 0, P = c where it covers it in part and else 0, the overlap of two masks
in a tile is F1 c2 + P1 F2; if both cover it in part, it is the number of bits they share. The first
two terms are matrix products over all tiles. Bits are compared only in tiles that the outlines of
both masks cross. Masks that are regions have few of them; masks that are noise have many and are
slow.
"""

from dataclasses import dataclass

import numpy as np

from tamingseg.threads import WORKERS, in_threads

TILE_ROWS = 16
TILE_BYTES = 8
"""A tile is 16 rows of 64 pixels (one machine word); those at the far edges may be smaller."""

_AT_ONCE = 64
"""Masks of about the same area that are compared with others together."""

_PARTS_PER_SIDE = 4
"""The image has at most 4 x 4 parts whose pixels are compared before bits are."""

BLOCK_BYTES = 1 << 19
"""Temporary arrays are about this small, so that they fit into the cache of a core."""


def areas(packed: np.ndarray) -> np.ndarray:
    """Count the pixels of each mask of uint8 (N, H, ceil(W / 8)): int64 (N,)."""
    return _areas(_count_in_tiles(_check(packed)))


def intersections(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the common pixels of each of `first` with each of `second`: int32 (N, M).

    Parameters
    ----------
    first, second
        Packed masks (N, H, B) and (M, H, B) of the same image size.

    Raises
    ------
    ValueError
        If an array is not uint8 with three axes, or the sizes differ.
    """
    first, second = _check(first), _check(second, first)
    return _intersections(_Tiled.of(first), _Tiled.of(second))


def iou_matrix(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of each of `first` with each of `second`: float32 (N, M), in [0, 1].

    Two empty masks have IoU 1.0, as in `masks.iou`. Parameters and errors are those of
    `intersections`.
    """
    first, second = _check(first), _check(second, first)
    one, other = _Tiled.of(first), _Tiled.of(second)
    return _divide(_intersections(one, other), _areas(one.counts)[:, None], _areas(other.counts))


def pairwise_iou(packed: np.ndarray) -> np.ndarray:
    """Intersection over union of each two of N masks: float32 (N, N), symmetric.

    The same as ``iou_matrix(packed, packed)`` in about half the time.
    """
    tiled = _Tiled.of(_check(packed))
    area = _areas(tiled.counts)
    return _divide(_intersections(tiled, tiled), area[:, None], area)


class SimilarMasks:
    """Which of N masks are similar to one of them: their intersection over union is above a bound.

    Most are ruled out at once, by how many pixels they have in all and in parts of the image. The
    bits of the others are compared when they are asked for.

    Examples
    --------
    >>> masks = np.zeros((3, 2, 8), bool)
    >>> masks[0, 0], masks[1, 0, 1:], masks[2, 1] = True, True, True
    >>> similar = SimilarMasks(np.packbits(masks, axis=-1), above=0.8)
    >>> similar.to(0)
    (array([1]), array([0.875], dtype=float32))
    """

    def __init__(self, packed: np.ndarray, above: float) -> None:
        self._above = above
        self._area = areas(packed)
        one, other = _possible_pairs(packed, self._area, above)
        count = len(packed)
        pairs = np.sort(np.concatenate([one * count + other, other * count + one]))
        self._starts = np.searchsorted(pairs, np.arange(count + 1) * count)
        self._other = pairs % max(count, 1)
        flat = packed.reshape(count, packed.shape[1] * packed.shape[2])
        self._words = np.pad(flat, ((0, 0), (0, -flat.shape[1] % 8))).view(np.uint64)

    def to(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the masks similar to a mask, ascending, and their IoU with it."""
        other = self._other[self._starts[number] : self._starts[number + 1]]
        both = np.bitwise_count(self._words[other] & self._words[number])
        ious = _divide(both.sum(axis=1, dtype=np.int32), self._area[other], self._area[number])
        return other[ious > self._above], ious[ious > self._above]


def _possible_pairs(packed: np.ndarray, area: np.ndarray, above: float) -> np.ndarray:
    """Find all pairs of masks whose IoU may be larger than `above`, and few others: (2, P)."""
    order = np.argsort(area, kind="stable")
    area, parts, count = area[order], _counts_in_parts(packed)[:, order], len(order)
    # The IoU is at most the smaller area over the larger one.
    ends = np.searchsorted(area * above, area, side="right")
    found = [np.zeros((2, 0), np.int64)]
    for start in range(0, count, _AT_ONCE):
        stop = min(start + _AT_ONCE, count)
        one, other = slice(start, stop), slice(start, ends[stop - 1])
        shared = np.zeros((stop - start, other.stop - start), np.float32)
        for part in parts:
            shared += np.minimum(part[one, None], part[other])
        highest = _divide(shared, area[one, None], area[other])
        rows, columns = np.nonzero(np.triu(highest > above, 1))
        found.append(np.stack([order[one][rows], order[other][columns]]))
    return np.concatenate(found, axis=1)


def pack_nested(members: np.ndarray, label_map: np.ndarray) -> np.ndarray:
    """Pack masks that are unions of regions, any two nested or apart: uint8 (N, H, ceil(W / 8)).

    The same as ``np.packbits(members[:, label_map - 1], axis=-1)``, but each region is drawn once,
    into the smallest mask that holds it, and each mask then added to the next larger one.

    Parameters
    ----------
    members
        bool, (N, S): which regions each mask consists of, at least one.
    label_map
        int, (H, W): labels 1..S.
    """
    number, height, width = len(members), *label_map.shape
    order = np.argsort(members.sum(axis=1), kind="stable")  # small masks first
    nested = np.vstack([members[order], np.ones_like(members, shape=(1, members.shape[1]))])
    order = np.append(order, number)  # the last row holds everything, and is left away in the end
    drawn_in = order[nested.argmax(axis=0)][label_map - 1]
    drawn_in = np.pad(drawn_in, ((0, 0), (0, -width % 8)), constant_values=number).reshape(-1, 8)
    packed = np.zeros((number + 1, len(drawn_in)), np.uint8)
    places = np.arange(len(drawn_in))
    for bit, rows in enumerate(drawn_in.T):
        packed[rows, places] |= np.uint8(128 >> bit)
    # Of each mask, the larger ones that hold one of its regions hold it whole.
    larger = np.tril(nested[:, nested[:-1].argmax(axis=1)], -1)
    for own, parent in zip(order, order[larger.argmax(axis=0)], strict=False):
        packed[parent] |= packed[own]
    return packed[:number].reshape(number, height, -(-width // 8))


@dataclass(frozen=True, slots=True)
class _Tiled:
    """Packed masks with their pixels per tile, tiles in raster order: float32 (N, T)."""

    packed: np.ndarray
    counts: np.ndarray
    full: np.ndarray  # bool (N, T): the tile lies inside the mask
    part: np.ndarray  # bool (N, T): the mask's outline crosses the tile

    @classmethod
    def of(cls, packed: np.ndarray) -> "_Tiled":
        counts = _count_in_tiles(packed)
        _, height, width = packed.shape
        rows = np.diff(np.append(np.arange(0, height, TILE_ROWS), height))
        columns = np.diff(np.append(np.arange(0, width, TILE_BYTES), width)) * 8
        full = counts == np.outer(rows, columns).ravel()
        return cls(packed, counts, full, (counts > 0) & ~full)

    def words(self, tile: int, chosen: np.ndarray) -> np.ndarray:
        """Bits of the masks numbered `chosen` in one tile: uint64 (rows of the tile, chosen)."""
        row, column = divmod(tile, -(-self.packed.shape[2] // TILE_BYTES))
        rows = slice(row * TILE_ROWS, (row + 1) * TILE_ROWS)
        columns = slice(column * TILE_BYTES, (column + 1) * TILE_BYTES)
        found = self.packed[chosen, rows, columns]
        padded = np.zeros((*found.shape[:2], TILE_BYTES), np.uint8)
        padded[..., : found.shape[2]] = found
        return np.ascontiguousarray(padded.view(np.uint64)[..., 0].T)


def _check(packed: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    if packed.dtype != np.uint8 or packed.ndim != 3:
        raise ValueError(
            f"packed masks must be uint8 (N, H, ceil(W / 8)), got {packed.dtype} {packed.shape}; "
            "pack bool masks with np.packbits(masks, axis=-1)"
        )
    if like is not None and packed.shape[1:] != like.shape[1:]:
        raise ValueError(
            f"masks of two image sizes cannot be compared: packed shapes {like.shape} and "
            f"{packed.shape}; resize one with nearest neighbour"
        )
    return packed


def _count_in_tiles(packed: np.ndarray) -> np.ndarray:
    """Pixels of each mask in each tile: float32 (N, T), T tiles in raster order."""
    number, height, width = packed.shape
    tile_rows, columns = -(-height // TILE_ROWS), np.arange(0, width, TILE_BYTES)
    counts = np.zeros((number, tile_rows, len(columns)), np.float32)
    step = max(1, BLOCK_BYTES // max(1, height * width))

    def count(start: int) -> None:
        bits = np.bitwise_count(packed[start : start + step])
        sums = np.zeros((len(bits), tile_rows, width), np.uint8)  # 8 pixels in 16 rows: <= 128
        for row in range(min(TILE_ROWS, height)):
            rows = bits[:, row::TILE_ROWS]
            sums[:, : rows.shape[1]] += rows
        counts[start : start + step] = np.add.reduceat(sums, columns, axis=2, dtype=np.float32)

    if counts.size:
        in_threads(count, range(0, number, step))
    return counts.reshape(number, tile_rows * len(columns))


def _areas(counts: np.ndarray) -> np.ndarray:
    return counts.sum(axis=1, dtype=np.float64).astype(np.int64)


def _intersections(first: _Tiled, second: _Tiled) -> np.ndarray:
    """Shared pixels, int32 (N, M). For a set with itself, only half of the bits are compared."""
    symmetric = first is second
    shape = len(first.packed), len(second.packed)
    # float32 is exact for whole numbers below 2^24, and for sums that stay below it.
    _, height, width = first.packed.shape
    kind = np.dtype(np.float32 if height * width * 8 < 1 << 24 else np.float64)
    whole: np.ndarray = first.full.astype(kind) @ second.counts.astype(kind, copy=False).T
    whole += (first.counts * first.part).astype(kind, copy=False) @ second.full.astype(kind).T
    shared = whole.astype(np.int32)

    part1 = np.ascontiguousarray(first.part.T)
    part2 = part1 if symmetric else np.ascontiguousarray(second.part.T)
    crossed = np.flatnonzero(part1.any(axis=1) & part2.any(axis=1))

    def compare(tiles: np.ndarray) -> np.ndarray:
        met = np.zeros(shape, np.int32)
        for tile in tiles.tolist():
            rows, columns = np.flatnonzero(part1[tile]), np.flatnonzero(part2[tile])
            words1 = first.words(tile, rows)
            words2 = words1 if symmetric else second.words(tile, columns)
            step = max(1, BLOCK_BYTES // (8 * words2.size))
            for start in range(0, len(rows), step):
                skip = start if symmetric else 0
                both = words1[:, start : start + step, None] & words2[:, None, skip:]
                counts = np.bitwise_count(both).sum(axis=0, dtype=np.uint16)  # <= 1,024
                met[rows[start : start + step, None], columns[skip:]] += counts
        return met

    met = np.zeros(shape, np.int32)
    for some in in_threads(compare, [crossed[worker::WORKERS] for worker in range(WORKERS)]):
        met += some
    if symmetric:
        # Above the diagonal all tiles were counted, below it only some, so the larger is right.
        met = np.maximum(met, met.T)
    shared += met
    return shared


def _counts_in_parts(packed: np.ndarray) -> np.ndarray:
    """Pixels of each mask in each of a few parts of the image: float32 (P, N)."""
    number, height, width = packed.shape
    sides = -(-height // TILE_ROWS), -(-width // TILE_BYTES)
    counts = _count_in_tiles(packed).T.reshape(*sides, number)
    for axis, tiles in enumerate(sides):
        starts = np.unique(np.arange(_PARTS_PER_SIDE) * tiles // _PARTS_PER_SIDE)
        counts = np.add.reduceat(counts, starts[:tiles], axis=axis)
    return counts.reshape(counts.shape[0] * counts.shape[1], number)


def _divide(shared: np.ndarray, area1: np.ndarray, area2: np.ndarray) -> np.ndarray:
    """Return the IoU of masks that share so many pixels: float32."""
    union = area1.astype(np.int32) + area2.astype(np.int32) - shared
    empty = union == 0
    return np.divide(shared + empty, union + empty, dtype=np.float32)
