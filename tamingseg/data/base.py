"""What every data set is (`MaskDataset`), and the reading of images and label maps from files.

Files come from strangers: everything that can be wrong with one ends in a ValueError that names it.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps

from tamingseg.values import Sample

MAX_PIXELS = 80_000_000
"""Larger images are refused from their header, before anything is decoded (240 MB as RGB)."""

MAX_SIDE = 65_500
"""Longer sides are refused: no JPEG holds them, and as a JPEG the app shows every photo."""

MIN_SIDE = 2
"""An image with a shorter side holds nothing to segment and is refused."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
_GREY_16_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")


class MaskDataset(Protocol):
    """Images with their true masks, by index; `names[i]` is the name of sample i.

    `fingerprint` changes with the files behind the data set: it tells sets of one name apart, and
    what was made of an older state from what would be made now. `partition` says whether every
    pixel belongs to a region: only then can whole segmentations be compared with the label maps. A
    reader with settings that change what is read may say them in a dict `settings`, which goes into
    result records.
    """

    name: str
    names: Sequence[str]
    fingerprint: str
    partition: bool

    def __len__(self) -> int:
        """How many images there are."""
        ...

    def __getitem__(self, index: int) -> Sample:
        """Read one image and its label maps; raises ValueError naming a file that is no good."""
        ...


def read_image(source: str | Path | bytes) -> np.ndarray:
    """Read any photo as people have it into a uint8 RGB array (H, W, 3).

    Grey, 16-bit, palette and CMYK pixels become 8-bit RGB, transparent ones are laid on white, and
    a rotation noted in the EXIF data is carried out. Of several frames the first is read.

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
        one pixel or of more than `MAX_SIDE`, more than `MAX_PIXELS` pixels, or floating-point
        numbers.

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
    with _opened(source) as image:
        return np.array(_to_rgb(ImageOps.exif_transpose(image)))


def read_pixels(path: str | Path) -> np.ndarray:
    """Read the numbers of an image file as they are stored: (H, W), palette indices included.

    Files of several channels give (H, W, C). Raises like `read_image`.
    """
    with _opened(path) as image:
        return np.array(image)


def read_label_map(path: str | Path) -> np.ndarray:
    """Read an 8- or 16-bit, one-bit or palette PNG as an int32 (H, W) label map.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or has several channels.
    """
    pixels = read_pixels(path)
    if pixels.ndim != 2:
        raise ValueError(
            f"label map {path} must have one whole number per pixel (8- or 16-bit grey or palette "
            f"PNG), got {pixels.dtype} of shape {pixels.shape}; save it with one channel"
        )
    return pixels.astype(np.int32)


def read_object(path: str | Path) -> np.ndarray:
    """Read the mask of one object: int32 (H, W), 1 where any colour of the file is not 0.

    Raises like `read_image`.
    """
    pixels = np.atleast_3d(read_pixels(path))
    colours = pixels.shape[2] - (pixels.shape[2] in (2, 4))  # transparency is last and no colour
    return (pixels[..., :colours] > 0).any(axis=2).astype(np.int32)


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
    arrays = []
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
def _opened(source: str | Path | bytes) -> Iterator[Image.Image]:
    """Open an image; refuse what must not be decoded from the header alone.

    Whatever the decoder has to complain about inside the block comes out as a ValueError.
    """
    name = "the image" if isinstance(source, bytes) else str(source)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise FileNotFoundError(f"there is no file {name}")
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        opened = Image.open(file, formats=_FORMATS)
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
            raise ValueError(f"{name} is damaged or truncated ({error}); get it again") from error


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
            "cut it into parts or make it smaller first"
        )
    if min(width, height) < MIN_SIDE:
        raise ValueError(
            f"{name} is {width} x {height} pixels; there is nothing to segment in less than "
            f"{MIN_SIDE} x {MIN_SIDE}"
        )
    if image.mode == "F":
        raise ValueError(f"{name} holds floating-point pixels; save it with 8 or 16 bits")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _GREY_16_BIT:
        grey = np.clip(np.asarray(image), 0, 65535) // 257  # 65535 -> 255
        image = Image.fromarray(grey.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
