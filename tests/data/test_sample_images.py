import numpy as np
import pytest

from tamingseg.data.sample_images import SAMPLE_IMAGES, load_sample_image, load_sample_truth


@pytest.mark.parametrize("name", SAMPLE_IMAGES)
def test_every_photo_ships_with_scikit_image(name, monkeypatch):
    monkeypatch.setattr("skimage.data._fetchers._image_fetcher", None)  # what would download
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
