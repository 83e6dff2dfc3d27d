"""`tamingseg data mosaics`: mosaics of textures as a data set on disk.

What makes a set of mosaics (`MosaicSettings`) is the same for every command that needs one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import tyro
from tqdm import tqdm

from tamingseg.data.mosaics import MosaicDataset
from tamingseg.data.texture_formulas import formula_textures
from tamingseg.data.textures import Texture, load_textures
from tamingseg.data.writer import is_written, write_sample, write_settings

_FORMULAS = 1000
"""So many textures are made where no photos are given."""


@dataclass(frozen=True)
class MosaicSettings:
    """Which mosaics; the same settings always make the same ones."""

    textures: tuple[Path, ...] = ()
    """Folders of texture photos, subfolders included; without any, textures are made by formula."""
    count: int = 100
    """Number of mosaics. A larger number begins with the same mosaics."""
    seed: int = 0
    """Another seed makes other mosaics, and other textures by formula."""
    size: tuple[int, int] = (256, 256)
    """Height and width in pixels."""
    regions: tuple[int, ...] = (2, 10)
    """Number of regions, or the smallest and the largest number."""
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

    The same command writes the same bytes. It also continues after a stop, and a larger
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
    write_settings(command.output, _facts(command.mosaics, dataset))
    for index, name in enumerate(tqdm(dataset.names, dataset.name, unit="mosaic")):
        if not is_written(command.output, name):
            write_sample(command.output, dataset[index])
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
