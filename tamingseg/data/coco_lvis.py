"""COCO+LVIS: photos of COCO with the objects of both, and which object is part of which.

::

    <root>/<split>/images/<id>.jpg       COCO's train2017 or val2017; there may be more than masks
    <root>/<split>/masks/<id>.pickle     ([layer, ...], [(layer index, label), ...])
    <root>/<split>/hannotation.pickle    {id: {"num_instance_masks": n, "hierarchy":
                                             {object: None or {"children": [object, ...],
                                                               "parent": object or None,
                                                               "node_level": 0, 1, ...}}}}

Splits are train and val; its makers speak of "99k images with 1.5M instances" in train. A layer is
a uint8 array with the bytes of a grey PNG, whose pixels are labels; objects that overlap are on
different layers. Object k has the k-th (layer index, label). The first n are things, of which some
are parts of others; the rest are stuff such as sky, each only where no thing is.

Each layer becomes a label map, and `Sample.parents` says what is part of what. That holds nearly:
its makers call an object a part if more than 80 % of it lie in the other. Not everything in a photo
is annotated, but an object that is, is annotated whole: outside it nothing belongs to it, so 0 is
background.

Pickles can run any code when they are read in the common way. Here they cannot: see `_Unpickler`.
Looking through that of train takes some seconds.

Source: github.com/SamsungLabs/ritm_interactive_segmentation, README.md (cocolvis_annotation.tar.gz)
and scripts/annotations_conversion; Sofiiuk, Petrov and Konushin, arXiv 2102.06583. SegNext trains
on the same files.
"""

import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tamingseg.checks import check_choice
from tamingseg.data.base import read_image
from tamingseg.data.files import find_files, name_of
from tamingseg.data.limits import MAX_PIXELS
from tamingseg.data.pairs import PairedDataset
from tamingseg.values import Sample

_T = TypeVar("_T")

SPLITS = ("train", "val")

MAX_MASK_BYTES = 2**24
"""Larger mask files are refused; a few small PNG files need far less."""

MAX_ANNOTATION_BYTES = 2**28
"""And so is a larger hannotation.pickle; 99k entries of 15 objects need about 20 MB."""

MAX_LAYERS = 255
"""More objects than this never lie on top of each other."""

MAX_LEVELS = 100
"""Nor are there parts of parts of parts beyond this."""


class CocoLvisDataset(PairedDataset):
    """One split of the data set below `root`, see the head of this file.

    Parameters
    ----------
    root
        The folder that holds train/ and val/.
    split
        One of `SPLITS`.
    stuff
        Whether stuff counts as regions too; else it becomes background.
    strict
        Whether an annotated image without its files is an error; else it is left out and listed in
        `problems`.

    Raises
    ------
    FileNotFoundError
        If the split's folders or its hannotation.pickle are missing.
    ValueError
        If there is no such split, the annotation is damaged, nothing is in it, or (`strict`) an
        annotated image has no file or no masks.
    """

    def __init__(
        self, root: str | Path, split: str = "val", stuff: bool = True, strict: bool = True
    ) -> None:
        check_choice(split, SPLITS, "split of COCO+LVIS")
        folder = Path(root) / split
        images, masks, annotation = (
            folder / name for name in ("images", "masks", "hannotation.pickle")
        )
        if not (images.is_dir() and masks.is_dir() and annotation.is_file()):
            raise FileNotFoundError(
                f"{root} is not COCO+LVIS with split {split!r}; expected {split}/images/<id>.jpg, "
                f"{split}/masks/<id>.pickle and {split}/hannotation.pickle"
            )
        self._parts = _read_pickle(annotation, MAX_ANNOTATION_BYTES, _take_annotation)
        # Files are found by listing: an id out of a pickle never becomes part of a path.
        image_of = {name_of(path, images): path for path in find_files(images, (".jpg",)).files}
        masks_of = {name_of(path, masks): path for path in find_files(masks, (".pickle",)).files}
        pairs = {
            name: (image_of[name], [masks_of[name]])
            for name in sorted(self._parts)
            if name in image_of and name in masks_of
        }
        problems = [
            f"{annotation} annotates {name!r}, but there is no {where / name}{suffix}"
            for where, suffix, found in ((images, ".jpg", image_of), (masks, ".pickle", masks_of))
            for name in sorted(self._parts.keys() - found.keys())
        ]
        self._stuff, self._annotation = stuff, annotation
        super().__init__(
            f"COCO_LVIS-{split}",
            folder,
            pairs,
            problems,
            strict,
            f"{annotation} holds no image that is there with its masks",
            [stuff],
            also=[annotation],
        )

    def _read(self, name: str, image_path: Path, masks: list[Path]) -> Sample:
        """Read an image, and a label map per layer."""
        mask_path = masks[0]
        things, parts = self._parts[name]
        image = read_image(image_path)
        size = image.shape[:2]
        layers, places = _read_pickle(mask_path, MAX_MASK_BYTES, _take_masks, size, image_path)
        if len(places) < things:
            raise ValueError(
                f"{mask_path} holds {len(places)} objects, but {self._annotation} annotates "
                f"{things}; get both again"
            )
        kept = np.zeros((len(layers), 256), np.int32)  # layer, label in the file -> in the map
        for layer, label in places if self._stuff else places[:things]:
            kept[layer, label] = label
        maps = np.stack([labels[layer] for labels, layer in zip(kept, layers, strict=True)])
        parents = {places[part]: places[whole] for part, whole in parts.items()}
        return Sample(image, maps, name, zero_is_background=True, parents=parents)


