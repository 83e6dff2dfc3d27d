import numpy as np
import pytest

from tamingseg.data.catalog import open_datasets
from tamingseg.data.sample_images import (
    SAMPLE_IMAGES,
    SamplePhotos,
    load_sample_image,
    load_sample_truth,
)


@pytest.mark.parametrize("name", SAMPLE_IMAGES)
def test_every_photo_ships_with_scikit_image(name):
    image = load_sample_image(name)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert min(image.shape[:2]) >= 300


@pytest.mark.parametrize("name", SAMPLE_IMAGES)
def test_every_photo_has_its_label_map(name):
    truth = load_sample_truth(name)
    assert truth.dtype == np.int32
    assert truth.shape == load_sample_image(name).shape[:2]
    labels, areas = np.unique(truth[truth > 0], return_counts=True)
    assert labels.tolist() == list(range(1, len(labels) + 1))
    assert areas.min() >= 256


def test_the_coins_are_24():
    assert load_sample_truth("coins").max() == 24


def test_an_unknown_name_is_refused():
    for load in (load_sample_image, load_sample_truth):
        with pytest.raises(ValueError, match="sample image must be one of coffee"):
            load("../dog")


def test_the_photos_are_a_data_set_that_needs_no_folder(tmp_path):
    (photos,) = open_datasets(["sample-photos"], tmp_path)
    assert photos.name == "sample-photos"
    assert list(photos.names) == list(SAMPLE_IMAGES)
    assert photos.fingerprint == SamplePhotos().fingerprint
    for index, name in enumerate(SAMPLE_IMAGES):
        sample = photos[index]
        assert sample.name == name
        np.testing.assert_array_equal(sample.image, load_sample_image(name))
        np.testing.assert_array_equal(sample.label_maps[0], load_sample_truth(name))
        assert len(list(sample.masks())) == load_sample_truth(name).max()  # none is too small
        assert sample.ignore(0) is None
    assert len(photos) == len(SAMPLE_IMAGES)
