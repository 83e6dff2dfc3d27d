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
from tamingseg.ui.click.document import describe_state
from tamingseg.ui.click.exchange import export_work, import_work, list_formats, read_photos

SIZE = (48, 64)


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
    return json.loads(json.dumps(describe_state(session.state)))


@pytest.fixture
def photo(fake_segmentor, two_discs, square):
    red = two_discs.label_maps[0] == 1
    objects = [("cup", red, False), ("Object 7", square, False), ("lid", red & square, True)]
    document = document_of(fake_segmentor(), two_discs.image, objects)
    sizes = {"size": list(SIZE), "full_size": list(SIZE)}
    return {"name": "a.png", **sizes, "document": document}


def export(photos, form, visible=False, images=()):
    request = {"format": form, "visible": visible, "photos": photos}
    answer = export_work(request, dict(images))
    assert "error" not in answer, answer
    return base64.b64decode(answer["file"]), answer


def test_coco_keeps_overlaps_and_pycocotools_reads_it(photo, two_discs, square, tmp_path):
    content, answer = export([photo, {**photo, "name": "b.png"}], "coco")
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


def test_hidden_objects_are_left_out_if_that_is_asked_for(photo):
    content, answer = export([photo], "coco", visible=True)
    assert answer["objects"] == 2
    assert len(json.loads(content)["annotations"]) == 2


def test_an_index_png_says_what_is_covered_and_what_vanishes(photo, two_discs, square):
    red = two_discs.label_maps[0] == 1
    content, answer = export([photo], "index-png")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        index = np.array(Image.open(archive.open("masks/a.png")))
    expected = np.where(red & square, 3, np.where(square, 2, np.where(red, 1, 0)))
    assert (index == expected).all()
    (line,) = (line for line in answer["notes"] if "part is covered" in line)
    assert "2 of 3 objects (a.png, object 1, cup; a.png, object 2)" in line
    photo["document"]["objects"].reverse()
    _, answer = export([photo], "index-png")
    (line,) = (line for line in answer["notes"] if "left out" in line)
    assert "1 of 3 objects (a.png, object 1, lid)" in line


def test_a_large_photo_is_saved_at_its_own_size(fake_segmentor):
    size, full_size = [1000, 2000], [2000, 4000]
    mask = np.zeros(size, bool)
    mask[100:500, 200:1200] = True
    image = np.zeros((*size, 3), np.uint8)
    document = document_of(fake_segmentor(), image, [("box", mask, False)])
    photo = {"name": "large.png", "size": size, "full_size": full_size, "document": document}
    content, _ = export([photo], "coco")
    (entry,) = json.loads(content)["annotations"]
    assert entry["segmentation"]["size"] == full_size
    assert entry["area"] == pytest.approx(4 * mask.sum(), rel=0.01)
    files = {"a.json": content}
    told = [{"name": "large.png", "full_size": full_size, "objects": 0}]
    (back,) = import_work({"photos": told}, files)["photos"]
    assert back["size"] == size
    assert (decode_rle(back["objects"][0]["mask"], size) == mask).all()


def test_labels_have_the_order_of_the_classes_also_of_those_without_objects(photo):
    classes = [{"name": name, "colour": 3} for name in ("lid", "spoon", "cup")]
    request = {"format": "coco", "visible": False, "photos": [photo], "classes": classes}
    content = base64.b64decode(export_work(request, {})["file"])
    names = [one["name"] for one in json.loads(content)["categories"]]
    assert names == ["lid", "spoon", "cup", "object"]


@pytest.mark.parametrize(
    "classes", [3, ["cup"], [{"name": "cup"}], [{"name": "cup", "colour": 99}], [{"colour": 1}]]
)
def test_classes_that_are_not_sound_are_refused(photo, classes):
    request = {"format": "coco", "visible": False, "photos": [photo], "classes": classes}
    assert "expected" in export_work(request, {})["error"]


