"""Files of strangers: each fault is named with its file and entry, the rest is read."""

import io
import json
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tamingseg.annotations.formats.labelstudio import decode_brush, encode_brush
from tamingseg.annotations.reading import read_annotations, read_files
from tamingseg.annotations.report import Report
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import write_files
from tamingseg.masks.rle import decode_rle, encode_rle

SIZE = (6, 8)
SIZES = {"a.png": SIZE, "b.png": SIZE}
SQUARE = np.zeros(SIZE, bool)
SQUARE[1:3, 2:5] = True


def picture(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def read(files, sizes=SIZES):
    """The masks of photo a.png, and the notes as text."""
    files = {
        name: data if isinstance(data, bytes) else json.dumps(data).encode()
        for name, data in files.items()
    }
    project, notes = read_files(files, sizes)
    photos = {photo.name: photo for photo in project.photos}
    objects = photos["a.png"].objects if "a.png" in photos else ()
    return [decode_rle(item.mask, SIZE) for item in objects], [str(note) for note in notes]


def only_the_square(masks):
    (mask,) = masks
    np.testing.assert_array_equal(mask, SQUARE)


RLE = {"size": [6, 8], "counts": encode_rle(SQUARE)}
IMAGES = [{"id": 1, "file_name": "a.png", "height": 6, "width": 8}]
CATEGORIES = [{"id": 1, "name": "cell"}]


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"image_id": 9}, "annotation 2: left out: the file describes no image 9"),
        ({"image_id": "1"}, "annotation 2: left out: image_id must be a whole number, got '1'"),
        (
            {"segmentation": RLE | {"size": [8, 6]}},
            "annotation 2: left out: it has (height, width)",
        ),
        ({"segmentation": RLE | {"counts": "~"}}, "annotation 2: left out: '~' has no place in"),
        ({"segmentation": RLE | {"counts": [1]}}, "annotation 2: left out: the run lengths must"),
        ({"segmentation": []}, "annotation 2: left out: it has no segmentation"),
        ({"segmentation": [[1, 2, 3]]}, "annotation 2: left out: a polygon must be a list of"),
        ({"segmentation": [[1, 2, 1e300, 2, 3, 3]]}, "annotation 2: left out: a polygon must be"),
        ({"category_id": None}, "annotation 2: left out: category_id must be a whole number"),
        (None, "annotation 2: left out: expected an entry with image_id, got None"),
    ],
)
def test_coco_entries(annotation, message):
    sound = {"image_id": 1, "category_id": 1, "segmentation": RLE}
    broken = None if annotation is None else sound | annotation
    contents = {"images": IMAGES, "categories": CATEGORIES, "annotations": [sound, broken]}
    masks, notes = read({"in.json": contents})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(f"in.json, {message}")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"file_name": "c.png"}, "c.png: left out: there is no such photo"),
        ({"height": None}, "in.json, image 2: left out: expected height and width in pixels"),
        ({"file_name": "../"}, "in.json, image 2: left out: '../' names no photo"),
        ({"file_name": "b.png", "height": 7}, "b.png: left out: it was made for a photo of"),
        (None, "in.json, image 2: left out: expected height and width in pixels"),
    ],
)
def test_coco_images(image, message):
    broken = (
        None if image is None else {"id": 2, "file_name": "b.png"} | IMAGES[0] | {"id": 2} | image
    )
    contents = {
        "images": [*IMAGES, broken],
        "categories": CATEGORIES,
        "annotations": [{"image_id": 1, "category_id": 1, "segmentation": RLE}],
    }
    masks, notes = read({"in.json": contents})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(message)


def test_coco_that_is_read_with_a_word():
    entries = [
        {"image_id": 1, "category_id": 1, "segmentation": [[2, 1, 5, 1, 5, 3, 2, 3]], "iscrowd": 1},
        {"image_id": 1, "category_id": 7, "segmentation": [[-4, -4, 2, -4, 2, 2, -4, 2]]},
    ]
    masks, notes = read({"a.json": {"images": IMAGES, "annotations": entries}})
    np.testing.assert_array_equal(masks[0], SQUARE)
    assert masks[1].sum() == 4
    assert notes == [
        "a.json, annotation 1: there is no category 1; a label of that name is made",
        "a.json, annotation 1: a crowd (iscrowd 1) is read as one object",
        "a.json, annotation 2: what lies outside the photo is cut off",
        "a.json, annotation 2: there is no category 7; a label of that name is made",
    ]


POLYGON = {"label": "cell", "points": [[2, 1], [4, 1], [4, 2], [2, 2]], "shape_type": "polygon"}


