import numpy as np
import pytest
import torch

from tamingseg.training.click_task import ClickTask, add_error_clicks, cut_some


class Oracle(torch.nn.Module):
    """Answers with a fixed map of logits and remembers what it was asked."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(logits)
        self.asked = []

    def encode(self, images):
        return images

    def enlarge(self, logits, features):
        return logits

    def decode(self, features, clicks, previous):
        self.asked.append((clicks.clone(), previous))
        return self.logits


def world():
    """One image of 16x16, label 1 on the left half; two queries for it."""
    label_map = torch.zeros(1, 16, 16, dtype=torch.int32)
    label_map[:, :, :8] = 1
    return {
        "image": torch.zeros(1, 3, 16, 16, dtype=torch.uint8),
        "label_map": label_map,
        "ignore": torch.zeros(1, 16, 16, dtype=torch.bool),
        "labels": torch.tensor([[1, 1]], dtype=torch.int32),
        "clicks": torch.tensor([[[[8.5, 2.5, 1.0]], [[8.5, 12.5, 0.0]]]]),
    }


def drawing(rounds, of):
    """A seed with which so many of at most `of` extra clicks are made."""
    return next(
        seed for seed in range(100) if np.random.default_rng(seed).integers(of + 1) == rounds
    )


def half(value):
    """Logits 4x4: `value` on the left half, the opposite on the right."""
    logits = torch.full((1, 2, 4, 4), -value)
    logits[..., :2] = value
    return logits


def test_a_right_answer_costs_nothing_and_its_iou_is_one():
    loss, logged = ClickTask(Oracle(half(30.0)), {"soft-iou": 1.0})(world(), 0, seed=0)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert logged["iou"].item() == 1.0


def test_extra_clicks_lie_on_the_error_and_see_the_last_answer():
    oracle = Oracle(half(-30.0))  # everything is wrong: the left is missing, the right too much
    ClickTask(oracle, {"soft-iou": 1.0}, extra_clicks=2)(world(), drawing(2, of=2), seed=0)
    shapes = [tuple(clicks.shape) for clicks, _ in oracle.asked]
    assert shapes == [(1, 2, 1, 3), (1, 2, 2, 3), (1, 2, 3, 3)]
    assert oracle.asked[0][1] is None
    torch.testing.assert_close(oracle.asked[1][1], torch.sigmoid(half(-30.0)))
    for row, col, sign in oracle.asked[2][0].flatten(0, 2).tolist():
        assert (col < 8) == (sign == 1), (row, col, sign)


def test_no_error_leaves_the_slot_empty():
    right = torch.sigmoid(half(30.0))
    clicks = world()["clicks"]
    longer = add_error_clicks(
        clicks,
        right,
        right,
        torch.zeros_like(right),
        torch.Size((16, 16)),
        np.random.default_rng(0),
    )
    torch.testing.assert_close(longer[:, :, :1], clicks)
    assert (longer[:, :, 1] == -1).all()


def test_ignored_pixels_cost_nothing():
    batch = world()
    batch["ignore"][:, :, 8:] = True
    wrong_on_the_right = half(30.0).abs()
    loss, _ = ClickTask(Oracle(wrong_on_the_right), {"soft-iou": 1.0})(batch, 0, seed=0)
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_what_is_not_known_says_nothing_about_the_pixels_beside_it():
    """In a pixel of the answer all that is known is in the mask, however little that is."""
    batch = world()
    batch["label_map"][:] = 2  # nothing is in the mask
    batch["label_map"][:, :, :6] = 1  # but six columns, and the next two are unknown
    batch["ignore"][:, :, 6:8] = True
    loss, logged = ClickTask(Oracle(half(30.0)), {"cross-entropy": 1.0})(batch, 0, seed=0)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert logged["iou"].item() == 1.0
    batch["levels"] = 0.25 * (batch["label_map"][:, None] == 1).expand(1, 2, 16, 16)
    quarter = torch.full((1, 2, 4, 4), -30.0)
    quarter[..., :2] = torch.logit(torch.tensor(0.25))
    loss, _ = ClickTask(Oracle(quarter), {"soft-iou": 1.0})(batch, 0, seed=0)
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_nothing_is_a_right_answer_where_nothing_is_meant():
    batch = world()
    batch["label_map"][:] = 2
    nothing = Oracle(torch.full((1, 2, 4, 4), -30.0))
    assert ClickTask(nothing, {"cross-entropy": 1.0})(batch, 0, seed=0)[1]["iou"].item() == 1.0


@pytest.mark.parametrize("answer", [0.1, 0.9])
def test_no_click_says_that_a_thin_part_is_not_meant(answer):
    """A line of two pixels fills no pixel of the answer by more than half."""
    line = torch.zeros(1, 1, 8, 8)
    line[..., 4] = 0.5
    answered = torch.where(line > 0, answer, 0.1)
    nothing = torch.zeros_like(line)
    clicks = torch.tensor([[[[3.5, 17.5, 1.0]]]])
    size = torch.Size((32, 32))
    rng = np.random.default_rng(0)
    assert (add_error_clicks(clicks, answered, line, nothing, size, rng)[:, :, 1] == -1).all()
    # What is too much beside it is an error all the same.
    answered[..., 6:] = 0.9
    _, col, sign = add_error_clicks(clicks, answered, line, nothing, size, rng)[0, 0, 1].tolist()
    assert (col > 24, sign) == (True, 0)


def test_gradients_come_from_every_round():
    oracle = Oracle(half(0.1))
    loss, _ = ClickTask(oracle, {"soft-iou": 1.0}, 1)(world(), drawing(1, of=1), seed=0)
    loss.backward()
    assert oracle.logits.grad.abs().sum() > 0


def test_the_loss_is_the_weighted_sum_of_the_named_ones():
    weights = {"soft-iou": 2.0, "cross-entropy": 0.5}
    loss, logged = ClickTask(Oracle(half(0.3)), weights, 1)(world(), drawing(1, of=1), seed=0)
    expected = sum(weight * logged[name].item() for name, weight in weights.items())
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_levels_are_what_the_first_answer_should_be():
    """Further clicks are on errors against the label, and ask for it alone."""
    soft = torch.full((1, 2, 4, 4), 0.25)
    batch = {**world(), "levels": torch.full((1, 2, 16, 16), 0.25)}
    task = ClickTask(Oracle(torch.logit(soft)), {"soft-iou": 1.0}, extra_clicks=1)
    alone, _ = task(batch, drawing(0, of=1), seed=0)
    assert alone.item() == pytest.approx(0, abs=1e-6)
    both, _ = task(batch, drawing(1, of=1), seed=0)
    # One quarter everywhere against the left half: 1 - (8 / 4) / (8 + 8 / 4) in the second round.
    assert both.item() == pytest.approx(0.8 / 2, abs=1e-6)
    without, _ = task(world(), drawing(0, of=1), seed=0)
    assert without.item() == pytest.approx(0.8, abs=1e-6)


def test_a_share_of_the_answers_is_cut_to_masks(rng):
    answers = torch.rand(20, 10, 4, 4, generator=torch.Generator().manual_seed(0))
    cut = cut_some(answers, 0.3, rng)
    is_mask = ((cut == 0) | (cut == 1)).flatten(2).all(2)
    assert 0.2 < is_mask.float().mean() < 0.4
    torch.testing.assert_close(cut[~is_mask], answers[~is_mask], rtol=0, atol=0)
    # Each at one level of its own: what is in is above what is out.
    levels = []
    for mask, answer in zip(cut[is_mask], answers[is_mask], strict=True):
        inside, outside = answer[mask == 1], answer[mask == 0]
        assert inside.min() > outside.max()
        levels.append(((inside.min() + outside.max()) / 2).item())
    assert 0.1 < min(levels) < 0.35
    assert 0.65 < max(levels) < 0.9
    torch.testing.assert_close(cut_some(answers, 0.0, rng), answers, rtol=0, atol=0)


def test_the_next_click_lies_on_an_error_of_the_mask_that_is_told():
    """The answer is all "a little more than .5"; cut at a level above, it is empty."""
    task = ClickTask(Oracle(torch.full((1, 2, 4, 4), 0.01)), {"cross-entropy": 1.0}, 1, 1.0)
    for seed in range(40):
        task.model.asked.clear()
        task.loss_of(None, world(), 1, seed)
        clicks, told = task.model.asked[-1]
        for query in range(2):
            # All of it: the error is the right half. Nothing: the left half.
            row, col, sign = clicks[0, query, 1].tolist()
            assert (sign, col < 8) == ((0, False) if told[0, query].all() else (1, True)), row
