"""The page in a real Chromium: what the work is worth where the truth is known."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED = (165, 185)
LONG = 300_000
"""Milliseconds that a run may take on a machine which is busy with other work."""


def rows_of(user, panel):
    cells = "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    return user.page.locator(f"{panel} .scores tr").evaluate_all(cells)


def saved(user, panel):
    with user.page.expect_download() as download:
        user.page.locator(f"{panel} .scores button").click()
    content = Path(download.value.path()).read_text(encoding="utf-8")
    return download.value.suggested_filename, list(csv.reader(io.StringIO(content)))


def test_objects_and_regions_are_compared_with_the_truth_and_saved(user, discs):
    user.click(RED)
    user.page.fill(".active .object-name", 'a "cup", red')
    user.press("Enter")
    user.page.locator("#panel-click .scores summary").click()
    user.page.get_by_text("No truth of this photo is known").first.wait_for()
    user.page.click("#tab-proposals")
    user.page.locator("[data-do=propose]").click()
    user.page.locator("#panel-proposals .listed").wait_for(timeout=LONG)
    file = io.BytesIO()
    Image.fromarray(discs.astype(np.uint8)).save(file, "PNG")
    label_map = {"name": "truth.png", "mimeType": "image/png", "buffer": file.getvalue()}
    user.page.set_input_files(".truth-file", label_map)
    user.page.wait_for_function("document.querySelector('.truth-says').textContent.includes('2')")
    user.page.click("#tab-click")
    user.page.locator("#panel-click .scores td").first.wait_for()
    head = ["Object", "Region", "IoU", "Boundary IoU"]
    assert rows_of(user, "#panel-click") == [head, ['a "cup", red', "1", "1", "1"]]
    name, rows = saved(user, "#panel-click")
    assert name == "discs-click-scores.csv"
    assert rows == [head, ['a "cup", red', "1", "1", "1"]]
    user.page.click("#tab-partition")
    user.page.locator("[data-do=saveRegionsPng]:visible").wait_for(timeout=LONG)
    user.page.locator("#panel-partition .scores summary").click()
    user.page.locator("#panel-partition .scores td").first.wait_for()
    rows = rows_of(user, "#panel-partition")
    assert rows[0] == ["Regions", "Covering", "Rand index", "Variation of information"]
    assert [row[0] for row in rows[1:5]] == ["1", "2", "3", "4"]
    assert max(float(row[1]) for row in rows[1:]) == pytest.approx(1, abs=0.1)
    name, rows = saved(user, "#panel-partition")
    assert name == "discs-partition-scores.csv"
    assert len(rows) > 5
    user.page.locator("#panel-partition .scores summary").click()
    user.page.click("#tab-click")
    user.page.locator("#panel-click .scores summary").click()
