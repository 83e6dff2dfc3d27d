"""The first tab: click on things. What its page may call on the server."""

import base64
from typing import Any

import numpy as np

from tamingseg.session.session import Session
from tamingseg.session.state import SegmentedObject
from tamingseg.ui import export, handlers
from tamingseg.ui.answers import Call, answered, find_workspace
from tamingseg.ui.canvas import Tab
from tamingseg.ui.levels import describe_levels
from tamingseg.ui.sessions import Workspaces

_SCRIPTS = (
    "vault.js",
    "link.js",
    "objects.js",
    "click.js",
    "levels.js",
    "paint.js",
    "points.js",
    "photos.js",
)


def click_tab(workspaces: Workspaces) -> Tab:
    """Describe the tab."""
    return Tab("click", "Click", _SCRIPTS, click_calls(workspaces))


def click_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions the tab's script calls; each takes one JSON value of a stranger's."""
    segmentor = workspaces.segmentor

    @answered
    def open_sample(name: Any) -> dict[str, Any]:
        return workspaces.open_sample(handlers.check_text(name)).greeting()

    @answered
    def resume(token: Any) -> dict[str, Any]:
        return workspaces.resume(token).greeting()

    @answered
    def answer(request: Any) -> dict[str, Any]:
        return find_workspace(workspaces, request).answer(segmentor, request)

    @answered
    def save(request: Any) -> dict[str, Any]:
        """Give a PNG as base64: of the object of that id, or of all objects when it is null."""
        workspace = find_workspace(workspaces, request)
        object_id = request.get("object_id")
        if object_id is not None:
            handlers.check_whole(object_id)

        def draw(session: Session) -> bytes:
            if object_id is not None:
                return export.mask_png(session.mask_of(object_id), workspace.full_size)
            objects = session.state.objects
            masks = [session.mask_of(item.id) for item in objects]
            return export.index_png(objects, masks, workspace.full_size)

        return {"png": base64.b64encode(workspace.read(segmentor, draw)).decode("ascii")}

    @answered
    def levels(request: Any) -> dict[str, Any]:
        """Give what the browser needs to cut the object being edited at any level by itself.

        That is "answer", the name of what is cut, or None if nothing is to be cut; then all of
        `describe_levels`.
        """

        def look(session: Session) -> tuple[SegmentedObject | None, np.ndarray | None]:
            current = session.state.current
            can_cut = current is not None and handlers.answer_key(current) is not None
            return current, session.probabilities if can_cut else None

        # Described while the session goes on: its arrays are never changed in place.
        current, probabilities = find_workspace(workspaces, request).read(segmentor, look)
        if probabilities is None:
            return {"answer": None}
        described = describe_levels(probabilities, current.clicks)
        return {"answer": handlers.answer_key(current), **described}

    return [open_sample, resume, answer, save, levels]
