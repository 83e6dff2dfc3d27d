"""Make the pictures of the documentation anew, with the present weights and the present page.

    python scripts/pictures.py [--only demos | page | folder]

The demos give seven; seven are photos of the page in Chromium (``pip install tamingseg[test]``
brings playwright; Chromium itself comes from the system). All go to demos/images/.
"""

import argparse
import io
import runpy
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tamingseg import load_segmentor
from tamingseg.data.sample_images import SAMPLE_IMAGES, load_sample_image
from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.page import build_page

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "demos" / "images"

DEMOS = {
    "01_one_click": "01_overlay.png",
    "02_edit_a_mask": "02_2_negative_click.png",
    "03_segment_everything": "03_first_3_10_30.png",
    "04_k_regions": "04_2_5_15_regions.png",
    "05_texture_mosaic": "05_panels.png",
    "06_pixel_features": "06_features.png",
    "07_part_to_whole": "07_levels.png",
}
"""Demo -> which of the files that it writes becomes its picture."""

CLASSES = ("person", "helmet", "background")

ASTRONAUT = [[(300, 150, True)], [(405, 460, True), (300, 150, False)]]
"""Objects of the sample photo "astronaut" by their clicks: row, col, positive."""

POLYGON = [(60, 330), (60, 400), (150, 420), (200, 370)]
"""Corners in the sample photo "astronaut": row, col."""

LONGEST = 1300
"""Longest side of a picture in pixels."""

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def main() -> None:
    """Parse, make the pictures, say where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("demos", "page", "folder"))
    only = parser.parse_args().only
    if only in (None, "demos"):
        for name, file in DEMOS.items():
            save(name, run_demo(name, file))
    if only in (None, "page"):
        for name, picture in photograph_page():
            save(name, picture)
    if only in (None, "folder"):
        for name, picture in photograph_folder():
            save(name, picture)


def run_demo(name: str, file: str) -> Image.Image:
    """Run a demo and return one of the pictures that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        main = runpy.run_path(str(ROOT / "demos" / f"{name}.py"))["main"]
        main.__globals__["OUT"] = Path(folder) / "out"
        main()
        return Image.open(Path(folder) / "out" / file).convert("RGB")


@contextmanager
def open_page(**settings: object) -> Iterator[Page]:
    """Serve the page with settings of `build_page`, and open it in Chromium."""
    server = build_page(load_segmentor(), **settings)
    _, address, _ = server.launch(prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(address)
        page.wait_for_selector("canvas[data-ready]")
        page.add_style_tag(content=".foot .latency { visibility: hidden }")  # of a busy machine
        yield page
        browser.close()
    server.close(verbose=False)


def photograph_page() -> Iterator[tuple[str, Image.Image]]:
    """Yield name and picture of each tab at work."""
    with open_page(partitioner=load_segmentor("distilled")) as page:
        coffee, astronaut = (page.locator(".photo").nth(number) for number in (0, 2))
        astronaut.click()
        wait(page)
        for clicks in ASTRONAUT:
            click(page, clicks)
            page.keyboard.press("n")
        yield "app", photo(page)

        coffee.click()
        wait(page)
        page.click("#tab-proposals")
        page.click("[data-do=propose]")
        page.wait_for_selector("#seg-amount:visible")
        page.fill("#seg-amount", "8")
        page.keyboard.press("Enter")
        page.mouse.move(*window_point(page, 150, 270))
        yield "proposals", photo(page)

        page.click("#tab-partition")
        wait(page)
        if page.is_visible("[data-do=findRegions]"):  # else they are there
            page.click("[data-do=findRegions]")
        page.wait_for_selector("#seg-regions:visible")
        page.fill("#seg-regions", "8")
        page.keyboard.press("Enter")
        page.mouse.move(*window_point(page, 150, 270))
        yield "partition", photo(page)

        page.click("#tab-mosaics")
        page.click("[data-do=makeMosaic]")
        page.wait_for_selector(".gallery img >> nth=7")
        yield "mosaics", photo(page)


def photograph_folder() -> Iterator[tuple[str, Image.Image]]:
    """Yield name and picture of a folder, some photos of it done, and of tools and Export."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "museum"
        folder.mkdir()
        for number, name in enumerate(sorted(SAMPLE_IMAGES, key="astronaut".__eq__) * 2, 1):
            Image.fromarray(load_sample_image(name)).save(folder / f"{number:02} {name}.jpg")
        project = FolderProject(folder)
        with open_page(project=project) as page:
            for name in CLASSES:
                page.fill(".classes input", name)
                page.keyboard.press("Enter")
            page.locator("canvas.view").focus()
            for key in ("a", "a", "Shift+A", "Shift+A", "a"):
                if key == "a":
                    click(page, [(150, 200, True)])
                before = page.locator("canvas.view").get_attribute("data-ready")
                page.keyboard.press(key)
                page.wait_for_selector(f'canvas.view:not([data-ready="{before}"])')
                wait(page)
            for number, clicks in enumerate(ASTRONAUT, 1):
                click(page, clicks)
                page.keyboard.press(str(number))
                wait(page)
                page.keyboard.press("n")
            yield "folder", photo(page)

            page.click(".objects .open-object >> nth=1")
            page.click(".shape summary")
            page.keyboard.press("p")
            for row, col in POLYGON:
                page.mouse.click(*window_point(page, row, col))
            yield "tools", photo(page)

            page.keyboard.press("Escape")
            page.click("header [data-do=export]")
            page.click("[data-scope=all]")
            page.select_option(".exchange select", "yolo")
            page.wait_for_function(
                "() => /objects in/.test(document.querySelector('.exchange .lines').textContent)"
            )
            yield "export", photo(page)
        project.close()


def click(page: Page, clicks: Iterable[tuple[int, int, bool]]) -> None:
    """Click (row, col, positive) in the photo, one after the other."""
    for row, col, positive in clicks:
        page.mouse.click(*window_point(page, row, col), button="left" if positive else "right")
        wait(page)


def window_point(page: Page, row: int, col: int) -> tuple[float, float]:
    """Return where in the window a pixel of the photo is: x, y."""
    canvas = page.locator("canvas.view")
    scale, left, top = map(float, canvas.get_attribute("data-view").split())
    box = canvas.bounding_box()
    return box["x"] + left + (col + 0.5) * scale, box["y"] + top + (row + 0.5) * scale


def wait(page: Page) -> None:
    """Wait until everything is answered and painted."""
    page.wait_for_timeout(500)
    page.wait_for_selector("canvas.view:not([aria-busy=true])", state="attached")
    page.wait_for_timeout(500)


def photo(page: Page) -> Image.Image:
    """Return a picture of the window, without a mark of what has the focus."""
    page.evaluate("document.activeElement.blur()")
    wait(page)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save(name: str, picture: Image.Image) -> None:
    """Write a picture for the documentation."""
    picture.thumbnail((LONGEST, LONGEST))
    path = IMAGES / f"{name}.jpg"
    picture.save(path, quality=85)
    print(path)


if __name__ == "__main__":
    main()
