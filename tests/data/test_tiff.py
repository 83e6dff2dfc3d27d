"""TIFF files of several channels with more than 8 bits, and their pages; tifffile writes them."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from tamingseg.annotations.pictures import read_numbers
from tamingseg.data import tiff
from tamingseg.data.base import count_pages, read_image, read_pixels

COLOUR = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
COLOUR[0, :2] = [[0, 0, 0], [255, 255, 255]]  # all of the range is used


def written(pixels, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def deep(dtype, image=COLOUR):
    """The same image with the full range of another type, from 0 to 1 if it has fractions."""
    dtype = np.dtype(dtype)
    return (image / 255 * (1 if dtype.kind == "f" else np.iinfo(dtype).max)).astype(dtype)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["uint16", "uint32", "float16", "float32", "float64"])
def test_colours(dtype, compression, planes):
    pixels = deep(dtype)
    data = written(
        np.moveaxis(pixels, 2, 0) if planes else pixels,
        photometric="rgb",
        planarconfig="separate" if planes else "contig",
        compression=compression,
    )
    assert np.abs(read_image(data).astype(int) - COLOUR).max() <= 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32"])
def test_the_order_of_bytes_changes_nothing(dtype, compression, order):
    pixels = np.arange(600).reshape(20, 30).astype(dtype)
    data = written(pixels, photometric="minisblack", byteorder=order, compression=compression)
    np.testing.assert_array_equal(read_pixels(data), pixels)
    np.testing.assert_array_equal(read_numbers(data), pixels)
    grey = read_image(data)[..., 0]
    assert grey[0, 0] == 0
    assert grey[-1, -1] > 100
    assert (np.diff(grey.ravel().astype(int)) >= 0).all()
    pages = written(
        np.stack([pixels[::-1], pixels]),
        photometric="minisblack",
        byteorder=order,
        compression=compression,
    )
    np.testing.assert_array_equal(read_image(pages, page=1)[..., 0], grey)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_whoever_decodes(orientation, monkeypatch):
    data = written(deep("float32"), photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    eight = written(COLOUR, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    one, other = read_image(data), read_image(eight)
    assert np.abs(one.astype(int) - other).max() <= 1

    def unknown(*_):
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    monkeypatch.setattr(tiff, "_decode", unknown)
    np.testing.assert_array_equal(read_image(data), one)


def test_a_compression_that_nobody_decodes_is_said(monkeypatch):
    planes = np.moveaxis(deep("uint16"), 2, 0)
    data = written(planes, photometric="rgb", planarconfig="separate")

    def unknown(*_):
        raise ValueError("unknown compression")

    monkeypatch.setattr(tiff, "_decode", unknown)
    with pytest.raises(ValueError, match=r"cannot be decoded \(unknown compression\); save it"):
        read_image(data)


def test_transparency_and_further_channels(caplog):
    alpha = np.zeros((40, 60, 1), np.uint8)
    alpha[:20] = 255
    pixels = deep("float32", np.concatenate([COLOUR, alpha], axis=2))
    seen = read_image(written(pixels, photometric="rgb", extrasamples=["unassalpha"]))
    assert np.abs(seen[:20].astype(int) - COLOUR[:20]).max() <= 1
    assert (seen[20:] == 255).all()
    assert "channels" not in caplog.text
    seen = read_image(written(pixels, photometric="rgb", extrasamples=["unspecified"]))
    assert np.abs(seen.astype(int) - COLOUR).max() <= 1
    assert "has 4 channels; the first 3 are read" in caplog.text
    bands = np.concatenate([deep("uint16"), deep("uint16")], axis=2)
    seen = read_image(written(bands, photometric="minisblack", planarconfig="contig"))
    np.testing.assert_array_equal(seen, COLOUR)


def test_grey_with_transparency():
    pixels = np.stack([deep("uint16")[..., 0], np.full((40, 60), 65_535, np.uint16)], axis=2)
    data = written(pixels, photometric="minisblack", planarconfig="contig", extrasamples=[2])
    np.testing.assert_array_equal(read_image(data)[..., 0], COLOUR[..., 0])


def test_printing_inks():
    inks = Image.fromarray(COLOUR).convert("CMYK")
    data = written(deep("uint16", np.asarray(inks)), photometric="separated")
    np.testing.assert_array_equal(read_image(data), np.asarray(inks.convert("RGB")))


def test_too_large_ones_are_refused_from_their_header():
    data = bytearray(written(np.zeros((4, 5, 3)), photometric="rgb"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for name in ("ImageWidth", "ImageLength"):
            place = file.pages[0].tags[name].valueoffset
            size = 2 if file.pages[0].tags[name].dtype == 3 else 4
            data[place : place + size] = (8000).to_bytes(size, "little")
    with pytest.raises(ValueError, match="24 bytes for each of 8000 x 8000 pixels"):
        read_image(bytes(data))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("grey", [False, True])
def test_pages(dtype, grey, caplog, tmp_path):
    stack = np.stack([COLOUR, 255 - COLOUR, COLOUR // 2 + 64])
    stack[2, 0, :2] = [[0, 0, 0], [255, 255, 255]]
    pages = stack if dtype == "uint8" else deep(dtype, stack)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(
        path, pages[..., 0] if grey else pages, photometric="minisblack" if grey else "rgb"
    )
    assert count_pages(path) == count_pages(path.read_bytes()) == 3
    for page in range(3):
        seen = read_image(path, page)[..., : 1 if grey else 3].astype(int)
        assert np.abs(seen - stack[page][..., : 1 if grey else 3]).max() <= 1
    assert "pages" not in caplog.text
    np.testing.assert_array_equal(read_image(path), read_image(path, 0))
    assert "stack.tif has 3 pages; only the first is read" in caplog.text
    for page in (3, -1):
        with pytest.raises(ValueError, match=r"stack\.tif has 3 pages, and none of number"):
            read_image(path, page)


def test_smaller_copies_are_no_pages(tmp_path):
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(COLOUR, photometric="rgb")
        file.write(COLOUR[::2, ::2].copy(), photometric="rgb", subfiletype=1)
        file.write(255 - COLOUR, photometric="rgb")
    assert count_pages(path) == 2
    np.testing.assert_array_equal(read_image(path, 1), 255 - COLOUR)
    file = io.BytesIO()
    Image.fromarray(COLOUR).save(file, "PNG")
    assert count_pages(file.getvalue()) == 1


def test_lzw():
    lzw = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    data = cv2.imencode(".tif", deep("uint16")[..., ::-1], lzw)[1].tobytes()
    np.testing.assert_array_equal(read_image(data), COLOUR)


@pytest.mark.filterwarnings("ignore")  # Pillow's
def test_damaged_files(rng):
    whole = written(deep("float32"), photometric="rgb", compression="zlib")
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 4):
            data[place] ^= int(rng.integers(1, 256))
        try:
            assert read_image(bytes(data)).dtype == np.uint8
        except ValueError as error:
            assert "the image" in str(error)  # noqa: PT017 (either is right)
