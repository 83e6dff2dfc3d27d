"""Photos and the files of their masks, paired by name."""

import unicodedata

from tamingseg.data.pairs import fingerprint_of, pair_files


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_pair_files(tmp_path):
    images, masks = tmp_path / "images", tmp_path / "masks"
    touch(images, "a.jpg", "a.1.jpg", "b.png", "deep/c.JPG", "d.jpg", "d.png", "lonely.jpg")
    touch(images, "notes.txt", "._a.jpg")
    touch(masks, "a.png", "a.1.PNG", "b.0.png", "b.1.tif", "deep/c.png", "d.png", "stray.png")
    touch(masks, "deep/c.tiff", "._a.png")
    pairs, problems = pair_files(images, masks)
    found = {
        name: (image.name, [mask.name for mask in paths]) for name, (image, paths) in pairs.items()
    }
    assert found == {
        "a": ("a.jpg", ["a.png"]),
        "a.1": ("a.1.jpg", ["a.1.PNG"]),  # an image of that name comes before "map 1 of a"
        "b": ("b.png", ["b.0.png", "b.1.tif"]),
        "d": ("d.jpg", ["d.png"]),
        "deep/c": ("c.JPG", ["c.png"]),
    }
    assert len(problems) == 4
    assert "d.png has the same name as" in problems[0]
    assert "c.tiff has the same name as" in problems[1]
    assert "stray.png is the mask of no image" in problems[2]
    assert "lonely.jpg has no mask" in problems[3]


def test_a_decomposed_name_is_the_same_name(tmp_path):
    touch(tmp_path / "images", unicodedata.normalize("NFD", "café.jpg"))
    touch(tmp_path / "masks", unicodedata.normalize("NFC", "café.png"))
    pairs, problems = pair_files(tmp_path / "images", tmp_path / "masks")
    assert list(pairs) == ["café"]
    assert not problems


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    pairs = {"a": (tmp_path / "a.jpg", [tmp_path / "a.png"])}
    touch(tmp_path, "a.jpg", "a.png")
    before = fingerprint_of(pairs)
    assert fingerprint_of(pairs, "a setting") != before
    (tmp_path / "a.png").write_bytes(b"1")
    one = fingerprint_of(pairs)
    (tmp_path / "a.png").write_bytes(b"2")
    assert len({before, one, fingerprint_of(pairs)}) == 3
    (tmp_path / "a.png").write_bytes(b"")
    assert fingerprint_of(pairs) == before
