"""Losses: official numbers, answers counted by hand, and what must hold for all of them."""

import math

import numpy as np
import pytest
import torch

from tamingseg.losses import (
    LOSSES,
    SOFT_LOSSES,
    check_losses,
    cross_entropy,
    cumulative,
    lovasz_hinge,
    normalized_focal,
    soft_iou,
)


def maps(values):
    """A nested list (H, W) -> float (1, H, W)."""
    return torch.tensor(values, dtype=torch.float32)[None]


@pytest.fixture
def official(shared_fixtures):
    stored = np.load(shared_fixtures / "losses_official.npz")
    return {key: torch.from_numpy(stored[key]) for key in stored.files}


@pytest.mark.data
def test_normalized_focal_is_the_official_one(official):
    logits = official["logits"][:, 0]
    labels = official["labels_with_ignore"][:, 0]
    expected = official["normalized_focal"]
    values = normalized_focal(logits, labels.clamp(min=0), labels < 0)
    torch.testing.assert_close(values, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.data
def test_lovasz_hinge_is_the_official_one(official):
    values = lovasz_hinge(official["logits"][:, 0], official["labels"][:, 0], None)
    torch.testing.assert_close(values.double(), official["lovasz_hinge"], atol=1e-4, rtol=1e-4)


def test_normalized_focal_by_hand():
    """Two pixels at p = .5: equal errors, so the normalised weight is 1 and the loss .5 log 2."""
    value = normalized_focal(maps([[0.0, 0.0]]), maps([[1.0, 0.0]]), None)
    assert value.item() == pytest.approx(0.5 * math.log(2), rel=1e-5)


def test_soft_iou_by_hand():
    """p = (.5, .5, 0), y = (1, 0, 0): 1 - (.5 + 0) / (1 + .5)."""
    logits = maps([[0.0, 0.0, -100.0]])
    assert soft_iou(logits, maps([[1.0, 0.0, 0.0]]), None).item() == pytest.approx(2 / 3)


def test_soft_iou_is_zero_at_soft_targets_too():
    target = torch.rand(3, 5, 7)
    torch.testing.assert_close(
        soft_iou(torch.logit(target), target, None), torch.zeros(3), atol=1e-5, rtol=0
    )


def test_soft_iou_of_nothing_with_nothing():
    empty = torch.zeros(1, 2, 2)
    assert soft_iou(empty - 200, empty, None).item() == pytest.approx(0, abs=1e-6)
    assert soft_iou(empty + 200, empty, None).item() == pytest.approx(1)


def test_the_product_form_of_soft_iou_is_not_minimal_at_a_soft_target():
    """30 pixels of 1, 30 of 1/2, 40 of 0: it prefers to call the halves 1, the min/max form not."""
    target = torch.tensor([1.0] * 30 + [0.5] * 30 + [0.0] * 40)[None, None]
    whole = (target > 0).float()

    def product_form(p):
        return (1 - (p * target).sum() / (p + target - p * target).sum()).item()

    assert product_form(target) == pytest.approx(0.286, abs=1e-3)
    assert product_form(whole) == pytest.approx(0.25)
    assert soft_iou(torch.logit(target), target, None).item() == pytest.approx(0, abs=1e-6)
    assert soft_iou(torch.logit(whole), target, None).item() == pytest.approx(0.25)


def test_soft_iou_is_the_iou_of_all_level_sets():
    """The layer cake: intersections and unions of the level sets, summed over fine levels."""
    logits, target = torch.randn(1, 6, 8), torch.rand(1, 6, 8)
    both = either = 0
    for level in (np.arange(5000) + 0.5) / 5000:
        answered, true = logits.sigmoid() > level, target > level
        both += (answered & true).sum().item()
        either += (answered | true).sum().item()
    assert soft_iou(logits, target, None).item() == pytest.approx(1 - both / either, abs=1e-3)


def test_cross_entropy_of_masks_drawn_at_random_is_that_of_their_mean_on_average(batch):
    logits, target, _ = batch
    expected = cross_entropy(logits[:1], target.mean(0, keepdim=True), None)
    drawn = torch.stack([cross_entropy(logits[:1], mask[None], None) for mask in target])
    torch.testing.assert_close(drawn.mean(0), expected)


def test_cumulative_asks_for_each_mask_with_its_weight():
    """Weights .3, .5 and .2: 3, 5 and 2 of ten thresholds lie within the levels of each mask."""
    inner = maps([[1, 0, 0, 0]]).bool()
    masks = [inner, maps([[1, 1, 0, 0]]).bool(), maps([[1, 1, 1, 0]]).bool()]
    weights = [0.3, 0.5, 0.2]
    target = sum(weight * mask for weight, mask in zip(weights, masks, strict=True))
    logits = torch.randn(1, 1, 4)
    expected = 0.0
    between = ([0.75, 0.85, 0.95], [0.25, 0.35, 0.45, 0.55, 0.65], [0.05, 0.15])
    for mask, levels in zip(masks, between, strict=True):
        sign = 2 * mask.float() - 1
        for level in levels:
            margin = 4 * sign * (logits - math.log(level / (1 - level)))
            expected = expected + torch.log(1 + torch.exp(-margin)).mean() / 4 / 10
    assert cumulative(logits, target, None).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("share", np.arange(1, 10) / 10)
def test_the_best_answer_to_cumulative_is_right_at_every_threshold(share):
    """It is found by search; between the thresholds below the target and those above it."""
    logits = torch.linspace(-6, 6, 12001)[:, None, None]
    losses = cumulative(logits, torch.full_like(logits, share), None)
    best = logits[losses.argmin()].sigmoid().item()
    assert share - 0.05 < best < share + 0.05
    assert (losses.diff().sign().diff() != 0).sum() <= 2  # there is no other minimum


def test_lovasz_hinge_by_hand():
    """Errors 1 - z s: 3 at a background pixel, .5 at the only true one.

    Sorted (3, .5); the IoU loss of the first wrong is 1 - 1/2, of both 1; so 3 * .5 + .5 * .5.
    """
    value = lovasz_hinge(maps([[0.5, 2.0]]), maps([[1.0, 0.0]]), None)
    assert value.item() == pytest.approx(1.75)


def test_lovasz_hinge_of_an_empty_target_is_its_worst_pixel():
    value = lovasz_hinge(maps([[0.5, 2.0, -3.0]]), torch.zeros(1, 1, 3), None)
    assert value.item() == pytest.approx(3)


@pytest.fixture(params=sorted(LOSSES))
def loss(request):
    return LOSSES[request.param]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 6, 8, generator=generator)
    target = (torch.rand(4, 6, 8, generator=generator) > 0.6).float()
    ignore = torch.rand(4, 6, 8, generator=generator) > 0.7
    return logits, target, ignore


