"""`tamingseg app`: the page in the browser."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tamingseg.cli.flags import parse
from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.page import MEMORY, launch


@dataclass(frozen=True)
class App:
    """Start the page, print its address and open it. Ctrl-C ends it.

    With PHOTOS, a folder, the page works on the photos in it, and keeps the work in a file as it is
    made. Without it photos are opened in the browser, which keeps them.
    """

    photos: Annotated[tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="[PHOTOS]")] = None
    """Folder of photos to work on; subfolders are followed."""
    annotations: Path | None = None
    """File that keeps the work on PHOTOS, .tamingseg; by default PHOTOS/annotations.tamingseg.
    `tamingseg convert` converts it to other formats."""
    port: int | None = None
    """Port of the page; by default the first free one from 7860."""
    host: str | None = None
    """Address of the page. By default only this computer can open it; 0.0.0.0 lets others in."""
    model: str = "default"
    """A model's name, a checkpoint file, or your own model as MODULE:NAME. "default" is the click
    model of this package."""
    open_browser: bool = True
    """Whether to show the page in the browser."""
    textures: Path | None = None
    """Folder of photos of textures for mosaics, besides those by formula."""
    memory: float = MEMORY
    """Gigabytes for the photos of all users together, and what is found in them. Python and
    the models take up to one more."""


def main(arguments: Sequence[str]) -> int:
    """Parse and launch."""
    settings = asdict(parse(App, "tamingseg app", arguments))
    photos, annotations = settings.pop("photos"), settings.pop("annotations")
    if photos is None:
        if annotations is not None:
            raise ValueError("--annotations goes with a folder of photos: tamingseg app PHOTOS")
        launch(**settings)
        return 0
    project = FolderProject(photos, annotations)
    try:
        print(f"{len(project.names)} photos; the work on them is kept in {project.file}")
        for notice in project.notices:
            print(notice)
        launch(**settings, project=project)
    finally:
        project.close()
    return 0
