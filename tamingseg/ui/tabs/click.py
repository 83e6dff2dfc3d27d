"""The first tab: click on things. What its page may call on the server."""

import base64
from typing import Any

from tamingseg.session.session import Session
from tamingseg.ui import export, handlers
from tamingseg.ui.answers import Call, answered, find_workspace
from tamingseg.ui.canvas import Tab
from tamingseg.ui.sessions import Workspaces

_SCRIPTS = (
    "vault.js",
    "link.js",
    "objects.js",
    "click.js",
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

    return [open_sample, resume, answer, save]
