"""What the tab Proposals may call on the server, and its run: an ordered list of proposed masks."""

import contextlib
import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from tamingseg.proposals.generate import ProposalConfig, masks_from_hierarchy, propose_masks
from tamingseg.segmentors.base import ImageEmbedding, PixelSegmentor, Segmentor
from tamingseg.ui import export
from tamingseg.ui.proposals.mask_list import MaskList, read_list
from tamingseg.ui.runs import Progress, Work, carry_out
from tamingseg.ui.shared.canvas import Tab
from tamingseg.ui.shared.truth import read_truth
from tamingseg.ui.wire import Call, answered, as_text, check_ids, check_whole, find_workspace
from tamingseg.ui.workspaces import Gone, Workspace, Workspaces
from tamingseg.values import MaskSet

GRIDS = {
    16: ("Few", "Few clicks, fast: 16 × 16."),
    32: ("Medium", "32 × 32 clicks."),
    64: ("Many", "Many clicks, finds small things: 64 × 64."),
}
"""Clicks along each side of the grid: what the page calls it, and how it explains it."""

INSTANT = 0
"""The grid of a request that asks for no clicks, but for all regions of the partitioner."""

_EDITS = ("merge", "remove", "undo", "redo")

Proposer = Callable[[Segmentor, ImageEmbedding, int, Progress], MaskSet]
"""(segmentor, embedding, points along each side, progress) -> masks of full size, best first."""


def propose_on_grid(
    segmentor: Segmentor, embedding: ImageEmbedding, grid: int, progress: Progress
) -> MaskSet:
    """Propose with the package's own settings."""
    return propose_masks(segmentor, embedding, "grid", ProposalConfig(grid=grid), progress)


def proposal_tab(workspaces: Workspaces, propose: Proposer, partitioner: Segmentor) -> Tab:
    """Describe the tab; the regions of `partitioner` are proposed at once."""
    runs = {"propose": partial(run_steps, workspaces, propose, partitioner)}
    settings = {
        "GRIDS": [
            {"side": n, "title": title, "words": words} for n, (title, words) in GRIDS.items()
        ],
        "INSTANT": partitioner.name if isinstance(partitioner, PixelSegmentor) else None,
    }
    return Tab("proposals", "Proposals", proposal_calls(workspaces), runs, settings)


def run_steps(
    workspaces: Workspaces, propose: Proposer, partitioner: Segmentor, request: Any
) -> Generator[dict[str, Any], None, None]:
    """Propose masks for a photo; yields what `runs.carry_out` yields.

    Parameters
    ----------
    propose
        Asks the model of clicks at the points of a grid.
    partitioner
        Its regions are proposed instead to who asks for no grid, if it is a `PixelSegmentor`.
    """
    grids = (INSTANT, *GRIDS) if isinstance(partitioner, PixelSegmentor) else GRIDS

    def prepare(workspace: Workspace, request: dict[str, Any]) -> Work:
        grid = check_whole(request.get("grid"))
        if grid not in grids:
            raise ValueError(f"a grid has {', '.join(map(str, GRIDS))} points a side")

        def list_regions(progress: Progress) -> dict[str, Any]:
            progress(0, 1)
            hierarchy = workspaces.find_hierarchy(workspace, partitioner, "greedy")
            masks = masks_from_hierarchy(hierarchy)
            progress(1, 1)
            keep(workspace, masks)
            return {}

        def ask_clicks(progress: Progress) -> dict[str, Any]:
            embedding, _ = workspace.encoded()
            progress(0, grid * grid)
            masks = propose(workspaces.segmentor, embedding, grid, progress)
            progress(grid * grid, grid * grid)
            keep(workspace, masks)
            return {}

        return list_regions if grid == INSTANT else ask_clicks

    asks_clicks = isinstance(request, dict) and request.get("grid") != INSTANT
    yield from carry_out(
        workspaces, request, prepare, "propose", "long" if asks_clicks else "short"
    )


