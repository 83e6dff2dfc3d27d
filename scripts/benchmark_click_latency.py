"""Measure, in a real browser, how long it takes from a click to the painted mask.

    python scripts/benchmark_click_latency.py --clicks 60 --delay 150

Starts the app with a model, drives Chromium over it (``pip install tamingseg[test]`` brings
playwright; Chromium itself comes from the system), and clicks at random places of each sample
photo, every click for an object of its own. The page measures itself: from the event's time stamp
to the frame that shows the mask, which the browser finds itself where it can. Printed are the
median and the 90th percentile over all clicks, the first on each photo included; and how many masks
a second the browser finds while the pointer moves.
"""

import argparse
import json
import shutil
import time

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.page import build_page

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
    parser.add_argument("--clicks", type=int, default=60, help="clicks in all")
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

    page_server = build_page(load_segmentor(arguments.model))
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
        each = -(-arguments.clicks // len(arguments.photos))
        rows = [row for name in arguments.photos for row in click_around(page, name, each)]
        per_second = hover_around(page)
        browser.close()
    page_server.close(verbose=False)

    delayed = f", server {arguments.delay} ms further away" if arguments.delay else ""
    print(f"{len(rows)} clicks, model {arguments.model}{delayed}")
    for part in ("encode", "decode", "total"):
        median, late = np.percentile([row[part] for row in rows], [50, 90])
        print(f"{part:>7}: median {median:6.1f} ms   p90 {late:6.1f} ms")
    print(f"  hover: {per_second:.0f} masks a second")


def click_around(page: Page, photo: str, count: int) -> list[dict[str, float]]:
    """Make `count` objects of one click each on a sample photo; the page's latencies of each."""
    rng = np.random.default_rng(0)
    page.locator(f'button.photo[title="{photo}"]').click()
    page.wait_for_selector(f'canvas[data-ready="sample {photo}"]')
    box = page.locator("canvas.view").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(4000)  # encoding, and the way of its features, are timed by themselves
    rows = []
    for across, down in rng.uniform(0.3, 0.65, (count, 2)):
        before = latency(page)["answers"]
        place = box["x"] + across * box["width"], box["y"] + down * box["height"]
        page.mouse.move(*place, steps=5)
        page.mouse.click(*place)
        page.wait_for_function(
            "n => JSON.parse(document.querySelector('.seg').dataset.latency).answers > n",
            arg=before,
        )
        rows.append(latency(page))
        page.keyboard.press("Control+z")  # one object at a time, and no point to click upon
        page.wait_for_timeout(120)
    return rows


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
