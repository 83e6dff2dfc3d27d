"""Mosaics of textures as data sets of a run: pictures without end whose regions are exact."""

from collections.abc import Sequence

from tamingseg.data.base import MaskDataset
from tamingseg.data.mosaics import MosaicDataset
from tamingseg.data.textures import load_textures
from tamingseg.training.config import RunConfig

_MOSAICS = 100_000
_MOST_REGIONS = 10


def with_mosaics(datasets: Sequence[MaskDataset], config: RunConfig) -> list[MaskDataset]:
    """Return `datasets` and behind them one of mosaics for each folder of `config.textures`.

    Mosaics are squares with the side of the cached images and follow from the run's seed. As runs
    draw from their data sets evenly, a folder of textures weighs as much as a set of photos.

    Raises
    ------
    FileNotFoundError
        If a folder of textures is missing.
    ValueError
        If a folder holds fewer than two photos, or one that cannot be read.
    """
    mosaics: list[MaskDataset] = []
    for folder in config.textures:
        textures = load_textures([folder])
        if len(textures) < 2:
            raise ValueError(
                f"mosaics need two textures at least, {folder} holds {len(textures)}; add photos "
                "to it, or leave it out of --textures"
            )
        mosaics.append(
            MosaicDataset(
                textures,
                count=_MOSAICS,
                seed=config.seed,
                size=(config.cache_side, config.cache_side),
                regions=(2, min(_MOST_REGIONS, len(textures))),
                layout=None,
            )
        )
    return [*datasets, *mosaics]
