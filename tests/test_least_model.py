"""A model with `name`, `embed` and `predict`, and nothing else, works everywhere."""

from dataclasses import replace

import numpy as np
import pytest

from tamingseg import (
    ImageEmbedding,
    JointSegmentor,
    PixelSegmentor,
    Session,
    build_hierarchy,
    panels,
    partition_image,
    propose_masks,
    segment,
)
from tamingseg.evaluation.protocols import clicks
from tamingseg.ui.click.work import find_click_work
from tamingseg.ui.workspaces import Workspaces


class SameColour:
    """Pixels of the clicked colour are the object; a negative click asks for all others."""

    name = "same colour"

    def embed(self, image):
        return ImageEmbedding(image, features=None)

    def predict(self, embedding, clicks, full_size=True):
        answers = np.empty((len(clicks), *embedding.size), np.float32)
        for answer, click in zip(answers, clicks, strict=True):
            colour = embedding.image[int(click.row), int(click.col)]
            alike = (embedding.image == colour).all(axis=2)
            answer[:] = np.where(alike == click.positive, 0.95, 0.05)
        return answers


class Features(SameColour):
    """Knows every pixel by its colour, and still answers no clicks together."""

    def pixel_features(self, embedding):
        return embedding.image.astype(np.float32) / 255

    def affinity(self, first, second):
        squares = ((first[:, None] - second) ** 2).sum(axis=2)
        return np.exp(-20 * squares).astype(np.float32)


@pytest.fixture(params=[SameColour, Features])
def segmentor(request):
    return request.param()


@pytest.fixture(params=["image", "embedding"])
def seen(request, segmentor, two_discs):
    """The image, and what the segmentor made of it: every function takes both."""
    return two_discs.image if request.param == "image" else segmentor.embed(two_discs.image)


def test_what_it_is():
    assert not isinstance(SameColour(), JointSegmentor | PixelSegmentor)
    assert isinstance(Features(), PixelSegmentor)
    assert not isinstance(Features(), JointSegmentor)


def test_clicks(segmentor, seen, two_discs):
    disc = two_discs.label_maps[0] == 2
    assert np.array_equal(segment(seen, [(30, 44)], segmentor), disc)
    session = Session(segmentor, seen)
    for click in [(30, 44), (31, 45), (16, 18, False)]:
        session.add_click(*click)
    assert session.mask[disc].all()
    with pytest.raises(ValueError, match="choose another fusion: certainty"):
        Session(segmentor, seen, fusion="joint")


def test_masks_without_a_click(segmentor, seen, two_discs):
    for method in ("grid", "hierarchy"):
        masks = propose_masks(segmentor, seen, method)
        found = [masks[number] for number in range(len(masks))]
        assert any((mask == (two_discs.label_maps[0] == 2)).mean() > 0.98 for mask in found)


def test_regions(segmentor, seen):
    labels = partition_image(segmentor, seen, 3)
    assert labels.max() == 3
    assert np.array_equal(build_hierarchy(segmentor, seen).cut(3), labels)


def test_measuring_and_drawing(segmentor, two_discs):
    settings = clicks.Settings(clicks=3)
    assert clicks.from_model(settings, segmentor, {}).settings["fusion"] == "certainty"
    with pytest.raises(ValueError, match="choose another fusion: certainty"):
        clicks.from_model(replace(settings, fusion="joint"), segmentor, {})
    _, results = clicks.measure(two_discs, segmentor, settings)
    assert [result["ious"][-1] for result in results] == [1, 1]
    assert "3 regions" in panels(segmentor, two_discs.image, 3)


def test_the_page(segmentor, two_discs):
    workspace = Workspaces(segmentor).open_image("discs", two_discs.image)
    clicks = [
        {"do": "add_click", "row": 30.0, "col": 44.0, "positive": True},
        {"do": "add_click", "row": 31.0, "col": 45.0, "positive": True},
    ]
    answer = find_click_work(workspace, segmentor).answer({"sequence": 1, "operations": clicks})
    assert answer["error"] is None
    assert len(answer["objects"][0]["clicks"]) == 2