def labelme(*shapes, **more):
    head = {"imagePath": "a.png", "imageHeight": 6, "imageWidth": 8}
    return head | {"shapes": [POLYGON, *shapes]} | more


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"shape_type": "line"}, "a shape 'line' has no area"),
        ({"points": [[1, 2]]}, "a polygon needs 3 points, got 1"),
        ({"points": [[1, None]] * 3}, "the coordinates of an outline must be numbers"),
        ({"label": 3}, "label must be text, got 3"),
        ({"shape_type": "mask", "mask": "@"}, "its mask is no base64"),
        ({"shape_type": "mask", "mask": "aGFsbG8="}, "it is no PNG, TIFF or BMP"),
        ({"shape_type": "mask"}, "it has no mask"),
    ],
)
def test_labelme_shapes(shape, message):
    masks, notes = read({"a.json": labelme(POLYGON | shape)})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(f"a.json, shape 2: left out: {message}")


def test_labelme_of_another_size():
    files = {"a.json": labelme(imageHeight=12), "b.json": labelme(imagePath="b.png")}
    masks, notes = read(files)
    assert masks == []
    assert notes == [
        "a.png: left out: it was made for a photo of (height, width) (12, 8), but a.png has (6, 8);"
        " was it turned or resized?"
    ]


def test_labelme_beside_a_photo_of_another_size():
    project, notes = read_files(
        {"a.json": json.dumps(labelme()).encode(), "a.png": picture(np.zeros((9, 9), np.uint8))}
    )
    assert project.photos == ()
    assert [str(note)[:50] for note in notes] == [
        "a.png: left out: it was made for a photo of (heigh"
    ]


def test_two_files_for_one_photo():
    masks, notes = read({"a.json": labelme(), "deep/a.json": labelme(imagePath="../a.png")})
    only_the_square(masks)
    assert notes == ["deep/a.json: left out: a.png has its shapes from another file"]
    maps = {"a.png": picture(SQUARE * np.uint8(7)), "deep/a.png": picture(SQUARE * np.uint8(7))}
    masks, notes = read(maps)
    only_the_square(masks)
    assert notes == ["deep/a.png: left out: a.png has its objects from a.png"]


def test_labelme_rectangles_circles_and_groups():
    corner = POLYGON | {"points": [[0, 0], [0, 0], [0, 0]], "group_id": 1}
    more = [
        POLYGON | {"shape_type": "rectangle", "points": [[4, 2], [2, 1]]},
        POLYGON | {"shape_type": "circle", "points": [[3, 3], [4, 3]]},
        corner,
        corner | {"points": [[7, 5], [7, 5], [7, 5]]},
        corner | {"label": "dirt"},
    ]
    masks, notes = read({"a.json": labelme(*more)})
    assert notes == []
    np.testing.assert_array_equal(masks[1], SQUARE)
    circle = Image.new("1", (8, 6))
    ImageDraw.Draw(circle).ellipse((2, 2, 4, 4), outline=1, fill=1)
    np.testing.assert_array_equal(masks[2], np.array(circle))
    assert [mask.sum() for mask in masks[3:]] == [2, 1]


LINE = "0 0.3125 0.25 0.5625 0.25 0.5625 0.4167 0.3125 0.4167"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.1 0.2 0.3 0.4 0.5 0.6 0.7", "line 2: left out: after the class come x and y in turn"),
        ("0 0.5 0.5 0.2 0.2", "line 2: left out: it is a box, no outline"),
        ("0 0.5 0.5", "line 2: left out: expected an outline of at least 3 points"),
        ("cell 0.5 0.5", "line 2: left out: expected numbers, got 'cell 0.5 0.5'"),
        ("-1 .1 .1 .2 .2 .3 .3", "line 2: left out: a line begins with the number of a class"),
        ("0 nan .1 .2 .2 .3 .3", "line 2: left out: the coordinates of an outline must be numbers"),
        ("inf .1 .1 .2 .2 .3 .3", "line 2: left out: a line begins with the number of a class"),
    ],
)
def test_yolo_lines(line, message):
    files = {"data.yaml": b"names: [cell]", "labels/a.txt": f"{LINE}\n{line}\n".encode()}
    masks, notes = read(files)
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(f"labels/a.txt, {message}")


def test_yolo_files():
    files = {"labels/a.txt": LINE.encode(), "labels/c.txt": LINE.encode(), "README.txt": b"Hello"}
    masks, notes = read(files)
    only_the_square(masks)
    assert notes == [
        "labels/a.txt, line 1: class 0 has no name; a label is made",
        "labels/c.txt: left out: there is no photo of it, so nobody knows its size",
    ]
    for text in (b"names: [", b"names: 3", b"- 1", b"names: {a: b}", b"[" * 1500):
        masks, notes = read({"data.yaml": text, "labels/a.txt": LINE.encode()})
        only_the_square(masks)
        assert notes[0].startswith("data.yaml: left out: it ")


