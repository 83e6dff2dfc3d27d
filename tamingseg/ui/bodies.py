"""Requests with files: a line of JSON, then the files one after the other.

The line names them with their lengths: {"files": [["a.json", 1200], ...], ...}.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tamingseg.files import parse_json
from tamingseg.ui.wire import answered

Answer = Callable[[Any, dict[str, bytes]], dict[str, Any]]
"""(request, files by name) -> what is answered."""


def file_routes(answers: dict[str, Answer]) -> list[Route]:
    """Return a route for each path; one request at a time is worked on, for they may be large."""
    working = asyncio.Semaphore(1)

    def route(path: str, answer: Answer) -> Route:
        @answered
        def read(body: bytes) -> dict[str, Any]:
            return answer(*split(body))

        async def respond(request: Request) -> Response:
            body = await request.body()
            async with working:
                return JSONResponse(await run_in_threadpool(read, body))

        return Route(path, respond, methods=["POST"])

    return [route(path, answer) for path, answer in answers.items()]


def split(body: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    r"""Return the request and the files of a body.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> split(b'{"files": [["a", 2], ["b", 1]]}\nxyz')[1]
    {'a': b'xy', 'b': b'z'}
    """
    line, _, rest = body.partition(b"\n")
    request = parse_json(line)
    named = request.get("files") if isinstance(request, dict) else None
    if not isinstance(named, list) or not all(map(_is_named, named)):
        raise ValueError("expected a line that names the files with their lengths")
    if sum(length for _, length in named) != len(rest):
        raise ValueError("the files did not arrive whole; try again")
    files, begin = {}, 0
    for name, length in named:
        files[name] = rest[begin : begin + length]
        begin += length
    return request, files


def _is_named(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and [type(part) for part in entry] == [str, int]
        and 0 <= entry[1] < 2**40
    )
