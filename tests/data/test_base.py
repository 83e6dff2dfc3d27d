"""Reading files that strangers made."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.base import read_image, read_size
from tamingseg.data.limits import MAX_PIXELS, MAX_SIDE

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def encode(image, kind="PNG", **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
        buffer, kind, **options
    )
    return buffer.getvalue()


def png_of_size(width, height):
    """A PNG whose header promises that size; nothing follows."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0])) + chunk(b"IDAT", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_rgb_comes_as_it_is(kind, tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(encode(PIXELS, kind))
    for source in (path, str(path), path.read_bytes()):
        image = read_image(source)
        np.testing.assert_array_equal(image, PIXELS)
        assert image.dtype == np.uint8
        assert image.flags.writeable


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_rgb_comes_nearly_as_it_is(kind):
    smooth = np.full((20, 30, 3), (200, 120, 60), np.uint8)
    assert np.abs(read_image(encode(smooth, kind)).astype(int) - smooth).max() <= 3


def test_grey_becomes_three_equal_channels():
    np.testing.assert_array_equal(
        read_image(encode(PIXELS[..., 0])), np.repeat(PIXELS[..., :1], 3, axis=2)
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    grey = PIXELS[..., 0].astype(np.uint16) * 257
    grey[0, 0] = 65535
    image = read_image(encode(grey, kind))
    np.testing.assert_array_equal(image[..., 1], grey // 257)


def test_palette_and_one_bit():
    red_and_blue = np.array([[[255, 0, 0], [0, 0, 255]]] * 2, np.uint8)
    palette = Image.fromarray(red_and_blue).convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    np.testing.assert_array_equal(read_image(encode(palette)), red_and_blue)
    ones = Image.fromarray(np.eye(3, dtype=bool))
    np.testing.assert_array_equal(read_image(encode(ones))[..., 0], np.eye(3) * 255)


def test_transparent_pixels_are_white():
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    pixels[0, 1] = (10, 20, 30, 0)
    image = read_image(encode(pixels))
    assert image[0, 0].tolist() == [10, 20, 30]
    assert image[0, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    red = Image.new("RGB", (8, 6), (250, 10, 10)).convert("CMYK")
    image = read_image(encode(red, kind))
    assert image.shape == (6, 8, 3)
    assert np.abs(image.astype(int) - (250, 10, 10)).max() < 12


def test_exif_rotation_is_carried_out():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn clockwise
    image = read_image(encode(PIXELS, "PNG", exif=exif))
    np.testing.assert_array_equal(image, np.rot90(PIXELS, -1))


def test_a_jpeg_is_shrunk_but_no_side_below_the_one_asked_for():
    exif = Image.Exif()
    exif[0x0112] = 6
    large = np.full((160, 240, 3), (200, 120, 60), np.uint8)
    turned = encode(large, "JPEG", exif=exif)
    assert [read_image(turned, side=side).shape[:2] for side in (160, 60, 20)] == [
        (240, 160),
        (120, 80),
        (30, 20),
    ]
    assert np.abs(read_image(turned, side=20).astype(int) - large[0, 0]).max() <= 3
    assert read_image(encode(large), side=20).shape == large.shape


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + bytes(50), b"\xff\xd8\xff" + bytes(9)])
def test_not_an_image(data, tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"notes\.jpg is not a JPEG, PNG"):
        read_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_truncated(kind, tmp_path):
    whole = encode(PIXELS, kind)
    path = tmp_path / "half"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(ValueError, match=r"half is .*damaged"):
        read_image(path)


def test_too_large_is_refused_from_the_header():
    for width, height in [(30_000, 30_000), (10_000, MAX_PIXELS // 10_000 + 1)]:
        with pytest.raises(ValueError, match="make it smaller"):
            read_image(png_of_size(width, height))


def test_a_side_no_jpeg_can_have_is_refused_from_the_header():
    for size in [(50, MAX_SIDE + 1), (MAX_SIDE + 1, 50)]:
        with pytest.raises(ValueError, match="a side can have at most 65500"):
            read_image(png_of_size(*size))
    longest = read_image(encode(np.zeros((2, MAX_SIDE), np.uint8)))
    assert encode(longest, "JPEG").startswith(b"\xff\xd8")


def test_a_side_of_one_pixel_is_refused():
    for size in [(1, 1), (1, 9), (9, 1)]:
        with pytest.raises(ValueError, match="nothing to segment"):
            read_image(encode(np.zeros((*size, 3), np.uint8)))
    assert read_image(encode(np.zeros((2, 2, 3), np.uint8))).shape == (2, 2, 3)


def test_missing_file(tmp_path):
    for path in (tmp_path / "nothing.png", tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            read_image(path)


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif"])
def test_photos_of_phones_are_named_and_what_to_do(tmp_path, brand):
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(40))
    with pytest.raises(ValueError, match=r"IMG_0001\.HEIC is a HEIC, HEIF or AVIF photo.*as JPEG"):
        read_image(path)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
@pytest.mark.parametrize("orientation", [1, 2, 5, 6, 8])
def test_sizes_are_those_of_the_upright_photo(ending, orientation, tmp_path):
    path = tmp_path / f"a.{ending}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (7, 4)).save(path, exif=exif)
    assert read_size(path) == read_size(path.read_bytes()) == read_image(path).shape[:2]