def test_one_finite_value_per_sample_and_a_finite_gradient(loss, batch):
    logits, target, ignore = batch
    for unknown in (None, ignore):
        logits = logits.detach().clone().requires_grad_()
        values = loss(logits, target, unknown)
        assert values.shape == (4,)
        assert values.dtype == torch.float32
        values.sum().backward()
        assert logits.grad.isfinite().all()


def test_samples_do_not_mix(loss, batch):
    logits, target, ignore = batch
    together = loss(logits, target, ignore)
    for i in range(4):
        alone = loss(logits[i : i + 1], target[i : i + 1], ignore[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone)


def test_ignored_pixels_say_nothing(loss, batch):
    logits, target, ignore = batch
    other_logits = torch.where(ignore, -7 * logits, logits)
    other_target = torch.where(ignore, 1 - target, target)
    torch.testing.assert_close(
        loss(logits, target, ignore), loss(other_logits, other_target, ignore)
    )


def test_the_valid_pixels_alone_give_the_same(loss, batch):
    logits, target, ignore = batch
    valid = ~ignore[0]
    alone = loss(logits[0][valid][None, None], target[0][valid][None, None], None)
    torch.testing.assert_close(loss(logits[:1], target[:1], ignore[:1]), alone)


def test_right_answers_cost_less_than_wrong_ones(loss, batch):
    _, target, _ = batch
    right, wrong = (2 * target - 1) * 8, (1 - 2 * target) * 8
    assert (loss(right, target, None) < 0.01 + 0.1 * loss(wrong, target, None)).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_targets_and_extreme_logits_stay_finite(loss, value):
    target = torch.full((2, 3, 3), value)
    for logit in (-80.0, 0.0, 80.0):
        logits = torch.full((2, 3, 3), logit, requires_grad=True)
        values = loss(logits, target, None)
        values.sum().backward()
        assert values.isfinite().all()
        assert logits.grad.isfinite().all()


def test_nothing_known_costs_nothing(loss):
    logits = torch.randn(2, 3, 3, requires_grad=True)
    values = loss(logits, torch.ones(2, 3, 3), torch.ones(2, 3, 3, dtype=torch.bool))
    values.sum().backward()
    torch.testing.assert_close(values, torch.zeros(2), atol=1e-6, rtol=0)
    assert logits.grad.isfinite().all()


def test_shapes_must_agree(loss, batch):
    logits, target, ignore = batch
    with pytest.raises(ValueError, match="one shape"):
        loss(logits, target[:2], None)
    with pytest.raises(ValueError, match="one shape"):
        loss(logits, target, ignore[..., :3])


def test_losses_are_chosen_by_name():
    weights = {"normalized-focal": 2.0, "soft-iou": 0.5}
    assert check_losses(weights) == weights


@pytest.mark.parametrize("weights", [{}, {"dice": 1.0}])
def test_unknown_losses_are_refused(weights):
    with pytest.raises(ValueError, match="losses must be some of normalized-focal"):
        check_losses(weights)


def test_soft_targets_take_losses_that_are_smallest_there():
    assert check_losses({"soft-iou": 1.0}, soft=True)
    for name in SOFT_LOSSES:
        values = torch.linspace(-4, 4, 161)
        target = torch.full((161, 1, 1), 0.3)
        best = values[LOSSES[name](values.view(-1, 1, 1), target, None).argmin()]
        assert torch.sigmoid(best).item() == pytest.approx(0.3, abs=0.06), name
    with pytest.raises(ValueError, match="between 0 and 1 must be some of soft-iou"):
        check_losses({"lovasz-hinge": 1.0}, soft=True)
