"""Masks -> outlines, in the two ways that formats have for them.

`edge_outlines` runs along the edges of pixels: holes and parts stay, and every reader that takes
the pixels whose centres are inside gets the same mask. `centre_outlines` runs through the centres
of the outermost pixels, for readers that count the outline as inside (Pillow, OpenCV), and has no
holes. Coordinates are (x, y) in the frame of the image; pixel (0, 0) covers [0, 1) x [0, 1).
"""

import cv2
import numpy as np

from tamingseg.masks.rle import Crop

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # (row, col) to the right, down, left, up


def edge_outlines(crop: Crop) -> list[list[np.ndarray]]:
    """Return the outlines of every part of a mask: the outer ring, then those of its holes.

    A part is what hangs together by the sides of pixels. Rings are float (N, 2), they touch neither
    themselves nor, but for single points, each other, and only corners are in them.

    Examples
    --------
    >>> ring = np.ones((3, 3), bool)
    >>> ring[1, 1] = False
    >>> [len(rings) for rings in edge_outlines(Crop(ring, 0, 0))]
    [2]
    """
    if not crop.pixels.size:
        return []
    count, labels = cv2.connectedComponents(crop.pixels.astype(np.uint8), connectivity=4)
    around = np.pad(labels, 1)
    nw, ne, sw, se = around[:-1, :-1], around[:-1, 1:], around[1:, :-1], around[1:, 1:]
    # Whether an edge begins at a corner, with the mask on its right hand, for each direction.
    edges = [
        bytearray((inside.astype(bool) & ~outside.astype(bool)).tobytes())
        for inside, outside in ((se, ne), (sw, se), (nw, sw), (ne, nw))
    ]
    # Corners in which two pixels touch by nothing else, and whether these are of one part.
    touching = ((nw > 0) == (se > 0)) & ((ne > 0) == (sw > 0)) & ((nw > 0) != (ne > 0))
    of_one_part = ((nw == se) & (ne == sw)).ravel().tolist()
    touching = touching.ravel().tolist()
    width = nw.shape[1]
    steps = [rows * width + cols for rows, cols in _STEPS]
    parts: list[list[np.ndarray]] = [[] for _ in range(count - 1)]
    for start in np.flatnonzero(np.frombuffer(bytes(edges[0]), bool)).tolist():
        if not edges[0][start]:
            continue  # passed before
        corners, corner, direction = [], start, 0
        while edges[direction][corner]:
            edges[direction][corner] = 0
            corner += steps[direction]
            left, right = (direction - 1) % 4, (direction + 1) % 4
            if touching[corner]:
                turn = left if of_one_part[corner] else right
            else:
                turn = next((way for way in (left, right) if edges[way][corner]), direction)
            if turn != direction or corner == start:
                corners.append(corner)
            direction = turn
        rows, cols = np.divmod(np.array(corners), width)
        ring = np.stack([cols + crop.left, rows + crop.top], axis=1).astype(float)
        parts[se[divmod(start, width)] - 1].append(_without_straight(ring))
    return parts


def centre_outlines(crop: Crop) -> list[np.ndarray]:
    """Return the outer outline of every part of a mask, float (N, 2), through pixels' centres.

    A part is what hangs together by sides or corners of pixels. Coordinates are whole numbers and
    mean the centre of that pixel.

    Examples
    --------
    >>> [ring.tolist() for ring in centre_outlines(Crop(np.ones((1, 3), bool), 5, 2))]
    [[[2.0, 5.0], [4.0, 5.0]]]
    """
    if not crop.pixels.size:
        return []
    contours, _ = cv2.findContours(
        crop.pixels.astype(np.uint8),
        cv2.RETR_EXTERNAL,
        cv2.CHAIN_APPROX_SIMPLE,
        offset=(crop.left, crop.top),
    )
    return [contour[:, 0].astype(float) for contour in contours[::-1]]


def without_holes(crop: Crop) -> Crop:
    """Return the mask with its holes filled (what cannot reach the outside by pixels' sides)."""
    outside = np.pad(~crop.pixels, 1, constant_values=True).astype(np.uint8)
    _, labels = cv2.connectedComponents(outside, connectivity=4)
    return Crop((labels != labels[0, 0])[1:-1, 1:-1], crop.top, crop.left)


def parts_of(crop: Crop) -> list[Crop]:
    """Return what hangs together by sides or corners of pixels, each part as a mask."""
    if not crop.pixels.size:
        return []
    count, labels = cv2.connectedComponents(crop.pixels.astype(np.uint8), connectivity=8)
    return [Crop.of(labels == part, crop.top, crop.left) for part in range(1, count)]


def _without_straight(ring: np.ndarray) -> np.ndarray:
    """Leave out the point at which a ring began if it is no corner."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return ring[turns]
