"""HyperSim: pictures of modelled rooms, with the object behind every pixel, in the official layout.

::

    <root>/ai_VVV_NNN/images/
        scene_cam_XX_final_hdf5/frame.IIII.color.hdf5                    light, float16 (H, W, 3)
        scene_cam_XX_final_preview/frame.IIII.tonemap.jpg  .color.jpg    8-bit previews of it
        scene_cam_XX_geometry_hdf5/frame.IIII.render_entity_id.hdf5      int16 (H, W), 1..N
        scene_cam_XX_geometry_hdf5/frame.IIII.semantic_instance.hdf5     int16 (H, W), 1..N
    <root>/metadata_images_split_scene_v1.csv                            the official split
    <root>/set.json                                                      optional, see below

Frames of 768 x 1024 pixels: 74,619 of 457 scenes, of them 59,543 of 365 for training, 7,386 of 46
for validation and 7,690 of 46 for testing; 434 scenes (346, 42, 46) have a frame 0 of cam_00, the
one that the note scores. ``tamingseg data download hypersim`` fetches single frames.

A render entity is one node of the modelled scene, often a part of a thing (a leg of a chair); a
semantic instance is a group of entities that a person called one thing. Id -1 is "no geometry" (a
window onto nothing) or "not annotated" and is no region: ids <= 0 become 0, which is unlabelled.

What the command line is to read of it stands in set.json, any of ``{"split": "val", "pattern":
"first", "labels": "instances", "image": "color.jpg"}``; the arguments of the class come first.

Sources: github.com/apple/ml-hypersim (README, code/python/tools/scene_generate_images_tonemap.py,
evermotion_dataset/analysis); Roberts et al., arXiv 2011.02523. Licence: CC BY-SA 3.0.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from tamingseg.checks import check_choice
from tamingseg.data.base import read_image
from tamingseg.data.hypersim_frames import (
    COLOR,
    ENTITIES,
    INSTANCES,
    PATTERNS,
    SPLIT_FILE,
    SPLITS,
    Shot,
    find_shots,
    fitting,
    read_split,
    select_shots,
)
from tamingseg.data.limits import MAX_PIXELS
from tamingseg.data.pairs import PairedDataset
from tamingseg.data.settings import read_settings
from tamingseg.values import Sample

SCENES = "ai_*/images"
"""What to look for below a folder to see whether it is HyperSim."""

IMAGES = (COLOR, "tonemap.jpg", "color.jpg")
LABELS = {"entities": (ENTITIES,), "instances": (INSTANCES,), "both": (ENTITIES, INSTANCES)}

_DEFAULTS = {"split": None, "pattern": "all", "labels": "entities", "image": COLOR}
_CHOICES = {
    "split": (None, *SPLITS),
    "pattern": PATTERNS,
    "labels": tuple(LABELS),
    "image": IMAGES,
}

PART_OVERLAP = 0.8
"""An entity is part of an instance that covers more than this of it."""


class HypersimDataset(PairedDataset):
    """The frames below `root`, see the head of this file.

    A frame belongs to the data set where its label file is there; one without is left out and
    listed in `problems` (the official archives lack a few, ml-hypersim issue 7).

    Parameters
    ----------
    root
        The folder of the scenes; its name is the data set's.
    split
        Only the frames of this part of the official split, one of `SPLITS`; by default all.
    pattern
        Which frames, one of `PATTERNS`; by default all.
    labels
        "entities" (the default) or "instances": one label map; "both": entities in map 0 and
        instances in map 1, and `Sample.parents` says which entity is part of which instance.
    image
        The file that the image is made of, one of `IMAGES`: color.hdf5, the default, is tone-mapped
        here by the published formula; tonemap.jpg is the preview of the same; color.jpg is not
        tone-mapped, and as an input a mistake that is needed only to repeat figures measured so.
    strict
        Whether a labelled frame without its other files is an error; else it is left out and
        listed in `problems`.

    Raises
    ------
    FileNotFoundError
        If there is no scene in `root`, or `split` is given and its file is missing.
    ValueError
        If an argument is none of its choices, the split file is damaged, there is no labelled frame
        of those asked for, or (`strict`) files are missing.
    """

    def __init__(
        self,
        root: str | Path,
        split: str | None = None,
        pattern: str | None = None,
        labels: str | None = None,
        image: str | None = None,
        strict: bool = True,
    ) -> None:
        root = Path(root)
        settings = _DEFAULTS | read_settings(root / "set.json", _CHOICES)
        split = split or settings["split"]
        pattern = pattern or settings["pattern"]
        labels = labels or settings["labels"]
        image = image or settings["image"]
        check_choice(labels, list(LABELS), "labels")
        check_choice(image, IMAGES, "image")
        if not any(root.glob(SCENES)):
            raise FileNotFoundError(
                f"{root} is not HyperSim; expected scenes as ai_001_001/images/. "
                "`tamingseg data download hypersim` fetches them"
            )
        self._root, self._image, self._labels = root, image, LABELS[labels]
        self.settings = {"image": image, "labels": labels, "pattern": pattern, "split": split}
        tone_mapped = (ENTITIES,) if image == COLOR else ()
        self._kinds = tuple(dict.fromkeys((image, *self._labels, *tone_mapped)))
        shots, missing, unlabelled = self._find_shots(pattern, split)
        pairs = {}
        for shot in shots:
            photo, *others = [root / shot.file(kind) for kind in self._kinds]
            pairs[shot.name] = (photo, others)
        super().__init__(
            root.resolve().name,
            root,
            pairs,
            missing,
            strict,
            f"{root} has no frame with {self._labels[0]} of pattern {pattern!r} and split "
            f"{split or 'any'}; `tamingseg data download hypersim` fetches them",
            ["hypersim", labels, image],
            left_out=unlabelled,
        )

    def _read(self, name: str, image_path: Path, others: list[Path]) -> Sample:
        arrays = dict(zip(self._kinds, _read_all([image_path, *others]), strict=True))
        image = arrays[self._image]
        if self._image == COLOR:
            image = tone_map(image, arrays[ENTITIES] > 0)
        maps = np.stack([arrays[kind] for kind in self._labels])
        parents = parts_in_wholes(*maps) if len(maps) == 2 else {}
        return Sample(image, maps, name, zero_is_background=False, parents=parents)

    def _find_shots(
        self, pattern: str, split: str | None
    ) -> tuple[list[Shot], list[str], list[str]]:
        """Return the whole frames, and one line per missing file and per image without labels."""
        found = {kind: find_shots(self._root, kind) for kind in self._kinds}
        if split is None:
            asked = fitting(set().union(*found.values()), pattern)
        else:
            file = self._root / SPLIT_FILE
            splits = read_split(file)
            try:
                asked = set(select_shots(splits, pattern, split))
            except ValueError as error:
                raise ValueError(
                    f"{file}: {error}; choose others, or get the file again"
                ) from error
        labelled = sorted(found[self._labels[0]] & asked)
        missing = [
            f"{self._root / shot.file(kind)} is missing"
            for shot in labelled
            for kind in self._kinds
            if shot not in found[kind]
        ]
        unlabelled = [
            f"{self._root / shot.file(self._image)} has no {self._labels[0]} and is left out"
            for shot in sorted((found[self._image] & asked) - set(labelled))
        ]
        whole = set.intersection(*found.values())
        return [shot for shot in labelled if shot in whole], missing, unlabelled


def tone_map(color: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Turn light into an image: the published formula of the data set.

    The light is scaled so that the 90th percentile of the brightness 0.3 R + 0.59 G + 0.11 B over
    the valid pixels is 0.8 after the gamma of 1/2.2; what is brighter than 1 then is clipped.

    Parameters
    ----------
    color
        Float, (H, W, 3), linear RGB. What is not a number counts as 0, infinity as 65504 (the
        largest float16).
    valid
        Bool, (H, W): where there is geometry.

    Returns
    -------
    uint8, (H, W, 3).
    """
    light = np.nan_to_num(np.clip(color, -65504, 65504).astype(np.float32))
    scale = 1.0
    if valid.any():
        brightness = light[valid] @ np.array([0.3, 0.59, 0.11], np.float32)
        percentile = float(np.percentile(brightness, 90))
        scale = 0.8**2.2 / percentile if percentile >= 1e-4 else 0.0
    mapped = np.clip(scale * light, 0, 1) ** (1 / 2.2)
    return np.rint(255 * mapped).astype(np.uint8)


