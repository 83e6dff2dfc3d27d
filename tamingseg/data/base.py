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

from tamingseg.data import tiff
from tamingseg.data.brightness import range_said, scaled, to_8_bits
from tamingseg.data.limits import check_size
from tamingseg.data.png import SIGNATURE, only_pixels
from tamingseg.values import Sample

_LOG = logging.getLogger(__name__)

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Pillow's names for grey pixels of more than 8 bits."""

_ORIENTATION = ExifTags.Base.Orientation
_PHOTOMETRIC = 262  # a tag of TIFF

_HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
"""What follows the word ftyp in HEIF files: the photos of many phones."""

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


def read_image(
    source: str | Path | bytes, page: int | None = None, side: int | None = None
) -> np.ndarray:
    """Read any photo as people have it into a uint8 RGB array (H, W, 3).

    Grey, palette and CMYK pixels become RGB; more than 8 bits, and floating-point numbers, are
    scaled as `tamingseg.data.brightness` says. Transparent pixels are laid on white, unless all
    are. A rotation noted in the EXIF data is carried out.

    Parameters
    ----------
    source
        A path, or the bytes of a file.
    page
        Which page of a TIFF file, from 0 on, see `count_pages`. By default the first, and a note
        says if there are more.
    side
        Shrink the photo where its format makes that quicker (JPEG), so that neither side gets
        shorter than this.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a JPEG, PNG, WebP, TIFF or BMP image, is damaged or truncated, has no such
        page, has a side of one pixel or of more than 65,500, or more than 80 million pixels.

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
    name, place = _name_of(source), 0
    if _begins_with(source, tiff.SIGNATURES):
        places = tiff.find_pages(source)
        if page is None and len(places) > 1:
            _LOG.warning("%s has %s pages; only the first is read", name, len(places))
        place = _chosen(places, page or 0, name)
        deep = tiff.read_deep(source, place, name)
        if deep is not None:
            return _upright(_to_rgb(deep.image, name), deep.orientation)
    elif page:
        _chosen([0], page, name)
    with opened(source) as image:
        image.seek(place)
        tiff.keep_native_order(image)
        check_size(*image.size, name)
        if side:
            image.draft(None, (side, side))  # the decoder leaves out pixels
        if _has_deep_colours(image):
            pixels = Image.fromarray(_deep_png(source, image.size, name))
        else:
            image.load()  # Pillow turns TIFF files and forgets their orientation
            pixels = Image.fromarray(_deep_grey(image, name)) if image.mode in _DEEP_GREY else image
        return _upright(_to_rgb(pixels, name), _orientation(image))


def count_pages(source: str | Path | bytes) -> int:
    """Return how many pages a photo has: 1, or more in a TIFF file. Smaller copies do not count."""
    return len(tiff.find_pages(source)) if _begins_with(source, tiff.SIGNATURES) else 1


def read_size(source: str | Path | bytes) -> tuple[int, int]:
    """Read (height, width) of the upright photo; of most files the header will do.

    Raises like `read_image`.
    """
    if _begins_with(source, tiff.SIGNATURES):  # which of several pages is meant takes more
        height, width, _ = read_image(source).shape
        return height, width
    with opened(source) as image:
        width, height = image.size
        return (width, height) if _orientation(image) in (5, 6, 7, 8) else (height, width)


def read_pixels(path: str | Path | bytes) -> np.ndarray:
    """Read the numbers of an image file as they are stored: (H, W), palette indices included.

    Files of several channels give (H, W, C). Raises like `read_image`.
    """
    with opened(path) as image:
        tiff.keep_native_order(image)
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
            file.seek(0)
            raise ValueError(f"{name} {_what_instead(file.read(12))}") from error
        with opened as image:
            check_size(*image.size, name)
            try:
                yield image
            except Exception as error:  # decoders raise whatever they like on damaged data
                raise ValueError(
                    f"{name} is damaged or truncated ({error}); get it again"
                ) from error


def _name_of(source: str | Path | bytes) -> str:
    return "the image" if isinstance(source, bytes) else str(source)


def _begins_with(source: str | Path | bytes, signatures: Sequence[bytes]) -> bool:
    if isinstance(source, bytes):
        return source.startswith(tuple(signatures))
    if not Path(source).is_file():
        return False
    with open(source, "rb") as file:
        return file.read(8).startswith(tuple(signatures))


def _chosen(places: Sequence[int], page: int, name: str) -> int:
    if not 0 <= page < len(places):
        raise ValueError(f"{name} has {len(places)} pages, and none of number {page + 1}")
    return places[page]


def _what_instead(beginning: bytes) -> str:
    """Say what to do with a file that is no image of a known kind, from its first bytes."""
    if beginning[4:8] == b"ftyp" and beginning[8:12] in _HEIF:
        return "is a HEIC, HEIF or AVIF photo, which is not read here; save it as JPEG or PNG first"
    return "is not a JPEG, PNG, WebP, TIFF or BMP image, or its beginning is damaged"


def _upright(image: Image.Image, orientation: int) -> np.ndarray:
    turn = _ORIENTATIONS.get(orientation)
    return np.array(image if turn is None else image.transpose(turn))


def _orientation(image: Image.Image) -> int:
    """Return the orientation noted in EXIF data, 1 (upright) where they are damaged or missing."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged note beside the pixels says nothing about the pixels
        return 1


def _has_deep_colours(image: Image.Image) -> bool:
    """Whether a PNG has several channels of 16 bits, of which Pillow keeps only 8."""
    tiles = getattr(image, "tile", [])
    stored = tiles[0][3] if tiles else ""
    return image.format == "PNG" and image.mode not in _DEEP_GREY and ";16" in str(stored)


def _deep_png(source: str | Path | bytes, size: tuple[int, int], name: str) -> np.ndarray:
    """Decode channels of 16 bits with OpenCV: uint8 RGB or RGBA (H, W, C)."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ValueError("its channels of 16 bits cannot be decoded")
    if pixels.shape[1::-1] != size:
        raise ValueError("its parts have different sizes")
    alpha = to_8_bits(pixels[..., 3:], 0, 65_535)
    return np.concatenate([scaled(pixels[..., 2::-1], None, name), alpha], axis=2)


def _deep_grey(image: Image.Image, name: str) -> np.ndarray:
    """Scale grey pixels of more than 8 bits: uint8 (H, W)."""
    values = np.asarray(image)
    grey = scaled(values, range_said(image, values), name)
    white_is_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    return 255 - grey if white_is_zero else grey


def _to_rgb(image: Image.Image, name: str) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[1] == 0:
            _LOG.warning("%s is transparent everywhere; its transparency is left aside", name)
        else:
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
    return image.convert("RGB")
