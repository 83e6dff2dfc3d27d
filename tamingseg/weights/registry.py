"""The weights that have a name: the ones that come with the package, and other people's.

Those on the Hugging Face hub are fetched by its own library, into its own cache; only the files of
`HUB_FILES` are, which are data and carry no code.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from tamingseg.checks import check_choice


@dataclass(frozen=True)
class WeightsEntry:
    """A named checkpoint and where it comes from."""

    name: str
    file: str  # its file name, or the name of its folder if it is on the hub
    licence: str
    source: str  # who made it, and where to get it if it does not come with the package
    trained_on: str
    bundled: bool = False  # whether it comes with the package
    hub: str | None = None  # its repository on the Hugging Face hub: a folder with `HUB_FILES`


HUB_FILES = ("config.json", "model.safetensors")
"""What a model from the hub consists of."""

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
            "distilled",
            "distilled.safetensors",
            "Apache-2.0",
            "trained with `tamingseg distill`; see the model card beside the file",
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
        *(
            WeightsEntry(
                f"sam2.1-{size}",
                f"sam2.1-{size}",
                "Apache-2.0",
                f"huggingface.co/facebook/sam2.1-hiera-{size}",
                "SA-1B and SA-V",
                hub=f"facebook/sam2.1-hiera-{size}",
            )
            for size in ("tiny", "small", "base-plus", "large")
        ),
    )
}


def weights_folder() -> Path:
    """Where downloaded weights are looked for: $TAMINGSEG_WEIGHTS, else ~/.cache/tamingseg."""
    return Path(os.environ.get("TAMINGSEG_WEIGHTS") or Path.home() / ".cache" / "tamingseg")


def find_weights(name: str) -> Path:
    """Return the file of named weights; for those on the hub the folder, fetched if need be.

    Raises
    ------
    ValueError
        If the name is not in `WEIGHTS`.
    FileNotFoundError
        If the weights are not there and cannot be fetched; the message says which file to put
        where.
    """
    entry = WEIGHTS[check_choice(name, list(WEIGHTS), "weights")]
    folder = Path(__file__).parent / "files" if entry.bundled else weights_folder()
    path = folder / entry.file
    if entry.hub is not None:
        return path if _is_complete(path) else _fetch(entry, path)
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


def weights_path(name_or_path: str | Path) -> Path:
    """Return the file of named weights, or the path itself; raises what `find_weights` raises."""
    return find_weights(str(name_or_path)) if name_or_path in WEIGHTS else Path(name_or_path)


def _is_complete(folder: Path) -> bool:
    return all((folder / file).is_file() for file in HUB_FILES)


def _fetch(entry: WeightsEntry, expected: Path) -> Path:
    """Return the folder of `entry` in the hub library's cache, downloading it the first time."""
    from huggingface_hub import snapshot_download

    problem: Exception | None = None
    # What was fetched once is used as it is: no question to the network, no silent update.
    for cached in (True, False):
        try:
            found = snapshot_download(
                str(entry.hub), allow_patterns=list(HUB_FILES), local_files_only=cached
            )
        # Offline, refused, not found, disk full: each version of the hub library and of the HTTP
        # library below it has its own exceptions.
        except Exception as error:
            problem = error
        else:
            if _is_complete(Path(found)):
                return Path(found)
            problem = None
    reason = "the download is incomplete" if problem is None else str(problem).partition("\n")[0]
    raise FileNotFoundError(
        f"the weights {entry.name!r} are not on this machine and could not be fetched ({reason}). "
        f"Get {' and '.join(HUB_FILES)} from {entry.source} (licence {entry.licence}) and save "
        f"them in the folder {expected}"
    ) from problem
