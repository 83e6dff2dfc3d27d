"""`tamingseg data mosaics`: mosaics of textures as a data set on disk.

What makes a set of mosaics (`MosaicSettings`) is the same for every command that needs one.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from PIL import Image
from tqdm import tqdm

from tamingseg.data.download import write_whole
from tamingseg.data.mosaics import MosaicDataset
from tamingseg.data.texture_formulas import formula_textures
from tamingseg.data.textures import Texture, load_textures

_FORMULAS = 1000
"""So many textures are made where no photos are given."""


@dataclass(frozen=True)
class MosaicSettings:
    """Which mosaics; the same settings always make the same ones."""

    textures: tuple[Path, ...] = ()
    """Folders of texture photos, subfolders included; without any, textures are made by formula."""
    count: int = 100
    """How many mosaics; more of them begin with the same ones."""
    seed: int = 0
    """Another seed makes other mosaics, and other textures by formula."""
    size: tuple[int, int] = (256, 256)
    """Height and width in pixels."""
    regions: tuple[int, ...] = (2, 10)
    """How many regions, or the least and the most of them."""
    layout: Literal["voronoi", "wavy", "grid", "any"] = "any"
    """How the regions are laid out; `any` draws for each mosaic."""

    def dataset(self) -> MosaicDataset:
        """Load or make the textures; raises ValueError or FileNotFoundError as they do."""
        if len(self.regions) not in (1, 2):
            raise ValueError(f"regions must be one number or two, got {len(self.regions)} numbers")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {self.seed}")
        textures: Sequence[Texture] = (
            load_textures(self.textures)
            if self.textures
            else formula_textures(_FORMULAS, self.seed)
        )
        return MosaicDataset(
            textures,
            self.count,
            self.seed,
            self.size,
            (self.regions[0], self.regions[-1]),
            None if self.layout == "any" else self.layout,
            "-".join(["mosaics", *(folder.resolve().name for folder in self.textures)]),
        )


@dataclass(frozen=True)
class Mosaics:
    """Write mosaics of textures with their true regions, a data set that every command reads.

    The same command writes the same bytes. Started again, it goes on where it was stopped; a larger
    count adds mosaics.
    """

    output: Path
    """Folder for images/, masks/ and set.json."""
    mosaics: tyro.conf.OmitArgPrefixes[MosaicSettings] = field(default_factory=MosaicSettings)
    """Which mosaics."""


def mosaics(arguments: Sequence[str]) -> int:
    """Parse, make, write."""
    command = tyro.cli(Mosaics, prog="tamingseg data mosaics", args=list(arguments))
    dataset = command.mosaics.dataset()
    _write_settings(command.output / "set.json", _facts(command.mosaics, dataset))
    for index, name in enumerate(tqdm(dataset.names, dataset.name, unit="mosaic")):
        image, mask = (command.output / kind / f"{name}.png" for kind in ("images", "masks"))
        if mask.exists():  # the last file of a mosaic
            continue
        sample = dataset[index]
        labels = sample.label_maps[0]
        write_whole(image, _png(sample.image))
        write_whole(mask, _png(labels.astype(np.uint8 if labels.max() < 256 else np.uint16)))
    print(f"{command.output}: {len(dataset)} mosaics")
    return 0


def _facts(settings: MosaicSettings, dataset: MosaicDataset) -> dict[str, Any]:
    """Return what set.json says; the number of mosaics is that of the files."""
    made_of = [folder.resolve().name for folder in settings.textures]
    return {
        "kind": "partition into textures",
        "partition": True,
        "zero_is_background": False,
        "textures": made_of or "by formula",
        **dataset.settings,
        "fingerprint": dataset.fingerprint,
        "licence": "that of the texture photos" if made_of else "free of rights",
    }


def _write_settings(path: Path, facts: dict[str, Any]) -> None:
    """Write set.json; raises ValueError if the folder holds something else."""
    text = json.dumps(facts, indent=2) + "\n"
    if not path.exists() and any((path.parent / kind).exists() for kind in ("images", "masks")):
        raise ValueError(f"{path.parent} holds other images already; choose another --output")
    other = path.exists() and path.read_text(encoding="utf-8", errors="replace") != text
    # Settings that gave no mosaic yet, say impossible ones, may be corrected.
    if other and any(file != path for file in path.parent.iterdir()):
        raise ValueError(
            f"{path} says that the folder was made with other settings or textures; choose another "
            "folder for --output"
        )
    write_whole(path, text.encode())


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
