"""Work as annotation files and back, without the page; other projects read what is written."""

import base64
import contextlib
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.session.session import Session
from tamingseg.session.state import MAX_OBJECTS
from tamingseg.ui.click.document import describe
from tamingseg.ui.click.exchange import (
    exchange_calls,
    list_formats,
    read_photos,
)

SIZE = (48, 64)


@pytest.fixture
def calls():
    return {call.__name__: call for call in exchange_calls()}


@pytest.fixture
def square():
    mask = np.zeros(SIZE, bool)
    mask[10:30, 10:40] = True
    return mask


def document_of(segmentor, image, objects):
    """The document of a session with (name, mask, hidden) as objects, back to front."""
    session = Session(segmentor, image)
    made = [(name, encode_rle(mask), hidden, 9) for name, mask, hidden in objects]
    session.add_objects(made)
    return json.loads(json.dumps(describe(session)))


@pytest.fixture
def photo(fake_segmentor, two_discs, square):
    red = two_discs.label_maps[0] == 1
    objects = [("cup", red, False), ("Object 7", square, False), ("lid", red & square, True)]
    document = document_of(fake_segmentor(), two_discs.image, objects)
    sizes = {"size": list(SIZE), "full_size": list(SIZE)}
    return {"name": "a.png", **sizes, "document": document}


def export(calls, photos, form, visible=False):
    answer = calls["export_work"]({"format": form, "visible": visible, "photos": photos})
    assert "error" not in answer, answer
    return base64.b64decode(answer["file"]), answer


def test_coco_keeps_overlaps_and_pycocotools_reads_it(calls, photo, two_discs, square, tmp_path):
    content, answer = export(calls, [photo, {**photo, "name": "b.png"}], "coco")
    assert (answer["ending"], answer["objects"]) == (".json", 6)
    (tmp_path / "a.json").write_bytes(content)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(tmp_path / "a.json")
    assert [image["file_name"] for image in coco.imgs.values()] == ["a.png", "b.png"]
    names = {number: category["name"] for number, category in coco.cats.items()}
    red = two_discs.label_maps[0] == 1
    expected = {"cup": red, "object": square, "lid": red & square}
    for image in coco.imgs:
        found = coco.loadAnns(coco.getAnnIds(imgIds=[image]))
        assert [names[one["category_id"]] for one in found] == list(expected)
        for one in found:
            assert (coco.annToMask(one) == expected[names[one["category_id"]]]).all()


def test_hidden_objects_are_left_out_if_that_is_asked_for(calls, photo):
    content, answer = export(calls, [photo], "coco", visible=True)
    assert answer["objects"] == 2
    assert len(json.loads(content)["annotations"]) == 2


def test_an_index_png_says_what_is_covered_and_what_vanishes(calls, photo, two_discs, square):
    red = two_discs.label_maps[0] == 1
    content, answer = export(calls, [photo], "index-png")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        index = np.array(Image.open(archive.open("masks/a.png")))
    expected = np.where(red & square, 3, np.where(square, 2, np.where(red, 1, 0)))
    assert (index == expected).all()
    (line,) = (line for line in answer["notes"] if "part is covered" in line)
    assert "2 of 3 objects (a.png, object 1, cup; a.png, object 2)" in line
    photo["document"]["objects"].reverse()
    _, answer = export(calls, [photo], "index-png")
    (line,) = (line for line in answer["notes"] if "left out" in line)
    assert "1 of 3 objects (a.png, object 1, lid)" in line


def test_a_large_photo_is_saved_at_its_own_size(calls, fake_segmentor):
    size, full_size = [1000, 2000], [2000, 4000]
    mask = np.zeros(size, bool)
    mask[100:500, 200:1200] = True
    image = np.zeros((*size, 3), np.uint8)
    document = document_of(fake_segmentor(), image, [("box", mask, False)])
    photo = {"name": "large.png", "size": size, "full_size": full_size, "document": document}
    content, _ = export(calls, [photo], "coco")
    (entry,) = json.loads(content)["annotations"]
    assert entry["segmentation"]["size"] == full_size
    assert entry["area"] == pytest.approx(4 * mask.sum(), rel=0.01)
    files = {"a.json": base64.b64encode(content).decode()}
    told = [{"name": "large.png", "full_size": full_size, "objects": 0}]
    (back,) = calls["import_work"]({"files": files, "photos": told})["photos"]
    assert back["size"] == size
    assert (decode_rle(back["objects"][0]["mask"], size) == mask).all()


@pytest.mark.parametrize("form", [one["name"] for one in list_formats()])
def test_every_format_of_the_menu_is_written_and_says_what_it_lost(calls, photo, form):
    content, answer = export(calls, [photo], form)
    assert content
    assert answer["ending"].startswith(".")
    assert all(isinstance(line, str) for line in answer["notes"])


def test_what_is_saved_is_read_again(calls, photo, two_discs):
    content, _ = export(calls, [photo], "project")
    told = [
        {"name": name, "full_size": list(SIZE), "objects": count}
        for name, count in (("other.png", 0), ("a.png", MAX_OBJECTS - 2))
    ]
    files = {"all.tamingseg": base64.b64encode(content).decode()}
    answer = calls["import_work"]({"files": files, "photos": told})
    assert answer["objects"] == 2
    other, mine = answer["photos"]
    assert other["objects"] == []
    assert [item["name"] for item in mine["objects"]] == ["cup", "object"]
    assert [item["colour"] for item in mine["objects"]] == [9, 9]
    red = two_discs.label_maps[0] == 1
    assert (decode_rle(mine["objects"][0]["mask"], SIZE) == red).all()
    assert any("1 objects are left out" in line for line in answer["notes"])


def test_photos_of_one_name_stay_apart(photo):
    works = read_photos([photo, photo, {**photo, "name": "a"}, {**photo, "name": "a"}])
    assert list(works) == ["a.png", "a (2).png", "a", "a (2)"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"full_size": [0, 4]}, "a.png: a photo cannot have"),
        ({"full_size": None}, "a.png: expected height and width"),
        ({"size": [48, 65]}, "a.png: "),
        ({"document": {"objects": 3}}, "a.png: the saved work has no list"),
        ({"name": 3}, "expected a text"),
        ({"name": "\0"}, "printable"),
    ],
)
def test_photos_that_are_not_sound_are_refused(calls, photo, change, part):
    request = {"format": "coco", "visible": False, "photos": [{**photo, **change}]}
    assert part in calls["export_work"](request)["error"]


@pytest.mark.parametrize(
    "request_", [None, {}, {"format": "coco"}, {"format": "x", "visible": True, "photos": []}]
)
def test_requests_that_are_not_sound_are_refused(calls, request_):
    assert "error" in calls["export_work"](request_)
    assert "error" in calls["import_work"](request_)


@pytest.mark.parametrize(
    "files", [{}, [], {"a.json": 3}, {"a.json": "A"}, {"a.json": "AAAA"}, {"a.zip": "UEsDBA=="}]
)
def test_files_that_are_not_sound_are_refused(calls, files):
    told = [{"name": "a.png", "full_size": [4, 4], "objects": 0}]
    answer = calls["import_work"]({"files": files, "photos": told})
    assert answer["error"]
    assert "failed" not in answer["error"]
