"""The page in a real Chromium: a photo with as many objects as it may have."""

import numpy as np
import pytest

from tamingseg.annotations.document import Annotation, Photo, Project
from tamingseg.annotations.report import Report
from tamingseg.annotations.writing import write_files
from tamingseg.masks.rle import Crop, encode_crop
from tamingseg.session.state import MAX_OBJECTS
from tamingseg.ui.click.annotated import UNNAMED_LABEL, Label

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE, SIZE = (165, 185), (300, 440), (480, 640)


def square_at(number):
    """Top left corner of a square; they lie in rows of sixty."""
    return number // 60 * 10, number % 60 * 10


@pytest.fixture(scope="module")
def squares():
    """An annotation file of the discs' photo with one object less than a photo may have."""
    pixels = np.ones((6, 6), bool)
    objects = tuple(
        Annotation(
            UNNAMED_LABEL, encode_crop(Crop(pixels, *square_at(number)), SIZE), f"No {number}"
        )
        for number in range(MAX_OBJECTS - 1)
    )
    project = Project((Label(UNNAMED_LABEL),), (Photo("discs.png", SIZE, objects),))
    (content,) = dict(write_files(project, "project", Report())).values()
    return {"name": "project.json", "mimeType": "application/json", "buffer": content}


def select(user, point):
    """Open the object that is seen at a point."""
    user.page.keyboard.down("Control")
    user.page.mouse.click(*user.at(point))
    user.page.keyboard.up("Control")
    user.settled()


def test_a_photo_with_thousands_of_objects_is_worked_on_like_any_other(
    visitor, squares, discs_png, discs
):
    user = visitor().upload(discs_png)
    page, last = user.page, MAX_OBJECTS - 1
    page.set_input_files(".file", squares)
    user.has_objects(last)
    assert page.locator(".objects li:not(:empty)").count() < 200  # the others are not seen
    user.click(RED)
    user.has_objects(MAX_OBJECTS)
    assert (user.mask() == (discs == 1)).all()
    page.locator("canvas.view").focus()
    user.press("n").click(BLUE)
    user.says(f"an image has at most {MAX_OBJECTS} objects")
    select(user, (2, 2))
    assert page.locator(".objects .active .object-name").input_value() == "No 0"
    page.fill(".objects .active .object-name", "first")
    user.press("Enter")
    select(user, (332, 172))
    row = page.locator(".objects .active")  # nobody had seen it before
    assert row.locator(".object-name").input_value() == "No 1997"
    row.locator(".trash").click()
    user.has_objects(last)
    user.press("Control+z", "Control+z", "Control+z", "Control+z").saved()
    assert page.locator(".objects .open-object").first.inner_text() == "No 0"
    user.reload()
    user.has_objects(MAX_OBJECTS)
    page.locator("[data-do=undo]:enabled").wait_for()  # the server has told of the steps
    user.press("Control+z", "Control+z")
    user.has_objects(last)
    user.press("Control+z")
    user.has_objects(0)
