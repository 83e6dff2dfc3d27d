"""Lists of labels."""

import pytest

from tamingseg.annotations.files import from_memory
from tamingseg.annotations.label_lists import read_label_list


def names(file, content):
    found = read_label_list(from_memory({file: content.encode()}))
    return found and [label.name for label in found]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("classes.txt", "cell\r\n  dirt and more \n\ncell\n"),
        ("labels.TXT", "\ufeff__ignore__\n_background_\ncell\ndirt and more"),
        ("data.yaml", "path: .\nnames:\n  0: cell\n  1: dirt and more\n"),
        ("data.yml", "names: [cell, 'dirt and more']"),
        ("a.yaml", "- cell\n- dirt and more\n"),
    ],
)
def test_names_in_their_order_each_once(file, content):
    assert names(file, content) == ["cell", "dirt and more"]


def test_colours_differ():
    labels = read_label_list(from_memory({"a.txt": b"a\nb\nc"}))
    assert len({label.colour for label in labels}) == 3


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.txt", "0 0.1 0.2 0.3 0.4 0.5 0.6"),
        ("a.txt", ""),
        ("a.json", "[]"),
    ],
)
def test_other_files_are_no_lists(file, content):
    assert names(file, content) is None
    assert read_label_list(from_memory({file: content.encode(), "b.txt": b"cell"})) is None


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.yaml", "names: 3", "no list of names"),
        ("a.yaml", "names: [[1]]", "no list of names"),
        ("a.yaml", "{", "no YAML"),
        ("a.txt", "a\x07b", "printable"),
        ("a.txt", "x" * 2000, "1 to 1024"),
    ],
)
def test_what_is_wrong_is_said(file, content, message):
    with pytest.raises(ValueError, match=message):
        names(file, content)
