"""Looking closer: which window is taken, and what is asked through it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.masks.changes import settle
from tamingseg.segmentors import zoom as zoom_module
from tamingseg.segmentors.click import ClickSegmentor
from tamingseg.segmentors.torch_network import TorchNetwork
from tamingseg.segmentors.windows import zoom_window
from tamingseg.segmentors.zoom import ZoomSegmentor
from tamingseg.values import Click


def box(height, width, rows, cols):
    mask = np.zeros((height, width), bool)
    mask[slice(*rows), slice(*cols)] = True
    return mask


@st.composite
def scenes(draw):
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    bottom, right = draw(st.integers(top, height)), draw(st.integers(left, width))
    row = draw(st.floats(0, height, exclude_max=True))
    col = draw(st.floats(0, width, exclude_max=True))
    return box(height, width, (top, bottom), (left, right)), Click(row, col)


@given(scenes())
def test_a_window_holds_mask_and_click_and_lies_in_the_image(scene):
    mask, click = scene
    window = zoom_window(mask, click)
    if window is None:
        return
    top, left, height, width = window
    assert 0 <= top <= top + height <= mask.shape[0]
    assert 0 <= left <= left + width <= mask.shape[1]
    assert mask[top : top + height, left : left + width].sum() == mask.sum()
    assert top <= click.row < top + height
    assert left <= click.col < left + width
    assert height * width <= 0.6 * mask.size


def test_small_objects_are_seen_larger():
    click = Click(100, 100)
    assert zoom_window(box(400, 800, (90, 110), (90, 120)), click) == (64, 72, 64, 64)
    assert zoom_window(box(400, 800, (50, 180), (90, 120)), click)[2:] == (182, 64)
    assert zoom_window(box(400, 800, (10, 390), (90, 120)), click)[2:] == (400, 64)
    assert zoom_window(box(400, 800, (10, 390), (9, 520)), click) is None
    # A click far off has to be seen too.
    assert zoom_window(box(400, 800, (90, 110), (90, 120)), Click(399, 799)) is None


def test_a_little_more_mask_is_seen_through_the_same_window():
    click = Click(100, 100)
    first = zoom_window(box(400, 800, (90, 110), (90, 120)), click)
    assert zoom_window(box(400, 800, (88, 111), (90, 122)), click) == first


@pytest.fixture
def pair(make_model):
    model = make_model("clicknet")
    return tuple(
        kind(TorchNetwork(model), kind.__name__) for kind in (ClickSegmentor, ZoomSegmentor)
    )


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (120, 160, 3), np.uint8)


CLICKS = [Click(60, 80), Click(70, 90, positive=False)]


def test_without_a_mask_to_look_at_nothing_changes(pair, image):
    one = [segmentor.predict_jointly(segmentor.embed(image), CLICKS) for segmentor in pair]
    np.testing.assert_array_equal(*one)
    negative = [segmentor.predict(segmentor.embed(image), CLICKS[1:]) for segmentor in pair]
    np.testing.assert_array_equal(*negative)


@pytest.fixture
def never_leaks(monkeypatch):
    """The tiny model's answers fill the image, and would run out of every window."""
    monkeypatch.setattr(zoom_module, "_LEAK", 1.0)


def look_through(monkeypatch, choose):
    monkeypatch.setattr(zoom_module, "zoom_window", choose)


def test_the_window_is_asked_about_like_an_image_of_its_own(pair, image, monkeypatch, never_leaks):
    plain, zoom = pair
    previous = box(120, 160, (55, 75), (70, 95)).astype(np.float32)
    look_through(monkeypatch, lambda mask, click: (30, 40, 60, 80))
    answer = zoom.predict_jointly(zoom.embed(image), CLICKS, previous)
    moved = [Click(click.row - 30, click.col - 40, click.positive) for click in CLICKS]
    part = np.s_[30:90, 40:120]
    cut = plain.embed(image[part].copy())
    expected = plain.predict_jointly(plain.embed(image), CLICKS, previous)
    expected[part] = plain.predict_jointly(cut, moved, previous[part])
    np.testing.assert_array_equal(answer, settle(expected, previous, CLICKS))


