"""Measure what a click costs in a photo with many finished objects, against a photo with one.

    python scripts/benchmark_objects.py --objects 1 100 2000

The photo gets so many small discs, then clicks at the same places begin one object more each, and
are undone. Printed for each number of objects are medians: the server's processor time for the
answer, the bytes of the answer, the page's time from the click to the painted mask, and the time
for which the page's main thread was busy with it, both in Chromium; in brackets the ratio to the
first row. ``pip install tamingseg[test]`` brings playwright; Chromium comes from the system.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
from benchmark_click_latency import FLAGS, latency
from playwright.sync_api import Browser, sync_playwright

from tamingseg.evaluation.cells import to_markdown
from tamingseg.masks.rle import Crop, encode_crop
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.click.calls import click_calls
from tamingseg.ui.page import build_page
from tamingseg.ui.workspaces import Workspaces

PHOTO, SIZE = "coffee", (400, 600)
COLUMNS = ("server, ms", "answer, bytes", "painted, ms", "page busy, ms")

ADD_OBJECTS = """
    async objects => {
        const link = document.querySelector("link[href$='/shared/work.js']");
        const {act} = await import(link.href);
        act({do: "add_objects", objects});
    }
"""


def main() -> None:
    """Parse, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, nargs="+", default=[1, 100, 2000])
    parser.add_argument("--clicks", type=int, default=15)
    parser.add_argument("--port", type=int, default=7898)
    arguments = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        parser.error("neither chromium nor google-chrome is installed")
    places = np.random.default_rng(0).uniform(0.3, 0.65, (arguments.clicks, 2)).tolist()
    segmentor, rows = load_segmentor("default"), []
    page = build_page(segmentor)
    page.launch(server_port=arguments.port, prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        for count in arguments.objects:
            objects = discs(count)
            answers = list(ask_server(segmentor, objects, places))
            shown = list(click_in_page(browser, arguments.port, objects, places))
            rows.append([*medians(answers), *medians(shown)])
        browser.close()
    page.close(verbose=False)
    print(to_markdown([cells(*one, rows[0]) for one in zip(arguments.objects, rows, strict=True)]))


def discs(count: int) -> list[dict[str, Any]]:
    """Make so many objects, small discs in rows, as annotation files give them to the page."""
    rows, cols = 40, 50
    if not 0 < count <= rows * cols:
        raise SystemExit(f"expected 1 to {rows * cols} objects, got {count}")
    y, x = np.mgrid[-3:4, -4:5]
    disc = (y / 3.5) ** 2 + (x / 4.5) ** 2 <= 1
    spread = np.random.default_rng(1).permutation(rows * cols)[:count]
    return [
        {
            "name": f"Object {number}",
            "mask": encode_crop(Crop(disc, place // cols * 10 + 1, place % cols * 12 + 1), SIZE),
            "hidden": False,
            "colour": number % 8,
        }
        for number, place in enumerate(spread.tolist(), 1)
    ]


def ask_server(
    segmentor: Segmentor, objects: list[dict[str, Any]], places: list[list[float]]
) -> Iterator[tuple[float, int]]:
    """Yield the server's milliseconds of processor time for each click, and the answer's bytes."""
    workspaces = Workspaces(segmentor)
    answer = {call.__name__: call for call in click_calls(workspaces)}["answer"]
    token, sequence = workspaces.open_sample(PHOTO).token, 0

    def ask(*operations: dict[str, Any]) -> bytes:
        nonlocal sequence
        request = {"token": token, "sequence": sequence + 1, "operations": list(operations)}
        content = json.dumps(answer({**request, "known": sequence or None})).encode()
        sequence += 1
        return content

    ask({"do": "add_objects", "objects": objects})
    for down, across in places:
        click = {"do": "add_click", "row": down * SIZE[0], "col": across * SIZE[1]}
        start = time.process_time()
        content = ask({**click, "positive": True, "gesture": None})
        yield 1000 * (time.process_time() - start), len(content)
        ask({"do": "undo"})


def click_in_page(
    browser: Browser, port: int, objects: list[dict[str, Any]], places: list[list[float]]
) -> Iterator[tuple[float, float]]:
    """Yield the page's milliseconds to the painted mask, and of work in its main thread."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator(f'button.photo[title="{PHOTO}"]').click()
    page.wait_for_selector(f'canvas[data-ready="sample {PHOTO}"]')
    page.evaluate(ADD_OBJECTS, objects)
    page.wait_for_function(
        "n => document.querySelectorAll('.objects li').length === n", arg=len(objects)
    )
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    box = page.locator("canvas.view").bounding_box()
    for down, across in places:
        place = box["x"] + across * box["width"], box["y"] + down * box["height"]
        page.mouse.move(*place)
        page.wait_for_timeout(500)  # the work is saved, and the mask under the pointer found
        answers, before = latency(page)["answers"], busy()
        page.mouse.click(*place)
        page.wait_for_function(
            "n => JSON.parse(document.querySelector('.seg').dataset.latency).answers > n",
            arg=answers,
        )
        yield latency(page)["total"], busy() - before
        page.keyboard.press("Control+z")
        page.wait_for_timeout(200)
    page.context.close()


def medians(rows: list[tuple[float, ...]]) -> list[float]:
    """Return the median of each column."""
    return [median(column) for column in zip(*rows, strict=True)]


def cells(count: int, row: list[float], first: list[float]) -> dict[str, str]:
    """Return a row of the table."""
    values = zip(COLUMNS, row, first, strict=True)
    shown = {name: f"{value:,.1f} ({value / base:.2f}x)" for name, value, base in values}
    return {"objects": f"{count:,}", **shown}


if __name__ == "__main__":
    main()
