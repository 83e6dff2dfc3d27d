"""The page in a real Chromium, seen from a page of another site."""

import http.server
import threading

import pytest

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]


class Blank(http.server.BaseHTTPRequestHandler):
    """Serves an empty page."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><body></body>")

    def log_message(self, *_):
        pass


@pytest.fixture
def foreign(chromium):
    """A page of another site, `localhost`, which is not `127.0.0.1`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{server.server_port}/")
    yield page
    context.close()
    server.shutdown()
    server.server_close()


def test_scripts_of_another_site_change_nothing(foreign, app, discs_image):
    workspace = app.workspaces.open_image("a.png", discs_image)
    ends, opened = workspace.ends, len(app.workspaces)
    statuses = []
    foreign.on("response", lambda response: statuses.append(response.status))
    foreign.evaluate(
        """async ([address, token]) => {
            const send = (path, body) =>
                fetch(address + path, {method: "POST", mode: "no-cors", body});
            await send("tamingseg/leave", token);
            await send("tamingseg/photo?name=a", "no photo");
            await send("gradio_api/component_server/", JSON.stringify({data: "cat"}));
        }""",
        [app.address, workspace.token],
    )
    assert statuses == [403, 403, 403]
    assert (workspace.ends, len(app.workspaces)) == (ends, opened)


def test_scripts_of_another_site_read_nothing(foreign, app, discs_image):
    workspace = app.workspaces.open_image("a.png", discs_image)
    read = foreign.evaluate(
        """async ([address, picture]) => {
            const read = path => fetch(address + path).then(answer => answer.status);
            return [await read("config"), await read(`tamingseg/picture/${picture}`)];
        }""",
        [app.address, workspace.picture_key],
    )
    assert read == [403, 403]


def test_another_site_cannot_show_the_page_in_a_frame(foreign, app):
    foreign.evaluate(
        """address => new Promise(loaded => {
            const frame = document.createElement("iframe");
            Object.assign(frame, {src: address, onload: loaded});
            document.body.append(frame);
        })""",
        app.address,
    )
    for _ in range(100):  # the address of a frame is told a little after its load
        if foreign.frames[1].url:
            break
        foreign.wait_for_timeout(100)
    assert foreign.frames[1].url == "chrome-error://chromewebdata/"