def _take_annotation(contents: Any) -> dict[str, tuple[int, dict[int, int]]]:
    """Return id of an image -> (how many things it has, part -> the whole it is part of)."""
    annotation = {}
    for name, entry in contents.items():
        if not isinstance(name, str):
            raise ValueError("the id of an image must be text")
        things, parts = entry["num_instance_masks"], {}
        _check_number(things, 0, 2**31)
        for thing, node in entry["hierarchy"].items():
            whole = None if node is None else node["parent"]
            if whole is not None:
                _check_number(thing, 0, things)
                _check_number(whole, 0, things)
                parts[thing] = whole
        for whole in parts.values():
            levels = 1
            while whole in parts:
                whole, levels = parts[whole], levels + 1
                if levels > MAX_LEVELS:
                    raise ValueError(f"parts go round, or down for more than {MAX_LEVELS} levels")
        annotation[name] = (things, parts)
    return annotation


def _take_masks(
    contents: Any, size: tuple[int, int], photo: Path
) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """Return the uint8 (H, W) layers of labels, and where each object is: (layer index, label)."""
    encoded, objects = contents
    most = min(MAX_LAYERS, MAX_PIXELS // (size[0] * size[1]))
    if not 1 <= len(encoded) <= most:
        raise ValueError(f"it must hold 1 to {most} layers, got {len(encoded)}")
    layers = [_take_layer(layer, size, photo) for layer in encoded]
    places = []
    for layer, label in objects:
        _check_number(layer, 0, len(layers))
        _check_number(label, 1, 256)
        places.append((layer, label))
    if len(set(places)) < len(places):
        raise ValueError("two objects have one label on one layer")
    return layers, places


def _take_layer(encoded: Any, size: tuple[int, int], photo: Path) -> np.ndarray:
    if not isinstance(encoded, _Array):
        raise ValueError("a layer must be an array of bytes")
    pixels = read_image(encoded.data)
    if pixels.shape[:2] != size or (pixels != pixels[..., :1]).any():
        raise ValueError(f"a layer must be a grey image of (height, width) {size} like {photo}")
    return pixels[..., 0]


def _check_number(value: Any, start: int, end: int) -> None:
    if type(value) is not int or not start <= value < end:
        raise ValueError(f"something is not a whole number of at least {start} and below {end}")


def _read_pickle(path: Path, max_bytes: int, take: Callable[..., _T], *arguments: Any) -> _T:
    """Return what `take` makes of the values in a pickle; raises ValueError naming a bad file."""
    with open(path, "rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"{path} is larger than {max_bytes} bytes, which no such file is")
    try:
        # Python keeps a table of numbered values; a number alone can make it fill the memory.
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name in _NUMBERING and (argument or 0) > len(data):
                raise ValueError("it numbers more values than it can hold")
        return take(_Unpickler(io.BytesIO(data)).load(), *arguments)
    except Exception as error:  # whatever a damaged or hostile file makes go wrong
        raise ValueError(
            f"{path} is damaged or not what COCO+LVIS holds ({error}); get it again"
        ) from error


_NUMBERING = {"PUT", "BINPUT", "LONG_BINPUT"}


class _Unpickler(pickle.Unpickler):
    """Reads plain values, whole numbers of numpy, and numpy's arrays of bytes as `_Array`.

    A pickle names functions and has them called. Here the names that numpy's arrays need mean the
    methods below, which only take bytes apart, and every other name is refused; so nothing that a
    file says is executed, and numpy never sees shapes and types made up by a stranger.
    """

    def find_class(self, module: str, name: str) -> Any:
        """Return what the pickle gets for ``module.name``; called by `load`."""
        known = {
            "numpy.ndarray": None,  # only ever the first argument of _reconstruct
            "numpy.dtype": self._dtype,
            "numpy.core.multiarray._reconstruct": self._array,
            "numpy.core.multiarray.scalar": self._number,
            "numpy.core.numeric._frombuffer": self._array_of,  # protocol 5
            "_codecs.encode": self._bytes,  # bytes in protocol 2
        }
        wanted = f"{module}.{name}".replace("numpy._core.", "numpy.core.")  # numpy 2 -> 1
        if wanted not in known:
            raise pickle.UnpicklingError(f"it asks for {wanted[:80]!r}, which masks do not need")
        return known[wanted]

    def _dtype(self, code: str, *_: Any) -> "_Dtype":
        if code not in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"):
            raise ValueError("it holds an array of something else than whole numbers")
        return _Dtype(code)

    def _array(self, *_: Any) -> "_Array":
        return _Array()

    def _array_of(self, data: Any, dtype: "_Dtype", *_: Any) -> "_Array":
        array = _Array()
        array.__setstate__((1, (), dtype, False, bytes(memoryview(data))))
        return array

    def _number(self, dtype: "_Dtype", data: bytes) -> int:
        return int.from_bytes(data[:8], "little", signed=dtype.code[0] == "i")

    def _bytes(self, text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise ValueError("it holds bytes in a strange encoding")
        return text.encode("latin1")


class _Dtype:
    """The type of an array in a pickle."""

    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        self.code = code

    def __setstate__(self, state: Any) -> None:
        if state[1] == ">":
            raise ValueError("its numbers have their bytes the other way round")


class _Array:
    """The bytes of an array in a pickle."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = b""

    def __setstate__(self, state: Any) -> None:
        _, _, dtype, _, data = state
        if not isinstance(dtype, _Dtype) or dtype.code != "u1" or not isinstance(data, bytes):
            raise ValueError("it holds an array of something else than bytes")
        self.data = data
