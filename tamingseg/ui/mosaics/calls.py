"""What the tab Mosaics may call on the server, and its runs: pictures and measures of mosaics."""

import contextlib
from collections.abc import Generator
from functools import partial
from typing import Any

from tamingseg.data.mosaics import LAYOUTS
from tamingseg.segmentors.base import Segmentor
from tamingseg.ui.mosaics.pictures import (
    MAX_REGIONS,
    Pictures,
    Textures,
    check_recipe,
    check_regions,
    draw_mosaic,
    draw_photo,
    make,
)
from tamingseg.ui.mosaics.seeds import MEASURES, SEEDS, measure_seeds
from tamingseg.ui.runs import Progress, Steps, Work, carry_out
from tamingseg.ui.shared.canvas import Tab
from tamingseg.ui.shared.truth import packed_regions
from tamingseg.ui.wire import Call, answered, as_text, check_whole, find_workspace
from tamingseg.ui.workspaces import Gone, Workspace, Workspaces


def mosaic_tab(workspaces: Workspaces, partitioner: Segmentor, textures: Textures) -> Tab:
    """Describe the tab; `partitioner` is the model whose view is drawn."""
    runs: dict[str, Steps] = {
        "draw": partial(picture_steps, workspaces, partitioner, textures),
        "measure": partial(measure_steps, workspaces, partitioner, textures),
    }
    settings = {
        "TEXTURES": list(textures),
        "LAYOUTS": list(LAYOUTS),
        "MAX_PIECES": MAX_REGIONS,
        "SEEDS": SEEDS,
        "MOSAIC_MEASURES": MEASURES,
    }
    return Tab("mosaics", "Mosaics", mosaic_calls(workspaces, textures), runs, settings)


def picture_steps(
    workspaces: Workspaces, segmentor: Segmentor, textures: Textures, request: Any
) -> Generator[dict[str, Any], None, None]:
    """Draw pictures of a mosaic, or of the photo if "recipe" is None, in "regions" regions.

    Yields what `runs.carry_out` yields; the pictures stay in the workspace.
    """

    def prepare(workspace: Workspace, request: dict[str, Any]) -> Work:
        wanted, regions = request.get("recipe"), check_regions(request.get("regions"))
        recipe = None if wanted is None else check_recipe(wanted, textures)

        def work(progress: Progress) -> dict[str, Any]:
            progress(0, 1)
            if recipe is None:
                embedding = workspaces.find_embedding(workspace, segmentor)
                hierarchy = workspaces.find_hierarchy(workspace, segmentor, "greedy")
                pictures = draw_photo(segmentor, embedding, hierarchy, regions)
            else:
                pictures = draw_mosaic(segmentor, recipe, textures)
            progress(1, 1)
            workspace.slots["mosaics"] = pictures
            return {}

        return work

    yield from carry_out(workspaces, request, prepare, "pictures")


def measure_steps(
    workspaces: Workspaces, segmentor: Segmentor, textures: Textures, request: Any
) -> Generator[dict[str, Any], None, None]:
    """Measure the mosaics of several seeds; the end has their "rows", see `measure_seeds`."""

    def prepare(workspace: Workspace, request: dict[str, Any]) -> Work:
        recipe = check_recipe(request.get("recipe"), textures)
        check_whole(recipe.seed + SEEDS)

        def work(progress: Progress) -> dict[str, Any]:
            return {"rows": measure_seeds(segmentor, recipe, textures, progress)}

        return work

    yield from carry_out(workspaces, request, prepare, "measures of mosaics", "long")


def mosaic_calls(workspaces: Workspaces, textures: Textures) -> list[Call]:
    """Make the functions that the tab's scripts call; each takes one JSON value to be checked."""

    def find(request: Any) -> Pictures:
        found = find_workspace(workspaces, request).slots.get("mosaics")
        if found is None:
            raise ValueError("the server has no pictures any more; make them again")
        return found

    @answered
    def pictures(request: Any) -> dict[str, Any]:
        """Give the pictures that were drawn last: base64 of PNG, the first is the image itself."""
        found = find(request)
        files = [{"title": title, "png": as_text(file)} for title, file in found.files.items()]
        return {"pictures": files, **found.describe()}

    @answered
    def save_pictures(request: Any) -> dict[str, Any]:
        """Give all pictures in one PNG, base64."""
        return {"file": as_text(find(request).sheet)}

    @answered
    def open_mosaic(request: Any) -> dict[str, Any]:
        """Begin to work on a mosaic as on any photo; its truth is known.

        It is made anew only if the workspace of that token does not hold it.
        """
        if not isinstance(request, dict):
            raise ValueError("expected a request with a recipe")
        recipe = check_recipe(request.get("recipe"), textures)
        drawn = None
        with contextlib.suppress(Gone):
            drawn = workspaces.find(request.get("token")).slots.get("mosaics")
        is_held = drawn is not None and drawn.recipe == recipe
        sample = drawn.mosaic if drawn is not None and is_held else make(recipe, textures)
        workspace = workspaces.open_image(recipe.name, sample.image)
        workspace.truth = packed_regions(sample.label_maps[0])
        return workspace.greeting()

    return [pictures, save_pictures, open_mosaic]
