"""The whole job on twelve photos, in Chromium: from an empty folder to files for other programs."""

import contextlib
import io
import json
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image
from pycocotools.coco import COCO

from tamingseg.annotations.document import Annotation, Photo, Project, make_labels
from tamingseg.annotations.files import from_memory
from tamingseg.annotations.reading import read_annotations, read_files
from tamingseg.annotations.report import Report
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import write_files
from tamingseg.masks.rle import decode_rle, encode_rle

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

SIZE = (120, 160)
COLOURS = {"red": (220, 40, 40), "blue": (40, 60, 220), "green": (40, 190, 80)}
NAMES = [f"day{number // 6 + 1}/{number:02}.png" for number in range(12)]


def shapes(number):
    """Where the three squares of a photo are: name -> bool mask."""
    found = {}
    for place, name in enumerate(COLOURS):
        mask = np.zeros(SIZE, bool)
        top, left = 10 + 3 * number, 8 + 50 * place
        mask[top : top + 20 + place, left : left + 30] = True
        found[name] = mask
    return found


def inside(mask):
    rows, cols = np.nonzero(mask)
    return int(rows.mean()), int(cols.mean())


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "twelve"
    for number, name in enumerate(NAMES):
        picture = np.full((*SIZE, 3), 120, np.uint8)
        for colour, mask in shapes(number).items():
            picture[mask] = COLOURS[colour]
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / name)
    return place


