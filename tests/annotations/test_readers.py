"""What we write, read by others: masks are the same pixel by pixel.

Programs that do not install beside this one (datumaro, ultralytics, labelme, Label Studio's
converter) are asked by `scripts/check_formats.py`; their rules are written out here by hand.
"""

import base64
import io
import json
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
import shapely
import skimage.io
import yaml
from faster_coco_eval import COCO as FasterCOCO
from PIL import Image, ImageDraw
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tamingseg.annotations.report import Report
from tamingseg.annotations.writing import write_annotations, write_files


def inside(geometry, size):
    """Bool (H, W): the pixels whose centres lie in a geometry."""
    rows, cols = np.mgrid[: size[0], : size[1]] + 0.5
    return shapely.contains_xy(geometry, cols, rows)


@pytest.fixture
def written(project, images, tmp_path):
    """`written(format)`: the folder with all files of a format."""

    def write(name):
        write_annotations(project, tmp_path / name, name, images, with_photos=True)
        return tmp_path / name

    return write


@pytest.mark.parametrize("reader", [COCO, FasterCOCO])
@pytest.mark.parametrize("name", ["coco", "coco-polygons"])
def test_coco(reader, name, written, masks):
    found = reader(str(written(name) / "annotations/instances_default.json"))
    assert [found.imgs[key]["file_name"] for key in (1, 2, 3)] == [
        "day1/a.jpg",
        "day2/b.png",
        "nothing.png",
    ]
    assert [found.cats[key]["name"] for key in (1, 2, 3)] == ["cell", "dirt", "größte Zelle"]
    assert sorted(found.anns) == list(range(1, 10))
    for number, mask in enumerate(masks.values(), 1):
        entry = found.anns[number]
        np.testing.assert_array_equal(found.annToMask(entry), mask)
        rows, cols = mask.nonzero()
        box = [cols.min(), rows.min(), np.ptp(cols) + 1, np.ptp(rows) + 1]
        assert (entry["area"], entry["bbox"], entry["iscrowd"]) == (mask.sum(), box, 0)


def test_coco_scores_its_own_masks_as_right(written):
    truth = COCO(str(written("coco") / "annotations/instances_default.json"))
    answers = [{**entry, "score": 0.9} for entry in truth.anns.values()]
    measured = COCOeval(truth, truth.loadRes(answers), "segm")
    measured.evaluate()
    measured.accumulate()
    measured.summarize()
    assert measured.stats[0] == 1


def test_yolo_as_ultralytics_fills_it(written, masks):
    folder = written("yolo")
    assert yaml.safe_load((folder / "data.yaml").read_text()) == {
        "path": ".",
        "train": "images",
        "val": "images",
        "names": {0: "cell", 1: "dirt", 2: "größte Zelle"},
    }
    lines = (folder / "labels/day1/a.txt").read_text().splitlines()
    assert (folder / "labels/nothing.txt").read_text() == ""
    assert (folder / "images/day1/a.jpg").is_file()
    found = []
    for line in lines:
        values = np.array(line.split()[1:], np.float32).reshape(-1, 2)
        assert len(values) > 2
        mask = np.zeros((24, 31), np.uint8)
        cv2.fillPoly(mask, [(values * (31, 24)).astype(np.int32)], 1)
        found.append(mask > 0)
    filled = masks["hole"].copy()
    filled[13:17, 5:9] = True
    expected = list(masks.values())[:-1]
    one, other = (expected[2] & (np.arange(24) < 8)[:, None] for _ in range(2))
    other = expected[2] & ~one
    for mask, right in zip(found, [expected[0], filled, one, other, *expected[3:]], strict=True):
        np.testing.assert_array_equal(mask, right)


def test_labelme_as_it_fills_itself(written, masks):
    contents = json.loads((written("labelme") / "day1/a.json").read_text())
    assert (contents["imageHeight"], contents["imageWidth"]) == (24, 31)
    assert contents["imagePath"] == "a.jpg"
    found = {}
    for index, shape in enumerate(contents["shapes"]):
        assert shape.keys() == {
            "label", "points", "shape_type", "mask", "group_id", "description", "flags",
        }  # fmt: skip
        mask = Image.new("1", (31, 24))
        if shape["shape_type"] == "polygon":
            assert len(shape["points"]) > 2
            draw = ImageDraw.Draw(mask)
            draw.polygon([tuple(point) for point in shape["points"]], outline=1, fill=1)
        else:
            (left, top), (right, bottom) = shape["points"]
            crop = Image.open(io.BytesIO(base64.b64decode(shape["mask"])))
            assert crop.size == (right - left + 1, bottom - top + 1)
            mask.paste(crop, (left, top))
        key = shape["group_id"] or f"shape {index}"
        found[key] = found.get(key, False) | np.array(mask)
    for mask, right in zip(found.values(), list(masks.values())[:-1], strict=True):
        np.testing.assert_array_equal(mask, right)


