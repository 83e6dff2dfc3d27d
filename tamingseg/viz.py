"""Masks, regions and maps as pictures: numpy in, RGB numpy out."""

import colorsys
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from scipy import ndimage

from tamingseg.checks import check_image, check_mask
from tamingseg.masks.packed import areas
from tamingseg.values import Click, MaskSet

MASK_COLOUR = (86, 180, 233)
"""Sky blue of Okabe & Ito (2008), which stays apart from most photos for colour-blind eyes."""

ERROR_COLOUR = (213, 94, 0)
"""Vermilion of the same colours."""

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Probabilities at which contour lines are drawn."""

_CAPTION = 22
"""Height in pixels of the line of text above a picture of a sheet."""


def overlay(
    image: np.ndarray,
    mask: np.ndarray,
    colour: tuple[int, int, int] = MASK_COLOUR,
    opacity: float = 0.5,
) -> np.ndarray:
    """Tint the mask, bool (H, W), over the uint8 RGB image (H, W, 3) and draw its outline.

    Raises
    ------
    ValueError
        If `image` or `mask` is of another kind, or their sizes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import overlay
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> mask = np.zeros((20, 30), bool)
    >>> mask[5:15, 5:25] = True
    >>> overlay(image, mask)[10, 15]
    array([ 43,  90, 116], dtype=uint8)
    """
    check_mask(mask, check_image(image).shape[:2])
    drawn = image.copy()
    tinted = image[mask] * (1 - opacity) + np.array(colour) * opacity
    drawn[mask] = tinted.round().astype(np.uint8)
    drawn[_outline(mask)] = colour
    return drawn


def colour_of(number: int) -> tuple[int, int, int]:
    """Colour number 0, 1, ...: hues a golden section apart, so that neighbours differ."""
    hue = (0.55 + number * 0.6180339887) % 1
    value = (1.0, 0.75, 0.9)[number % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.75, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def overlay_masks(image: np.ndarray, masks: MaskSet, opacity: float = 0.5) -> np.ndarray:
    """Tint all masks over the uint8 RGB image (H, W, 3), smaller ones on larger ones.

    Every mask has its own colour, by rank, and its outline is drawn over all of them.

    Raises
    ------
    ValueError
        If `image` is of another kind, or the masks are of another size.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import MaskSet, overlay_masks
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> masks = MaskSet.from_masks(np.ones((1, 20, 30), bool))
    >>> overlay_masks(image, masks).shape
    (20, 30, 3)
    """
    if check_image(image).shape[:2] != masks.size:
        raise ValueError(f"masks of {masks.size} do not fit an image of {image.shape[:2]}")
    colours = image.copy()
    outlines = np.zeros(masks.size, bool)
    for number in np.argsort(-areas(masks.packed), kind="stable").tolist():
        mask = masks[number]
        colours[mask] = colour_of(number)
        outlines |= _outline(mask)
    drawn = (image * (1 - opacity) + colours * opacity).round().astype(np.uint8)
    drawn[outlines] = colours[outlines]
    return drawn


def draw_clicks(image: np.ndarray, clicks: Sequence[Click], radius: int = 9) -> np.ndarray:
    """Mark clicks on a copy of the uint8 RGB image: + on green, - on red; `radius` in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import Click, draw_clicks
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> draw_clicks(image, [Click(10, 15)]).any()
    np.True_
    """
    drawn = check_image(image).copy()
    for click in clicks:
        col, row = int(click.col), int(click.row)  # cv2 speaks of (x, y)
        colour = (0, 158, 115) if click.positive else ERROR_COLOUR
        cv2.circle(drawn, (col, row), radius, colour, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(drawn, (col, row), radius, (255, 255, 255), 2, cv2.LINE_AA)
        arm = radius // 2
        cv2.line(drawn, (col - arm, row), (col + arm, row), (255, 255, 255), 2)
        if click.positive:
            cv2.line(drawn, (col, row - arm), (col, row + arm), (255, 255, 255), 2)
    return drawn


def draw_regions(image: np.ndarray, labels: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """Tint every region of a label map, integers (H, W), in its own colour and draw the borders.

    Label 1 has colour number 0; label 0 is no region and keeps the image's colours. Raises
    ValueError if `image` is of another kind or size.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import draw_regions
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> labels = np.ones((20, 30), np.int32)
    >>> labels[:, 15:] = 2
    >>> len(np.unique(draw_regions(image, labels).reshape(-1, 3), axis=0))  # two tints and a border
    3
    """
    _check_labels(labels, image)
    numbers, places = np.unique(labels, return_inverse=True)
    palette = np.array([colour_of(number - 1) for number in numbers.tolist()], np.float32)
    colours = palette[places.reshape(labels.shape)]
    drawn = (image * (1 - opacity) + colours * opacity).round().astype(np.uint8)
    borders = _borders(labels)
    drawn[borders] = colours[borders].astype(np.uint8)
    drawn[labels == 0] = image[labels == 0]
    return drawn


def draw_borders(
    image: np.ndarray, labels: np.ndarray, colour: tuple[int, int, int] = MASK_COLOUR
) -> np.ndarray:
    """Draw where the labels, integers (H, W), change over the uint8 RGB image (H, W, 3).

    Raises ValueError if `image` is of another kind or size.
    """
    _check_labels(labels, image)
    drawn = image.copy()
    drawn[_borders(labels)] = colour
    return drawn


def draw_level_lines(
    image: np.ndarray, probabilities: np.ndarray, levels: Sequence[float] = LEVELS
) -> np.ndarray:
    """Draw the outlines of a probability map (H, W) at each level over the darkened image.

    The colours are those of `heat_map`. Raises ValueError if `image` is of another kind or size.
    """
    if check_image(image).shape[:2] != probabilities.shape:
        raise ValueError(
            f"expected probabilities of the image's (height, width) {image.shape[:2]}, got "
            f"{probabilities.shape}"
        )
    drawn = _faded(image)
    colours = heat_map(np.array([levels], np.float32))[0]
    for level, colour in zip(levels, colours, strict=True):
        drawn[_outline(probabilities > level)] = colour
    return drawn


def draw_errors(image: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mark the pixels that are not `right`, bool (H, W), on the darkened grey image.

    Raises ValueError if `image` or `right` is of another kind, or their sizes differ.
    """
    check_mask(right, check_image(image).shape[:2])
    drawn = _faded(image)
    drawn[~right] = ERROR_COLOUR
    return drawn


