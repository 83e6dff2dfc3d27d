"""Protects the page: limits the size of requests, and adds security headers to answers.

The headers keep the page to itself: nothing is loaded from, or sent to, any other machine, and no
other site may show it in a frame, except that of the hosted demo when the page runs there.
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

MAX_REQUEST_BYTES = 8 << 20
"""Largest request, photos excepted. The largest there are bring back saved work."""

MAX_PHOTO_BYTES = 40 << 20
"""Largest photo file that can be uploaded."""

UPLOAD_PATH = "/tamingseg/photo"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class TooLarge(Exception):
    """The body of a request is larger than its limit."""


class Guard:
    """ASGI middleware around all routes of the page."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._headers = _headers()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on a request and its answer, or refuse the request if it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_PHOTO_BYTES if scope["path"] == UPLOAD_PATH else MAX_REQUEST_BYTES
        received = 0
        answering = False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise TooLarge
            return message

        async def headed(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        try:
            if _announced(scope) > limit:
                raise TooLarge
            await self._app(scope, counted, headed)
        except TooLarge:
            if not answering:
                await _drain(receive, limit)
                await _refuse(headed, limit)


def _headers() -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer."""
    hosts = "https://huggingface.co https://*.hf.space" if "SPACE_ID" in os.environ else ""
    policy = (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
        f"base-uri 'self'; frame-ancestors 'self' {hosts}"
    )
    return [
        (b"content-security-policy", policy.strip().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]


def _announced(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _drain(receive: Receive, most: int) -> None:
    """Read on for a while: a browser that is still sending does not read the answer."""
    drained = 0
    while drained < most:
        message = await receive()
        drained += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


async def _refuse(send: Send, limit: int) -> None:
    body = json.dumps({"error": f"That is too large: at most {limit >> 20} MB can be sent."})
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
