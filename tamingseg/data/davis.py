"""DAVIS, one object per frame, in the two layouts it is found in.

::

    <root>/img/<name>.jpg                            <root>/gt/<name>.png
    <root>/JPEGImages/480p/<sequence>/<frame>.jpg    <root>/Annotations/480p/<sequence>/<frame>.png

The first is what papers on interactive segmentation use (345 frames of 854x480, every tenth of
DAVIS-2016), the second DAVIS-2016 itself (3,455 frames). Whatever is not black in a mask is the
object; black is known to be background.
"""

from pathlib import Path

from tamingseg.data.base import fingerprint_of, pair_files, raise_problems, read_object, read_sample
from tamingseg.values import Sample

LAYOUTS = (("img", "gt"), ("JPEGImages/480p", "Annotations/480p"))


class DavisDataset:
    """The frames below `root`, see the head of this file; parameters as in `FolderDataset`.

    Raises
    ------
    FileNotFoundError
        If `root` has neither layout.
    ValueError
        If there is nothing in it, or (`strict`) a frame has no mask or a mask no frame.
    """

    partition = False

    def __init__(self, root: str | Path, strict: bool = True) -> None:
        root = Path(root)
        for images, masks in LAYOUTS:
            if (root / images).is_dir() and (root / masks).is_dir():
                break
        else:
            raise FileNotFoundError(
                f"{root} is not DAVIS; expected {' or '.join(f'{a}/ and {b}/' for a, b in LAYOUTS)}"
            )
        self._pairs, self.problems = pair_files(root / images, root / masks)
        if not self._pairs and (strict or not self.problems):
            raise ValueError(f"{root} has no frame with a mask in {images}/ and {masks}/")
        if strict:
            raise_problems(self.problems, root)
        self.name = root.resolve().name
        self.names = list(self._pairs)
        self.fingerprint = fingerprint_of(self._pairs)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """Read frame `index`; raises ValueError naming files that are damaged or do not fit."""
        name = self.names[index]
        image, masks = self._pairs[name]
        return read_sample(image, masks, read_object, name, zero_is_background=True)
