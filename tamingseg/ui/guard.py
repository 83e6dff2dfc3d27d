"""Protects the page: refuses requests that it would not send, or too many, and adds headers.

The headers keep the page to itself: nothing is loaded from, or sent to, any other machine, and no
other site may show it in a frame, except that of the hosted demo when the page runs there.
"""

import json
import os
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from tamingseg.ui.allowed import (
    Known,
    Refused,
    check_body,
    check_path,
    is_checked,
    is_mcp,
    is_work,
)
from tamingseg.ui.clients import OF_A_TAB, WORK, Bounds, TooMuch, client
from tamingseg.ui.hosts import is_own

MAX_REQUEST_BYTES = 32 << 20
"""Largest request, photos excepted. The largest there are bring back saved work: two thousand large
objects of a photo."""

MAX_PHOTO_BYTES = 40 << 20
"""Largest photo file that can be uploaded."""

MAX_WORK_BYTES = 128 << 20
"""Most that is sent to be saved in another format, or read from one, at once."""

UPLOAD_PATH = "/tamingseg/photo"
EXPORT_PATH, IMPORT_PATH = "/tamingseg/export", "/tamingseg/import"

FEATURES_PATH = "/tamingseg/decoder/features"

_WORKED = (FEATURES_PATH, UPLOAD_PATH, EXPORT_PATH, IMPORT_PATH, "/tamingseg/truth")
"""Where photos, their features, label maps and whole work are sent, which takes its time."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """ASGI middleware around all routes of the page.

    `hosts` are the names under which the page may be opened, see `tamingseg.ui.hosts`; None: any.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        known: Known,
        hosts: Collection[str] | None = None,
    ) -> None:
        self._app, self._known, self._hosts, self._bounds = app, known, hosts, Bounds()
        self._headers = _headers()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on a request and its answer, or refuse it: too large, or not the page's own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
        limit = _most_bytes(path)
        received = 0
        answering = read = False

        async def counted() -> Message:
            nonlocal received, read
            message = await receive()
            read = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        async def headed(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        try:
            client.set((scope.get("client") or ("",))[0])
            with self._bounds.request(path):
                check_path(scope["method"], path, self._known)
                _check_site(scope)
                self._check_host(scope)
                if _announced(scope) > limit:
                    raise _too_large(limit)
                passed_on: Receive = counted
                if path in _WORKED or is_mcp(path):
                    self._bounds.spend(("work", client.get()), WORK)
                if is_checked(path):
                    if not _header(scope, b"content-type").startswith(b"application/json"):
                        raise Refused(400, "Expected JSON.")
                    body = await _whole(counted)
                    request = check_body(path, body, self._known)
                    tab = (client.get(), request.get("session_hash"))
                    self._bounds.spend(tab, OF_A_TAB)
                    if is_work(path, request):
                        self._bounds.spend(("work", client.get()), WORK)
                    passed_on = _replayed(body, counted)
                await self._app(scope, passed_on, headed)
        except (Refused, TooMuch) as refusal:
            if not answering:
                if not read:
                    await _drain(receive, limit)
                await _refuse(headed, refusal)

    def _check_host(self, scope: Message) -> None:
        """Refuse a page on a folder under a name that nobody here gave it."""
        host = _header(scope, b"host").decode("latin-1")
        if self._hosts is not None and not is_own(host, self._hosts):
            raise Refused(
                403,
                f"This page is not known as {host[:100]!r}. Open it under localhost or the address "
                "of its machine, or start it with GRADIO_ROOT_PATH set to its public address.",
            )


def _most_bytes(path: str) -> int:
    """Return how large a request to a path may be."""
    if path == UPLOAD_PATH:
        return MAX_PHOTO_BYTES
    return MAX_WORK_BYTES if path in (EXPORT_PATH, IMPORT_PATH) else MAX_REQUEST_BYTES


def _too_large(limit: int) -> Refused:
    return Refused(413, f"That is too large: at most {limit >> 20} MB can be sent.")


async def _whole(receive: Receive) -> bytes:
    """Return all of a body, or what came of it before the sender left."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read before, and then what else is received."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


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
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _check_site(scope: Message) -> None:
    """Refuse what another site's page asks for, as browsers tell; but a link may lead here."""
    is_link = scope["method"] == "GET" and _header(scope, b"sec-fetch-mode") == b"navigate"
    if _header(scope, b"sec-fetch-site") == b"cross-site" and not is_link:
        raise Refused(403, "This page is used by its own scripts alone.")


def _header(scope: Message, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _drain(receive: Receive, most: int) -> None:
    """Read on for a while: a browser that is still sending does not read the answer."""
    drained = 0
    while drained < most:
        message = await receive()
        drained += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


async def _refuse(send: Send, refusal: Refused | TooMuch) -> None:
    body = json.dumps({"error": str(refusal)}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    status = 429
    if isinstance(refusal, TooMuch):
        headers.append((b"retry-after", str(refusal.seconds).encode()))
    else:
        status = refusal.status
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