def test_geojson_through_shapely(written, masks):
    contents = json.loads((written("geojson") / "day1/a.geojson").read_text())
    for feature, mask in zip(contents["features"], masks.values(), strict=False):
        geometry = shapely.from_geojson(json.dumps(feature))
        (geometry,) = geometry.geoms if geometry.geom_type == "GeometryCollection" else [geometry]
        assert geometry.is_valid
        assert geometry.area == mask.sum()
        np.testing.assert_array_equal(inside(geometry, (24, 31)), mask)


def test_label_maps_through_scikit_image(written, masks):
    maps = skimage.io.imread(written("label-maps") / "masks/day1/a.png")
    assert maps.dtype == np.uint16
    palette = np.array(Image.open(written("index-png") / "masks/day1/a.png"))
    expected = np.zeros((24, 31), int)
    for number, mask in enumerate(list(masks.values())[:-1], 1):
        expected[mask] = number
    np.testing.assert_array_equal(maps, expected)
    np.testing.assert_array_equal(palette, expected)


def test_voc_and_cityscapes_through_pillow(written, masks):
    expected = np.zeros((24, 31), int)
    for number, mask in enumerate(list(masks.values())[:-1], 1):
        expected[mask] = number
    classes = np.array([0, 1, 2, 3, 1, 2, 3, 1])[expected]
    voc = written("voc")
    shown = Image.open(voc / "SegmentationObject/day1/a.png")
    np.testing.assert_array_equal(np.array(shown), expected)
    assert shown.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    kinds = Image.open(voc / "SegmentationClass/day1/a.png")
    np.testing.assert_array_equal(np.array(kinds), classes)
    assert (voc / "labelmap.txt").read_text().splitlines()[1:3] == [
        "background:0,0,0::",
        "cell:128,0,0::",
    ]
    streets = written("cityscapes") / "gtFine/train/day1"
    ids = np.array([0, 34, 35, 36])[classes]
    found = np.array(Image.open(streets / "a_gtFine_labelIds.png"))
    np.testing.assert_array_equal(found, ids)
    found = np.array(Image.open(streets / "a_gtFine_instanceIds.png"))
    np.testing.assert_array_equal(found, np.where(ids, ids * 1000 + expected, 0))


def test_cvat_along_rows(written, masks):
    root = ElementTree.parse(written("cvat") / "annotations.xml").getroot()
    image = root.find("image")
    assert image.attrib == {"id": "0", "name": "day1/a.jpg", "width": "31", "height": "24"}
    for shape, mask in zip(image.findall("mask"), masks.values(), strict=False):
        left, top, width, height = (
            int(shape.get(key)) for key in ("left", "top", "width", "height")
        )
        found = np.zeros((24, 31), bool)
        values, value = [], False
        for run in shape.get("rle").split(", "):
            values += [value] * int(run)
            value = not value
        found[top : top + height, left : left + width] = np.reshape(values, (height, width))
        np.testing.assert_array_equal(found, mask)


def test_cutouts_show_the_photo(written, images, masks):
    folder = written("cutouts")
    cut = np.array(Image.open(folder / "day2/b/0002-cell.png"))
    photo = np.array(Image.open(io.BytesIO(images["day2/b.png"])))
    np.testing.assert_array_equal(cut[..., :3], photo[10:20, 2:12])
    np.testing.assert_array_equal(cut[..., 3] > 0, masks["hole"][10:20, 2:12])


def test_more_regions_than_16_bits_hold():
    from tamingseg.annotations.reading import read_files

    labels = np.arange(1, 256 * 257 + 1, dtype=np.int32).reshape(256, 257)
    file = io.BytesIO()
    Image.fromarray(labels).save(file, "TIFF")
    project, notes = read_files({"a.tif": file.getvalue()}, {"a.jpg": (256, 257)})
    assert not notes
    assert len(project.photos[0].objects) == 65_792
    written = dict(write_files(project, "label-maps", Report()))
    back = skimage.io.imread(io.BytesIO(written["masks/a.tif"]))
    np.testing.assert_array_equal(back, labels)