def heat_map(values: np.ndarray) -> np.ndarray:
    """Show numbers of [0, 1], float (H, W), as colours from blue over green to yellow.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import heat_map
    >>> heat_map(np.array([[0.0, 1.0]]))
    array([[[ 68,   1,  84],
            [253, 231,  37]]], dtype=uint8)
    """
    grey = (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS)[..., ::-1])


def colour_features(features: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Show features, float (h, w, D), as colours that differ as much as they do.

    The three directions in which the features vary most (principal components) become red, green
    and blue, each from its 1st to its 99th percentile. The picture is uint8 of `size` = (height,
    width). Raises ValueError if the features are of another shape or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import colour_features
    >>> features = np.zeros((2, 3, 8))
    >>> features[:, 2] = 1
    >>> colour_features(features, size=(20, 30)).shape
    (20, 30, 3)
    """
    if features.ndim != 3 or features.size == 0 or not np.isfinite(features).all():
        raise ValueError(f"expected finite features (h, w, D), got shape {features.shape}")
    flat = features.reshape(-1, features.shape[2]).astype(np.float64)
    flat -= flat.mean(axis=0)
    _, directions = np.linalg.eigh(flat.T @ flat)  # in order of how much they vary
    strongest = directions[:, ::-1][:, :3]
    strongest *= np.sign(strongest[np.abs(strongest).argmax(axis=0), range(strongest.shape[1])])
    channels = np.zeros((len(flat), 3))
    channels[:, : strongest.shape[1]] = flat @ strongest
    low, high = np.percentile(channels, (1, 99), axis=0)
    spread = high - low
    shares = np.where(spread > 1e-9, (channels - low) / np.maximum(spread, 1e-9), 0.5)
    colours = (shares.clip(0, 1) * 255).round().astype(np.uint8).reshape(*features.shape[:2], 3)
    return cv2.resize(colours, size[::-1], interpolation=cv2.INTER_LINEAR)


def contact_sheet(pictures: Mapping[str, np.ndarray], columns: int = 4) -> np.ndarray:
    """Put pictures of one size side by side, each below its title.

    Raises ValueError if there is none, their sizes differ, or `columns` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import contact_sheet
    >>> picture = np.zeros((40, 60, 3), np.uint8)
    >>> contact_sheet({"photo": picture, "mask": picture}).shape
    (66, 132, 3)
    """
    sizes = {check_image(picture).shape[:2] for picture in pictures.values()}
    if len(sizes) != 1 or columns < 1:
        raise ValueError(
            f"expected pictures of one size and at least one column, got sizes {sorted(sizes)} and "
            f"{columns} columns"
        )
    height, width = sizes.pop()
    rows, columns = -(-len(pictures) // columns), min(columns, len(pictures))
    gap, step = 4, _CAPTION + height
    sheet = np.full((rows * step + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    for number, (title, picture) in enumerate(pictures.items()):
        top, left = number // columns * step, number % columns * (width + gap) + gap
        cell = sheet[top : top + step, left : left + width]
        cell[_CAPTION:] = picture
        caption = np.full((_CAPTION, width, 3), 255, np.uint8)
        cv2.putText(
            caption, title, (1, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA
        )
        cell[:_CAPTION] = caption
    return sheet


def _outline(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask that touch one outside, but not those at the image's edge."""
    return mask & ~ndimage.binary_erosion(mask, np.ones((3, 3), bool), border_value=1)


def _borders(labels: np.ndarray) -> np.ndarray:
    """Return bool (H, W): the pixels whose right or lower neighbour has another label."""
    borders = np.zeros(labels.shape, bool)
    borders[:-1] |= labels[:-1] != labels[1:]
    borders[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return borders


def _faded(image: np.ndarray) -> np.ndarray:
    """Return the image in dark grey, so that colours on it are seen."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) // 2
    return np.stack([grey] * 3, axis=-1)


def _check_labels(labels: np.ndarray, image: np.ndarray) -> None:
    if check_image(image).shape[:2] != labels.shape or labels.dtype.kind not in "iu":
        raise ValueError(
            f"expected integer labels of the image's (height, width) {image.shape[:2]}, got "
            f"{labels.dtype} {labels.shape}"
        )
