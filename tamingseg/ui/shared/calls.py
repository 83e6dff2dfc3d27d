"""What every tab may call on the server: open photos, go on after a reload, stop a run."""

from typing import Any

from tamingseg.ui.wire import Call, answered, check_name, check_text, find_workspace
from tamingseg.ui.workspaces import Workspaces


def shared_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions that the shared scripts call; each takes one JSON value to be checked."""

    @answered
    def open_sample(name: Any) -> dict[str, Any]:
        return workspaces.open_sample(check_text(name)).greeting()

    @answered
    def resume(token: Any) -> dict[str, Any]:
        return workspaces.resume(token).greeting()

    @answered
    def encode_ahead(request: Any) -> dict[str, Any]:
        """Encode a photo that will be wanted soon."""
        find_workspace(workspaces, request).encoded()
        return {}

    @answered
    def stop_run(request: Any) -> dict[str, Any]:
        """Stop a run by its name, also one that has not begun."""
        workspace = find_workspace(workspaces, request)
        workspace.stopped.append(check_name(request.get("run")) or "")
        return {}

    return [open_sample, resume, encode_ahead, stop_run]
