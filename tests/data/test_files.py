"""Finding files: what people's folders hold beside photos, and what a file is known by."""

import os
import sqlite3
import unicodedata

import pytest

from tamingseg.data import files
from tamingseg.data.files import content_hashes, find_files, name_of


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode("utf-8", "surrogateescape"))


def test_clutter_is_passed_over_and_other_files_are_told(tmp_path):
    touch(tmp_path, "a.jpg", "B.JPG", "c.jfif", "deep/d.tiff", "e.heic", "notes.txt")
    touch(tmp_path, "._a.jpg", ".DS_Store", "Thumbs.db", "deep/desktop.ini", "__MACOSX/._a.jpg")
    touch(tmp_path, ".ipynb_checkpoints/a-checkpoint.jpg", "deep/@eaDir/d.jpg")
    found = find_files(tmp_path)
    assert [name_of(path, tmp_path) for path in found.files] == ["B", "a", "c", "deep/d"]
    assert [path.name for path in found.others] == ["e.heic", "notes.txt"]
    touch(tmp_path / ".hidden", "a.jpg")
    assert len(find_files(tmp_path / ".hidden").files) == 1, "a folder that is named is looked at"


def test_links_are_followed_but_not_round_and_round(tmp_path):
    touch(tmp_path, "elsewhere/b.png", "photos/a.png")
    (tmp_path / "photos/more").symlink_to("../elsewhere")
    (tmp_path / "photos/c.png").symlink_to("../elsewhere/b.png")
    (tmp_path / "elsewhere/back").symlink_to("../photos")
    (tmp_path / "photos/lost.png").symlink_to("nothing.png")
    (tmp_path / "photos/self").symlink_to("self")
    found = find_files(tmp_path / "photos")
    assert [name_of(path, tmp_path / "photos") for path in found.files] == ["a", "c", "more/b"]
    assert [path.name for path in found.others] == ["lost.png", "self"]


def test_names_are_composed(tmp_path):
    touch(tmp_path, unicodedata.normalize("NFD", "é.jpg"), "ü\udcff.jpg")
    names = {name_of(path, tmp_path) for path in find_files(tmp_path).files}
    assert names == {"é", "ü\udcff"}


@pytest.mark.parametrize("remembered_from", [0, 2**40])
def test_hashes_follow_the_content(tmp_path, monkeypatch, remembered_from):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "_REMEMBERED_FROM", remembered_from)
    touch(tmp_path, "a", "b")
    paths = [tmp_path / "a", tmp_path / "b"]
    before = content_hashes(paths)
    assert len(set(before)) == 2
    paths[0].write_bytes(b"b")  # the same number of bytes, a moment later
    assert content_hashes(paths) == [before[1]] * 2
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home").chmod(0o500)
    assert content_hashes(paths) == [before[1]] * 2


def test_hashes_of_old_files_are_read_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "_REMEMBERED_FROM", 0)
    touch(tmp_path, "a")
    path = tmp_path / "a"
    os.utime(path, ns=(10**18, 10**18))
    known = content_hashes([path])
    monkeypatch.setattr(files, "content_hash", lambda path: "read again")
    assert content_hashes([path]) == known
    os.utime(path, ns=(10**18, 10**18 + 1))
    assert content_hashes([path]) == ["read again"]
    memory = next((tmp_path / "home").rglob("*.sqlite"))
    memory.write_bytes(b"no database" * 100)
    assert content_hashes([path]) == ["read again"]
    with pytest.raises(sqlite3.Error):
        sqlite3.connect(memory).execute("select * from hashes")
