"""Photos with the files of their masks: paired by name, and read as a data set."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from tamingseg.data.files import (
    IMAGE_SUFFIXES,
    MASK_SUFFIXES,
    content_hashes,
    count_endings,
    find_files,
    name_of,
)
from tamingseg.values import Sample

Pairs = dict[str, tuple[Path, list[Path]]]
"""Name -> (photo, the files of its masks), in order of names."""

_LOG = logging.getLogger(__name__)


class PairedDataset:
    """A data set of photos and the files of their masks. Readers add `_read`.

    Attributes
    ----------
    name, names, fingerprint, partition
        As of every data set, see `tamingseg.data.base.MaskDataset`.
    problems
        One line for each file that does not fit; all are left out.
    """

    partition = False

    def __init__(
        self,
        name: str,
        root: Path,
        pairs: Pairs,
        problems: Sequence[str],
        strict: bool,
        nothing: str,
        settings: Sequence[object] = (),
        also: Sequence[Path] = (),
        left_out: Sequence[str] = (),
    ) -> None:
        """Check what a reader found.

        Parameters
        ----------
        name, root
            Of the data set, and the folder it is in.
        pairs, problems
            What was found, and one line for each file that does not fit.
        strict
            Whether a problem is an error.
        nothing
            What to say if there is no pair.
        settings, also
            What else changes the samples: settings, and files that are no photo's own.
        left_out
            One line for each file that is left out and no error.

        Raises
        ------
        ValueError
            If there is nothing, or (`strict`) there are problems.
        """
        if not pairs and (strict or not (problems or left_out)):
            raise ValueError("; ".join([nothing, *problems[:3]]))
        if strict:
            raise_problems(problems, root)
        self.name, self.names, self.problems = name, list(pairs), [*problems, *left_out]
        self._pairs = pairs
        self.fingerprint = fingerprint_of(pairs, *settings, *content_hashes(also))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """Read image `index`; raises ValueError naming files that are damaged or do not fit."""
        name = self.names[index]
        return self._read(name, *self._pairs[name])

    def _read(self, name: str, image: Path, masks: list[Path]) -> Sample:
        raise NotImplementedError


def pair_files(images: Path, masks: Path) -> tuple[Pairs, list[str]]:
    """Find each image's masks: ``masks/<name>.png``, or ``masks/<name>.<k>.png`` for several.

    Names are paths below `images` without the suffix, see `tamingseg.data.files.find_files`. Masks
    may also end in .tif or .bmp.

    Returns
    -------
    (pairs, problems): the pairs, and one line for each image without a mask, mask without an image,
    and pair of images, or of masks, of one name.
    """
    pairs: Pairs = {}
    problems = []
    found = find_files(images, IMAGE_SUFFIXES)
    if found.others:
        _LOG.warning("%s: passed over: %s", images, count_endings(found.others))
    for path in found.files:
        name = name_of(path, images)
        if name in pairs:
            problems.append(f"{path} has the same name as {pairs[name][0]}; rename one of them")
        else:
            pairs[name] = (path, [])
    taken: dict[str, Path] = {}
    for path in find_files(masks, MASK_SUFFIXES).files:
        name = name_of(path, masks)
        head, _, number = name.rpartition(".")
        owner = name if name in pairs else head if number.isdigit() else ""
        if owner not in pairs:
            problems.append(f"{path} is the mask of no image in {images}")
        elif name in taken:
            problems.append(f"{path} has the same name as {taken[name]}; remove one of them")
        else:
            taken[name] = path
            pairs[owner][1].append(path)
    for name, (image, own) in pairs.items():
        if not own:
            problems.append(f"{image} has no mask; expected {masks / name}.png or .<k>.png")
    return {name: pair for name, pair in sorted(pairs.items()) if pair[1]}, problems


def fingerprint_of(pairs: Mapping[str, tuple[Path, list[Path]]], *settings: object) -> str:
    """Return 12 hex digits that follow from every file's name and content, and `settings`.

    Times of files play no part, so that a copy of a data set is the same data set.
    """
    paths = [path for image, masks in pairs.values() for path in (image, *masks)]
    hashes = iter(content_hashes(paths))
    facts = [
        (name, [(name_of(path, path.parent), next(hashes)) for path in (image, *masks)])
        for name, (image, masks) in pairs.items()
    ]
    return hashlib.sha256(repr((facts, settings)).encode()).hexdigest()[:12]


def raise_problems(problems: Sequence[str], root: Path) -> None:
    """Raise a ValueError with the first problems of a data set, if there are any."""
    if problems:
        raise ValueError(
            f"{len(problems)} files of {root} do not fit together: {'; '.join(problems[:3])}"
            f"{'; ...' if len(problems) > 3 else ''}. `tamingseg data check {root}` lists all"
        )