def test_an_earlier_click_outside_of_the_window_is_not_asked_about(
    pair, image, monkeypatch, never_leaks
):
    plain, zoom = pair
    previous = box(120, 160, (55, 75), (70, 95)).astype(np.float32)
    clicks = [CLICKS[0], Click(110, 20, positive=False), CLICKS[1]]
    assert zoom_window(previous > 0, clicks[-1]) is not None
    look_through(monkeypatch, lambda mask, click: (30, 40, 60, 80))
    answer = zoom.predict_jointly(zoom.embed(image), clicks, previous)
    part = np.s_[30:90, 40:120]
    moved = [Click(click.row - 30, click.col - 40, click.positive) for click in CLICKS]
    expected = plain.predict_jointly(plain.embed(image), clicks, previous)
    seen = plain.predict_jointly(plain.embed(image[part].copy()), moved, previous[part])
    expected[part] = seen
    np.testing.assert_array_equal(answer, settle(expected, previous, clicks))


def test_an_answer_that_runs_out_of_its_window_is_seen_through_a_larger_one(
    pair, image, monkeypatch
):
    plain, zoom = pair
    previous = box(120, 160, (55, 75), (70, 95)).astype(np.float32)
    asked = []

    def choose(mask, click):
        window = [(55, 70, 20, 25), (40, 50, 60, 80), None][len(asked)]
        asked.append(mask.copy())
        return window

    look_through(monkeypatch, choose)
    monkeypatch.setattr(zoom_module, "_LEAK", -1.0)  # everything does
    answer = zoom.predict_jointly(zoom.embed(image), CLICKS, previous)
    assert asked[1][55:75, 70:95].all()
    assert asked[2][40:100, 50:130].all()
    # In the end there is no window, and the answer about the whole image stands.
    around = plain.predict_jointly(plain.embed(image), CLICKS, previous)
    np.testing.assert_array_equal(answer, settle(around, previous, CLICKS))


@given(scenes())
def test_windows_grow_until_there_is_none(scene):
    mask, click = scene
    areas = []
    while (window := zoom_window(mask, click)) is not None:
        top, left, height, width = window
        mask[top : top + height, left : left + width] = True
        areas.append(height * width)
    assert areas == sorted(set(areas))


def test_only_borders_inside_the_image_count():
    answer = np.zeros((4, 5), np.float32)
    answer[0, 1:-1] = 1
    assert zoom_module._runs_out(answer, (2, 2, 4, 5), (20, 20))
    assert not zoom_module._runs_out(answer, (0, 2, 4, 5), (20, 20))
    assert zoom_module._runs_out(answer[::-1], (0, 2, 4, 5), (20, 20))
    assert not zoom_module._runs_out(answer[::-1], (16, 2, 4, 5), (20, 20))


WINDOWS = [(0, 0, 40, 50), (20, 20, 60, 80), (60, 30, 40, 40), (10, 90, 80, 60)]


def test_what_was_asked_before_changes_nothing_but_the_time(pair, image, monkeypatch, never_leaks):
    _, zoom = pair
    used, embedded = zoom.embed(image), []
    original = ClickSegmentor.embed

    def embed(self, pixels):
        embedded.append(pixels.shape[:2])
        return original(self, pixels)

    previous = np.ones((120, 160), np.float32)
    for number in (0, 1, 0, 2, 0, 3, 0, 1):
        top, left, _, _ = WINDOWS[number]
        look_through(monkeypatch, lambda mask, click, number=number: WINDOWS[number])
        clicks = [Click(top + 5, left + 5)]
        fresh = zoom.predict_jointly(zoom.embed(image), clicks, previous)
        with monkeypatch.context() as patched:
            patched.setattr(ClickSegmentor, "embed", embed)
            again = zoom.predict_jointly(used, clicks, previous)
        np.testing.assert_array_equal(again, fresh)
    # Three are remembered, the longest unused one goes: 0 stays, 1 has to be seen again.
    assert embedded == [tuple(WINDOWS[number][2:]) for number in (0, 1, 2, 3, 1)]
    windows = [WINDOWS[number] for number in (3, 0, 1)]
    parts = [image[top : top + height, left : left + width] for top, left, height, width in windows]
    assert used.nbytes == sum(pair[0].embed(part).nbytes for part in (image, *parts))


