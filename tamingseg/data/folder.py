"""Any folder of images with a folder of masks.

::

    <root>/images/<name>.jpg           or .png .webp .tif .bmp; subfolders are followed
    <root>/masks/<name>.png            one label map, 8 or 16 bit: every value > 0 is one region
    <root>/masks/<name>.<k>.png        or several: annotators, or levels of detail
    <root>/set.json                    optional: what value 0 means, and whether it occurs

What value 0 means, in this order: the argument; ``"zero_is_background": true | false`` in set.json;
its ``"kind"``, where "0 is background" or a kind that begins with "instances" says that 0 is a
known negative and every other kind that it is unlabelled. Without set.json 0 is background.

Every pixel belongs to a region (`partition`) where set.json says ``"partition": true``, or where it
does not say but its kind begins with "partition".
"""

from pathlib import Path

from tamingseg.data.base import read_label_map, read_sample
from tamingseg.data.pairs import PairedDataset, pair_files
from tamingseg.data.settings import read_settings
from tamingseg.values import Sample


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
        images, masks = root / "images", root / "masks"
        for folder in (images, masks):
            if not folder.is_dir():
                raise FileNotFoundError(
                    f"{root} has no folder {folder.name}/; expected images/<name>.jpg and "
                    "masks/<name>.png (or masks/<name>.<k>.png)"
                )
        pairs, problems = pair_files(images, masks)
        zero_in_file, self.partition = _zero_and_partition(root / "set.json")
        if zero_is_background is None:
            zero_is_background = zero_in_file
        self.zero_is_background = zero_is_background
        self.settings = {"zero_is_background": zero_is_background}
        nothing = (
            f"{root} has no image with a mask; expected images/<name>.jpg and "
            "masks/<name>.png (or masks/<name>.<k>.png)"
        )
        super().__init__(
            root.resolve().name, root, pairs, problems, strict, nothing, [zero_is_background]
        )

    def _read(self, name: str, image: Path, masks: list[Path]) -> Sample:
        return read_sample(image, masks, read_label_map, name, self.zero_is_background)


def _zero_and_partition(path: Path) -> tuple[bool, bool]:
    """Return (whether 0 is background, whether every pixel belongs to a region)."""
    if not path.is_file():
        return True, False
    either = (True, False)
    known = {"kind": (str,), "zero_is_background": either, "partition": either}
    settings = read_settings(path, known)
    kind = settings.get("kind", "")
    zero_is_background = "0 is background" in kind or kind.startswith("instances")
    return (
        settings.get("zero_is_background", zero_is_background),
        settings.get("partition", kind.startswith("partition")),
    )
