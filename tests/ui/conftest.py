import contextlib
import io
import json
import os
import shutil
import socket
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tamingseg.values import MaskSet


@pytest.fixture(scope="session")
def discs(two_discs):
    """The two discs, ten times as large: label map int32 (480, 640)."""
    return np.kron(two_discs.label_maps[0], np.ones((10, 10), np.int32))


@pytest.fixture(scope="session")
def discs_image(two_discs):
    """The photo of the two discs, ten times as large: uint8 (480, 640, 3)."""
    return two_discs.image.repeat(10, axis=0).repeat(10, axis=1)


@pytest.fixture(scope="session")
def discs_png(discs_image):
    file = io.BytesIO()
    Image.fromarray(discs_image).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def disc_masks(discs):
    """An ordered list: the blue disc, the left half, the red disc, its upper half, everything."""
    rows, cols = np.mgrid[:480, :640]
    masks = [discs == 2, cols < 320, discs == 1, (discs == 1) & (rows < 160), rows >= 0]
    return MaskSet.from_masks(np.stack(masks), np.array([0.9, 0.8, 0.7, 0.6, 0.5]))


@pytest.fixture(scope="session")
def slow():
    """While it is set, encoding and proposing take their time."""
    return threading.Event()


@pytest.fixture(autouse=True)
def _not_slow(slow):
    yield
    slow.clear()


@pytest.fixture(scope="session")
def propose_discs(disc_masks, slow):
    """A proposer that proposes the masks of the discs for every photo, at its size."""

    def propose(segmentor, embedding, grid, progress):
        height, width = embedding.size
        for done in range(0, grid * grid + 1, grid):
            progress(done, grid * grid)
            while slow.is_set() and 2 * done >= grid * grid:
                time.sleep(0.01)
                progress(done, grid * grid)
        rows, cols = np.arange(height) * 480 // height, np.arange(width) * 640 // width
        masks = np.stack([disc_masks[i][np.ix_(rows, cols)] for i in range(len(disc_masks))])
        return MaskSet.from_masks(masks, disc_masks.scores)

    return propose


@pytest.fixture(scope="session")
def plain_textures(tmp_path_factory):
    """A folder "plain" of textures of one colour each, which the fake segmentor tells apart."""
    folder = tmp_path_factory.mktemp("textures") / "plain"
    folder.mkdir()
    colours = ((200, 30, 30), (30, 160, 60), (40, 60, 210), (230, 210, 60), (150, 60, 190))
    for number, colour in enumerate(colours):
        Image.new("RGB", (64, 64), colour).save(folder / f"{number}.png")
    return folder


PATIENCE = 60_000
"""Milliseconds that something may take on a machine which is busy with other work."""

