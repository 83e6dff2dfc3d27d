"""`tamingseg panels IMAGE ... --output FOLDER`: what a model sees in images, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tyro
from tqdm import tqdm

from tamingseg.cli.data_mosaics import MosaicSettings
from tamingseg.cli.flags import parse
from tamingseg.cli.photos import Photos, do_each, find_photos
from tamingseg.cli.results import Results
from tamingseg.cli.segment import parse_click
from tamingseg.data.writer import write_png
from tamingseg.evaluation.panels import panels
from tamingseg.partition.build import PartitionMethod
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.viz import contact_sheet


@dataclass(frozen=True)
class Panels:
    """Draw side by side a photo, the answer to a click, certainty, superpixels, features, regions.

    Every image gets OUTPUT/<name>.png, all pictures side by side, and OUTPUT/<name>/ with each of
    them. Mosaics also show the true regions and the errors. Photos whose results exist
    are skipped.
    """

    images: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Photos, or folders of photos; subfolders are followed."""
    output: Path = Path("panels")
    """Folder for the pictures."""
    pages: bool = False
    """Whether every page of a TIFF file is a photo of its own: NAME.0001, NAME.0002, ..."""
    regions: int = 10
    """Number of regions of a photo; mosaics have their true number."""
    click: str | None = None
    """Where the model is asked, as ROW,COL in pixels; by default in the middle of the photo, or of
    the largest region of a mosaic."""
    method: PartitionMethod = "greedy"
    """How regions are found."""
    mosaic: MosaicSettings = field(default_factory=lambda: MosaicSettings(count=0, regions=(5,)))
    """Which mosaics of textures are drawn as well."""
    model: str = "distilled"
    """A model's name, a checkpoint file, or your own model as MODULE:NAME. "distilled" has a
    feature for every pixel, which makes regions fast."""
    device: str | None = None
    """Device, such as cpu or cuda:0. By default the CPU for models with graphs for ONNX Runtime
    (default, distilled), else the GPU if there is one."""


def main(arguments: Sequence[str]) -> int:
    """Parse, draw, save."""
    command = parse(Panels, "tamingseg panels", arguments)
    if not command.images and command.mosaic.count < 1:
        raise ValueError("nothing to draw: name a photo, or ask for mosaics with --mosaic.count 4")
    click = None if command.click is None else parse_click(command.click)
    photos = Photos({}, [], {})
    if command.images:
        photos = find_photos(command.images, command.output, command.pages)
    results = Results("panels", command.output, lambda name: [f"{name}.png", f"{name}/"])
    mosaics = command.mosaic.dataset() if command.mosaic.count > 0 else None
    made = [] if mosaics is None else [f"mosaic-{name}" for name in mosaics.names]
    if clash := photos.paths.keys() & set(made):
        raise ValueError(f"a photo and a mosaic are both called {min(clash)}; rename the photo")
    segmentor = load_segmentor(command.model, command.device)
    settings = {
        "model": command.model,
        "weights": model_fingerprint(command.model),
        "regions": command.regions,
        "click": command.click,
        "method": command.method,
    }
    results.prepare(settings, photos.paths)

    def draw(name: str, image: np.ndarray, truth: np.ndarray | None = None) -> None:
        regions = command.regions if truth is None else int(truth.max())
        drawn = panels(segmentor, image, regions, truth, click, command.method)
        folder = command.output / name
        for title, picture in drawn.items():
            write_png(folder / f"{title.replace(' ', '-')}.png", picture)
        write_png(command.output / f"{name}.png", contact_sheet(drawn))

    code = 0
    if command.images:
        code = do_each("panels", photos, results, lambda: lambda name, image, _: draw(name, image))
    if mosaics is not None:
        for index, name in enumerate(tqdm(made, "panels", unit="mosaic")):
            sample = mosaics[index]
            draw(name, sample.image, sample.label_maps[0])
    if made:
        print(f"{command.output}: mosaics: {len(made)} done")
    return code
