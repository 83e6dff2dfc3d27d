import numpy as np
import pytest

from tamingseg.data.sample_images import SAMPLE_IMAGES, load_sample_image


@pytest.mark.parametrize("name", SAMPLE_IMAGES)
def test_every_photo_ships_with_scikit_image(name, monkeypatch):
    monkeypatch.setattr("skimage.data._fetchers._image_fetcher", None)  # what would download
    image = load_sample_image(name)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert min(image.shape[:2]) >= 300


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="sample image must be one of coffee"):
        load_sample_image("dog")