def parts_in_wholes(
    parts: np.ndarray, wholes: np.ndarray
) -> dict[tuple[int, int], tuple[int, int]]:
    """Find for each region of map 0 the region of map 1 that covers over `PART_OVERLAP` of it.

    Both label maps are int32 (H, W); the result is as in `Sample.parents`.
    """
    count = int(wholes.max(initial=0)) + 1
    pairs, overlaps = np.unique(parts.astype(np.int64) * count + wholes, return_counts=True)
    labels, areas = np.unique(parts, return_counts=True)
    owners, covers = np.divmod(pairs, count)
    is_part = overlaps > PART_OVERLAP * areas[np.searchsorted(labels, owners)]
    is_part &= (owners > 0) & (covers > 0)
    found = zip(owners[is_part].tolist(), covers[is_part].tolist(), strict=True)
    return {(0, part): (1, whole) for part, whole in found}


def _read_all(paths: Sequence[Path]) -> list[np.ndarray]:
    """Read the files of a frame; a ValueError names all that are no good or of another size."""
    arrays: list[np.ndarray] = []
    problems: list[str] = []
    for path in paths:
        try:
            array = _read(path)
        except (ValueError, FileNotFoundError) as error:
            problems.append(str(error))
            continue
        if arrays and array.shape[:2] != arrays[0].shape[:2]:
            problems.append(
                f"{path} has (height, width) {array.shape[:2]}, but expected was "
                f"{arrays[0].shape[:2]} like the other files of the frame"
            )
        arrays.append(array)
    if problems:
        raise ValueError("; ".join(problems))
    return arrays


