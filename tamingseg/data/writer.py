"""Write a data set in the layout that `tamingseg.data.folder` reads, so that it can be stopped.

Files have their names only when they are complete, and the last one of a sample tells that all are.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tamingseg.files import write_whole
from tamingseg.values import Sample


def write_settings(root: Path, facts: Mapping[str, Any]) -> None:
    """Write what a data set is, ``set.json``, before the first sample.

    Raises
    ------
    ValueError
        If the folder holds something else, or was written with other facts.
    """
    path = root / "set.json"
    text = json.dumps(facts, indent=2) + "\n"
    if not path.exists() and any((root / kind).exists() for kind in ("images", "masks")):
        raise ValueError(f"{root} holds other images already; choose another folder")
    other = path.exists() and path.read_text(encoding="utf-8", errors="replace") != text
    # Settings that gave no sample yet, say impossible ones, may be corrected.
    if other and any(file != path for file in root.iterdir()):
        raise ValueError(
            f"{path} says that the folder was made with other settings; choose another folder"
        )
    write_whole(path, text.encode())


def write_sample(root: Path, sample: Sample) -> None:
    """Write the image and the label maps of a sample, losslessly.

    Raises
    ------
    ValueError
        If a label is below 0 or above 2^16 - 1, or the name leads out of the folder, or ends like
        the number of a label map, and so could be taken for one of another sample.
    """
    if Path(sample.name).is_absolute() or ".." in Path(sample.name).parts:
        raise ValueError(f"the sample {sample.name!r} would be written outside of {root}")
    if Path(sample.name).suffix[1:].isdecimal():
        raise ValueError(f"the sample {sample.name!r} is named like a label map; rename it")
    if sample.label_maps.min(initial=0) < 0 or sample.label_maps.max(initial=0) >= 2**16:
        raise ValueError(f"labels must be in 0..{2**16 - 1}; number those of {sample.name} anew")
    write_png(root / "images" / f"{sample.name}.png", sample.image)
    several = len(sample.label_maps) > 1
    for number, labels in reversed(list(enumerate(sample.label_maps))):
        end = f".{number}" if several else ""
        kind = np.uint8 if labels.max() < 256 else np.uint16
        write_png(root / "masks" / f"{sample.name}{end}.png", labels.astype(kind))


def is_written(root: Path, name: str) -> bool:
    """Whether the sample `name` is there and complete."""
    return any((root / "masks" / f"{name}{end}.png").exists() for end in ("", ".0"))


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write an image or a label map as a PNG, which has its name only when it is complete.

    `pixels` are uint8 (H, W) or (H, W, 3), or uint16 (H, W).
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    write_whole(path, file.getvalue())
