"""Measure, in a real browser, how long it takes from a click to the painted mask.

    python scripts/benchmark_click_latency.py --clicks 60 --delay 150

Starts the app with a model, drives Chromium over it (``pip install tamingseg[test]`` brings
playwright; Chromium itself comes from the system), and makes objects of two clicks, at random
places of each sample photo. The page measures itself from the event's time stamp: ``total`` is the
time to the frame that shows a mask, which the browser finds itself where it can, and ``final`` the
time to the frame with the server's mask. Printed are medians and 90th percentiles, of first and of
further clicks; and how many masks a second the browser finds while the pointer moves.
"""

import argparse
import json
import shutil
import time

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.decoder.calls import decoder_weights
from tamingseg.ui.page import build_page

KINDS = ("first", "further")
HOVER_SECONDS = 5
COUNT_ANSWERS = """
    window.hoverAnswers = 0;
    window.Worker = class extends Worker {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", ({data}) => {
                window.hoverAnswers += "outline" in data;
            });
        }
    };
"""

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=60, help="clicks in all, half of them first")
    parser.add_argument("--model", default="default", help="name or checkpoint of a segmentor")
    parser.add_argument("--port", type=int, default=7899)
    parser.add_argument(
        "--delay", type=int, default=0, help="ms added to each answer of the server"
    )
    parser.add_argument("--photos", nargs="+", default=["coffee", "cat", "astronaut"])
    arguments = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        parser.error("neither chromium nor google-chrome is installed")

    segmentor = load_segmentor(arguments.model)
    page_server = build_page(segmentor)
    page_server.launch(server_port=arguments.port, prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(COUNT_ANSWERS)
        page.goto(f"http://127.0.0.1:{arguments.port}/")
        network = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", {**network, "latency": arguments.delay})
        each = -(-arguments.clicks // (len(KINDS) * len(arguments.photos)))
        rows: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        for name in arguments.photos:
            open_photo(page, name, decoder_weights(segmentor) is not None)
            for places in np.random.default_rng(0).uniform(0.3, 0.65, (each, len(KINDS), 2)):
                for kind, row in zip(KINDS, click_at(page, places), strict=True):
                    rows[kind].append(row)
        per_second = hover_around(page)
        browser.close()
    page_server.close(verbose=False)

    delayed = f", server {arguments.delay} ms further away" if arguments.delay else ""
    for kind, measured in rows.items():
        print(f"{len(measured)} {kind} clicks, model {arguments.model}{delayed}")
        for part in ("encode", "decode", "total", "final"):
            median, late = np.percentile([row[part] for row in measured], [50, 90])
            print(f"{part:>7}: median {median:6.1f} ms   p90 {late:6.1f} ms")
    print(f"  hover: {per_second:.0f} masks a second")


def open_photo(page: Page, photo: str, decodes: bool) -> None:
    """Open a sample photo, and wait until the browser can answer, if it `decodes` itself."""
    page.locator(f'button.photo[title="{photo}"]').click()
    page.wait_for_selector(f'canvas[data-ready="sample {photo}"]')
    box = page.locator("canvas.view").bounding_box()
    before = page.evaluate("() => window.hoverAnswers")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    if decodes:
        page.wait_for_function("n => window.hoverAnswers > n", arg=before)
    settle(page)


def click_at(page: Page, places: np.ndarray) -> list[dict[str, float]]:
    """Make an object by clicks at places (N, 2) of the canvas; the page's latencies of each."""
    box = page.locator("canvas.view").bounding_box()
    rows = []
    for across, down in places:
        before = latency(page)["answers"]
        place = box["x"] + across * box["width"], box["y"] + down * box["height"]
        page.mouse.move(*place, steps=5)
        page.mouse.click(*place)
        page.wait_for_function(
            "n => JSON.parse(document.querySelector('.seg').dataset.latency).answers > n",
            arg=before,
        )
        rows.append(latency(page))
    for _ in places:  # one object at a time, and no point to click upon
        page.keyboard.press("Control+z")
    page.wait_for_function("() => !document.querySelector('.objects li')")
    settle(page)
    return rows


def settle(page: Page) -> None:
    """Wait until the server has answered everything."""
    page.wait_for_selector("canvas.view:not([aria-busy=true])")


def hover_around(page: Page) -> float:
    """Move the pointer over the photo and count the masks a second that the browser finds."""
    box = page.locator("canvas.view").bounding_box()
    start, before = time.monotonic(), page.evaluate("() => window.hoverAnswers")
    while (spent := time.monotonic() - start) < HOVER_SECONDS:
        angle = 2 * np.pi * spent
        across, down = 0.5 + 0.2 * np.cos(angle), 0.45 + 0.2 * np.sin(angle)
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    return (page.evaluate("() => window.hoverAnswers") - before) / spent


def latency(page: Page) -> dict[str, float]:
    """Return what the page last measured, in milliseconds, and how many clicks were answered."""
    return json.loads(page.locator(".seg").get_attribute("data-latency"))


if __name__ == "__main__":
    main()