@pytest.fixture
def server(folder, kill_tree):
    """`server()`: start it, at the same address each time; `server.kill()` kills it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, Path(__file__).with_name("serve.py"), str(port), str(folder)]
    running = []

    def start():
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "serving\n"
        return f"http://127.0.0.1:{port}/"

    def kill():
        process = running.pop()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()

    start.kill = kill
    yield start
    while running:
        kill()


@pytest.fixture
def user(chromium, user_class):
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(60_000)
    yield user_class(context.new_page())
    context.close()


def segment(user, key, mask):
    """Choose a class by its key and click an object of it."""
    user.press(key)
    count = user.objects()
    user.click(inside(mask))
    user.has_objects(count + 1)
    user.press(key, "n")


def dab(user, row, cols):
    """Paint a stroke along a row."""
    user.press("b")
    user.page.mouse.move(*user.at((row, cols[0])))
    user.page.mouse.down()
    user.page.mouse.move(*user.at((row, cols[1])), steps=4)
    user.page.mouse.up()
    user.settled()
    user.press("q")


def outline(user, top, left, bottom, right):
    """Draw a rectangle as a polygon."""
    user.press("p")
    for point in ((top, left), (top, right), (bottom, right), (bottom, left)):
        user.page.mouse.click(*user.at(point))
    count = user.objects()
    user.press("Enter")
    user.has_objects(count + 1)


def box(user, mask):
    """Draw a box around an object."""
    rows, cols = np.nonzero(mask)
    count = user.objects()
    user.press("r")
    user.page.mouse.move(*user.at((rows.min() - 2, cols.min() - 2)))
    user.page.mouse.down()
    user.page.mouse.move(*user.at((rows.max() + 2, cols.max() + 2)), steps=4)
    user.page.mouse.up()
    user.settled()
    user.has_objects(count + 1)


def kept(folder):
    """What is in the file and the journal, as a server that starts now would read it."""
    from tamingseg.ui.folder.project import FolderProject

    project = FolderProject(folder)
    try:
        return project.project
    finally:
        project.close()


def download(user, form):
    user.page.select_option(".exchange select", form)
    user.page.wait_for_function(
        "() => /object/.test(document.querySelector('.exchange .lines').textContent)"
        " && !document.querySelector('[data-do=saveExport]').disabled"
    )
    with user.page.expect_download() as loading:
        user.page.click("[data-do=saveExport]")
    return Path(loading.value.path()).read_bytes()


def masks_of(project):
    return {
        (photo.name, item.label, number): decode_rle(item.mask, photo.size)
        for photo, number, item in project.annotations()
    }


def test_twelve_photos_from_an_empty_folder_to_files_of_every_format(
    user, server, folder, tmp_path
):
    user.visit(server())
    user.is_open(NAMES[0])
    user.page.fill(".classes input", "red")
    user.page.keyboard.press("Enter")
    classes = b"red\nblue\ngreen\n"  # the others come from a list
    user.page.set_input_files(
        ".file", {"name": "classes.txt", "mimeType": "text/plain", "buffer": classes}
    )
    user.page.wait_for_selector(".class >> nth=2")
    user.says("3 classes were read from classes.txt")
    user.page.locator("canvas.view").focus()
    user.press("1")  # the class of the last one chosen is taken off

    for number in range(3):
        for key, mask in zip("123", shapes(number).values(), strict=True):
            segment(user, key, mask)
        user.step("a", NAMES[number + 1])

    dab(user, 100, (20, 60))  # by hand
    assert user.objects() == 1
    user.press("Control+z")
    user.has_objects(0)
    user.press("Control+Shift+z")
    user.has_objects(1)
    user.press("2", "n")
    outline(user, 60, 100, 90, 150)
    user.press("3", "n")
    box(user, shapes(3)["red"])
    user.press("1", "n", "q")
    user.step("a", NAMES[4])
    user.step("Shift+A", NAMES[5])
    segment(user, "1", shapes(5)["red"])

    server.kill()
    half = kept(folder)
    assert [photo.state for photo in half.photos] == ["done"] * 4 + ["empty", "started"]
    masks = masks_of(half)
    for number in range(3):
        for place, (colour, mask) in enumerate(shapes(number).items(), 1):
            assert (masks[NAMES[number], colour, place] == mask).all()
    stroke = masks[NAMES[3], "blue", 1]
    assert stroke[100, 20:60].all()
    polygon = masks[NAMES[3], "green", 2]
    assert polygon[62:88, 102:148].all()
    assert polygon.sum() < 1.1 * 30 * 50
    assert (masks[NAMES[3], "red", 3] == shapes(3)["red"]).all()

    server()  # and the page goes on by itself, with what it had
    user.click(inside(shapes(5)["green"]))
    user.has_objects(2)
    user.press("3", "n")
    user.step("a", NAMES[6])
    user.page.reload()  # tomorrow
    user.page.wait_for_selector("canvas[data-ready]")
    user.is_open(NAMES[6])

    colleague = Project(
        make_labels(["blue", "green"]),
        tuple(
            Photo(
                NAMES[number],
                SIZE,
                tuple(
                    Annotation(colour, encode_rle(shapes(number)[colour]))
                    for colour in ("blue", "green")
                ),
            )
            for number in range(6, 12)
        ),
    )
    files = write_files(colleague, "labelme", Report())
    user.page.set_input_files(
        ".file",
        [
            {"name": Path(name).name, "mimeType": "application/json", "buffer": content}
            for name, content in files
        ],
    )
    user.says("12 objects in 6 photos were read from 6 files")
    user.has_objects(2)
    user.page.locator("canvas.view").focus()
    for number in range(6, 12):
        user.has_objects(2)
        user.page.keyboard.press("a")
        if number < 11:
            user.is_open(NAMES[number + 1])
    user.says("All photos are done")

    user.page.click("header [data-do=export]")
    user.page.click("[data-scope=all]")
    saved = {}
    for form in FORMATS:
        if not user.page.locator("dialog.exchange[open]").count():
            user.page.click("header [data-do=export]")
            user.page.click("[data-scope=all]")
        saved[form] = download(user, form)
    assert user.errors == []

    server.kill()
    done = kept(folder)
    assert [photo.state for photo in done.photos].count("done") == 11
    expected = masks_of(done)
    assert len(expected) == 9 + 3 + 2 + 12
    for number in range(6, 12):
        for place, colour in enumerate(("blue", "green"), 1):
            assert (expected[NAMES[number], colour, place] == shapes(number)[colour]).all()

    sizes = dict.fromkeys(NAMES, SIZE)
    for form, content in saved.items():
        name = "a.json" if content[:1] in b"{[" else "a.xml" if content[:1] == b"<" else "a.zip"
        back, _ = read_files(from_memory({name: content}), sizes, form)
        found = sorted((p, label, m.tobytes()) for (p, label, _), m in masks_of(back).items())
        if form in ("label-maps", "index-png", "cityscapes", "voc", "cutouts"):
            assert len(found) == len(expected), form
        else:
            wanted = sorted((p, label, m.tobytes()) for (p, label, _), m in expected.items())
            assert found == wanted, form
    read_by_others(saved, expected, tmp_path)


def read_by_others(saved, expected, tmp_path):
    """Programs of other projects see the same masks."""
    (tmp_path / "a.json").write_bytes(saved["coco"])
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(tmp_path / "a.json")
    masks = {}
    for one in coco.loadAnns(coco.getAnnIds()):
        photo = coco.imgs[one["image_id"]]["file_name"]
        label = coco.cats[one["category_id"]]["name"]
        masks.setdefault((photo, label), []).append(coco.annToMask(one).astype(bool))
    for (photo, label, _), mask in expected.items():
        assert any((mask == one).all() for one in masks[photo, label])
    with zipfile.ZipFile(io.BytesIO(saved["geojson"])) as archive:
        for name in archive.namelist():
            for feature in json.loads(archive.read(name))["features"]:
                area = shapely.geometry.shape(feature["geometry"]).area
                assert area in {mask.sum() for mask in expected.values()}
    with zipfile.ZipFile(io.BytesIO(saved["label-maps"])) as archive:
        for number, name in enumerate(NAMES[:3]):
            index = np.array(Image.open(archive.open(f"masks/{name}")))
            for value, mask in enumerate(shapes(number).values(), 1):
                assert ((index == value) == mask).all()


def test_the_file_can_be_converted_by_the_command(folder, tmp_path):
    from tamingseg.cli.main import main
    from tamingseg.ui.folder.project import FolderProject

    project = FolderProject(folder)
    item = Annotation("red", encode_rle(shapes(0)["red"]))
    project.put(Photo(NAMES[0], SIZE, (item,)), make_labels(["red"]))
    project.close()
    file, output = folder / "annotations.tamingseg", tmp_path / "coco.json"
    assert main(["convert", str(file), "--to", "coco", "--output", str(output)]) == 0
    assert read_annotations(output)[0].photos[0].objects[0].mask == item.mask
