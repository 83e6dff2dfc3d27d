"""What other programs may ask a running page for: `gradio_client`, and whatever reads its API.

A program opens a photo once and gets a token; with the token it asks for masks. Photos come as
base64, so the server never fetches anything. Masks go out as COCO's compressed run lengths at the
size of the photo, which `pycocotools.mask.decode` reads.
"""

import base64
import json
import uuid
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool

from tamingseg.data.base import read_image
from tamingseg.data.mask_files import mask_entry
from tamingseg.segmentors.base import Segmentor
from tamingseg.session.session import Session
from tamingseg.ui import export
from tamingseg.ui.clients import client
from tamingseg.ui.guard import MAX_REQUEST_BYTES
from tamingseg.ui.partition.calls import partition_steps
from tamingseg.ui.proposals.calls import Proposer, list_of, run_steps
from tamingseg.ui.quick_gradio import gr
from tamingseg.ui.runs import heard
from tamingseg.ui.turns import clicks_at_once
from tamingseg.ui.wire import check_number, check_whole
from tamingseg.ui.workspaces import Gone, Workspaces

Entry = dict[str, Any]
"""A mask as COCO's results have it."""

MAX_CLICKS = 100
"""Most clicks of one request."""


def add_endpoints(workspaces: Workspaces, proposer: Proposer, partitioner: Segmentor) -> None:
    """Give the page that is being built its endpoints: /embed, /segment, /propose, /partition."""

    async def embed(photo: str, request: gr.Request, name: str = "photo") -> dict[str, Any]:
        """Open a photo.

        Args:
            photo: The photo's file (JPEG, PNG, WebP, TIFF, ...) in base64, at most 32 MB of text.
            name: What it is called.

        Returns
        -------
            "token", which names it in the other calls for an hour, "height" and "width".
        """
        client.set(request.client.host if request.client else "")
        return await run_in_threadpool(_clearly, partial(_embed, workspaces, photo, name))

    async def segment(token: str, clicks: list[list[float]]) -> Entry:
        """Find the mask that clicks ask for.

        Args:
            token: Of the photo, see /embed.
            clicks: [row, col] or [row, col, positive] of each click, in pixels of the photo; the
                middle of the first pixel is (0.5, 0.5). A click with positive 0 excludes.

        Returns
        -------
            The mask as COCO's results have it: "segmentation" with "size" [height, width] and
            "counts" (run lengths), "area" and "bbox" [left, top, width, height] in pixels.
        """
        return await run_in_threadpool(_clearly, partial(_segment, workspaces, token, clicks))

    async def propose(token: str, count: int = 100, grid: int = 32) -> list[Entry]:
        """Propose masks without a click, the best first.

        Args:
            token: Of the photo, see /embed.
            count: Most masks.
            grid: Clicks along each side: 16, 32 or 64; 0 takes regions at once, without clicks.

        Returns
        -------
            The masks as /segment gives them, with "score".
        """
        steps = partial(run_steps, workspaces, proposer, partitioner)
        await _carried_out(steps, {"token": token, "grid": grid})
        return await run_in_threadpool(_clearly, partial(_list, workspaces, token, count))

    async def partition(token: str, regions: int = 12, method: str = "greedy") -> list[Entry]:
        """Divide the whole photo into connected regions.

        Args:
            token: Of the photo, see /embed.
            regions: How many.
            method: greedy, normalised-cut or multicut.

        Returns
        -------
            The regions as /segment gives masks; every pixel is in one.
        """
        steps = partial(partition_steps, workspaces, partitioner)
        await _carried_out(steps, {"token": token, "method": method})
        return await run_in_threadpool(_clearly, partial(_cut, workspaces, token, method, regions))

    for function in (embed, segment, propose, partition):
        gr.api(function, api_name=function.__name__, concurrency_limit=None)


def _clearly(work: Callable[[], Any]) -> Any:
    """Do the work; what is meant for users reaches the program, anything else goes to the log."""
    try:
        return work()
    except (ValueError, Gone) as error:
        raise gr.Error(str(error), print_exception=False) from error


async def _carried_out(
    steps: Callable[[Any], Generator[dict[str, Any], None, None]], request: dict[str, Any]
) -> None:
    """Wait for the end of a run; it takes its turn like those of the page."""
    async for news in heard(steps({**request, "run": uuid.uuid4().hex[:16]})):
        if "error" in news:
            raise gr.Error(news["error"], print_exception=False)


def _embed(workspaces: Workspaces, photo: str, name: str) -> dict[str, Any]:
    if not isinstance(photo, str) or len(photo) > MAX_REQUEST_BYTES:
        raise ValueError(f"a photo is its file in base64, at most {MAX_REQUEST_BYTES >> 20} MB")
    try:
        content = base64.b64decode(photo, validate=True)
    except ValueError as error:
        raise ValueError(f"a photo is its file in base64 ({error})") from error
    workspace = workspaces.open_image(str(name)[:200], read_image(content))
    with clicks_at_once:
        workspace.encoded()
    height, width = workspace.full_size
    return {"token": workspace.token, "height": height, "width": width}


def _segment(workspaces: Workspaces, token: str, clicks: Any) -> Entry:
    workspace = workspaces.find(token)
    if not isinstance(clicks, list) or not 0 < len(clicks) <= MAX_CLICKS:
        raise ValueError(f"expected a list of 1 to {MAX_CLICKS} clicks")
    height, width = workspace.full_size
    rows, cols = workspace.size[0] / height, workspace.size[1] / width
    with clicks_at_once:
        session = Session(workspaces.segmentor, workspace.encoded()[0])
        for click in clicks:
            if not isinstance(click, list) or len(click) not in (2, 3):
                raise ValueError(
                    f"a click is [row, col] or [row, col, positive], got {click!r:.60}"
                )
            row, col, *positive = click
            if positive not in ([], [0], [1]):
                raise ValueError(f"positive is 1 or 0, got {positive[0]!r:.60}")
            place = check_number(row) * rows, check_number(col) * cols
            session.add_click(*place, bool(positive != [0]))
        mask = export.scale_mask(session.mask, workspace.full_size)
    return mask_entry(mask, 1.0, 1)


def _list(workspaces: Workspaces, token: str, count: int) -> list[Entry]:
    workspace = workspaces.find(token)
    listed = list_of(workspace)
    if listed is None:
        raise ValueError("the server has no proposals of this photo any more; propose again")
    masks = listed.take(listed.order[: check_whole(count)])
    return json.loads(export.masks_json(masks, workspace.full_size))


def _cut(workspaces: Workspaces, token: str, method: str, regions: int) -> list[Entry]:
    workspace = workspaces.find(token)
    hierarchy = workspace.hierarchies.get(method)
    if hierarchy is None:
        raise ValueError("the server has no regions of this photo any more; ask again")
    file = export.regions_json(hierarchy.cut(regions), workspace.full_size, workspace.name)
    return json.loads(file)["annotations"]
