"""Photos whose pixels are sound, whatever lies beside them."""

import io
import logging
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tamingseg.data.base import read_image
from tamingseg.data.png import only_pixels

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def encode(pixels, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("after_the_pixels", [False, True])
def test_long_texts_in_a_png(after_the_pixels):
    texts = PngInfo()
    texts.add_text("prompt", "a red disc " * 200_000, zip=True)
    texts.add_itxt("history", "edited " * 300_000)
    data = encode(PIXELS, pnginfo=texts)
    if after_the_pixels:
        start, end = data.index(b"zTXt") - 4, data.index(b"IDAT") - 4
        data = data[:start] + data[end:-12] + data[start:end] + data[-12:]
    np.testing.assert_array_equal(read_image(data), PIXELS)


def test_a_large_colour_profile_in_a_png():
    data = encode(PIXELS, icc_profile=bytes(3_000_000))
    np.testing.assert_array_equal(read_image(data), PIXELS)


def test_a_chunk_that_says_it_is_longer_than_the_file():
    data = bytearray(encode(PIXELS))
    place = data.index(b"IDAT") - 4
    data[place : place + 4] = b"\xff" * 4
    assert only_pixels(io.BytesIO(data)).read() == data


def test_the_orientation_in_a_text_of_a_png():
    tags = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    exif = (b"Exif\0\0" + tags).hex()
    texts = PngInfo()
    texts.add_text("Raw profile type exif", f"\nexif\n{len(exif) // 2:8}\n{exif}\n", zip=True)
    np.testing.assert_array_equal(read_image(encode(PIXELS, pnginfo=texts)), np.rot90(PIXELS, -1))


@pytest.mark.filterwarnings("ignore:.*orrupt EXIF data")  # Pillow's; the photo is read
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif", [b"", b"nonsense", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + bytes(9)]
)
def test_damaged_exif(kind, exif):
    smooth = np.full((20, 30, 3), (200, 120, 60), np.uint8)
    image = read_image(encode(smooth, kind, exif=b"Exif\0\0" + exif))
    assert np.abs(image.astype(int) - smooth).max() <= 3


@pytest.mark.parametrize("channels", [2, 4])
def test_transparent_everywhere_means_nothing(channels, caplog):
    pixels = np.zeros((20, 30, channels), np.uint8)
    pixels[..., :-1] = PIXELS[..., : channels - 1]
    image = read_image(encode(pixels))
    np.testing.assert_array_equal(image[..., 0], PIXELS[..., 0])
    assert "transparent everywhere" in caplog.text


def test_further_pages_are_said(tmp_path, caplog):
    pages = [Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(read_image(tmp_path / "stack.tif"), PIXELS)
    assert "stack.tif has 2 pages; only the first is read" in caplog.text


def test_a_thumbnail_is_no_page(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    small = Image.fromarray(PIXELS[::2, ::2])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    Image.fromarray(PIXELS).save(tmp_path / "a.tif", save_all=True, append_images=[small])
    with Image.open(tmp_path / "a.tif") as image:
        image.seek(1)
        assert image.tag_v2[254] == 1, "the test needs a file with a thumbnail"
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), PIXELS)
    assert not caplog.text
