"""What the tab Click may call on the server: answers to clicks, their levels, masks as files."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from tamingseg.masks.rle import decode_rle
from tamingseg.session.session import Session
from tamingseg.ui import export
from tamingseg.ui.click.document import MAX_OPERATIONS, answer_key
from tamingseg.ui.click.exchange import list_formats
from tamingseg.ui.click.levels import describe_levels
from tamingseg.ui.click.work import ClickWork, find_click_work
from tamingseg.ui.shared.canvas import Tab
from tamingseg.ui.shared.truth import compare_masks
from tamingseg.ui.turns import clicks_at_once
from tamingseg.ui.wire import Call, answered, as_text, check_whole, find_workspace
from tamingseg.ui.workspaces import Workspace, Workspaces
from tamingseg.values import Click


def click_tab(workspaces: Workspaces) -> Tab:
    """Describe the tab."""
    settings = {
        "MAX_OPERATIONS": MAX_OPERATIONS,
        "FORMATS": list_formats(),
    }
    return Tab("click", "Click", click_calls(workspaces), settings=settings)


def click_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions that the tab's scripts call; each takes one JSON value to be checked."""
    scores: WeakKeyDictionary[Workspace, tuple[np.ndarray, dict[str, dict[str, Any]]]]
    scores = WeakKeyDictionary()  # the truth, and how the masks compare with it

    def find(request: Any) -> tuple[Workspace, ClickWork]:
        workspace = find_workspace(workspaces, request)
        return workspace, find_click_work(workspace, workspaces.segmentor)

    @answered
    def answer(request: Any) -> dict[str, Any]:
        """Carry out operations; tell what the objects are then, see `ClickWork.answer`.

        A photo that the server had forgotten goes on from what it was under the token `earlier`.
        """
        workspace, work = find(request)
        earlier = workspaces.remains(request.get("earlier"), "click", workspace)
        answer = work.answer(request, earlier)
        workspaces.keep_remains(workspace)
        return answer

    @answered
    def save(request: Any) -> dict[str, Any]:
        """Give the mask of the object of that id as a PNG, base64."""
        workspace, work = find(request)
        object_id = check_whole(request.get("object_id"))
        mask = work.read(lambda session: session.mask_of(object_id))
        return {"png": as_text(export.mask_png(mask, workspace.full_size))}

    @answered
    def compare(request: Any) -> dict[str, Any]:
        """Compare the objects with the true regions, see `compare_masks`; "rows" with "name" first.

        They are None if no truth is known. Masks that were compared before are not compared again.
        """
        workspace, work = find(request)
        truth, objects = workspace.truth, work.state.objects
        if truth is None:
            return {"rows": None}
        known_truth, known = scores.get(workspace, (None, {}))
        if known_truth is not truth:
            known = {}
        fresh = {item.mask for item in objects} - known.keys()
        empty = np.zeros(workspace.size, bool)
        masks = (decode_rle(mask, workspace.size) if mask else empty for mask in fresh)
        with clicks_at_once:
            compared = dict(zip(fresh, compare_masks(masks, truth), strict=True))
        rows = {item.mask: known.get(item.mask) or compared[item.mask] for item in objects}
        scores[workspace] = truth, rows
        return {"rows": [[item.name, *rows[item.mask].values()] for item in objects]}

    @answered
    def levels(request: Any) -> dict[str, Any]:
        """Give what the browser needs to show the object being edited at any level by itself.

        That is "answer", the name of the answer, or None if there is none; then all of
        `describe_levels`.
        """
        workspace, work = find(request)

        def look(session: Session) -> tuple[Sequence[Click], str | None, np.ndarray | None]:
            current = session.state.current
            name = None if current is None else answer_key(current, workspace.light)
            if current is None or name is None:
                return (), None, None
            return current.clicks, name, session.probabilities

        # Described while the session goes on: its arrays are never changed in place.
        clicks, name, probabilities = work.read(look)
        if probabilities is None:
            return {"answer": None}
        with clicks_at_once:
            described = describe_levels(probabilities, clicks)
        return {"answer": name, **described}

    return [answer, save, compare, levels]
