"""The third tab: mosaics of textures, and pictures of what the model sees in them or in a photo."""

import base64
from collections.abc import Iterator
from typing import Any

from tamingseg.data.mosaics import LAYOUTS
from tamingseg.segmentors.base import Segmentor
from tamingseg.ui.answers import Call, answered, find_workspace
from tamingseg.ui.canvas import Tab
from tamingseg.ui.mosaics import (
    MAX_REGIONS,
    Pictures,
    Textures,
    check_recipe,
    check_regions,
    draw_mosaic,
    draw_photo,
    make,
)
from tamingseg.ui.queue import Work, carry_out
from tamingseg.ui.runs import Progress
from tamingseg.ui.sessions import Workspace, Workspaces
from tamingseg.ui.truth import packed_regions


def mosaic_tab(workspaces: Workspaces, textures: Textures) -> Tab:
    """Describe the tab."""
    return Tab("mosaics", "Mosaics", ("mosaics.js",), mosaic_calls(workspaces, textures))


def picture_steps(
    workspaces: Workspaces, segmentor: Segmentor, textures: Textures, request: Any
) -> Iterator[dict[str, Any]]:
    """Draw pictures of a mosaic, or of the photo if "recipe" is None, in "regions" regions.

    What is said on the way is as of `queue.carry_out`; the pictures stay in the workspace.
    """

    def prepare(workspace: Workspace, request: dict[str, Any]) -> Work:
        wanted, regions = request.get("recipe"), check_regions(request.get("regions"))
        recipe = None if wanted is None else check_recipe(wanted, textures)

        def work(progress: Progress) -> dict[str, Any]:
            progress(0, 1)
            if recipe is None:
                pictures = draw_photo(segmentor, workspace.image, regions)
            else:
                pictures = draw_mosaic(segmentor, recipe, textures)
            progress(1, 1)
            workspace.pictures = pictures
            return {}

        return work

    yield from carry_out(workspaces, request, prepare, "pictures")


def mosaic_calls(workspaces: Workspaces, textures: Textures) -> list[Call]:
    """Make the functions the tab's script calls; each takes one JSON value of a stranger's."""

    def find(request: Any) -> Pictures:
        found = find_workspace(workspaces, request).pictures
        if found is None:
            raise ValueError("the server has no pictures any more; make them again")
        return found

    @answered
    def mosaic_choices(_: Any) -> dict[str, Any]:
        """Tell what there is to choose from."""
        return {"textures": list(textures), "layouts": list(LAYOUTS), "regions": MAX_REGIONS}

    @answered
    def pictures(request: Any) -> dict[str, Any]:
        """Give the pictures that were drawn last: base64 of PNG, the first is the image itself."""
        found = find(request)
        files = [{"title": title, "png": _text(file)} for title, file in found.files.items()]
        return {"pictures": files, **found.describe()}

    @answered
    def save_pictures(request: Any) -> dict[str, Any]:
        """Give all pictures in one PNG, base64."""
        return {"file": _text(find(request).sheet)}

    @answered
    def open_mosaic(request: Any) -> dict[str, Any]:
        """Begin to work on a mosaic as on any photo; its truth is known."""
        recipe = check_recipe(request, textures)
        sample = make(recipe, textures)
        workspace = workspaces.open_image(recipe.name, sample.image)
        workspace.truth = packed_regions(sample.label_maps[0])
        return workspace.greeting()

    return [mosaic_choices, pictures, save_pictures, open_mosaic]


def _text(file: bytes) -> str:
    return base64.b64encode(file).decode("ascii")
