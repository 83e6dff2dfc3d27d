"""Files of strangers: what is damaged or leads elsewhere is named or passed over."""

import io
import zipfile

import pytest

from tamingseg.annotations import files
from tamingseg.annotations.files import from_memory, open_files
from tamingseg.annotations.reading import read_annotations
from tamingseg.annotations.writing import pack


def zipped(contents):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_an_entry_without_a_name_is_passed_over():
    data = zipped({"a.txt": b"1", "b.txt": b"2"}).replace(b"b.txt", b"\0.txt")
    assert list(from_memory({"a.zip": data})) == ["a.txt"]


def test_a_truncated_zip(project, tmp_path):
    _, data, _ = pack(project, "project")
    path = tmp_path / "work.tamingseg"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"work\.tamingseg"):
        read_annotations(path)
    path = path.rename(tmp_path / "work.zip")
    with pytest.raises(ValueError, match=r"work\.zip is damaged or truncated"):
        read_annotations(path)
    with pytest.raises(ValueError, match=r"work\.zip is damaged or truncated"):
        from_memory({"work.zip": path.read_bytes()})


def test_a_damaged_entry_is_named(tmp_path):
    data = bytearray(zipped({"good.txt": b"good", "bad.txt": b"long enough to be found"}))
    at = data.index(b"long enough")
    data[at : at + 4] = b"LONG"
    found = from_memory({"a.zip": bytes(data)})
    assert found["good.txt"] == b"good"
    with pytest.raises(ValueError, match=r"bad\.txt in a\.zip is damaged"):
        found["bad.txt"]


def test_names_never_lead_out():
    names = ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "__MACOSX/._a", "a/b"]
    assert list(from_memory({"a.zip": zipped(dict.fromkeys(names, b"1"))})) == ["a/b"]
    assert list(from_memory(dict.fromkeys(names, b"1"))) == ["a/b"]


def test_bounds(monkeypatch, tmp_path):
    data = zipped({"a.txt": b"12345", "b.txt": b"1"})
    monkeypatch.setattr(files, "MAX_ALL_BYTES", 5)
    with pytest.raises(ValueError, match="unpacks to more than"):
        from_memory({"a.zip": data})
    monkeypatch.setattr(files, "MAX_FILES", 1)
    with pytest.raises(ValueError, match="holds 2 files, at most 1"):
        from_memory({"a.zip": data})
    (tmp_path / "a.txt").write_bytes(b"12345")
    monkeypatch.setattr(files, "MAX_BYTES", 4)
    with pytest.raises(ValueError, match=r"a\.txt is larger"):
        open_files(tmp_path)["a.txt"]


def test_a_folder_is_read_lazily_and_its_photos_measured(tmp_path, images):
    for name, data in images.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "noise.png").write_bytes(b"no image")
    (tmp_path / "README").write_bytes(b"\xff")
    found = open_files(tmp_path)
    assert found.photo_sizes() == dict.fromkeys(images, (24, 31))
    assert "README" in found
    with pytest.raises(ValueError, match="README is not text in UTF-8"):
        found.text("README")
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        open_files(tmp_path / "nothing")
