"""Photos of the folder as pages open them; and what the calls let in."""

import io
import threading

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.session.state import PALETTE
from tamingseg.ui import workspaces as workspaces_module
from tamingseg.ui.click.calls import click_calls
from tamingseg.ui.folder.calls import folder_calls, folder_routes, folder_settings
from tamingseg.ui.folder.desk import Desk
from tamingseg.ui.folder.project import FolderProject, keep_written
from tamingseg.ui.folder.thumbs import Thumbs
from tamingseg.ui.workspaces import Workspaces
from tamingseg.values import Click

ANN, BOB = "page of Ann", "page of Bob"
RED, BLUE = (16, 18), (30, 44)


@pytest.fixture
def desk(photos, fake_segmentor):
    project = FolderProject(photos)
    yield Desk(Workspaces(fake_segmentor()), project)
    project.close()


@pytest.fixture
def call(desk):
    calls = {one.__name__: one for one in [*folder_calls(desk), *click_calls(desk._workspaces)]}
    return lambda name, request: calls[name](request)


@pytest.fixture
def work(call):
    """`work(greeting, *operations)`: carry them out in the photo that was opened."""

    def carry_out(greeting, *operations):
        greeting["sequence"] += 1
        known = {"token": greeting["token"], "sequence": greeting["sequence"]}
        return call("answer", {**known, "operations": list(operations)})

    return carry_out


def click(row, col, positive=True):
    return {"do": "add_click", "row": row, "col": col, "positive": positive, "gesture": None}


def opened(call, name, page=ANN, **more):
    return call("open_in_folder", {"name": name, "page": page, **more})


def test_every_step_is_kept_and_comes_back(desk, call, work, two_discs):
    photo = opened(call, "b.png")
    assert photo["document"]["objects"] == []
    work(photo, click(*RED))
    work(photo, {"do": "keep"}, click(*BLUE), {"do": "classify", "name": "ball", "colour": 3})
    kept = desk.project.photo("b.png")
    assert [(one.label, one.name) for one in kept.objects] == [("object", "Object 1"), ("ball", "")]
    assert kept.state == "started"
    assert [label.name for label in desk.project.labels] == ["object", "ball"]
    for item, value in zip(kept.objects, (1, 2), strict=True):
        assert (decode_rle(item.mask, (48, 64)) == (two_discs.label_maps[0] == value)).all()
    work(photo, {"do": "undo"})
    assert [one.name for one in desk.project.photo("b.png").objects] == ["Object 1", "Object 2"]
    work(photo, {"do": "redo"})
    again = opened(call, "b.png", BOB, take=True)["document"]["objects"]
    assert [one["name"] for one in again] == ["Object 1", "ball"]
    assert again[1]["colour"] == 3
    assert again[1]["clicks"] == [[*BLUE, True]]


def test_opening_and_looking_is_no_step(desk, call, work):
    photo = opened(call, "b.png")
    work(photo)
    assert desk.project.project == Project()
    assert not desk.project._journal.path.exists()


def test_what_the_page_does_not_change_stays_as_it_was(desk, call, work):
    spot = np.zeros((48, 64), bool)
    spot[3:5, 50:60] = True
    made = Made("by hand", (Click(3.25, 50.75, True),), (0.25,), 0.7, encode_rle(~spot))
    item = Annotation("cell", encode_rle(spot), "a  name\u00a0here", locked=True, made=made)
    desk.project.set_labels([Label("cell", "#123456", "7")])
    desk.project.put(Photo("b.png", (48, 64), (item,)))
    photo = opened(call, "b.png")
    work(photo, click(*RED), {"do": "keep"}, {"do": "hide", "object_id": 1, "hidden": True})
    kept = desk.project.photo("b.png").objects
    assert kept[0] == Annotation(item.label, item.mask, item.name, True, True, made)
    assert desk.project.labels[0] == Label("cell", "#123456", "7")
    work(photo, {"do": "rename", "object_id": 1, "name": "nucleus"})
    renamed = desk.project.photo("b.png").objects[0]
    assert (renamed.label, renamed.name, renamed.mask) == ("nucleus", "", item.mask)
    work(photo, {"do": "recolour", "object_id": 1, "colour": 4})
    assert desk.project.labels[-1] == Label("nucleus", PALETTE[4])


def test_masks_finer_than_the_work_stay(desk, call, work, monkeypatch):
    monkeypatch.setattr(workspaces_module, "WORK_PIXELS", 12 * 16)
    fine = np.zeros((48, 64), bool)
    fine[::2, 30:] = True
    item = Annotation("cell", encode_rle(fine))
    desk.project.put(Photo("b.png", (48, 64), (item,)), [Label("cell")])
    photo = opened(call, "b.png")
    assert photo["size"] == [12, 16]
    work(photo, {"do": "add_objects", "objects": [described("x", np.eye(12, 16, dtype=bool))]})
    work(photo, {"do": "rename", "object_id": 1, "name": "leaf"})
    kept = desk.project.photo("b.png").objects
    assert (kept[0].label, kept[0].mask) == ("leaf", item.mask)
    work(photo, {"do": "delete", "object_id": 1})
    work(photo, {"do": "undo"})
    assert desk.project.photo("b.png").objects == kept


