"""Every format there and back: what comes back is the same, or a note names the difference."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.annotations.files import Files, open_files
from tamingseg.annotations.outlines import parts_of
from tamingseg.annotations.rasters import same_mask, union
from tamingseg.annotations.reading import read_annotations, read_files
from tamingseg.annotations.report import Report, summary
from tamingseg.annotations.table import FORMATS, recognise
from tamingseg.annotations.writing import pack, write_annotations, write_files
from tamingseg.masks.rle import decode_crop, encode_rle
from tamingseg.values import Click

OBJECT_FIELDS = ("label", "name", "hidden", "locked", "made")


def there_and_back(project, name, images):
    report = Report()
    files = dict(write_files(project, name, report, images))
    sizes = {photo.name: photo.size for photo in project.photos}
    back, notes = read_files(files, sizes, name)
    return back, report.notes, notes, files


def differences(project, back, lost):
    """Yield (file, entry, field) of what is not the same; objects that are said to be gone are."""
    said = {(note.file, note.entry, note.field) for note in lost}
    found = {label.name: label for label in back.labels}
    used = {item.label for _, _, item in project.annotations()}
    for label in project.labels:
        if label.name not in used | found.keys():
            yield "", label.name, "label"
        for field in ("colour", "key"):
            if label.name in found and getattr(found[label.name], field) != getattr(label, field):
                yield "", label.name, field
    photos = {photo.name: photo for photo in back.photos}
    for photo in project.photos:
        if photo.name not in photos:
            yield photo.name, "", "photo"
            continue
        if photos[photo.name].state != photo.state:
            yield photo.name, "", "state"
        yield from differences_in(photo, photos[photo.name], said)


def differences_in(photo, other, said):
    rest = list(other.objects)
    for number, item in enumerate(photo.objects, 1):
        place = (photo.name, f"object {number}")
        if (*place, "object") in said:
            continue
        count = 1
        if (*place, "parts") in said:
            count = len(parts_of(decode_crop(item.mask, photo.size)))
            assert count > 1
        same, rest = rest[:count], rest[count:]
        assert len(same) == count, "objects are gone of which nothing was said"
        masks = [decode_crop(one.mask, photo.size) for one in same]
        if not same_mask(union(masks), decode_crop(item.mask, photo.size)):
            yield (*place, "mask")
        for field in OBJECT_FIELDS:
            if any(getattr(one, field) != getattr(item, field) for one in same):
                yield (*place, field)
    assert not rest, "objects that nobody made"


def check(project, name, images):
    back, lost, notes, files = there_and_back(project, name, images)
    named = {(note.file, note.entry, note.field) for note in lost}
    assert set(differences(project, back, lost)) <= named
    assert not notes, notes
    return back, lost, files


@pytest.mark.parametrize("name", FORMATS)
def test_there_and_back(name, project, images):
    check(project, name, images)


@pytest.mark.parametrize("name", FORMATS)
def test_the_second_time_nothing_changes(name, project, images):
    """What a format cannot hold is gone after the first time."""
    back, _, _ = check(project, name, images)
    again, lost, _ = check(back, name, images)
    assert [photo.objects for photo in again.photos] == [photo.objects for photo in back.photos]
    assert not [note for note in lost if note.field in ("mask", "label", "object")]


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_recognised(name, project, images):
    files = dict(write_files(project, name, Report(), images))
    found = recognise(Files({key: (lambda data=data: data) for key, data in files.items()}, "x"))
    assert FORMATS[found].read is FORMATS[name].read


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["folder", "zip", "own", "with photos"])
def test_on_disk(name, kind, project, images, tmp_path):
    extension = {"zip": ".zip", "own": FORMATS[name].extension}.get(kind, "")
    output = tmp_path / f"deep/out{extension}"
    lost = write_annotations(project, output, name, images, kind == "with photos")
    (tmp_path / "photos").mkdir()
    for photo, data in images.items():
        (tmp_path / "photos" / photo).parent.mkdir(exist_ok=True)
        (tmp_path / "photos" / photo).write_bytes(data)
    back, notes = read_annotations(output, tmp_path / "photos")
    expected, in_memory, _, _ = there_and_back(project, name, images)
    assert (back, lost, notes) == (expected, in_memory, [])
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [output.name]
    if kind == "with photos":
        assert len(open_files(output).photo_sizes()) >= len(project.photos)


@pytest.mark.parametrize("name", FORMATS)
def test_downloads(name, project, images):
    ending, data, lost = pack(project, name, images)
    sizes = {photo.name: photo.size for photo in project.photos}
    expected, in_memory, _, _ = there_and_back(project, name, images)
    assert read_files({f"download{ending}": data}, sizes) == (expected, [])
    assert lost == in_memory
    assert ending in (".zip", FORMATS[name].extension)


def test_what_is_there_stays(project, tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        write_annotations(project, tmp_path, "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_project_without_anything(name):
    check(Project(), name, {})


NAMES = st.text("ab ü&<\"',;:%#=", min_size=1, max_size=6)
SIZES = st.tuples(st.integers(2, 7), st.integers(2, 7))


@st.composite
def projects(draw):
    labels = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    photos = []
    for stem in draw(st.lists(st.sampled_from(["a", "b", "deep/a"]), max_size=2, unique=True)):
        size = draw(SIZES)
        objects = []
        for _ in range(draw(st.integers(0, 3))):
            bits = draw(
                st.lists(st.booleans(), min_size=size[0] * size[1], max_size=size[0] * size[1])
            )
            clicks = draw(st.lists(st.just(Click(0.5, 1.5, True)), max_size=1))
            objects.append(
                Annotation(
                    draw(st.sampled_from(labels)),
                    encode_rle(np.array(bits).reshape(size)),
                    draw(st.one_of(st.just(""), NAMES)),
                    draw(st.booleans()),
                    draw(st.booleans()),
                    Made(click_thresholds=(0.5,) * len(clicks), clicks=tuple(clicks)),
                )
            )
        state = draw(st.sampled_from(["new", "started", "done", "empty"]))
        photos.append(Photo(f"{stem}.png", size, tuple(objects), state))
    colours = draw(st.lists(st.sampled_from(["#000001", "#fefefe"]), min_size=3, max_size=3))
    made = tuple(Label(name, colour) for name, colour in zip(labels, colours, strict=False))
    return Project(made, tuple(photos))


@pytest.mark.parametrize("name", FORMATS)
@given(project=projects())
@settings(max_examples=30)
def test_any_project_comes_back_or_the_report_says_what_does_not(name, project):
    check(project, name, blank_images(project))


def blank_images(project):
    import io

    from PIL import Image

    files = {}
    for photo in project.photos:
        file = io.BytesIO()
        Image.new("RGB", photo.size[::-1]).save(file, "PNG")
        files[photo.name] = file.getvalue()
    return files


def test_formats_keep_what_they_say(project, images):
    """`keeps` decides what is noted; here it is measured."""
    for name, format_ in FORMATS.items():
        back, notes, _, _ = there_and_back(project, name, images)
        lost = {field for _, _, field in differences(project, back, notes)}
        plain = {"name", "hidden", "locked", "made", "colour", "key", "state"}
        assert not lost & format_.keeps & plain, name


@pytest.mark.parametrize("name", FORMATS)
def test_labels_with_names_that_formats_use_themselves(name):
    words = ("background", "unlabeled", "_background_", "object", "0", "car", "class 1")
    counts = encode_rle(np.eye(4, dtype=bool))
    photos = tuple(
        Photo(f"{number}.png", (4, 4), (Annotation(word, counts),))
        for number, word in enumerate(words)
    )
    project = Project(tuple(map(Label, words)), photos)
    check(project, name, blank_images(project))


def test_zips_are_the_same_every_time(project):
    assert pack(project, "project")[1] == pack(project, "project")[1]


def test_a_zip_is_one_that_others_open(project, images, tmp_path):
    write_annotations(project, tmp_path / "a.tamingseg", "project", images, True)
    with zipfile.ZipFile(tmp_path / "a.tamingseg") as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            "photos/day1/a.jpg",
            "photos/day2/b.png",
            "photos/nothing.png",
            "project.json",
        ]


def test_losses_in_a_line(project, images):
    _, lost, _, _ = there_and_back(project, "coco", images)
    assert summary(lost, 9) == [
        "COCO: how masks were made is not kept: 1 of 9 objects (day2/b.png, object 2)",
        "COCO: how far photos are is not kept: 2 times (day1/a.jpg; nothing.png)",
    ]