@pytest.mark.parametrize("form", [one["name"] for one in list_formats()])
def test_every_format_of_the_menu_is_written_and_says_what_it_lost(photo, form):
    content, answer = export([photo], form)
    assert content
    assert answer["ending"].startswith(".")
    assert all(isinstance(line, str) for line in answer["notes"])


def test_what_is_saved_is_read_again(photo, two_discs):
    content, _ = export([photo], "project")
    told = [
        {"name": name, "full_size": list(SIZE), "objects": count}
        for name, count in (("other.png", 0), ("a.png", MAX_OBJECTS - 2))
    ]
    files = {"all.tamingseg": content}
    answer = import_work({"photos": told}, files)
    assert answer["objects"] == 2
    other, mine = answer["photos"]
    assert other["objects"] == []
    assert [item["name"] for item in mine["objects"]] == ["cup", "object"]
    assert [item["colour"] for item in mine["objects"]] == [9, 9]
    red = two_discs.label_maps[0] == 1
    assert (decode_rle(mine["objects"][0]["mask"], SIZE) == red).all()
    assert any("1 objects are left out" in line for line in answer["notes"])


def test_formats_that_show_the_photos_get_them(photo, two_discs, square):
    file = io.BytesIO()
    Image.fromarray(two_discs.image).save(file, "PNG")
    content, answer = export([photo], "cutouts", images={"a.png": file.getvalue()})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        cut = np.array(Image.open(archive.open(names[0])))
    assert cut.shape[2] == 4
    assert {tuple(colour) for colour in cut[cut[..., 3] > 0][:, :3]} == {(220, 40, 40)}
    assert not any("missing" in line for line in answer["notes"])


def test_a_label_map_is_read_for_the_first_photo(two_discs):
    file = io.BytesIO()
    Image.fromarray(two_discs.label_maps[0].astype(np.uint16)).save(file, "PNG")
    told = [{"name": "x/a.jpg", "full_size": list(SIZE), "objects": 0}]
    answer = import_work({"photos": told, "map": True}, {"anything.png": file.getvalue()})
    ((first, second),) = (one["objects"] for one in answer["photos"])
    for item, value in ((first, 1), (second, 2)):
        assert (decode_rle(item["mask"], SIZE) == (two_discs.label_maps[0] == value)).all()
    told[0]["full_size"] = [10, 10]
    answer = import_work({"photos": told, "map": True}, {"anything.png": file.getvalue()})
    assert answer["objects"] == 0
    assert "was made for a photo of" in answer["notes"][0]


def test_a_list_of_labels_becomes_classes():
    told = [{"name": "a.jpg", "full_size": list(SIZE), "objects": 0}]
    answer = import_work({"photos": told}, {"classes.txt": b"cell\ndirt\n"})
    assert answer["classes"] == [{"name": "cell", "colour": 0}, {"name": "dirt", "colour": 1}]
    assert (answer["objects"], answer["notes"]) == (0, [])


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
def test_photos_that_are_not_sound_are_refused(photo, change, part):
    request = {"format": "coco", "visible": False, "photos": [{**photo, **change}]}
    assert part in export_work(request, {})["error"]


@pytest.mark.parametrize(
    "request_", [None, {}, {"format": "coco"}, {"format": "x", "visible": True, "photos": []}]
)
def test_requests_that_are_not_sound_are_refused(request_):
    assert "error" in export_work(request_, {})
    assert "error" in import_work(request_, {})


@pytest.mark.parametrize(
    "files", [{}, {"a.json": b""}, {"a.json": b"\0\0"}, {"a.zip": b"PK\3\4"}, {"a.txt": b"a\7"}]
)
def test_files_that_are_not_sound_are_refused(files):
    told = [{"name": "a.png", "full_size": [4, 4], "objects": 0}]
    answer = import_work({"photos": told}, files)
    assert answer["error"]
    assert "failed" not in answer["error"]
