"""The table of `docs/annotations.md` says what was measured: each thing goes there and back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.annotations.reading import read_files
from tamingseg.annotations.report import Report
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import write_files
from tamingseg.masks.rle import encode_rle
from tamingseg.values import Click

PAGE = Path(__file__).resolve().parents[2] / "docs" / "annotations.md"
SIZE = (12, 16)
HEAD = "| format | files | holes | several pieces | overlaps | empty objects | also kept |"


def mask(*boxes):
    made = np.zeros(SIZE, bool)
    for top, left, bottom, right in boxes:
        made[top:bottom, left:right] = True
    return made


HOLE = mask((1, 1, 8, 9)) & ~mask((3, 3, 5, 6))
PLAIN = Annotation("cell", encode_rle(mask((1, 1, 5, 5))))
MASKS = {
    "holes": [HOLE],
    "several pieces": [mask((1, 1, 3, 3), (6, 6, 9, 12))],
    "overlaps": [mask((1, 1, 5, 5)), mask((3, 3, 9, 9))],
    "empty objects": [mask(), mask((1, 1, 5, 5))],
}
FIELDS = {
    "names": (replace(PLAIN, name="mine"),),
    "hidden": (replace(PLAIN, hidden=True),),
    "locked": (replace(PLAIN, locked=True),),
    "clicks": (replace(PLAIN, made=Made("clicks", (Click(2, 3),), (0.5,), 0.4)),),
}


def project_of(objects, label=None, state="new"):
    return Project((label or Label("cell"),), (Photo("a.png", SIZE, tuple(objects), state),))


def comes_back(project, name, of=lambda project: project.photos):
    files = dict(write_files(project, name, Report()))
    return of(read_files(files, {"a.png": SIZE}, name)[0]) == of(project)


def row(name):
    """The line of the table for a format, from what comes back."""
    masks = [
        comes_back(project_of([Annotation("cell", encode_rle(one)) for one in made]), name)
        for made in MASKS.values()
    ]
    kept = [field for field, made in FIELDS.items() if comes_back(project_of(made), name)]
    plain = (PLAIN,)
    for field, label in (("colours", Label("cell", "#123456")), ("keys", Label("cell", key="1"))):
        if comes_back(project_of(plain, label), name, lambda project: project.labels):
            kept.append(field)
    if comes_back(project_of((), Label("cell")), name, lambda project: len(project.labels)):
        kept.append("labels of no object")
    if comes_back(project_of(plain, state="done"), name):
        kept.append("state of photos")
    cells = [f"`{name}`", FORMATS[name].title + ": " + FORMATS[name].what]
    cells += ["yes" if one else "no" for one in masks] + [", ".join(kept) or "-"]
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("name", FORMATS)
def test_the_table_says_what_is_measured(name):
    assert row(name) in PAGE.read_text().splitlines(), row(name)


def test_the_table_has_every_format_once():
    lines = PAGE.read_text().splitlines()
    start = lines.index(HEAD) + 2
    assert [line.split("`")[1] for line in lines[start : start + len(FORMATS)]] == list(FORMATS)
    assert not lines[start + len(FORMATS)].startswith("|")