def test_label_maps_of_another_size_or_kind():
    files = {
        "a.png": picture(SQUARE * np.uint8(3)),
        "b.png": picture(np.ones((9, 9), np.uint8)),
        "c.png": picture(np.zeros((6, 8, 3), np.uint8)),
        "d.png": picture(SQUARE)[:50],
    }
    masks, notes = read(files)
    only_the_square(masks)
    assert [note[:65] for note in notes] == [
        "c.png: left out: expected one whole number per pixel, got uint8 o",
        "d.png: left out: it is damaged or truncated (image file is trunca",
        "b.png: left out: it was made for a photo of (height, width) (9, 9",
    ]


def test_palette_pictures_cut_off_anywhere():
    palette = Image.fromarray(SQUARE * np.uint8(3)).convert("P")
    file = io.BytesIO()
    palette.save(file, "PNG")
    data = file.getvalue()
    for length in range(8, len(data)):
        files = {"objects.csv": b"photo,value,label,name\n", "masks/a.png": data[:length]}
        masks, notes = read(files)
        assert masks == [] or len(masks) == 1
        assert masks or notes[0].startswith("masks/a.png: left out: it is")


def test_voc_in_colours_as_datumaro_writes_it():
    colours = np.zeros((*SIZE, 3), np.uint8)
    objects, classes = colours.copy(), colours.copy()
    objects[SQUARE], objects[5] = (0, 128, 0), (224, 224, 192)
    classes[SQUARE] = (10, 20, 30)
    files = {
        "SegmentationObject/a.png": picture(objects),
        "SegmentationClass/a.png": picture(classes),
        "labelmap.txt": b"# label\nbackground:0,0,0::\nother:1,1,1::\ncell:10,20,30::\n",
    }
    masks, notes = read(files)
    only_the_square(masks)
    assert notes == []
    project, _ = read_files(files, SIZES)
    assert project.photos[0].objects[0].label == "cell"
    objects[5] = (1, 2, 3)
    masks, notes = read(files | {"SegmentationObject/a.png": picture(objects)})
    assert masks == []
    assert notes == [
        "SegmentationObject/a.png: left out: it has colours that stand for nothing, such as #010203"
    ]


def test_a_truncated_zip_names_itself():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", json.dumps(labelme()))
    with pytest.raises(ValueError, match=r"work\.zip is damaged or truncated"):
        read_files({"work.zip": file.getvalue()[:-30]}, SIZES)


CVAT = (
    '<annotations><image id="0" name="a.png" width="8" height="6">'
    '<mask label="cell" left="2" top="1" width="3" height="2" rle="0,6"/>{}</image></annotations>'
)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            '<mask label="x" left="7" top="1" width="3" height="2" rle="0,6"/>',
            "its mask is not ins",
        ),
        (
            '<mask label="x" left="1" top="1" width="3" height="2" rle="0,7"/>',
            "its run lengths mus",
        ),
        ('<mask label="x" left="1" top="1" width="3" height="2"/>', "it has no rle"),
        ('<mask label="x" left="1" top="1" width="1" height="1" rle="inf"/>', "expected numbers"),
        ('<mask label="x" left="a" top="1" width="3" height="2"/>', "left must be a whole number"),
        ('<polygon label="x" points="1,2;3"/>', "expected x and y in turn, got 3 numbers"),
        ('<points label="x" points="1,2"/>', "a points has no area"),
        ('<polygon points="1,2;3,4;1,4"/>', "it has no label"),
        ('<polygon label="" points="1,2;3,4;1,4"/>', "the label of an object must be text"),
    ],
)
def test_cvat_shapes(shape, message):
    masks, notes = read({"annotations.xml": CVAT.format(shape).encode()})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith("annotations.xml, a.png, ")
    assert f"2: left out: {message}" in notes[0]


def test_xml_with_entities_is_refused():
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]>' + CVAT.format("").encode()
    masks, notes = read({"annotations.xml": bomb})
    assert masks == []
    assert "annotations.xml: left out: it declares entities" in notes[0]


