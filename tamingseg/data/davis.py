"""DAVIS, one object per frame or several, in the two layouts it is found in.

::

    <root>/img/<name>.jpg                            <root>/gt/<name>.png
    <root>/JPEGImages/480p/<sequence>/<frame>.jpg    <root>/Annotations/480p/<sequence>/<frame>.png

The first is what papers on interactive segmentation use (345 frames of 854x480, every tenth of
DAVIS-2016), the second DAVIS-2016 itself (3,455 frames), and DAVIS-2017. Whatever is not black in a
mask is the object; black is known to be background. Masks of DAVIS-2017 have several objects, see
`tamingseg.data.label_maps.read_objects`.
"""

from pathlib import Path

from tamingseg.data.base import read_sample
from tamingseg.data.label_maps import read_objects
from tamingseg.data.pairs import PairedDataset, pair_files
from tamingseg.values import Sample

LAYOUTS = (("img", "gt"), ("JPEGImages/480p", "Annotations/480p"))


class DavisDataset(PairedDataset):
    """The frames below `root`, see the head of this file; parameters as in `FolderDataset`.

    Raises
    ------
    FileNotFoundError
        If `root` has neither layout.
    ValueError
        If there is nothing in it, or (`strict`) a frame has no mask or a mask no frame.
    """

    def __init__(self, root: str | Path, strict: bool = True) -> None:
        root = Path(root)
        for images, masks in LAYOUTS:
            if (root / images).is_dir() and (root / masks).is_dir():
                break
        else:
            raise FileNotFoundError(
                f"{root} is not DAVIS; expected {' or '.join(f'{a}/ and {b}/' for a, b in LAYOUTS)}"
            )
        pairs, problems = pair_files(root / images, root / masks)
        nothing = f"{root} has no frame with a mask in {images}/ and {masks}/"
        super().__init__(root.resolve().name, root, pairs, problems, strict, nothing)

    def _read(self, name: str, image: Path, masks: list[Path]) -> Sample:
        return read_sample(image, masks, read_objects, name, zero_is_background=True)
