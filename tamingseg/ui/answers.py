"""How what the page calls answers: always with JSON, also when it fails."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from tamingseg.ui.sessions import Gone, Workspace, Workspaces

_LOG = logging.getLogger(__name__)

Call = Callable[..., dict[str, Any]]


def answered(call: Call) -> Call:
    """Turn what a call raises into ``{"error": message}``; gradio would show the user nothing."""

    @functools.wraps(call)
    def safely(*arguments: Any) -> dict[str, Any]:
        try:
            return call(*arguments)
        except Exception as error:
            return explain(error, call.__name__)

    return safely


def explain(error: Exception, what: str) -> dict[str, Any]:
    """Say to the user why `what` failed.

    A message for the user is a ValueError; anything else is our own slip, and goes to the log.
    """
    if isinstance(error, Gone):
        return {"error": str(error), "gone": True}
    if isinstance(error, ValueError):
        return {"error": str(error)}
    _LOG.error("the page's call of %s failed", what, exc_info=error)
    return {"error": "The server stumbled over this; its log says why. Try it once more."}


def find_workspace(workspaces: Workspaces, request: Any) -> Workspace:
    """Return the workspace whose token a request carries; Gone or ValueError if it has none."""
    if not isinstance(request, dict):
        raise ValueError("expected a request with a token")
    return workspaces.find(request.get("token"))