def described(name, mask):
    return {"name": name, "mask": encode_rle(mask), "hidden": False, "colour": 0}


def test_two_pages_see_each_other_and_only_one_changes_a_photo(desk, call, work):
    mine = opened(call, "b.png")
    work(mine, click(*RED))
    theirs = opened(call, "b.png", BOB)
    assert theirs["elsewhere"] == "?"
    assert len(theirs["document"]["objects"]) == 1
    refused = work(theirs, click(*BLUE))
    assert "Somebody else works on this photo" in refused["error"]
    assert len(desk.project.photo("b.png").objects) == 1
    assert call("look_at_folder", {"page": BOB, "since": None})["locks"] == {"b.png": "?"}
    assert (
        "Somebody else"
        in call("mark_photo", {"page": BOB, "name": "b.png", "state": "done"})["error"]
    )

    theirs = opened(call, "b.png", BOB, take=True)
    assert theirs["elsewhere"] is None
    work(theirs, {"do": "keep"}, click(*BLUE))
    look = call("look_at_folder", {"page": ANN, "since": None, "name": "b.png"})
    assert look["elsewhere"] == "?"
    assert "Somebody else" in work(mine, {"do": "clear_clicks"})["error"]
    assert len(desk.project.photo("b.png").objects) == 2


def test_who_slept_while_another_worked_changes_nothing(desk, call, work):
    mine = opened(call, "b.png")
    work(mine, click(*RED))
    desk.locks.release(ANN)  # silent for too long
    work(opened(call, "b.png", BOB), {"do": "keep"}, click(*BLUE))
    desk.locks.release(BOB)
    look = call("look_at_folder", {"page": ANN, "since": None, "name": "b.png"})
    assert look["elsewhere"] == "?"
    assert "Somebody else" in work(mine, click(2, 2))["error"]
    again = opened(call, "b.png", again=True)  # the server forgot the photo meanwhile
    assert again["elsewhere"] == "?"
    assert len(again["document"]["objects"]) == 2


def test_a_page_that_is_loaded_anew_goes_on_where_it_was(desk, call, work):
    photo = opened(call, "b.png")
    work(photo, click(*RED))
    again = opened(call, "b.png", "Ann, reloaded", token=photo["token"])
    assert (again["elsewhere"], again["resumed"]) == (None, True)
    assert len(again["document"]["objects"]) == 1
    answer = work(again, {"do": "undo"})
    assert answer["objects"] == []
    assert desk.project.photo("b.png").state == "new"


def test_marking_is_no_reason_to_begin_anew(desk, call, work):
    photo = opened(call, "b.png")
    work(photo, click(*RED))
    marked = call("mark_photo", {"page": ANN, "name": "b.png", "state": "done", "since": 1})
    assert (marked["state"], [row["name"] for row in marked["photos"]]) == ("done", ["b.png"])
    other = opened(call, "a.jpg")
    assert call("mark_photo", {"page": ANN, "name": "a.jpg", "state": "done"})["error"]
    assert call("mark_photo", {"page": ANN, "name": "a.jpg", "state": "empty"})["state"] == "empty"
    assert opened(call, "b.png", token=photo["token"])["resumed"]
    assert other["token"] != photo["token"]


def test_a_photo_is_opened_ahead(desk, call, work):
    greeting = opened(call, "a.jpg", ahead=True)
    assert desk.locks.listed(BOB) == {}
    photo = opened(call, "a.jpg", token=greeting["token"])
    assert photo["picture"] == greeting["picture"]
    assert not photo["resumed"]
    other = opened(call, "b.png", token=photo["token"])  # of another photo
    assert other["picture"] != greeting["picture"]


def test_classes_are_the_labels(desk, call, work):
    desk.project.set_labels([Label("cell", "#123456"), Label("old")])
    colour = call("look_at_folder", {"page": ANN, "since": None})["classes"][0]["colour"]
    wanted = [{"name": "cell", "colour": colour}, {"name": "leaf", "colour": 2}]
    assert call("set_classes", wanted) == {}
    assert [(one.name, one.key) for one in desk.project.labels] == [("cell", "1"), ("leaf", "2")]
    assert desk.project.labels[0].colour == "#123456"
    work(opened(call, "b.png"), click(*RED))
    found = call("look_at_folder", {"page": ANN, "since": None})
    assert [one["name"] for one in found["classes"]] == ["cell", "leaf"]  # not "object"


