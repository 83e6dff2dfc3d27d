"""The document: what it refuses, and what is added to what."""

from dataclasses import replace

import pytest

from tamingseg.annotations.document import (
    Annotation,
    Label,
    Photo,
    Project,
    check_size,
    make_labels,
    merged,
    photo_name,
    without_hidden,
)
from tamingseg.annotations.matching import finder, matched
from tamingseg.annotations.report import Note, Report, summary

CELL = Annotation("cell", "4")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Label(""), "name of a label must be text of 1 to"),
        (lambda: Label("a\nb"), "printable"),
        (lambda: Label("a", "red"), "like #56b4e9"),
        (lambda: Label("a", key="12"), "one character"),
        (lambda: Photo("../a.png", (2, 2)), "path below a folder"),
        (lambda: Photo("/a.png", (2, 2)), "path below a folder"),
        (lambda: Photo("a\\b.png", (2, 2)), "path below a folder"),
        (lambda: Photo("a.png", (0, 2)), "cannot have 0 x 2 pixels"),
        (lambda: Photo("a.png", (2.0, 2)), "two whole numbers"),
        (lambda: Photo("a.png", (2, 2), state="lost"), "must be one of new, started"),
        (lambda: Project((Label("a"), Label("a"))), "two labels have the name 'a'"),
        (lambda: Project((), (Photo("a.png", (2, 2)),) * 2), "two photos have the name 'a.png'"),
        (
            lambda: Project((), (Photo("a.png", (2, 2), (CELL,)),)),
            "object 1 of a.png has the label",
        ),
        (lambda: check_size((2**20, 2**20)), "cannot have"),
        (lambda: photo_name(".."), "names no photo"),
        (lambda: photo_name(3), "must be text"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_merged_changes_nothing_that_was_there(project):
    more = Project(
        (Label("new"), Label("cell", "#999999")),
        (Photo("day1/a.jpg", (24, 31), (CELL,)), Photo("more.png", (2, 2), (CELL,))),
    )
    both = merged(project, more)
    assert both.labels == (*project.labels, Label("new"))
    assert both.photos[0] == replace(project.photos[0], objects=(*project.photos[0].objects, CELL))
    assert both.photos[1:] == (*project.photos[1:], more.photos[1])
    with pytest.raises(ValueError, match=r"nothing\.png has \(height, width\) \(24, 31\), but"):
        merged(project, Project((), (Photo("nothing.png", (2, 2)),)))


def test_work_that_is_imported_has_begun():
    photo = Photo("a.png", (2, 2))
    both = merged(
        Project((), (photo,)), Project((Label("cell"),), (replace(photo, objects=(CELL,)),))
    )
    assert both.photos[0].state == "started"


def test_without_hidden(project):
    kept = without_hidden(project)
    assert [len(photo.objects) for photo in kept.photos] == [7, 1, 0]


def test_labels_differ():
    labels = make_labels(map(str, range(20)))
    assert len({label.colour for label in labels}) == 16


def test_photos_that_are_not_there_are_named(project):
    report = Report()
    sizes = {"x/day1/a.png": (24, 31), "b.png": (31, 24)}
    found = matched(project, sizes, report)
    assert [photo.name for photo in found.photos] == ["x/day1/a.png"]
    assert [str(note) for note in report.notes] == [
        "day2/b.png: left out: it was made for a photo of (height, width) (24, 31), but b.png has "
        "(31, 24); was it turned or resized?",
        "nothing.png: left out: there is no such photo",
    ]


def test_two_files_for_one_photo():
    report = Report()
    photos = (Photo("a.json", (2, 2)), Photo("sub/a.json", (2, 2)))
    assert len(matched(Project((), photos), {"a.png": (2, 2)}, report).photos) == 1
    assert [str(note) for note in report.notes] == [
        "sub/a.json: left out: a.png has its objects from a.json"
    ]


def test_a_photo_is_found_only_if_it_is_the_only_one():
    find = finder(["a.png", "a.jpg", "one/b.png", "two/b.png", "c.d.png"])
    assert [find(name) for name in ("a.png", "a", "b.png", "two/b", "c.d", "x/c.d.png")] == [
        "a.png", None, None, "two/b.png", "c.d.png", "c.d.png",
    ]  # fmt: skip


def test_summary():
    notes = [Note("gone", "a.png", f"object {number}") for number in range(1, 6)]
    assert summary(notes, 41) == [
        "gone: 5 of 41 objects (a.png, object 1; a.png, object 2; a.png, object 3; 2 more)"
    ]
    assert summary([Note("gone", "a.png")]) == ["a.png: gone"]
    assert summary([Note("gone", "a.png"), Note("gone")]) == ["gone: 2 times (a.png)"]
