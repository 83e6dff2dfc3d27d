"""`tamingseg partition IMAGE... --regions K`: photos divided into K connected regions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from tamingseg.cli.flags import parse
from tamingseg.cli.formats import check_format, write_format
from tamingseg.cli.photos import do_each, find_photos
from tamingseg.cli.processes import own_rank
from tamingseg.cli.results import Results
from tamingseg.data.mask_files import write_masks
from tamingseg.data.writer import write_png
from tamingseg.partition.build import PartitionConfig, PartitionMethod, partition_image
from tamingseg.partition.paint import region_masks
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.viz import overlay_masks

_OVERLAY = ".overlay.png"


@dataclass(frozen=True)
class Partition:
    """Split photos into K connected regions.

    Every photo gets OUTPUT/<name>.png, a 16-bit label map with the regions 1..K, and
    OUTPUT/<name>.json, COCO's result format with compressed RLE (run-length encoding). Photos whose
    results exist are skipped.
    """

    images: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, or folders of photos; subfolders are followed."""
    regions: int | None = None
    """Number of regions; without it, the method multicut chooses a number for each photo."""
    method: PartitionMethod = "greedy"
    """Which regions are merged first: those that the model puts into the same masks (greedy), those
    that are near in the eigenvectors of the normalised cut (normalised-cut), or those that most
    pairs of pixels favour (multicut)."""
    output: Path = Path("partitions")
    """Folder for the results."""
    pages: bool = False
    """Whether every page of a TIFF file is a photo of its own: NAME.0001, NAME.0002, ..."""
    overlay: bool = False
    """Whether to write OUTPUT/<name>.overlay.png as well: the photo with its regions painted."""
    format: str | None = None
    """Also write the results of all photos to OUTPUT/FORMAT, for another program: coco, labelme,
    yolo, ... (`tamingseg convert --help` lists them)."""
    partition: tyro.conf.OmitArgPrefixes[PartitionConfig] = field(default_factory=PartitionConfig)
    """How regions are made."""
    model: str = "distilled"
    """A model's name, a checkpoint file, or your own model as MODULE:NAME. "distilled" has a
    feature for every pixel, which makes regions fast."""
    device: str | None = None
    """Device, such as cpu or cuda:0. By default the CPU for models with graphs for ONNX Runtime
    (default, distilled), else the GPU if there is one."""
    processes: int = 1
    """How many processes work on the photos, each with the model and its share of the cores."""


def main(arguments: Sequence[str]) -> int:
    """Parse, divide every photo, list what could not be divided; exit code 1 if there was any."""
    command = parse(Partition, "tamingseg partition", arguments)
    _check(command)
    output = command.output
    check_format(command.format, output)
    photos = find_photos(command.images, output, command.pages)
    endings = [".json", ".png", *[_OVERLAY] * command.overlay]
    results = Results("partition", output, lambda name: [name + end for end in endings], own_rank())
    settings = {
        "model": command.model,
        "weights": model_fingerprint(command.model),
        "regions": command.regions,
        "method": command.method,
        "overlay": command.overlay,
        "partition": asdict(command.partition),
    }
    results.prepare(settings, photos.paths)
    code = do_each("partition", photos, results, partial(_divider, command), command.processes)
    write_format(command.format, photos, output)
    return code


def _divider(command: Partition) -> Callable[[str, np.ndarray, int], None]:
    """Load the model; return what writes the results of a photo."""
    segmentor, output = load_segmentor(command.model, command.device), command.output

    def divide(name: str, image: np.ndarray, image_id: int) -> None:
        labels = partition_image(
            segmentor, image, command.regions, command.method, command.partition
        )
        masks = region_masks(labels)
        write_png(output / f"{name}.png", labels.astype(np.uint16))
        if command.overlay:
            write_png(output / f"{name}{_OVERLAY}", overlay_masks(image, masks))
        write_masks(output / f"{name}.json", masks, image_id)

    return divide


def _check(command: Partition) -> None:
    """Say what cannot be done before a model is loaded."""
    if command.regions is None and command.method != "multicut":
        raise ValueError(
            f"--method {command.method} needs --regions K; only multicut finds a number by itself"
        )
    if command.regions is not None and command.regions < 1:
        raise ValueError(f"expected at least 1 region, got {command.regions}")
