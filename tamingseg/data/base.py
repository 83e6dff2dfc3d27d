"""What every data set is (`MaskDataset`), and the reading of images and label maps from files.

Files come from strangers: everything that can be wrong with one ends in a ValueError that names it.
"""

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from PIL import ExifTags, Image

from tamingseg.data.brightness import range_of, range_said, to_8_bits
from tamingseg.data.png import SIGNATURE, only_pixels
from tamingseg.values import Sample

_LOG = logging.getLogger(__name__)

MAX_PIXELS = 80_000_000
"""Larger images are refused from their header, before anything is decoded (240 MB as RGB)."""

MAX_SIDE = 65_500
"""Longer sides are refused: no JPEG holds them, and as a JPEG the app shows every photo."""

MIN_SIDE = 2
"""An image with a shorter side holds nothing to segment and is refused."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Pillow's names for grey pixels of more than 8 bits."""

_ORIENTATION = ExifTags.Base.Orientation
_NEW_SUBFILE_TYPE, _PHOTOMETRIC = 254, 262  # tags of TIFF

_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the photo upright."""


class MaskDataset(Protocol):
    """Images with their true masks, by index; `names[i]` is the name of sample i.

    `fingerprint` changes with the files behind the data set: it tells sets of one name apart, and
    what was made of an older state from what would be made now. `partition` says whether every
    pixel belongs to a region: only then can whole segmentations be compared with the label maps. A
    reader with settings that change what is read may say them in a dict `settings`, which goes into
    result records.
    """

    name: str
    fingerprint: str
    partition: bool

    @property
    def names(self) -> Sequence[str]:
        """Names of the images, in order."""
        ...

    def __len__(self) -> int:
        """How many images there are."""
        ...

    def __getitem__(self, index: int) -> Sample:
        """Read one image and its label maps; raises ValueError naming a file that is no good."""
        ...


def read_image(source: str | Path | bytes) -> np.ndarray:
    """Read any photo as people have it into a uint8 RGB array (H, W, 3).

    Grey, palette and CMYK pixels become RGB; more than 8 bits, and floating-point numbers, are
    scaled as `tamingseg.data.brightness` says. Transparent pixels are laid on white, unless all
    are. A rotation noted in the EXIF data is carried out. Of several pages the first is read.

    Parameters
    ----------
    source
        A path, or the bytes of a file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a JPEG, PNG, WebP, TIFF or BMP image, is damaged or truncated, has a side of
        one pixel or of more than `MAX_SIDE`, or more than `MAX_PIXELS` pixels.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from tamingseg import read_image
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "grey.png"
    ...     Image.new("L", (3, 2), 128).save(path)
    ...     read_image(path).shape
    (2, 3, 3)
    """
    with opened(source) as image:
        name = _name_of(source)
        if _has_pages(image):
            _LOG.warning("%s has several pages; only the first is read", name)
        if _is_deep_colour(image):
            pixels = Image.fromarray(_deep_colour(source, image.size, name))
            upright = image.format == "TIFF"  # OpenCV has turned it
        else:
            image.load()  # Pillow turns TIFF files and forgets their orientation
            pixels = Image.fromarray(_deep_grey(image, name)) if image.mode in _DEEP_GREY else image
            upright = False
        turn = None if upright else _ORIENTATIONS.get(_orientation(image))
        rgb = _to_rgb(pixels, name)
        return np.array(rgb if turn is None else rgb.transpose(turn))


def read_size(source: str | Path | bytes) -> tuple[int, int]:
    """Read (height, width) of the upright photo from its header; raises like `read_image`."""
    with opened(source) as image:
        width, height = image.size
        return (width, height) if _orientation(image) in (5, 6, 7, 8) else (height, width)


def read_pixels(path: str | Path | bytes) -> np.ndarray:
    """Read the numbers of an image file as they are stored: (H, W), palette indices included.

    Files of several channels give (H, W, C). Raises like `read_image`.
    """
    with opened(path) as image:
        return np.array(image)


def read_sample(
    image_path: Path,
    map_paths: Sequence[Path],
    read_map: Callable[[Path], np.ndarray],
    name: str,
    zero_is_background: bool,
) -> Sample:
    """Read an image and its label maps.

    Raises
    ------
    ValueError
        If files are damaged or the sizes differ; the message names every such file.
    """
    problems = []
    arrays: list[np.ndarray] = []
    for path, read in [(image_path, read_image), *((path, read_map) for path in map_paths)]:
        try:
            array = read(path)
        except (ValueError, FileNotFoundError) as error:
            problems.append(str(error))
        else:
            if arrays and array.shape[:2] != arrays[0].shape[:2]:
                problems.append(
                    f"{path} has (height, width) {array.shape[:2]}, but expected was "
                    f"{arrays[0].shape[:2]} like the other files of {image_path}"
                )
            arrays.append(array)
    if problems:
        raise ValueError("; ".join(problems))
    return Sample(arrays[0], np.stack(arrays[1:]), name, zero_is_background)


@contextmanager
def opened(source: str | Path | bytes) -> Iterator[Image.Image]:
    """Open an image; refuse what must not be decoded from the header alone.

    Whatever the decoder has to complain about inside the block comes out as a ValueError.
    """
    name = _name_of(source)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise FileNotFoundError(f"there is no file {name}")
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        is_png = file.read(len(SIGNATURE)) == SIGNATURE
        file.seek(0)
        try:
            opened = Image.open(only_pixels(file) if is_png else file, formats=_FORMATS)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ValueError(f"{name} is too large ({error}); make it smaller first") from error
        except (OSError, SyntaxError, ValueError) as error:
            raise ValueError(
                f"{name} is not a JPEG, PNG, WebP, TIFF or BMP image, or its beginning is damaged"
            ) from error
        with opened as image:
            _check_header(image, name)
            try:
                yield image
            except Exception as error:  # decoders raise whatever they like on damaged data
                raise ValueError(
                    f"{name} is damaged or truncated ({error}); get it again"
                ) from error


def _name_of(source: str | Path | bytes) -> str:
    return "the image" if isinstance(source, bytes) else str(source)


def _check_header(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"{name} is {width} x {height} pixels, at most {MAX_PIXELS} can be read; "
            "make it smaller first"
        )
    if max(width, height) > MAX_SIDE:
        raise ValueError(
            f"{name} is {width} x {height} pixels, a side can have at most {MAX_SIDE}; "
            "divide it or make it smaller first"
        )
    if min(width, height) < MIN_SIDE:
        raise ValueError(
            f"{name} is {width} x {height} pixels; there is nothing to segment in less than "
            f"{MIN_SIDE} x {MIN_SIDE}"
        )


def _has_pages(image: Image.Image) -> bool:
    """Whether a TIFF has a second page that is no smaller copy of the first."""
    if image.format != "TIFF":
        return False
    try:
        image.seek(1)
        tags = getattr(image, "tag_v2", {})
        is_copy = tags.get(_NEW_SUBFILE_TYPE, 0) & 1
    except Exception:  # there is none, or it is damaged; the first may be sound
        is_copy = True
    image.seek(0)
    return not is_copy


def _orientation(image: Image.Image) -> int:
    """Return the orientation noted in EXIF data, 1 (upright) where they are damaged or missing."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged note beside the pixels says nothing about the pixels
        return 1


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether it has several channels of 16 bits, of which Pillow keeps only 8."""
    tiles = getattr(image, "tile", [])
    stored = tiles[0][3] if tiles else ""
    stored = stored[0] if isinstance(stored, tuple) else stored
    return image.mode not in _DEEP_GREY and ";16" in str(stored)


def _deep_colour(source: str | Path | bytes, size: tuple[int, int], name: str) -> np.ndarray:
    """Decode channels of 16 bits with OpenCV: uint8 RGB or RGBA (H, W, C)."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ValueError("its channels of 16 bits cannot be decoded")
    if pixels.shape[1::-1] != size:
        raise ValueError("its parts have different sizes")
    colours = _scaled(pixels[..., 2::-1], None, name)
    alpha = to_8_bits(pixels[..., 3:], 0, 65_535)
    return np.concatenate([colours, alpha], axis=2)


def _deep_grey(image: Image.Image, name: str) -> np.ndarray:
    """Scale grey pixels of more than 8 bits: uint8 (H, W)."""
    grey = _scaled(np.asarray(image), range_said(image), name)
    white_is_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    return 255 - grey if white_is_zero else grey


def _scaled(pixels: np.ndarray, said: tuple[float, float] | None, name: str) -> np.ndarray:
    black, white = range_of(pixels, said)
    if (black, white) != (0, 65_535):
        _LOG.info(
            "%s has more than 8 bits; %g is read as black and %g as white", name, black, white
        )
    return to_8_bits(pixels, black, white)


def _to_rgb(image: Image.Image, name: str) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[1] == 0:
            _LOG.warning("%s is transparent everywhere; its transparency is left aside", name)
        else:
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
    return image.convert("RGB")
