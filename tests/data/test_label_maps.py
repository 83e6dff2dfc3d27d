"""What the values of label maps mean."""

import logging

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.base import read_pixels
from tamingseg.data.label_maps import (
    GRABCUT,
    Meaning,
    from_16_bits,
    read_label_map,
    read_object,
    read_objects,
    resized_labels,
)
from tamingseg.values import VOID, Sample

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128, *[0] * 750, 224, 224, 192]
"""The first colours of Pascal VOC, and the one of void."""


def save_palette(path, values, colours):
    image = Image.fromarray(np.asarray(values, np.uint8))
    image.putpalette(colours)
    image.save(path)
    return path


class TestLabelMap:
    labels = np.arange(12).reshape(3, 4)

    def save(self, tmp_path, image):
        path = tmp_path / "labels.png"
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path)
        return path

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    def test_8_and_16_bit(self, dtype, tmp_path):
        labels = (self.labels * (np.iinfo(dtype).max // 11)).astype(dtype)
        read = read_label_map(self.save(tmp_path, labels))
        assert read.dtype == np.int32
        np.testing.assert_array_equal(read, labels)

    def test_palette_gives_the_index(self, tmp_path):
        image = Image.fromarray(self.labels.astype(np.uint8))
        image.putpalette([value for value in range(12) for _ in range(3)][::-1])
        np.testing.assert_array_equal(read_label_map(self.save(tmp_path, image)), self.labels)

    def test_one_bit(self, tmp_path):
        np.testing.assert_array_equal(
            read_label_map(self.save(tmp_path, self.labels > 5)), self.labels > 5
        )

    def test_colours_are_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"labels\.png must have one whole number per pixel"):
            read_label_map(self.save(tmp_path, PIXELS))

    @pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
    def test_tiff_with_more_than_255_labels(self, dtype, tmp_path):
        path = tmp_path / "cells.tif"
        Image.fromarray((self.labels * 700).astype(dtype)).save(path)
        np.testing.assert_array_equal(read_label_map(path), self.labels * 700)

    @pytest.mark.parametrize("number", [0.5, np.nan, np.inf, 1e12])
    def test_numbers_that_are_not_whole_are_refused(self, number, tmp_path):
        path = tmp_path / "probabilities.tif"
        Image.fromarray(np.full((3, 4), number, np.float32)).save(path)
        with pytest.raises(ValueError, match=r"probabilities\.tif must have one whole number"):
            read_label_map(path)

    def test_read_pixels_keeps_channels(self, tmp_path):
        np.testing.assert_array_equal(read_pixels(self.save(tmp_path, PIXELS)), PIXELS)


def test_an_object_is_what_is_not_black_whatever_the_palette(tmp_path):
    mask = np.eye(4, dtype=np.uint8)
    for black, white in ((0, 1), (1, 0), (7, 3)):  # places in the table of colours
        image = Image.fromarray(np.where(mask, np.uint8(white), np.uint8(black)))
        table = np.full((256, 3), 128, np.uint8)
        table[black], table[white] = 0, 255
        image.putpalette(table.tobytes())
        image.save(tmp_path / "mask.png")
        np.testing.assert_array_equal(read_object(tmp_path / "mask.png"), mask)


VALUES = np.array([[0, 0, 1, 1], [2, 2, 255, 255]], np.uint8)


def test_meanings():
    values = np.array([[0, 1, 2, 64, 128, 255, -3]])
    for meaning, expected in [
        (Meaning(), [0, 1, 2, 64, 128, 255, VOID]),
        (Meaning(void=(255, 2)), [0, 1, VOID, 64, 128, VOID, VOID]),
        (Meaning(background=(64,)), [VOID, 1, 2, 0, 128, 255, VOID]),
        (Meaning(background=(0, 64)), [0, 1, 2, 0, 128, 255, VOID]),
        (Meaning(void=(255,), one_object=True), [0, 1, 1, 1, 1, VOID, VOID]),
        (GRABCUT, [0, 1, 1, 0, VOID, 1, VOID]),
    ]:
        labels = meaning.labels(values)
        assert labels.dtype == np.int32
        assert labels.tolist() == [expected]


def test_void_in_the_colours_of_voc(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = save_palette(tmp_path / "a.png", VALUES, VOC)
    assert read_label_map(path).tolist() == [[0, 0, 1, 1], [2, 2, VOID, VOID]]
    assert "255 is void" in caplog.text
    assert read_label_map(path, Meaning())[1, 3] == 255, "set.json is believed"


def test_255_without_those_colours_is_a_region_and_said(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    Image.fromarray(VALUES).save(tmp_path / "a.png")
    assert read_label_map(tmp_path / "a.png").tolist() == VALUES.tolist()
    assert "a.png: 255 is read as a region" in caplog.text
    caplog.clear()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(tmp_path / "a.png")
    assert read_label_map(tmp_path / "a.png").max() == 255
    Image.fromarray((VALUES > 1).astype(np.uint8) * 255).save(tmp_path / "a.png")
    assert read_label_map(tmp_path / "a.png").max() == 255
    assert not caplog.text, "255 regions, or one mask: nothing is assumed"


@pytest.mark.parametrize("red", [191, 192])  # of DAVIS-2017, of VOC
def test_objects_of_davis_2017(tmp_path, red):
    colours = [*VOC]
    colours[3 * 9 : 3 * 10] = [red, 0, 0]
    values = np.array([[0, 1, 9, 255]] * 2, np.uint8)
    path = save_palette(tmp_path / "a.png", values, colours)
    assert read_objects(path)[0].tolist() == [0, 1, 9, VOID]
    other = [*VOC]
    other[3 * 9 : 3 * 10] = [10, 20, 30]
    path = save_palette(tmp_path / "a.png", values, other)
    assert read_objects(path)[0].tolist() == [0, 1, 1, 1]


def test_a_trimap_of_grabcut(tmp_path):
    for values, expected in [
        ([0, 64, 128, 255], [0, 0, VOID, 1]),
        ([0, 127, 128, 255], [0, 1, 1, 1]),  # a soft outline
        ([0, 0, 128, 128], [0, 0, 1, 1]),
    ]:
        Image.fromarray(np.array([values] * 2, np.uint8)).save(tmp_path / "a.png")
        assert read_objects(tmp_path / "a.png")[0].tolist() == expected


def test_void_counts_neither_way():
    labels = np.array([[[0, 1, VOID], [0, 1, VOID]]], np.int32)
    sample = Sample(np.zeros((2, 3, 3), np.uint8), labels, "a")
    np.testing.assert_array_equal(sample.ignore(0), labels[0] == VOID)
    assert [label for _, label, _ in sample.masks(1)] == [1]
    sample = Sample(np.zeros((2, 3, 3), np.uint8), labels, "a", zero_is_background=False)
    np.testing.assert_array_equal(sample.ignore(0), labels[0] != 1)


def test_void_stays_when_labels_are_resized():
    labels = np.array([[VOID, 0], [7, 65_534]], np.int32)
    large = resized_labels(labels, (4, 4))
    np.testing.assert_array_equal(large, labels.repeat(2, axis=0).repeat(2, axis=1))
    assert from_16_bits(np.array([65_535], np.uint16)).tolist() == [VOID]