SVG = '<svg width="8" height="6"><path d="M2 1h3v2h-3z"/>{}</svg>'


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ('<path d="M0 0C1 1 2 2 3 3Z"/>', "path 2: left out: curves (C) are not read"),
        ('<path d="L1 2 3 4Z"/>', "path 2: left out: a path begins with M"),
        ('<path d="M1 2 3"/>', "path 2: left out: expected x and y in turn, got 3 numbers"),
        ('<circle r="3"/>', "circle 2: left out: a circle is not read; draw a path"),
        (
            '<g transform="scale(2)"><rect width="1" height="1"/></g>',
            "rect 2: left out: shapes with",
        ),
        ('<polygon points="1 2"/>', "polygon 2: left out: expected an outline of at least 3"),
    ],
)
def test_svg_shapes(shape, message):
    masks, notes = read({"a.svg": SVG.format(shape).encode()})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(f"a.svg, {message}")


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (None, "it has no geometry"),
        ({"geometry": {"type": "Point", "coordinates": []}}, "a 'Point' has no area"),
        ({"geometry": {"type": "Polygon", "coordinates": 3}}, "coordinates must be a list"),
        ({"geometry": {"type": "MultiPolygon", "coordinates": [3]}}, "a polygon must be a list"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[1]]]}}, "expected an outline"),
    ],
)
def test_geojson_features(feature, message):
    ring = [[2, 1, 0], [5, 1, 0], [5, 3, 0], [2, 3, 0], [2, 1, 0]]
    sound = {"geometry": {"type": "Polygon", "coordinates": [ring]}}
    contents = {"type": "FeatureCollection", "features": [sound, feature]}
    masks, notes = read({"a.geojson": contents})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(f"a.geojson, feature 2: left out: {message}")


def task(*regions):
    sound = {"type": "brushlabels", "original_width": 8, "original_height": 6}
    sound["value"] = {"rle": encode_brush(SQUARE), "brushlabels": ["cell"]}
    image = "/data/upload/1/0123abcd-a.png"
    return [{"data": {"image": image}, "annotations": [{"result": [sound, *regions]}]}]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (None, "expected an entry with type"),
        ({"type": "choices"}, "a region of type 'choices' is not read"),
        ({"type": "brushlabels", "value": {"rle": [0] * 9}}, "its mask is not of (height, width)"),
        ({"type": "brushlabels", "value": {"rle": [3]}}, "the run lengths end in the middle"),
        ({"type": "brushlabels", "value": {"rle": [300]}}, "run lengths must be a list of numbers"),
        (
            {"type": "brushlabels", "value": {"rle": encode_brush(SQUARE)[:-3]}},
            "the run lengths end in the middle",
        ),
    ],
)
def test_label_studio_regions(region, message):
    masks, notes = read({"tasks.json": task(region)})
    only_the_square(masks)
    assert len(notes) == 1
    assert notes[0].startswith(f"tasks.json, task 1, region 2: left out: {message}")


def test_label_studio_polygons_are_in_per_cent():
    points = [[25, 100 / 6], [62.5, 100 / 6], [62.5, 50], [25, 50]]
    masks, notes = read(
        {"tasks.json": task({"type": "polygonlabels", "value": {"points": points}})}
    )
    np.testing.assert_array_equal(masks[1], SQUARE)
    assert notes == []


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(1, 40_000))
@settings(max_examples=30)
def test_label_studio_run_lengths_of_any_length(values, times):
    mask = np.repeat(values, times).reshape(6, times)
    np.testing.assert_array_equal(decode_brush(encode_brush(mask), mask.shape), mask)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_never_crash(name, project, images):
    """Bytes are changed and cut off: all is read, or noted, or refused with a ValueError."""
    rng = np.random.default_rng(0)
    files = dict(write_files(project, name, Report(), images))
    sizes = {photo.name: photo.size for photo in project.photos}
    for _ in range(60):
        broken = dict(files)
        victim = rng.choice(sorted(name for name in files if files[name]))
        data = bytearray(files[victim])
        for place in rng.integers(0, len(data), rng.integers(1, 8)):
            data[place] = rng.integers(256)
        broken[victim] = bytes(data[: rng.integers(len(data)) if rng.random() < 0.3 else None])
        with suppress(ValueError):
            read_files(broken, sizes, name)


@pytest.mark.parametrize(
    "contents",
    [b"[]", b'"x"', b"{", b'{"version": [[1]]}', b'{"version": 1, "photos": 3}', b"[" * 10**5],
)
def test_a_damaged_project_is_named(contents, tmp_path):
    (tmp_path / "project.json").write_bytes(contents)
    with pytest.raises(ValueError, match=r"^project\.json of .*: .") as caught:
        read_annotations(tmp_path, name="project")
    assert str(tmp_path) in str(caught.value)


def test_a_zip_without_a_project_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "work.tamingseg", "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(ValueError, match=r"work\.tamingseg is no project: it holds no project"):
        read_annotations(tmp_path / "work.tamingseg", name="project")


def test_an_image_of_coco_that_is_no_object_is_noted():
    image = {"id": 1, "file_name": "a.png", "height": 4, "width": 5}
    for strange in ([1], "x", 3, {"id": 2, "file_name": "b.png", "height": [4], "width": 5}):
        contents = {"images": [strange, image], "annotations": [], "categories": []}
        project, notes = read_files({"a.json": json.dumps(contents).encode()}, name="coco")
        assert [photo.name for photo in project.photos] == ["a.png"]
        assert [note.entry for note in notes] == ["image 1"]
