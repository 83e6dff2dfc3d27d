"""Decoded images in one memory-mapped file, so that reading never limits training.

Decoding JPEG and PNG costs more than everything training does with the pixels. A cache holds the
samples of a data set as raw bytes; opening it costs nothing and its pages are shared by processes.

    <folder>/<data set>-<longest side>-<fingerprint>/
        images.bin   uint8 RGB, one image after the other
        maps.bin     uint16 label maps, likewise
        index.json   name, (height, width), number of maps and offsets of every sample
"""

import json
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.data.label_maps import as_16_bits, from_16_bits, resized_labels
from tamingseg.files import cannot_write
from tamingseg.values import Sample


class CachedDataset:
    """The same samples as `dataset`, read from a cache below `folder` that is made if missing.

    Images with a side longer than `max_side` are kept at that size. When a file of the data set
    changes, so does its fingerprint, and another cache is made.
    """

    def __init__(self, dataset: MaskDataset, folder: Path, max_side: int):
        # What is found about these images, such as a teacher's answers, is of this size.
        self.fingerprint = f"{dataset.fingerprint}-{max_side}"
        self.folder = Path(folder) / f"{dataset.name}-{max_side}-{dataset.fingerprint}"
        if not (self.folder / "index.json").exists():
            _write(dataset, self.folder, max_side)
        self.name = dataset.name
        self.partition = dataset.partition
        self._index = json.loads((self.folder / "index.json").read_text())
        self.names = [entry["name"] for entry in self._index]
        self._open()

    def _open(self) -> None:
        self._images = np.memmap(self.folder / "images.bin", np.uint8, "r")
        self._maps = np.memmap(self.folder / "maps.bin", np.uint16, "r")

    def __getstate__(self) -> dict[str, Any]:
        # A pickled memmap is a copy of the whole file; another process opens its own.
        return {k: v for k, v in vars(self).items() if k not in ("_images", "_maps")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Sample:
        entry = self._index[index]
        height, width = entry["size"]
        pixels = height * width
        image = self._images[entry["image"] :][: 3 * pixels].reshape(height, width, 3)
        maps = self._maps[entry["map"] :][: entry["maps"] * pixels]
        return Sample(
            np.asarray(image),
            from_16_bits(maps.reshape(entry["maps"], height, width)),
            entry["name"],
            entry["zero_is_background"],
            {tuple(part): tuple(whole) for part, whole in entry.get("parents", [])},
        )


def _write(dataset: MaskDataset, folder: Path, max_side: int) -> None:
    """Fill `folder`; it appears only when it is complete. A ValueError names all bad files."""
    unfinished = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        unfinished.mkdir(parents=True)
        _fill(dataset, unfinished, max_side)
        if folder.exists() and not (folder / "index.json").exists():
            shutil.rmtree(folder)
        try:
            unfinished.rename(folder)
        except OSError:  # perhaps another process was faster; what it made is the same
            if not (folder / "index.json").exists():
                raise
    except OSError as error:
        if error.errno is None:  # a file of the data set is missing
            raise
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fill(dataset: MaskDataset, folder: Path, max_side: int) -> None:
    """Write all samples and the index."""
    index, problems, image_end, map_end = [], [], 0, 0
    with (
        open(folder / "images.bin", "wb") as images,
        open(folder / "maps.bin", "wb") as maps,
    ):
        for number in tqdm(range(len(dataset)), f"cache {dataset.name}", unit="image"):
            try:
                sample = dataset[number]
            except (ValueError, OSError) as error:
                problems.append(str(error))
                continue
            if problems:
                continue  # nothing will come of it, but the other files are looked at
            if sample.label_maps.max(initial=0) >= np.iinfo(np.uint16).max:
                raise ValueError(f"{sample.name!r} has labels above 65534; renumber its regions")
            sample = _shrink(sample, max_side)
            images.write(np.ascontiguousarray(sample.image).tobytes())
            maps.write(as_16_bits(sample.label_maps).tobytes())
            index.append(
                {
                    "name": sample.name,
                    "size": sample.image.shape[:2],
                    "maps": len(sample.label_maps),
                    "image": image_end,
                    "map": map_end,
                    "zero_is_background": sample.zero_is_background,
                    "parents": list(sample.parents.items()),
                }
            )
            image_end += sample.image.size
            map_end += sample.label_maps.size
    if problems:
        raise ValueError(
            f"{len(problems)} images of {dataset.name} cannot be read; mend or remove them: "
            f"{'; '.join(problems)}"
        )
    (folder / "index.json").write_text(json.dumps(index))


def _shrink(sample: Sample, max_side: int) -> Sample:
    """Return the sample at most `max_side` px long; labels take the nearest pixel centre."""
    height, width = sample.image.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return sample
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    image = cv2.resize(sample.image, size[::-1], interpolation=cv2.INTER_AREA)
    maps = [resized_labels(label_map, size) for label_map in sample.label_maps]
    return replace(sample, image=image, label_maps=np.stack(maps))
