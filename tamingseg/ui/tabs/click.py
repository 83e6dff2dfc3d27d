"""The first tab: click on things. What its page may call on the server, and its canvas."""

import base64
import functools
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from tamingseg.session.session import Session
from tamingseg.ui import export, handlers
from tamingseg.ui.canvas import seg_canvas
from tamingseg.ui.sessions import Gone, Workspace, Workspaces

_LOG = logging.getLogger(__name__)

_SCRIPTS = (
    "vault.js",
    "link.js",
    "objects.js",
    "click.js",
    "paint.js",
    "points.js",
    "photos.js",
    "controls.js",
)

Call = Callable[..., dict[str, Any]]


def build_click_tab(workspaces: Workspaces) -> gr.HTML:
    """Place the click tab in the gradio context that is open."""
    return seg_canvas(
        panel="click.html",
        scripts=_SCRIPTS,
        server_functions=click_calls(workspaces),
        elem_id="click-canvas",
    )


def answered(call: Call) -> Call:
    """Turn what a call raises into ``{"error": message}``: gradio would show the browser nothing.

    A message for the user is a ValueError; anything else is our own slip, and goes to the log.
    """

    @functools.wraps(call)
    def safely(*arguments: Any) -> dict[str, Any]:
        try:
            return call(*arguments)
        except Gone as error:
            return {"error": str(error), "gone": True}
        except ValueError as error:
            return {"error": str(error)}
        except Exception:
            _LOG.exception("the page's call of %s failed", call.__name__)
            return {"error": "The server stumbled over this; its log says why. Try it once more."}

    return safely


def click_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions the tab's script calls; each takes one JSON value of a stranger's."""
    segmentor = workspaces.segmentor

    def find(request: Any) -> Workspace:
        if not isinstance(request, dict):
            raise ValueError("expected a request with a token")
        return workspaces.find(request.get("token"))

    @answered
    def open_sample(name: Any) -> dict[str, Any]:
        return workspaces.open_sample(handlers.check_text(name)).greeting()

    @answered
    def resume(token: Any) -> dict[str, Any]:
        return workspaces.resume(token).greeting()

    @answered
    def answer(request: Any) -> dict[str, Any]:
        return find(request).answer(segmentor, request)

    @answered
    def save(request: Any) -> dict[str, Any]:
        """Give a PNG as base64: of the object of that id, or of all objects when it is null."""
        workspace = find(request)
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
