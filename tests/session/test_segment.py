"""One call from clicks to a mask."""

import numpy as np
import pytest

from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.session import segment as module
from tamingseg.session.segment import segment
from tamingseg.session.session import Session
from tamingseg.values import Click


def test_it_is_what_a_session_makes_of_the_clicks(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    session = Session(segmentor, two_discs.image)
    session.add_click(30, 44)
    session.add_click(16, 18)
    session.add_click(2, 2, positive=False)
    clicks = [(30, 44), Click(16, 18), Click(2, 2, positive=False)]
    mask = segment(two_discs.image, clicks, segmentor)
    assert np.array_equal(mask, session.mask)
    assert np.array_equal(mask, two_discs.label_maps[0] > 0)
    assert np.array_equal(segment(segmentor.embed(two_discs.image), clicks, segmentor), mask)


def test_the_threshold_is_followed(two_discs, fake_segmentor):
    assert not segment(two_discs.image, [(30, 44)], fake_segmentor(), threshold=0.96).any()


def test_the_default_model_is_loaded_once(two_discs, monkeypatch):
    import tamingseg.segmentors.load as load

    made = []

    def load_segmentor():
        made.append(FunctionSegmentor(lambda image, _: np.ones(image.shape[:2]), "all"))
        return made[-1]

    monkeypatch.setattr(load, "load_segmentor", load_segmentor)
    module._default_segmentor.cache_clear()
    try:
        for _ in range(2):
            assert segment(two_discs.image, clicks=[(1, 1)]).all()
    finally:
        module._default_segmentor.cache_clear()
    assert len(made) == 1


def test_what_is_refused(two_discs, fake_segmentor):
    with pytest.raises(ValueError, match="at least one click"):
        segment(two_discs.image, [], fake_segmentor())
    with pytest.raises(ValueError, match="outside the image"):
        segment(two_discs.image, [(48, 0)], fake_segmentor())
    with pytest.raises(ValueError, match="uint8"):
        segment(two_discs.image / 255, [(1, 1)], fake_segmentor())
