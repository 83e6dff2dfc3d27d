"""Photos of more than 8 bits: as bright as the same photo in 8 bits."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from tamingseg.data.base import read_image

GREY = np.random.default_rng(0).integers(0, 256, (40, 60)).astype(np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)


def deep(image, bits):
    """The same image with `bits` bits, in 16."""
    return np.rint(image * ((2**bits - 1) / 255)).astype(np.uint16)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_whole_numbers(tmp_path, bits, ending):
    path = tmp_path / f"a.{ending}"
    Image.fromarray(deep(GREY, bits)).save(path)
    np.testing.assert_array_equal(read_image(path)[..., 0], GREY)
    cv2.imwrite(str(path), deep(COLOUR, bits)[..., ::-1])
    np.testing.assert_array_equal(read_image(path), COLOUR)
    np.testing.assert_array_equal(read_image(path.read_bytes()), COLOUR)


@pytest.mark.parametrize("scale", [1, 255, 65_535])
def test_floating_point_numbers(tmp_path, scale):
    Image.fromarray((GREY / np.float32(255)) * scale).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 0], GREY)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_what_uses_no_full_scale_runs_from_percentile_to_percentile(tmp_path, dtype):
    values = (300 + GREY.astype(dtype)).astype(dtype)  # 300 to 555 of 65,535
    values[0, 0] = 60_000  # a pixel that is hot
    tifffile.imwrite(tmp_path / "a.tif", values)
    image = read_image(tmp_path / "a.tif")[..., 0].astype(int)
    assert np.abs(image - GREY)[1:].max() <= 1
    assert image[0, 0] == 255


def test_negative_and_impossible_numbers(tmp_path):
    values = GREY.astype(np.float32) * 10 - 1000
    values[0, :3] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "a.tif", values)
    image = read_image(tmp_path / "a.tif")[..., 0]
    assert np.abs(image.astype(int) - GREY)[1:].max() <= 1
    assert image[0, :3].tolist() == [0, 255, 0]
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 5), np.nan, np.float32))
    assert read_image(tmp_path / "a.tif").max() == 0


@pytest.mark.parametrize("value", [0, 1, 700, 65_535])
def test_one_brightness_everywhere(tmp_path, value):
    Image.fromarray(np.full((4, 5), value, np.uint16)).save(tmp_path / "a.png")
    assert np.ptp(read_image(tmp_path / "a.png")) == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_white_may_be_zero(tmp_path, dtype):
    values = deep(255 - GREY, 12).astype(dtype) if dtype != np.uint8 else 255 - GREY
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    assert np.abs(read_image(tmp_path / "a.tif")[..., 0].astype(int) - GREY).max() <= 1


def test_a_file_says_what_is_white(tmp_path):
    values = 100 + GREY.astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, imagej=True, metadata={"min": 100, "max": 355})
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 0], GREY)
    for white, expected in ((1023, values / 1023 * 255), (5, values / 1023 * 255), (0, None)):
        tags = [(281, "H", 1, white, False)]
        tifffile.imwrite(tmp_path / "a.tif", values + 500, extratags=tags)
        assert read_image(tmp_path / "a.tif").max() > 200, "whatever it says, it is not black"
        if white == 1023:
            tifffile.imwrite(tmp_path / "a.tif", values, extratags=tags)
            np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 0], np.rint(expected))


def test_orientation_and_transparency_of_deep_colours(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOUR).save(tmp_path / "8.png", exif=exif)
    chunk = (tmp_path / "8.png").read_bytes()
    start = chunk.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(chunk[start : start + 4], "big")
    whole = cv2.imencode(".png", deep(COLOUR, 16)[..., ::-1])[1].tobytes()
    place = whole.index(b"IDAT") - 4
    (tmp_path / "16.png").write_bytes(whole[:place] + chunk[start:end] + whole[place:])
    np.testing.assert_array_equal(read_image(tmp_path / "16.png"), np.rot90(COLOUR, -1))
    for orientation in range(1, 9):
        tags = [(274, "H", 1, orientation, False)]
        tifffile.imwrite(tmp_path / "8.tif", COLOUR, extratags=tags)
        tifffile.imwrite(tmp_path / "16.tif", deep(COLOUR, 16), extratags=tags)
        one, other = (read_image(tmp_path / f"{bits}.tif") for bits in (8, 16))
        np.testing.assert_array_equal(one, other)
    half = np.dstack([deep(COLOUR, 16)[..., ::-1], np.zeros(GREY.shape, np.uint16)])
    half[:20, :, 3] = 65_535
    cv2.imwrite(str(tmp_path / "a.png"), half)
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image[:20], COLOUR[:20])
    assert (image[20:] == 255).all()


def test_damaged_deep_colours(tmp_path):
    whole = cv2.imencode(".png", deep(COLOUR, 16))[1].tobytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    try:
        assert read_image(tmp_path / "a.png").shape == COLOUR.shape
    except ValueError as error:
        assert "a.png is damaged" in str(error)  # noqa: PT017 (either is right)