def proposal_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions that the tab's scripts call; each takes one JSON value to be checked."""
    restoring = threading.Lock()

    def find(request: Any) -> tuple[Workspace, MaskList]:
        workspace = find_workspace(workspaces, request)
        listed = list_of(workspace)
        if listed is None:
            raise ValueError("the server has no proposals of this photo any more; propose again")
        return workspace, listed

    @answered
    def proposals(request: Any) -> dict[str, Any]:
        """Tell all about the list there is, or that there is none.

        A photo that was opened before, under the token `earlier`, gets back what it had then.
        """
        workspace = find_workspace(workspaces, request)
        with contextlib.suppress(Gone):
            inherit(workspace, workspaces.find(request.get("earlier")))
        return describe(workspace, 0)

    @answered
    def restore_proposals(request: Any) -> dict[str, Any]:
        """Take the list back that a browser kept, see `read_list`, unless there is one; tell it."""
        workspace = find_workspace(workspaces, request)
        with restoring:  # a few kilobytes may hold many masks
            masks = read_list(request.get("masks"), workspace.size)
            if list_of(workspace) is None:
                keep(workspace, masks)
        return describe(workspace, 0)

    @answered
    def edit_proposals(request: Any) -> dict[str, Any]:
        """Carry out one of `_EDITS`; tell of the new list only what is new."""
        workspace, listed = find(request)
        known = check_whole(request.get("known"))
        edit = request.get("do")
        if not isinstance(edit, str) or edit not in _EDITS:
            raise ValueError("a list of proposals knows " + ", ".join(_EDITS))
        named = edit in ("merge", "remove")
        getattr(listed, edit)(*([check_ids(request.get("ids"))] if named else []))
        return describe(workspace, known)

    @answered
    def export_proposals(request: Any) -> dict[str, Any]:
        """Give those masks as a file, base64: a COCO file, or a label map as PNG."""
        workspace, listed = find(request)
        as_json = partial(export.masks_json, name=workspace.name)
        writers: dict[str, Callable[[MaskSet, tuple[int, int]], bytes]] = {
            "json": as_json,
            "png": export.label_png,
        }
        write = writers.get(str(request.get("form")))
        if write is None:
            raise ValueError("masks are saved as json or as png")
        masks = listed.take(check_ids(request.get("ids")))
        return {"file": as_text(write(masks, workspace.full_size))}

    return [proposals, restore_proposals, edit_proposals, export_proposals]


def set_truth(workspaces: Workspaces, token: str, content: bytes) -> dict[str, Any]:
    """Take a label map of the user's for the truth about a photo; tell what is new by it."""
    workspace = workspaces.find(token)
    workspace.truth = read_truth(content, workspace.full_size, workspace.size)
    listed = list_of(workspace)
    if listed is not None:
        listed.compare(workspace.truth)
    return describe(workspace, None)


def list_of(workspace: Workspace) -> MaskList | None:
    """Return what was proposed for a workspace's photo; None before a run."""
    return workspace.slots.get("proposals")


def keep(workspace: Workspace, masks: MaskSet) -> None:
    """Keep the masks of a run, the best first, in place of those of an earlier one."""
    workspace.slots["proposals"] = MaskList(masks, workspace.truth)


def inherit(workspace: Workspace, earlier: Workspace) -> None:
    """Take over what was found about the same photo in an earlier workspace."""
    if list_of(workspace) is None and workspace.photo == earlier.photo:
        workspace.truth = earlier.truth
        workspace.evidence = earlier.evidence
        workspace.hierarchies = dict(earlier.hierarchies)
        if list_of(earlier) is not None:
            workspace.slots["proposals"] = list_of(earlier)


def describe(workspace: Workspace, known: int | None) -> dict[str, Any]:
    """Tell the browser of the proposals, if there are any, and how many true regions are known."""
    regions = None if workspace.truth is None else len(workspace.truth)
    listed = list_of(workspace)
    return {"regions": regions, "list": None if listed is None else listed.describe(known)}