def test_two_threads_answer_as_one(pair, image, monkeypatch, never_leaks):
    """The window for the mask before is asked about early, and its answer is taken only if the new
    mask needs the same window."""
    _, zoom = pair
    previous, expected = box(120, 160, (55, 75), (70, 95)).astype(np.float32), []
    for threads in (1, 2):
        monkeypatch.setattr(zoom.network, "workers", threads)
        for windows in ([WINDOWS[1]] * 2, [WINDOWS[1], (30, 40, 60, 80)], [WINDOWS[1], None]):
            embedding = zoom.embed(image)
            look_through(monkeypatch, lambda mask, click: WINDOWS[1])
            zoom.predict_jointly(embedding, CLICKS, previous)
            known = iter(windows if threads == 2 else windows[1:])
            look_through(monkeypatch, lambda mask, click, known=known: next(known))
            expected.append(zoom.predict_jointly(embedding, CLICKS, previous))
    for one, two in zip(expected[:3], expected[3:], strict=True):
        np.testing.assert_array_equal(one, two)


def test_one_positive_click_is_answered_with_one_piece(pair, image, monkeypatch):
    """At the model's own resolution nothing changes: proposals take pieces level by level."""
    _, zoom = pair
    monkeypatch.setattr(zoom_module, "centred_on", lambda logits, level: logits)
    clicks = [Click(30, 40), Click(100, 150), Click(60, 80, positive=False)]
    answers = [segmentor.predict(segmentor.embed(image), clicks) for segmentor in pair]
    assert (answers[1] <= answers[0] + 1e-6).all()
    np.testing.assert_array_equal(answers[1][2], answers[0][2])
    jointly = zoom.predict_jointly(zoom.embed(image), clicks[:1])
    np.testing.assert_allclose(jointly, answers[1][0], atol=1e-6)
    coarse = [model.predict(model.embed(image), clicks, full_size=False) for model in pair]
    np.testing.assert_array_equal(*coarse)


class Islands(torch.nn.Module):
    """Answers every click with the same two squares, one of them in a fainter larger one."""

    stride_multiple = 32

    def __init__(self, config):
        super().__init__()
        self.config = config

    def encode(self, images):
        return (torch.zeros(1, 1, images.shape[2] // 4, images.shape[3] // 4),)

    def decode(self, features, clicks, previous=None):
        logits = torch.full((1, clicks.shape[1], *features[0].shape[2:]), -0.8)  # .31
        logits[..., 1:8, 1:8] = 0.1  # .52
        logits[..., 2:6, 2:6], logits[..., 2:6, 12:15] = 4.0, 4.0
        return logits

    def enlarge(self, logits, features):
        return logits.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_a_click_at_the_very_edge_is_answered(pair, image):
    _, zoom = pair
    last = np.nextafter(image.shape[0], 0), np.nextafter(image.shape[1], 0)
    assert zoom.predict(zoom.embed(image), [Click(*map(float, last))]).shape == (1, 120, 160)


def test_an_island_elsewhere_needs_a_click_of_its_own(make_model):
    model = Islands(make_model("clicknet", image_size=64).config)
    zoom = ZoomSegmentor(TorchNetwork(model), "islands")
    embedding = zoom.embed(np.zeros((64, 64, 3), np.uint8))
    (mask,) = zoom.predict(embedding, [Click(16, 16)]) > 0.5
    assert mask[16, 16]
    assert not mask[16, 54]
    both = zoom.predict_jointly(embedding, [Click(16, 16), Click(16, 54)]) > 0.5
    assert both[16, 16]
    assert both[16, 54]


def test_the_default_mask_is_the_level_that_persists(make_model):
    """All is in the answer up to .3, the fainter square up to .5, the clicked one up to .95."""
    model = Islands(make_model("clicknet", image_size=64).config)
    zoom = ZoomSegmentor(TorchNetwork(model), "islands")
    (answer,) = zoom.predict(zoom.embed(np.zeros((64, 64, 3), np.uint8)), [Click(16, 16)])
    assert answer[10:22, 10:22].min() > 0.5
    assert 0.1 < answer[28, 28] < 0.5


def test_a_click_on_a_very_wide_photo_begins_at_the_click(pair, rng, never_leaks):
    """Its answer is that of the square around the click, whatever is beside it."""
    _, zoom = pair
    panorama = rng.integers(0, 256, (64, 2000, 3), np.uint8)
    answer = zoom.predict(zoom.embed(panorama), [Click(32, 1000)])[0]
    (columns,) = np.nonzero(answer.any(axis=0))
    assert 960 <= columns[0] <= columns[-1] <= 1040
    cut = np.ascontiguousarray(panorama[:, columns[0] : columns[-1] + 1])
    expected = zoom.predict(zoom.embed(cut), [Click(32, 1000 - columns[0])])[0]
    np.testing.assert_array_equal(answer[:, columns[0] : columns[-1] + 1], expected)
