"""What of gradio the page and other programs use: paths, functions and runs. All else is refused.

Gradio has many more routes, and answers some wrong requests with an error in the log.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tamingseg.files import parse_json

_GRADIO = "/gradio_api"
_CALL, _RUN, _CANCEL, _RESET = (
    f"{_GRADIO}/{name}" for name in ("component_server", "queue/join", "cancel", "reset")
)

_READ = re.compile(
    "/|/config|/robots.txt|/favicon.ico|(/gradio_api)?/theme.css|/(assets|static|svelte)/.+"
    f"|{_GRADIO}/(info|startup-events|queue/data|heartbeat/[^/]+)|/tamingseg/.+"
)
_WRITTEN = re.compile(f"({_CALL}|{_RUN}|{_CANCEL}|{_RESET})/?|/tamingseg/.+")
"""Paths that the page uses by GET and by POST. Below /tamingseg/ are our own routes."""

_MCP = re.compile(f"{_GRADIO}/mcp/?")
"""The one address for MCP clients ("streamable HTTP"); the older ones stay closed."""

_SESSION = re.compile(r"[\w-]{1,100}")
"""Names that gradio's scripts give a browser tab, and its client in Python itself."""


class Refused(Exception):
    """A request that goes no further: the status of the answer, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Known:
    """What the page's scripts ask gradio for.

    `calls` maps the number of a component to the names of its functions, `runs` the number of an
    event to how many values it takes; `mcp` says whether MCP clients are let in.
    """

    calls: Mapping[int, Collection[str]]
    runs: Mapping[int, int]
    mcp: bool = False


def is_mcp(path: str) -> bool:
    """Whether MCP clients ask at this path."""
    return _MCP.fullmatch(path) is not None


def check_path(method: str, path: str, known: Known) -> None:
    """Raise Refused if neither the page nor a program uses the path with this method."""
    if known.mcp and is_mcp(path) and method in ("GET", "POST", "DELETE"):
        return
    allowed = {"GET": _READ, "HEAD": _READ, "POST": _WRITTEN}.get(method)
    if allowed is None or not allowed.fullmatch(path):
        raise Refused(404, "There is nothing here.")


def is_checked(path: str) -> bool:
    """Whether `check_body` knows what is sent to this path."""
    return path.rstrip("/") in (_CALL, _RUN, _CANCEL, _RESET)


def check_body(path: str, body: bytes, known: Known) -> dict[str, Any]:
    """Return what was sent to a path that is checked; Refused if the page would not send it."""
    path = path.rstrip("/")
    try:
        request = parse_json(body)
    except ValueError as error:
        raise Refused(400, f"Expected JSON ({str(error)[:200]}).") from error
    if not isinstance(request, dict):
        raise Refused(400, "Expected a JSON object.")
    kinds: dict[str, type] = {} if path == _RESET else {"session_hash": str}
    if path == _CALL:
        kinds |= {"component_id": int, "fn_name": str}  # its value may be of any kind
    elif path == _RUN:
        kinds |= {"fn_index": int, "data": list}
    else:
        kinds |= {"event_id": str} if path == _RESET else {"fn_index": int, "event_id": str}
    for name, kind in kinds.items():
        if not isinstance(request.get(name), kind) or isinstance(request[name], bool):
            raise Refused(400, f"Expected {name!r} as this page sends it.")
    if path == _RESET:
        return request
    if not _SESSION.fullmatch(request["session_hash"]):
        raise Refused(400, "Expected 'session_hash' as this page sends it.")
    if path == _CALL:
        if request["fn_name"] not in known.calls.get(request["component_id"], ()):
            raise Refused(404, "There is no such function.")
        return request
    if request["fn_index"] not in known.runs:
        raise Refused(404, "There is no such run.")
    if path == _RUN and len(request["data"]) != known.runs[request["fn_index"]]:
        raise Refused(400, "Expected 'data' as this page sends it.")
    return request


def is_work(path: str, request: Mapping[str, Any]) -> bool:
    """Whether a request to a path that is checked begins a run, or opens a photo."""
    is_opening = str(request.get("fn_name")).startswith("open_")
    return path.rstrip("/") == _RUN or (path.rstrip("/") == _CALL and is_opening)