def test_a_photo_with_too_many_objects_stays_as_it_is(desk, call):
    items = (Annotation("cell", encode_rle(np.eye(48, 64, dtype=bool))),) * 2001
    desk.project.put(Photo("b.png", (48, 64), items), [Label("cell")])
    assert "2001 objects; the page works on at most 2000" in opened(call, "b.png")["error"]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("open_in_folder", None),
        ("open_in_folder", {"page": ANN}),
        ("open_in_folder", {"page": ANN, "name": 3}),
        ("open_in_folder", {"page": ANN, "name": "../secret.png"}),
        ("open_in_folder", {"page": ANN, "name": "notes.txt"}),
        ("open_in_folder", {"page": "", "name": "b.png"}),
        ("open_in_folder", {"page": ANN, "name": "b.png", "take": "yes"}),
        ("look_at_folder", {"page": ANN, "since": "0"}),
        ("look_at_folder", {"page": 5}),
        ("mark_photo", {"page": ANN, "name": "b.png", "state": "great"}),
        ("mark_photo", {"page": ANN, "name": "b.png", "state": ["done"]}),
        ("set_classes", {}),
        ("rename_class", {"page": ANN, "old": None, "new": "a"}),
        ("rename_class", {"page": ANN, "old": "a", "new": 5}),
        ("rename_class", {"page": ANN, "name": ["b.png"], "old": "a", "new": "b"}),
        ("set_classes", [3]),
        ("set_classes", [{"name": "", "colour": 0}]),
        ("set_classes", [{"name": "a", "colour": 99}]),
        ("set_classes", [{"name": "a", "colour": 0}] * 2000),
    ],
)
def test_strange_requests_are_refused(desk, call, name, request_):
    answer = call(name, request_)
    assert answer["error"]
    assert "failed" not in answer["error"]
    assert desk.project.project == Project()


def test_only_what_happened_since_the_start_is_told(photos, fake_segmentor, tmp_path):
    project = FolderProject(photos, tmp_path / "a.tamingseg")
    project.notices.append("told on the terminal")
    desk = Desk(Workspaces(fake_segmentor()), project)
    project.notices.append("another program changed the file")
    project.trouble = "the disk is full"
    assert desk.notices() == ["another program changed the file", "the disk is full"]
    project.close()


def test_a_file_that_cannot_be_written_is_tried_again(photos, tmp_path):
    project = FolderProject(photos, tmp_path / "a.tamingseg")
    project.set_labels([Label("cell")])
    ended, said = threading.Event(), []
    troubles = iter([OSError("the disk is full"), None])

    def tidy():
        said.append(project.trouble)
        trouble = next(troubles, None)
        if len(said) > 2:
            ended.set()
        if trouble:
            raise trouble

    project.tidy = tidy
    keep_written(project, ended, seconds=0.001)
    assert said == ["", "the disk is full", ""]
    del project.tidy
    project.close()


def test_small_pictures_are_of_the_folder_alone(desk, photos):
    client = TestClient(Starlette(routes=folder_routes(desk)))
    answer = client.get("/tamingseg/folder/thumb", params={"name": "day2/c.png"})
    assert answer.headers["content-type"] == "image/jpeg"
    (photos.parent / "secret.png").write_bytes((photos / "b.png").read_bytes())
    for name in ("../secret.png", "notes.txt", str(photos / "b.png"), ""):
        assert client.get("/tamingseg/folder/thumb", params={"name": name}).status_code == 404
    (photos / "b.png").write_bytes(b"damaged")
    assert client.get("/tamingseg/folder/thumb", params={"name": "b.png"}).status_code == 404
    desk.locks.take("b.png", ANN, "Ann")
    assert client.post("/tamingseg/folder/leave", content=ANN).status_code == 204
    assert desk.locks.listed(BOB) == {}


def test_a_small_picture_shows_the_objects_that_are_not_hidden(desk, two_discs):
    find = Thumbs(desk.project).find
    bare = np.array(Image.open(io.BytesIO(find("b.png")))).astype(int)
    masks = [encode_rle(two_discs.label_maps[0] == value) for value in (1, 2)]
    items = (Annotation("ball", masks[0]), Annotation("ball", masks[1], hidden=True))
    desk.project.put(Photo("b.png", (48, 64), items), [Label("ball", "#f0e442")])
    painted = np.array(Image.open(io.BytesIO(find("b.png")))).astype(int)
    changed = np.abs(painted - bare).max(axis=2) > 50  # far more than JPEG changes
    middle = two_discs.label_maps[0][:, 8:56].repeat(2, axis=0).repeat(2, axis=1)  # 96 x 96
    assert (changed == (middle == 1)).mean() > 0.95  # its edges are blurred
    assert not changed[middle == 2].any()


def test_the_scripts_know_the_folder(desk):
    assert folder_settings(None) == {"FOLDER": None}
    assert folder_settings(desk.project)["FOLDER"]["name"] == "photos"


def test_what_is_damaged_or_cannot_be_written_is_said(desk, call, photos):
    (photos / "b.png").write_bytes(b"damaged")
    assert "b.png" in opened(call, "b.png")["error"]
    spot = Annotation("cell", encode_rle(np.eye(48, 64, dtype=bool)))
    desk.project.put(Photo("a.jpg", (48, 64), (spot,)), [Label("cell")])
    Image.new("RGB", (20, 20)).save(photos / "a.jpg")
    error = (
        "was made for a photo of (height, width) (48, 64), but the one in the folder has (20, 20)"
    )
    assert error in opened(call, "a.jpg")["error"]
    desk.project._journal.path.unlink()
    desk.project._journal.path.mkdir()
    assert "cannot write" in call("set_classes", [{"name": "leaf", "colour": 1}])["error"]
    desk.project._journal.path.rmdir()
