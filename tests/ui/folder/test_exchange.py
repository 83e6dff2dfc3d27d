"""The work on a folder as files, and files as work on the folder."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tamingseg.annotations.document import Annotation, Label, Photo, Project, make_labels
from tamingseg.annotations.report import Report
from tamingseg.annotations.writing import write_files
from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.ui.folder.desk import Desk
from tamingseg.ui.folder.exchange import folder_exchange
from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.workspaces import Workspaces

SIZE, PAGE = (48, 64), "page of Ann"
CELL = Label("cell", "#123456")


def spot(row):
    mask = np.zeros(SIZE, bool)
    mask[row : row + 3, 5:20] = True
    return encode_rle(mask)


@pytest.fixture
def desk(photos, fake_segmentor):
    project = FolderProject(photos)
    project.put(Photo("a.jpg", SIZE, (Annotation("cell", spot(1)),)), [CELL])
    project.put(
        Photo("b.png", SIZE, (Annotation("object", spot(2), "Object 1"),)), [Label("object")]
    )
    project.mark("day2/c.png", "empty")
    yield Desk(Workspaces(fake_segmentor()), project)
    project.close()


@pytest.fixture
def export(desk):
    def export(form, name=None, finished=False):
        request = {"format": form, "visible": False, "name": name, "finished": finished}
        answer = folder_exchange(desk)[0](request, {})
        assert "error" not in answer, answer
        return base64.b64decode(answer["file"]), answer

    return export


@pytest.fixture
def read(desk):
    def read(files, **more):
        request = {"page": PAGE, "name": "a.jpg", "objects": 1, **more}
        return folder_exchange(desk)[1](request, files)

    return read


def test_all_photos_that_are_not_new_are_written_and_the_empty_ones_too(desk, export):
    content, answer = export("coco")
    file = json.loads(content)
    assert [one["file_name"] for one in file["images"]] == ["a.jpg", "b.png", "day2/c.png"]
    assert (answer["objects"], answer["photos"]) == (2, 3)
    desk.project.mark("day2/c.png", "new")
    assert export("coco")[1]["photos"] == 2
    assert export("coco", "day2/c.png")[1]["photos"] == 1


def test_finished_photos_are_those_that_are_done_or_empty(desk, export):
    assert json.loads(export("coco", finished=True)[0])["images"][0]["file_name"] == "day2/c.png"
    desk.project.mark("b.png", "done")
    assert (answer := export("coco", finished=True)[1])["photos"] == 2
    assert answer["objects"] == 1


def test_numbers_that_the_page_gave_are_no_names(export):
    _, answer = export("yolo")
    assert not any("names of objects" in line for line in answer["notes"])


def test_cut_outs_get_their_photos(export):
    _, answer = export("cutouts")
    assert not any("missing" in line for line in answer["notes"])


def test_what_is_read_goes_to_the_project_and_to_the_page(desk, read):
    theirs = Project(
        make_labels(["leaf"]),
        tuple(
            Photo(name, SIZE, (Annotation("leaf", spot(9)),))
            for name in ("a.jpg", "b.png", "day2/c.png", "other.png")
        ),
    )
    desk.locks.take("b.png", "page of Bob", "Bob")
    answer = read(dict(write_files(theirs, "coco", Report())))
    assert (answer["objects"], answer["known"], answer["in_photos"]) == (2, 0, 1)
    ((mine,),) = (photo["objects"] for photo in answer["photos"])
    assert (mine["name"], mine["mask"]) == ("leaf", spot(9))
    kept = {photo.name: photo for photo in desk.project.project.photos}
    assert len(kept["a.jpg"].objects) == 1  # the page adds it, as a step that can be undone
    assert len(kept["b.png"].objects) == 1
    assert kept["day2/c.png"].state == "started"
    assert "b.png: left out: somebody works on it" in answer["notes"]
    assert any("other.png" in line for line in answer["notes"])
    assert answer["classes"] == [{"name": "leaf", "colour": 0}]
    before = desk.project.project
    answer = read(dict(write_files(theirs, "coco", Report())))  # once more
    assert (answer["objects"], answer["known"], answer["in_photos"]) == (2, 1, 0)
    assert desk.project.project == before


def test_a_file_of_other_photos_brings_no_classes(desk, read):
    photo = Photo("other.png", SIZE, (Annotation("leaf", spot(9)),))
    before = desk.project.project
    answer = read(dict(write_files(Project(make_labels(["leaf"]), (photo,)), "coco", Report())))
    assert answer["objects"] == 0
    assert desk.project.project == before


def test_a_label_map_is_read_for_the_open_photo(read, two_discs):
    file = io.BytesIO()
    Image.fromarray(two_discs.label_maps[0].astype(np.uint8)).save(file, "PNG")
    answer = read({"whatever.png": file.getvalue()}, map=True)
    first, second = answer["photos"][0]["objects"]
    assert (decode_rle(first["mask"], SIZE) == (two_discs.label_maps[0] == 1)).all()
    assert (decode_rle(second["mask"], SIZE) == (two_discs.label_maps[0] == 2)).all()


def test_labels_are_read(desk, read):
    assert read({"data.yaml": b"names: [cell, dirt]"})["notes"] == []
    assert [label.name for label in desk.project.labels] == ["cell", "object", "dirt"]
    assert desk.project.labels[0] == CELL


@pytest.mark.parametrize(
    "more", [{"name": "../x.png"}, {"name": 3}, {"page": None}, {"objects": "1"}]
)
def test_strange_requests_are_refused(desk, read, more):
    before = desk.project.project
    answer = read({"data.yaml": b"names: [cell]"}, **more)
    assert answer["error"]
    assert "failed" not in answer["error"]
    assert desk.project.project == before
