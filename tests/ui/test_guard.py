import asyncio

import pytest

from tamingseg.ui import guard


async def echo(scope, receive, send):
    """An app that reads the whole body and answers with its length."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def ask(chunks, path="/", announced=None):
    """Status, headers and body of the guarded echo."""
    sent = []
    parts = iter([*((chunk, True) for chunk in chunks), (b"", False)])
    headers = [] if announced is None else [(b"content-length", str(announced).encode())]

    async def receive():
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(guard.Guard(echo)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(guard, "MAX_REQUEST_BYTES", 10)
    monkeypatch.setattr(guard, "MAX_PHOTO_BYTES", 20)


def test_what_is_small_enough_passes():
    assert ask([b"12345", b"12345"])[::2] == (200, b"10")
    assert ask([b"x" * 20], path=guard.UPLOAD_PATH)[::2] == (200, b"20")


@pytest.mark.parametrize("announced", [None, 11])
def test_what_is_too_large_is_refused_announced_or_not(announced):
    status, _, body = ask([b"123456", b"12345"], announced=announced)
    assert status == 413
    assert b"too large" in body


def test_a_photo_may_be_larger_but_not_without_end():
    assert ask([b"x" * 21], path=guard.UPLOAD_PATH)[0] == 413


@pytest.mark.parametrize("hosted", [False, True])
def test_the_page_may_be_framed_by_its_host_alone(monkeypatch, hosted):
    if hosted:
        monkeypatch.setenv("SPACE_ID", "someone/demo")
    else:
        monkeypatch.delenv("SPACE_ID", raising=False)
    policy = ask([b""])[1][b"content-security-policy"].decode()
    assert policy.startswith("default-src 'self'")
    assert ("https://huggingface.co" in policy) is hosted
