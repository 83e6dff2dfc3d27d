"""The weights that have a name: the ones that come with the package and SegNext's official ones."""

import os
from dataclasses import dataclass
from pathlib import Path

from tamingseg.checks import check_choice


@dataclass(frozen=True)
class WeightsEntry:
    """A named checkpoint and where it comes from."""

    name: str
    file: str  # its file name
    licence: str
    source: str  # who made it, and where to get it if it does not come with the package
    trained_on: str
    bundled: bool = False  # whether it comes with the package


_SEGNEXT = "github.com/uncbiag/SegNext, links under 'Evaluation' in its README"

WEIGHTS = {
    entry.name: entry
    for entry in (
        WeightsEntry(
            "default",
            "default.safetensors",
            "Apache-2.0",
            "trained with `tamingseg train`; see the model card beside the file",
            "see the model card",
            bundled=True,
        ),
        WeightsEntry(
            "segnext-sax1", "vitb_sa1_cocolvis_epoch_90.pth", "MIT", _SEGNEXT, "COCO+LVIS"
        ),
        WeightsEntry(
            "segnext-sax2", "vitb_sa2_cocolvis_epoch_90.pth", "MIT", _SEGNEXT, "COCO+LVIS"
        ),
        WeightsEntry(
            "segnext-sax2-hq",
            "vitb_sa2_cocolvis_hq44k_epoch_0.pth",
            "MIT",
            _SEGNEXT,
            "COCO+LVIS, then HQSeg-44K",
        ),
    )
}


def weights_folder() -> Path:
    """Where downloaded weights are looked for: $TAMINGSEG_WEIGHTS, else ~/.cache/tamingseg."""
    return Path(os.environ.get("TAMINGSEG_WEIGHTS") or Path.home() / ".cache" / "tamingseg")


def find_weights(name: str) -> Path:
    """Return the file of named weights.

    Raises
    ------
    ValueError
        If the name is not in `WEIGHTS`.
    FileNotFoundError
        If the file is not there; the message says which file to put where.
    """
    entry = WEIGHTS[check_choice(name, list(WEIGHTS), "weights")]
    folder = Path(__file__).parent / "files" if entry.bundled else weights_folder()
    path = folder / entry.file
    if path.is_file():
        return path
    if entry.bundled:
        raise FileNotFoundError(
            f"the weights {name!r} are missing from this installation (expected {path}); "
            "install tamingseg again, or train a model with `tamingseg train` and pass its path"
        )
    raise FileNotFoundError(
        f"the weights {name!r} do not come with tamingseg. Get {entry.file} from {entry.source} "
        f"(licence {entry.licence}) and save it as {path}, or set TAMINGSEG_WEIGHTS to the folder "
        "that holds it"
    )
