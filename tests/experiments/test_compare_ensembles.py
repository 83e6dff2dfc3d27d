"""Every way to ask a model, in a world that looks the same from all sides."""

import numpy as np
import pytest
from compare_ensembles import PLAIN, at_scale, ways_to_ask

from tamingseg.segmentors.load import segmentor_for
from tamingseg.values import Click


def test_a_model_that_knows_is_right_however_it_is_asked(two_discs, fake_segmentor):
    ways = ways_to_ask(fake_segmentor())
    assert next(iter(ways)) == PLAIN
    disc = two_discs.label_maps[0] == 2
    for name, way in ways.items():
        answer = way.predict(way.embed(two_discs.image), [Click(30.5, 44.5)])[0]
        assert ((answer > 0.5) == disc).mean() > 0.98, name


@pytest.mark.parametrize("scale", [0.5, 2])
def test_a_model_at_another_scale_shares_its_weights(make_model, two_discs, scale):
    segmentor = segmentor_for(make_model("clicknet"), "tiny")
    other = at_scale(segmentor, scale)
    small = other.predict(other.embed(two_discs.image), [Click(1, 1)], full_size=False)[0]
    assert small.shape == (12 * scale, 16 * scale)
    assert segmentor.network.model is other.network.model
    assert np.isfinite(small).all()
