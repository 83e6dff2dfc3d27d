"""The one set of training transforms: image and label map together, numpy in, numpy out."""

from dataclasses import dataclass

import cv2
import numpy as np

from tamingseg.data.label_maps import resized_labels


@dataclass(frozen=True)
class AugmentConfig:
    """How strongly training images are varied; the defaults were chosen for small data sets."""

    crop_area: tuple[float, float] = (0.3, 1.0)  # share of the image's area that a crop keeps
    crop_aspect: float = 1.4  # a crop's aspect ratio differs from the image's by at most this
    flip: float = 0.5  # probability of mirroring left and right
    brightness: float = 0.3  # factors are drawn from [1 - x, 1 + x]
    contrast: float = 0.3
    saturation: float = 0.4
    colour_shift: float = 12.0  # added to each channel, of 255
    grey: float = 0.05  # probability of dropping the colour
    invert: float = 0.0  # probability of a negative: dark becomes bright
    paste: float = 0.0  # probability of pasting a region of another image on top


@dataclass(frozen=True, slots=True)
class View:
    """A window of an image, mirrored or not: where a training view was taken."""

    image: tuple[int, int]
    """(height, width) of the image."""
    window: tuple[int, int, int, int]
    """(top, left, height, width) in its pixels."""
    flipped: bool

    def points(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Move points (..., 2) of the image, (row, col), to a view of `size`; some lie outside."""
        top, left, height, width = self.window
        moved = (np.asarray(points, np.float64) - (top, left)) * np.divide(size, (height, width))
        if self.flipped:
            moved[..., 1] = size[1] - moved[..., 1]
        return moved

    def labels(self, label_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Sample a label map of the image, labels below 2^16 - 1, for a view: int32 of `size`."""
        top, left, height, width = self.window
        label_map = label_map[top : top + height, left : left + width]
        if self.flipped:
            label_map = label_map[:, ::-1]
        return resized_labels(label_map, size)

    def resample(self, maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Sample maps (N, h, w) that stretch over the image, of any size, for a view of `size`."""
        top, left, height, width = self.window
        # Pixel (r, c) of the view has its centre at (r + 0.5, c + 0.5); so has one of a map.
        scale = np.divide(maps.shape[1:], self.image) * np.divide((height, width), size)
        start = np.divide(maps.shape[1:], self.image) * (top, left) + 0.5 * scale - 0.5
        matrix = np.array([[scale[1], 0, start[1]], [0, scale[0], start[0]]])
        if self.flipped:
            matrix[0] = (-scale[1], 0, start[1] + scale[1] * (size[1] - 1))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shape = (size[1], size[0])
        warped = [
            cv2.warpAffine(np.asarray(m), matrix, shape, None, flags, cv2.BORDER_REPLICATE)
            for m in maps
        ]
        return np.stack(warped) if warped else np.empty((0, *size), maps.dtype)


def augment(
    image: np.ndarray,
    label_map: np.ndarray,
    size: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, View]:
    """Return a random view of uint8 (H, W, 3) and int32 (H, W) at `size` = (height, width).

    The third value says where it was taken.
    """
    top, left, height, width = _draw_crop(label_map.shape, config, rng)
    window = np.s_[top : top + height, left : left + width]
    view = View(label_map.shape, (top, left, height, width), rng.random() < config.flip)
    label_map = view.labels(label_map, size)
    image = image[window]
    if view.flipped:
        image = image[:, ::-1]
    shape = (size[1], size[0])  # cv2 speaks of (width, height)
    smaller = height * width > size[0] * size[1]
    image = cv2.resize(
        np.ascontiguousarray(image),
        shape,
        interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR,
    )
    return _vary_colour(image, config, rng), label_map, view


def paste_region(
    image: np.ndarray,
    label_map: np.ndarray,
    donor_image: np.ndarray,
    donor_map: np.ndarray,
    rng: np.random.Generator,
    area: tuple[float, float] = (0.02, 0.4),
) -> tuple[np.ndarray, np.ndarray]:
    """Put one region of the donor on top of the image, as a new region of its label map.

    A pasted object has an outline that nobody can doubt, and the regions below it are now
    interrupted, as behind a real object. Only regions that fill a share of the frame within `area`
    and do not lean on its border are pasted; without one, the inputs come back as they are. All
    arrays have the same height and width.
    """
    labels, areas = np.unique(donor_map, return_counts=True)
    fits = (labels > 0) & (areas > area[0] * donor_map.size) & (areas < area[1] * donor_map.size)
    for label in rng.permutation(labels[fits]):
        region = donor_map == label
        border = region[0].sum() + region[-1].sum() + region[:, 0].sum() + region[:, -1].sum()
        if border > 0.25 * np.sqrt(region.sum()):
            continue
        # A slightly soft edge, so that the seam itself is not what gives the object away.
        alpha = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.7)[:, :, None]
        mixed = donor_image * alpha + image * (1 - alpha)
        pasted = np.where(region, label_map.max() + 1, label_map).astype(np.int32)
        return mixed.round().astype(np.uint8), pasted
    return image, label_map


def _draw_crop(
    shape: tuple[int, int], config: AugmentConfig, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Draw a random window (top, left, height, width) of an image of `shape`."""
    share = rng.uniform(*config.crop_area)
    aspect = np.exp(rng.uniform(-1, 1) * np.log(config.crop_aspect))
    height = min(1.0, np.sqrt(share * aspect)) * shape[0]
    width = min(1.0, np.sqrt(share / aspect)) * shape[1]
    height, width = max(1, round(height)), max(1, round(width))
    top, left = rng.integers(shape[0] - height + 1), rng.integers(shape[1] - width + 1)
    return int(top), int(left), height, width


def _vary_colour(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast and saturation, shift each channel, sometimes drop the colour."""
    pixels = image.astype(np.float32)
    grey = pixels.mean(axis=2, keepdims=True)
    saturation = 1 + config.saturation * rng.uniform(-1, 1)
    if rng.random() < config.grey:
        saturation = 0.0
    contrast = 1 + config.contrast * rng.uniform(-1, 1)
    brightness = 1 + config.brightness * rng.uniform(-1, 1)
    shift = config.colour_shift * rng.uniform(-1, 1, 3).astype(np.float32)
    pixels = grey + (pixels - grey) * saturation
    mean = grey.mean()
    pixels = (pixels - mean) * contrast + mean * brightness + shift
    pixels = pixels.clip(0, 255)
    if config.invert and rng.random() < config.invert:
        pixels = 255 - pixels
    return pixels.astype(np.uint8)
