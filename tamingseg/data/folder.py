"""Any folder of images with a folder of masks.

::

    <root>/images/<name>.jpg           or .png .webp .tif .bmp; subfolders are followed
    <root>/masks/<name>.png            one label map, 8 or 16 bit: every value > 0 is one region
    <root>/masks/<name>.<k>.png        or several: annotators, or finer and coarser
    <root>/set.json                    optional: what value 0 means, and whether it occurs

    <root>/data_GT/<name>.jpg          or GrabCut's folders, whose trimaps are one object, 255,
    <root>/boundary_GT/<name>.bmp      with void, 128, around it

What value 0 means, in this order: the argument; ``"zero_is_background": true | false`` in set.json;
its ``"kind"``, where "0 is background" or a kind that begins with "instances" says that 0 is a
known negative and every other kind that it is unlabelled. Without a kind 0 is background.

What other values mean, in set.json: ``"void": 255`` or a list, pixels that count neither way;
``"background": [0, 64]``, known to be in no region; ``"objects": "one"``, all other values are one
region, where ``"each value"``, the default, makes each a region of its own. See
`tamingseg.data.label_maps`, also for what is assumed where ``"void"`` is not said.

Every pixel belongs to a region (`partition`) where set.json says ``"partition": true``, or where it
does not say but its kind begins with "partition".
"""

import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tamingseg.data.base import read_sample
from tamingseg.data.label_maps import GRABCUT, Meaning, read_label_map
from tamingseg.data.pairs import PairedDataset, pair_files
from tamingseg.data.settings import read_settings
from tamingseg.values import Sample

_LOG = logging.getLogger(__name__)

_GRABCUT_MASKS = "boundary_GT"

_EITHER = (True, False)
_SETTINGS = {
    "kind": (str,),
    "zero_is_background": _EITHER,
    "partition": _EITHER,
    "void": (int, list),
    "background": (int, list),
    "objects": ("each value", "one"),
}


class FolderDataset(PairedDataset):
    """The images and label maps below `root`, see the head of this file.

    Parameters
    ----------
    root
        The folder that holds images/ and masks/; its name is the data set's.
    zero_is_background
        What value 0 means; None asks set.json.
    strict
        Whether files that do not fit together are an error; else they are left out and listed in
        `problems`.

    Raises
    ------
    FileNotFoundError
        If images/ or masks/ is missing.
    ValueError
        If there is nothing in them, or (`strict`) an image has no mask or a mask no image.
    """

    def __init__(
        self, root: str | Path, zero_is_background: bool | None = None, strict: bool = True
    ) -> None:
        root = Path(root)
        images, masks = _folders(root)
        pairs, problems = pair_files(images, masks)
        said = read_settings(root / "set.json", _SETTINGS)
        meaning = _meaning_of(said, root, masks.name)
        zero_in_file, self.partition = _zero_and_partition(said)
        if zero_is_background is None:
            zero_is_background = zero_in_file or bool(meaning and meaning.background)
        self.zero_is_background, self._meaning = zero_is_background, meaning
        self.settings: dict[str, Any] = {"zero_is_background": zero_is_background}
        if meaning is not None:
            self.settings["labels"] = asdict(meaning)
        nothing = (
            f"{root} has no image with a mask; expected images/<name>.jpg and "
            "masks/<name>.png (or masks/<name>.<k>.png)"
        )
        settings = [zero_is_background] if meaning is None else [zero_is_background, meaning]
        super().__init__(root.resolve().name, root, pairs, problems, strict, nothing, settings)

    def _read(self, name: str, image: Path, masks: list[Path]) -> Sample:
        read = partial(read_label_map, meaning=self._meaning)
        return read_sample(image, masks, read, name, self.zero_is_background)


def _folders(root: Path) -> tuple[Path, Path]:
    """Return the folders of images and of masks."""
    if (root / "data_GT").is_dir() and (root / _GRABCUT_MASKS).is_dir():
        return root / "data_GT", root / _GRABCUT_MASKS
    for name in ("images", "masks"):
        if not (root / name).is_dir():
            raise FileNotFoundError(
                f"{root} has no folder {name}/; expected images/<name>.jpg and "
                "masks/<name>.png (or masks/<name>.<k>.png)"
            )
    return root / "images", root / "masks"


def _meaning_of(said: dict[str, Any], root: Path, masks: str) -> Meaning | None:
    """Return what values mean, as set.json or GrabCut's folders say; None if neither does."""
    if not said.keys() & {"void", "background", "objects"}:
        if masks != _GRABCUT_MASKS:
            return None
        _LOG.info("%s is read as GrabCut: 255 is the object, 128 is void", root)
        return GRABCUT
    values = {}
    for key in ("void", "background"):
        came = said.get(key, [])
        values[key] = tuple(came if isinstance(came, list) else [came])
        if not all(type(value) is int for value in values[key]):
            raise ValueError(
                f"{root / 'set.json'} must give {key!r} a whole number or a list of them; mend it"
            )
    return Meaning(**values, one_object=said.get("objects") == "one")


def _zero_and_partition(said: dict[str, Any]) -> tuple[bool, bool]:
    """Return (whether 0 is background, whether every pixel belongs to a region)."""
    kind = said.get("kind", "instances")
    zero_is_background = "0 is background" in kind or kind.startswith("instances")
    return (
        said.get("zero_is_background", zero_is_background),
        said.get("partition", kind.startswith("partition")),
    )
