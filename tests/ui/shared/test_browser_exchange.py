"""The page in a real Chromium: the order of objects, and annotation files out and in."""

import contextlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from tamingseg.annotations.document import Annotation, Label, Photo, Project
from tamingseg.annotations.report import Report
from tamingseg.annotations.writing import write_files
from tamingseg.masks.rle import encode_rle
from tamingseg.session.state import PALETTE

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]


def add(user, name, mask):
    """Add an object in front of the others."""
    user.page.evaluate(
        """async ([name, mask]) => {
            const link = document.querySelector("link[href$='/shared/work.js']");
            const {act} = await import(link.href);
            act({do: "add_objects", objects: [{name, mask, hidden: false, colour: 0}]});
        }""",
        [name, encode_rle(mask)],
    )
    user.settled()


def names(user):
    return user.page.locator(".objects .open-object").all_inner_texts()


def prepare(user, form):
    """What the export dialog says of a format."""
    user.page.select_option(".exchange select", form)
    user.page.wait_for_function(
        "() => !/Making/.test(document.querySelector('.exchange .lines').textContent)"
    )
    return user.page.locator(".exchange .lines").inner_text()


def save(user):
    with user.page.expect_download() as download:
        user.page.click("[data-do=saveExport]")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def index(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return np.array(Image.open(archive.open("masks/discs.png")))


def test_the_order_is_the_user_s_and_what_is_covered_is_said_before_saving(user, discs):
    left, red, blue = np.indices(discs.shape)[1] < 320, discs == 1, discs == 2
    for name, mask in (("left", left), ("red", red), ("blue", blue)):
        add(user, name, mask)
    user.page.click(".save [data-do=export]")
    said = prepare(user, "index-png")
    assert "a part is covered by those in front: 1 of 3 objects (discs.png, object 1, left)" in said
    assert "left out" not in said
    name, content = save(user)
    assert name == "discs-index-png.zip"
    assert (index(content) == np.where(blue, 3, np.where(red, 2, np.where(left, 1, 0)))).all()

    grip, first = (user.page.locator(".objects li").nth(i).locator(".grip") for i in (1, 0))
    grip.hover()
    user.page.mouse.down()
    first.hover()
    user.page.mouse.up()
    user.settled()
    assert names(user) == ["red", "left", "blue"]
    user.page.click(".save [data-do=export]")
    said = prepare(user, "index-png")
    assert "covered by those in front, left out: 1 of 3 objects (discs.png, object 1, red)" in said
    user.press("Escape")
    user.page.locator(".objects .grip").nth(0).focus()
    user.press("ArrowDown")
    assert names(user) == ["left", "red", "blue"]
    assert "Move red" in user.page.evaluate("document.activeElement.getAttribute('aria-label')")
    user.page.locator("canvas.view").focus()
    user.press("Control+z")
    assert names(user) == ["red", "left", "blue"]

    user.page.locator(".objects li").nth(1).hover()
    user.page.locator(".objects .eye").nth(1).click()
    user.settled()
    user.page.click(".save [data-do=export]")
    assert "(1 hidden here)" in user.page.locator(".exchange .visible").inner_text()
    user.page.check(".exchange .visible input")
    assert "left out" not in prepare(user, "index-png")
    assert (index(save(user)[1]) == np.where(blue, 2, np.where(red, 1, 0))).all()


def test_all_photos_are_saved_as_coco_and_come_back_by_dropping_the_file(
    visitor, discs, discs_png, tmp_path
):
    left, red = np.indices(discs.shape)[1] < 320, discs == 1
    user = visitor()
    user.upload(discs_png, name="one.png")
    add(user, "left", left)
    add(user, "disc", red)
    user.upload(discs_png, name="two.png")
    add(user, "disc", discs == 2)
    user.saved()
    user.page.click("header [data-do=export]")
    assert "1 object in 1 photo" in prepare(user, "coco")
    user.page.click("[data-scope=all]")
    assert "3 objects in 2 photos" in prepare(user, "coco")  # the sample that is shown first is new
    name, content = save(user)
    assert name == "photos-coco.json"
    user.page.click("header [data-do=export]")
    user.page.click("[data-scope=finished]")
    assert "no object to save" in prepare(user, "coco")
    user.press("Escape")
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("a")
    user.page.wait_for_selector('canvas[data-ready^="photo"]')
    user.says("Welcome back")
    user.page.click("header [data-do=export]")
    user.page.click("[data-scope=finished]")
    assert "1 object in 1 photo" in prepare(user, "coco")
    user.press("Escape")
    (tmp_path / name).write_bytes(content)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(tmp_path / name)
    masks = {
        (coco.imgs[one["image_id"]]["file_name"], coco.cats[one["category_id"]]["name"]): one
        for one in coco.loadAnns(coco.getAnnIds())
    }
    expected = {
        ("one.png", "left"): left,
        ("one.png", "disc"): red,
        ("two.png", "disc"): discs == 2,
    }
    assert masks.keys() == expected.keys()
    for key, mask in expected.items():
        assert (coco.annToMask(masks[key]) == mask).all()

    # Somebody else has the same photos, of which one is open and one was never opened.
    other = visitor()
    other.page.click(".show-list")
    file = json.loads(content)
    file["images"].append({"id": 99, "file_name": "three.png", "height": 4, "width": 4})
    other.page.set_input_files(
        ".file",
        [
            {"name": "two.png", "mimeType": "image/png", "buffer": discs_png},
            {"name": "one.png", "mimeType": "image/png", "buffer": discs_png},
            {
                "name": "theirs.json",
                "mimeType": "application/json",
                "buffer": json.dumps(file).encode(),
            },
        ],
    )
    other.says("3 objects in 2 photos were read from theirs.json")
    assert "three.png" in other.page.locator(".told").inner_text()
    other.press("Escape")
    row = other.page.locator(".listed-photo", has_text="one.png")
    row.get_by_text("In progress · 2 objects").wait_for()
    other.page.click(".show-list")
    other.has_objects(1)
    assert (other.mask() == (discs == 2)).all()
    other.page.locator("canvas.view").focus()
    other.press("Control+z")
    other.has_objects(0)
    other.press("Control+Shift+z", "PageDown")
    other.page.wait_for_selector('.photo[title="one.png"][aria-pressed=true]')
    other.has_objects(2)
    assert names(other) == ["left", "disc"]
    classes = other.page.locator(".classes .class span").all_inner_texts()
    assert sorted(classes) == ["disc", "left"]
    assert (other.mask() == red).all()


def file_of(photo, **masks):
    """A COCO file with an object of each label."""
    annotations = [Annotation(label, encode_rle(mask)) for label, mask in masks.items()]
    labels = tuple(Label(label, PALETTE[0]) for label in masks)
    project = Project(labels, (Photo(photo, (480, 640), tuple(annotations)),))
    (content,) = dict(write_files(project, "coco", Report())).values()
    return {"name": "theirs.json", "mimeType": "application/json", "buffer": content}


def test_a_file_that_is_read_again_adds_only_what_is_new(visitor, discs, discs_png):
    user = visitor()
    user.upload(discs_png)
    user.page.set_input_files(".file", file_of("discs.png", red=discs == 1))
    user.says("1 object in 1 photo were read")
    user.has_objects(1)
    user.page.set_input_files(".file", file_of("discs.png", red=discs == 1))
    user.says("Nothing new in theirs.json")
    both = file_of("discs.png", red=discs == 1, blue=discs == 2)
    user.page.set_input_files(".file", both)
    user.says("1 were here already")
    user.has_objects(2)
    assert sorted(names(user)) == ["blue", "red"]
    for rows in (".classes .class", ".objects li"):  # each class has a colour of its own
        colours = user.page.locator(rows).evaluate_all(
            "all => all.map(one => one.style.getPropertyValue('--colour'))"
        )
        assert len(set(colours)) == 2


def test_a_file_of_other_photos_brings_no_classes(visitor, discs, discs_png):
    user = visitor()
    user.upload(discs_png)
    user.page.set_input_files(".file", file_of("other.png", thing=discs == 1))
    user.says("belongs to a photo that is here")
    assert user.page.locator(".classes .class").count() == 0


def test_another_photo_opened_while_a_file_is_read_loses_nothing(visitor, discs, discs_png):
    user = visitor()
    user.upload(discs_png, name="one.png")
    user.click((165, 185)).saved()
    user.upload(discs_png, name="two.png")
    held = []
    user.page.route("**/import*", lambda route: held.append(route))
    user.page.set_input_files(".file", file_of("two.png", red=discs == 1))
    while not held:
        user.frame()
    user.page.locator('.photo[title="one.png"]').click()
    user.page.wait_for_selector('.photo[title="one.png"][aria-pressed=true]')
    user.settled()
    held[0].continue_()
    user.says("1 object in 1 photo were read")
    user.page.locator('.photo[title="two.png"]').click()
    user.page.wait_for_selector('.objects .open-object:text-is("red")')
    assert names(user) == ["red"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"images": [{}], "annotations": [3]}'])
def test_a_bad_annotation_file_is_explained_and_nothing_is_lost(user, discs, content):
    user.click((165, 185))
    user.page.set_input_files(
        ".file", {"name": "bad.json", "mimeType": "application/json", "buffer": content}
    )
    user.page.wait_for_selector(".message.error")
    assert "bad.json" in user.message()
    if user.page.locator("dialog[open]").count():
        user.press("Escape")
    assert (user.mask() == (discs == 1)).all()
