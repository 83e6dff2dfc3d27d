"""Rows in a file that survives kills."""

from dataclasses import replace

import pytest

from tamingseg.evaluation.records import (
    Row,
    append_rows,
    finished_images,
    read_rows,
    reopen_rows,
)

METHOD = {"model": "fake", "threshold": 0.5}


def rows_of(image, count, dataset="set", **method):
    row = Row(dataset, image, 0, 1, 400, count, METHOD | method, [0.5, 0.25])
    return [replace(row, label=label) for label in range(1, count + 1)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.jsonl"
    append_rows(path, rows_of("a", 2))
    append_rows(path, rows_of("ü\n", 3))
    return path


def test_there_and_back(path, tmp_path):
    assert read_rows(path) == rows_of("a", 2) + rows_of("ü\n", 3)
    assert reopen_rows(path) == read_rows(path)
    assert read_rows(tmp_path / "none.jsonl") == reopen_rows(tmp_path / "none.jsonl") == []


def test_a_kill_at_any_byte_leaves_whole_images(path):
    whole = path.read_bytes()
    first = len(whole.splitlines(keepends=True)[0]) * 2
    line_ends = [end for end in range(len(whole)) if whole[end - 1 : end] == b"\n"]
    near = {end + step for end in line_ends for step in (-1, 0, 1)}
    for end in sorted(near | set(range(0, len(whole), 97))):
        path.write_bytes(whole[:end])
        rows = reopen_rows(path)
        assert rows == (rows_of("a", 2) if end >= first else [])
        append_rows(path, rows_of("c", 1))
        assert read_rows(path) == rows + rows_of("c", 1)


def test_a_damaged_line_in_the_middle_names_itself(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], "{}\n", *lines[1:]]))
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2 is no result row"):
        read_rows(path)


def test_finished_images_asks_for_the_very_same_method():
    rows = rows_of("a", 1) + rows_of("b", 1, threshold=0.49) + rows_of("c", 1, dataset="other")
    assert finished_images(rows, "set", METHOD) == {"a"}
    assert finished_images(rows, "set", METHOD | {"threshold": 0.49}) == {"b"}
    assert finished_images(rows, "other", METHOD) == {"c"}
    assert finished_images(rows, "set", METHOD | {"seed": 1}) == set()