def _read(path: Path) -> np.ndarray:
    """Read light as float (H, W, 3), ids as int32 (H, W) with 0 for none, previews as uint8."""
    if path.suffix == ".jpg":
        return read_image(path)
    if path.name.endswith(COLOR):
        return _read_hdf5(path, "f", (3,), "light as float (H, W, 3)")
    ids = _read_hdf5(path, "iu", (), "ids as whole numbers (H, W)")
    if ids.max() > np.iinfo(np.int32).max:
        raise ValueError(f"{path} has the id {ids.max()}, which is no int32; get it again")
    return np.maximum(ids, 0).astype(np.int32)


def _read_hdf5(path: Path, types: str, channels: tuple[int, ...], expected: str) -> np.ndarray:
    """Read the dataset of an HDF5 file if it has one of the numpy `types` and is (H, W, ...)."""
    with _opened(path) as data:
        shape, dtype = data.shape, data.dtype
        fits = len(shape) == 2 + len(channels) and shape[2:] == channels and dtype.kind in types
        fits = fits and 0 < shape[0] * shape[1] <= MAX_PIXELS
        array = data[()] if fits else None
    if array is None:
        raise ValueError(f"{path} must hold {expected}, got {dtype} {shape}; download it again")
    return array


@contextmanager
def _opened(path: Path) -> Iterator[h5py.Dataset]:
    """Open the one dataset of a HyperSim file; whatever HDF5 complains about is a ValueError."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with h5py.File(path, "r") as file:
            data = file["dataset"]
            # HDF5 lets a file say that its numbers are in another file of this disk.
            linked = not isinstance(file.get("dataset", getlink=True), h5py.HardLink)
            if linked or data.external or data.is_virtual:
                raise ValueError("it refers to other files")
            yield data
    except Exception as error:  # the library raises whatever it likes on damaged data
        raise ValueError(
            f"{path} is damaged, truncated or no HDF5 file of HyperSim ({error}); download it again"
        ) from error
