import asyncio
import json

import pytest

from tamingseg.ui import guard
from tamingseg.ui.allowed import Known
from tamingseg.ui.clients import Bounds
from tamingseg.ui.hosts import own_names


async def echo(scope, receive, send):
    """An app that reads the whole body and answers with its length."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


KNOWN = Known({7: {"open_sample", "answer"}}, {3: 0})
CALL, RUN = "/gradio_api/component_server/", "/gradio_api/queue/join"


JSON = b"application/json"


def ask(
    chunks,
    path="/tamingseg/leave",
    announced=None,
    method="POST",
    root="",
    kind=JSON,
    site=b"",
    mode=b"",
    host=b"",
    hosts=None,
    known=KNOWN,
):
    """Status, headers and body of the guarded echo."""
    sent = []
    parts = iter([*((chunk, True) for chunk in chunks), (b"", False)])
    headers = [(b"content-type", kind), (b"sec-fetch-site", site), (b"sec-fetch-mode", mode)]
    headers.append((b"host", host))
    headers += [] if announced is None else [(b"content-length", str(announced).encode())]

    async def receive():
        body, more = next(parts)
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(guard.Guard(echo, known, hosts)({**scope, "root_path": root}, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(guard, "MAX_REQUEST_BYTES", 10)
    monkeypatch.setattr(guard, "MAX_PHOTO_BYTES", 20)


@pytest.mark.usefixtures("small_limits")
def test_what_is_small_enough_passes():
    assert ask([b"12345", b"12345"])[::2] == (200, b"10")
    assert ask([b"x" * 20], path=guard.UPLOAD_PATH)[::2] == (200, b"20")


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("announced", [None, 11])
def test_what_is_too_large_is_refused_announced_or_not(announced):
    status, _, body = ask([b"123456", b"12345"], announced=announced)
    assert status == 413
    assert b"too large" in body


@pytest.mark.usefixtures("small_limits")
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


@pytest.mark.parametrize("root", ["", "/demo", "/demo/"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/assets/Index-1.js", 200),
        ("GET", "/theme.css", 200),
        ("GET", "/gradio_api/queue/data", 200),
        ("GET", "/gradio_api/info", 200),
        ("GET", "/tamingseg/samples/cat", 200),
        ("GET", "/tamingseg/decoder/features", 200),
        ("POST", "/tamingseg/leave", 200),
        ("POST", "/", 404),
        ("PUT", "/", 404),
        ("GET", "/gradio_api/file=/etc/passwd", 404),
        ("POST", "/gradio_api/upload", 404),
        ("GET", "/gradio_api/startup", 404),
        ("GET", "/monitoring", 404),
        ("POST", "/login", 404),
        ("GET", "/assets/", 404),
        ("POST", "/gradio_api/run/predict", 404),
        ("GET", CALL, 404),
    ],
)
def test_routes_that_the_page_does_not_use_are_not_there(method, path, status, root):
    path = root.rstrip("/") + path
    assert ask([b""], path, method=method, root=root)[0] == status


def test_mcp_clients_are_let_in_if_that_is_switched_on():
    for path in ("/gradio_api/mcp", "/gradio_api/mcp/"):
        assert ask([b"{}"], path)[0] == 404
        let_in = Known({}, {}, mcp=True)
        assert ask([b"{}"], path, known=let_in)[0] == 200
        assert ask([b"{}"], path, known=let_in, site=b"cross-site")[0] == 403
        assert ask([b"{}"], path, known=let_in, method="PUT")[0] == 404
    assert ask([b"{}"], "/gradio_api/mcp/sse", known=let_in, method="GET")[0] == 404


def call(**changes):
    """A call as the page sends it, with changes."""
    sound = {"session_hash": "s", "component_id": 7, "fn_name": "open_sample", "data": "cat"}
    return json.dumps({**sound, **changes}).encode()


def test_a_call_comes_to_gradio_as_it_was_sent():
    for chunks in ([call()], [call()[:9], call()[9:]]):
        assert ask(chunks, CALL)[::2] == (200, str(len(call())).encode())
    assert ask([call(data=None)], CALL)[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b"[]", 400),
        (b"{}", 400),
        (call(component_id=10**30), 400),
        (call(component_id="7"), 400),
        (call(session_hash=None), 400),
        (call(session_hash="s" * 101), 400),
        (call(session_hash=""), 400),
        (call(session_hash="a b"), 400),
        (call(fn_name=["open_sample"]), 400),
        (call(fn_name="__init__"), 404),
        (call(component_id=8), 404),
    ],
)
def test_calls_that_the_page_would_not_make(sent, status):
    came, headers, answer = ask([sent], CALL)
    assert came == status
    assert list(json.loads(answer)) == ["error"]
    assert headers[b"content-type"] == b"application/json"


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, 200), ({"fn_index": 4}, 404), ({"fn_index": True}, 400), ({"data": [1]}, 400)],
)
def test_runs(changes, status):
    request = {"session_hash": "s", "fn_index": 3, "data": [], **changes}
    assert ask([json.dumps(request).encode()], RUN)[0] == status


@pytest.fixture
def flooded():
    """`flooded(client, body, path)`: what one guard answers, again and again."""
    app = guard.Guard(echo, KNOWN)
    app._bounds = Bounds(lambda: 0.0)  # all at the same moment

    def send_to(address, body, path=CALL):
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path}
        scope["headers"] = [(b"content-type", JSON)]
        asyncio.run(app({**scope, "client": (address, 1)}, receive, send))
        return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])

    return send_to


def test_who_asks_too_often_is_told_to_wait_and_others_are_not(flooded):
    answers = [flooded("10.0.0.7", call()) for _ in range(150)]
    assert [status for status, *_ in answers[:100]] == [200] * 100
    status, headers, answer = answers[-1]
    assert status == 429
    assert headers[b"retry-after"] == b"1"
    assert "wait 1 s and try again" in answer["error"]
    assert flooded("10.0.0.8", call())[0] == 200
    assert flooded("10.0.0.7", call(fn_name="answer"))[0] == 200  # only photos were too many


def test_a_tab_that_calls_without_end_costs_no_other_tab(flooded):
    asked = [flooded("10.0.0.7", call(fn_name="answer"))[0] for _ in range(400)]
    assert asked[:300] == [200] * 300
    assert 429 in asked
    assert flooded("10.0.0.7", call(fn_name="answer", session_hash="t"))[0] == 200


def test_photos_are_counted_wherever_they_come_from(flooded):
    for _ in range(50):
        assert flooded("10.0.0.7", b"7", guard.UPLOAD_PATH)[0] == 200
        assert flooded("10.0.0.7", call())[0] == 200
    assert flooded("10.0.0.7", b"7", guard.UPLOAD_PATH)[0] == 429


@pytest.mark.parametrize("kind", [b"", b"text/plain", b"multipart/form-data; boundary=x"])
def test_forms_of_other_sites_are_no_calls(kind):
    """A browser sends these kinds for any site; JSON only where the server allows that site."""
    assert ask([call()], CALL, kind=kind)[0] == 400
    assert ask([call()], CALL, kind=b"application/json; charset=utf-8")[0] == 200


@pytest.mark.parametrize("path", [CALL, guard.UPLOAD_PATH, "/tamingseg/leave"])
def test_scripts_of_another_site_are_refused(path):
    for site, status in [(b"cross-site", 403), (b"same-origin", 200), (b"none", 200)]:
        assert ask([call()], path, site=site)[0] == status


def test_links_of_another_site_lead_here_but_pictures_are_not_shown_there():
    for mode, status in [(b"navigate", 200), (b"no-cors", 403), (b"cors", 403)]:
        assert ask([b""], "/", method="GET", site=b"cross-site", mode=mode)[0] == status
    assert ask([b""], method="POST", site=b"cross-site", mode=b"navigate")[0] == 403  # a form


@pytest.mark.parametrize(
    ("sent", "status"), [(b'{"event_id": "e"}', 200), (b"{}", 400), (b"{ent_id", 400), (b"7", 400)]
)
def test_ends_of_runs(sent, status):
    assert ask([sent], "/gradio_api/reset")[0] == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"127.0.0.1:7860", 200),
        (b"[::1]:7860", 200),
        (b"LOCALHOST", 200),
        (b"photos.example:8080", 200),
        (b"elsewhere.example", 403),
        (b"127.0.0.1.elsewhere.example", 403),
        (b"", 403),
        (b"[", 403),
    ],
)
def test_a_folder_is_shown_under_own_names_only(monkeypatch, host, status):
    monkeypatch.setenv("GRADIO_ROOT_PATH", "https://photos.example/tool/")
    assert ask([b"x"], host=host, hosts=own_names())[0] == status


def test_without_a_folder_any_name_will_do():
    assert ask([b"x"], host=b"elsewhere.example")[0] == 200