CHROMIUM_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="module")
def chromium_path():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        message = "neither chromium nor google-chrome is installed: the page is not tested"
        if os.environ.get("TAMINGSEG_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="module")
def playwright(chromium_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright, chromium_path):
    launch = playwright.chromium.launch
    browser = launch(executable_path=chromium_path, args=list(CHROMIUM_FLAGS))
    yield browser
    browser.close()


PURE_SCRIPTS = (
    "shared/masks.js",
    "shared/polygons.js",
    "shared/labels.js",
    "shared/slider.js",
    "shared/tones.js",
    "shared/view.js",
    "shared/server.js",
    "shared/vault.js",
    "shared/words.js",
    "partition/regions.js",
    "decoder/tensors.js",
    "decoder/kernels.js",
    "decoder/network.js",
    "decoder/answer.js",
    "decoder/changes.js",
    "decoder/piece.js",
    "decoder/sampling.js",
)
"""Those that know nothing of the page around them."""


@pytest.fixture(scope="session")
def script_files():
    """All scripts of the page, by their path below `tamingseg/ui`."""
    from tamingseg.ui.mosaics.pictures import find_textures
    from tamingseg.ui.page import make_tabs
    from tamingseg.ui.shared.canvas import settings_of
    from tamingseg.ui.shared.scripts import load_scripts
    from tamingseg.ui.workspaces import Workspaces

    return load_scripts(settings_of(make_tabs(Workspaces(None), None, None, find_textures(None))))


@pytest.fixture(scope="module")
def open_blank(chromium, script_files):
    """`open_blank(context=None)`: an empty page with all exports of `PURE_SCRIPTS` as globals.

    Nothing is served: the browser's requests are answered here.
    """

    def answer(route):
        path = route.request.url.removeprefix("http://localhost/")
        if path in script_files:
            route.fulfill(body=script_files[path], content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><body></body>", content_type="text/html")

    with contextlib.ExitStack() as stack:

        def make(context=None):
            if context is None:
                context = chromium.new_context(viewport={"width": 400, "height": 300})
                stack.callback(context.close)
                context.route("http://localhost/**", answer)
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto("http://localhost/")
            page.evaluate(
                """async paths => {
                    for (const path of paths) Object.assign(window, await import(`/${path}`));
                }""",
                PURE_SCRIPTS,
            )
            return page

        yield make


@pytest.fixture(scope="module")
def scripts(open_blank):
    """One blank page that tests of pure functions share."""
    return open_blank()


@pytest.fixture(scope="session")
def pixel_segmentor(fake_segmentor):
    """The class of a fake segmentor that knows every pixel by its colour."""

    class Coloured(fake_segmentor):
        def pixel_features(self, embedding):
            return (embedding.image[::4, ::4] / 255).astype(np.float32)

        def affinity(self, first, second):
            return np.exp(-4 * np.abs(first[:, None] - second).sum(axis=-1))

    return Coloured


@pytest.fixture(scope="session")
def serve():
    """`serve(page)`: start it on a free port; its address.

    Left to itself, Gradio tries one port after the other, and leaves a socket open at each it found
    taken by the page of another test.
    """

    def start(page):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        where = {"server_name": "127.0.0.1", "server_port": port}
        return page.launch(prevent_thread_lock=True, quiet=True, **where)[1]

    return start


@pytest.fixture(scope="module")
def app(pixel_segmentor, propose_discs, slow, plain_textures, serve):
    """A running app; its photos are the discs, and samples work too.

    Its model knows every pixel by its colour.
    """
    from tamingseg.ui.mosaics.pictures import find_textures
    from tamingseg.ui.page import build_page

    class Patient(pixel_segmentor):
        def embed(self, image):
            while slow.is_set():
                time.sleep(0.01)
            return super().embed(image)

    page = build_page(Patient(), propose_discs, textures=find_textures(plain_textures))
    page.address = serve(page)
    yield page
    page.close(verbose=False)


class User:
    """A browser page and what a person does with it; points are (row, col) of the photo."""

    def __init__(self, page):
        self.page = page
        self.errors, self.foreign = [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url):
        if not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:")):
            self.foreign.append(url)

    def visit(self, address):
        self.page.goto(address)
        self.page.wait_for_selector("canvas[data-ready]")
        return self

    def reload(self):
        self.page.reload()
        self.page.wait_for_selector("canvas[data-ready]")
        return self

    def upload(self, content, name="discs.png", kind="image/png", wait=True):
        ready = self.page.locator("canvas.view").get_attribute("data-ready")
        self.page.set_input_files(".file", {"name": name, "mimeType": kind, "buffer": content})
        if wait:
            self.page.wait_for_selector(f'canvas:not([data-ready="{ready}"])')
        return self

    def at(self, point):
        """Window coordinates of the middle of a pixel."""
        self.frame()
        canvas = self.page.locator("canvas.view")
        scale, left, top = map(float, canvas.get_attribute("data-view").split())
        box = canvas.bounding_box()
        row, col = point
        return box["x"] + left + (col + 0.5) * scale, box["y"] + top + (row + 0.5) * scale

    def click(self, point, answers=1, **options):
        before = self.latency()["answers"]
        self.page.mouse.click(*self.at(point), **options)
        if answers:
            self.answered(before + answers)
        return self

    def tap(self, point, seconds=0.05):
        """Put a finger down and lift it after so long, however busy the machine is."""
        x, y = self.at(point)
        browser, now = self.page.context.new_cdp_session(self.page), time.time()
        for kind, when in (("touchStart", now), ("touchEnd", now + seconds)):
            touching = [{"x": x, "y": y}] if kind == "touchStart" else []
            event = {"type": kind, "touchPoints": touching, "timestamp": when}
            browser.send("Input.dispatchTouchEvent", event)
        browser.detach()
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self.settled()

    def settled(self):
        """Everything is answered and a frame is drawn."""
        self.page.wait_for_selector("canvas.view:not([aria-busy=true])")
        return self.frame()

    def frame(self):
        """A frame is drawn, and all that waited for it is done."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
        )
        return self

    def saved(self):
        """The browser has stored all that was done."""
        self.page.wait_for_selector(".seg:not([data-unsaved])")
        return self

    def answered(self, count):
        self.page.wait_for_function(
            "n => JSON.parse(document.querySelector('.seg').dataset.latency).answers >= n",
            arg=count,
        )

    def latency(self):
        return json.loads(self.page.locator(".seg").get_attribute("data-latency"))

    def another_tab(self, address):
        """The same person in another tab of the browser."""
        return User(self.page.context.new_page()).visit(address)

    def message(self):
        return self.page.locator(".message").inner_text()

    def says(self, text):
        self.page.wait_for_function(
            "text => document.querySelector('.message').textContent.includes(text)", arg=text
        )

    def objects(self):
        return self.page.locator(".objects li").count()

    def has_objects(self, count):
        self.page.wait_for_function(
            "n => document.querySelectorAll('.objects li').length === n", arg=count
        )

    def colour(self, point):
        """What is painted at a pixel of the photo, RGB."""
        x, y = self.at(point)
        box = self.page.locator("canvas.view").bounding_box()
        return self.page.evaluate(
            """([x, y]) => {
                const canvas = document.querySelector("canvas.view"), d = devicePixelRatio;
                const {data} = canvas.getContext("2d").getImageData(x * d, y * d, 1, 1);
                return [...data].slice(0, 3);
            }""",
            [x - box["x"], y - box["y"]],
        )

    def row(self, name):
        """The row of a photo in the list of photos."""
        return self.page.locator(".listed-photo", has=self.page.get_by_text(name, exact=True))

    def row_says(self, name, text):
        """Wait until the row of a photo says that."""
        self.page.wait_for_function(
            """([name, text]) => [...document.querySelectorAll(".listed-photo")].some(row =>
                row.querySelector(".called").textContent === name
                && row.textContent.includes(text))""",
            arg=[name, text],
        )

    def is_open(self, name):
        """Wait until a photo of the folder is open, and its row marked."""
        self.page.wait_for_function(
            """name => document.querySelector("[aria-current=true] .called")?.textContent === name
                && document.querySelector("canvas.view").dataset.ready.endsWith(name)""",
            arg=name,
        )
        self.settled()

    def step(self, key, name):
        """Press a key that leads to another photo."""
        self.page.keyboard.press(key)
        self.is_open(name)

    def lists(self, names):
        """Wait until the list shows these photos, in this order."""
        self.page.wait_for_function(
            """names => JSON.stringify(names) === JSON.stringify(
                [...document.querySelectorAll(".listed-photo")].filter(row => row.offsetParent)
                .map(row => row.querySelector(".called").innerText))""",
            arg=names,
        )

    def shows_object(self, name, point):
        """Wait until the small picture of a photo shows a blue object laid on something red."""
        self.page.wait_for_function(
            """([name, [row, col]]) => [...document.querySelectorAll(".listed-photo")].some(one => {
                const small = one.querySelector("img");
                if (one.querySelector(".called").textContent !== name) return false;
                const context = document.createElement("canvas").getContext("2d");
                if (small.complete) context.drawImage(small, 0, 0);
                return context.getImageData(col, row, 1, 1).data[2] > 90; // of what is red it is 40
            })""",
            arg=[name, point],
        )

    def save(self):
        with self.page.expect_download() as download:
            self.page.click("[data-do=saveMask]")
        image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
        return download.value.suggested_filename, image

    def index(self):
        """All objects in one image: 1 for the one at the back, and so on."""
        self.page.click(".save [data-do=export]")
        self.page.select_option(".exchange select", "index-png")
        with self.page.expect_download() as download:
            self.page.click("[data-do=saveExport]")
        with zipfile.ZipFile(download.value.path()) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".png"))
            return np.array(Image.open(archive.open(name)))

    def mask(self):
        return np.array(self.save()[1]) > 0


@pytest.fixture(scope="session")
def user_class():
    """The class of users, for pages of other apps."""
    return User


@pytest.fixture
def visitor(chromium, app):
    """Makes users, each in a browser of their own; all of them must stay on this machine."""
    with contextlib.ExitStack() as stack:
        users = []

        def arrive(**options):
            context = chromium.new_context(
                **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | options
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            users.append(User(page))
            return users[-1].visit(app.address)

        yield arrive
        for user in users:
            assert user.errors == []
            assert user.foreign == []


@pytest.fixture(scope="module")
def regular(chromium, app):
    """One user whom most tests share, for a page takes its second to load."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    yield User(page).visit(app.address)
    context.close()


@pytest.fixture
def user(regular, discs_png):
    """The regular user with a photo of the discs nobody has worked on."""
    regular.page.click("#tab-click")
    regular.page.click("[data-do=include]")
    regular.upload(discs_png)
    yield regular
    regular.page.unroute_all()
    assert regular.errors == []
    assert regular.foreign == []


@pytest.fixture
def user_without_storage(playwright, chromium_path, app, tmp_path):
    """A user whose Chromium blocks all cookies, which forbids every kind of storage."""
    (tmp_path / "Default").mkdir()
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default/Preferences").write_text(json.dumps(blocked))
    launch = playwright.chromium.launch_persistent_context
    context = launch(tmp_path, executable_path=chromium_path, args=list(CHROMIUM_FLAGS))
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    user = User(page).visit(app.address)
    yield user
    context.close()
    assert user.errors == []


@pytest.fixture
def unreachable():
    """`unreachable(user)`: the controls on the screen without a name, and those too small."""

    def find(user):
        return tuple(
            user.page.evaluate(
                """() => {
                    const controls = [...document.querySelectorAll(".seg button, .seg input")]
                        .filter(one => one.offsetParent && one.tabIndex >= 0);
                    const named = one => (one.getAttribute("aria-label") ?? "")
                        + one.textContent.trim()
                        + [...(one.labels ?? [])].map(label => label.textContent).join("");
                    return [controls.filter(one => !named(one)), controls.filter(one => {
                        const box = one.getBoundingClientRect();
                        return box.width < 28 || box.height < 28;
                    })].map(list => list.map(one => one.outerHTML.slice(0, 80)));
                }"""
            )
        )

    return find
