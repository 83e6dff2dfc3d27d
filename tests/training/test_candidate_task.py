"""Several masks per click: only the best of them learns, and the model learns which it is."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tamingseg.data.training import ClickSampling
from tamingseg.losses import LOSSES
from tamingseg.masks.iou import iou
from tamingseg.models.clicknet import ClickNetConfig
from tamingseg.training.click_task import CandidateTask, ClickTask, click_training
from tamingseg.training.config import TrainConfig


class Oracle(nn.Module):
    """Answers with fixed candidates and remembers the previous masks it was told."""

    def __init__(self, candidates, expected):
        super().__init__()
        self.candidates, self.expected = nn.Parameter(candidates), nn.Parameter(expected)
        self.told = []

    def encode(self, images):
        return images

    def enlarge(self, logits, features):
        return logits

    def decode_candidates(self, features, clicks, previous):
        self.told.append(previous)
        return self.candidates, self.expected


def world():
    """One image of 16x16, label 1 on the left half; two queries for it."""
    label_map = torch.zeros(1, 16, 16, dtype=torch.int32)
    label_map[:, :, :8] = 1
    return {
        "image": torch.zeros(1, 3, 16, 16, dtype=torch.uint8),
        "label_map": label_map,
        "ignore": torch.zeros(1, 16, 16, dtype=torch.bool),
        "labels": torch.tensor([[1, 1]], dtype=torch.int32),
        "clicks": torch.tensor([[[[8.5, 2.5, 1.0]], [[8.5, 5.5, 1.0]]]]),
    }


def first_columns(*counts):
    """Logits (4, 4) per count: 5 on the first columns, -5 on the others."""
    maps = torch.full((len(counts), 4, 4), -5.0)
    for logits, count in zip(maps, counts, strict=True):
        logits[:, :count] = 5
    return maps


@pytest.fixture
def oracle():
    """The first query's best mask is number 1, the second's number 2; neither is expected so."""
    candidates = torch.stack([first_columns(4, 2, 0), first_columns(0, 4, 1)])[None]
    return Oracle(candidates, torch.tensor([[[0.9, 0.3, 0.1], [0.2, 0.8, 0.7]]]))


def test_only_the_best_mask_of_a_query_gets_a_gradient(oracle):
    loss, _ = CandidateTask(oracle, {"soft-iou": 1.0, "cross-entropy": 0.5})(world(), 0, seed=0)
    loss.backward()
    strength = oracle.candidates.grad[0].abs().amax((2, 3))
    assert (strength > 0).tolist() == [[False, True, False], [False, False, True]]
    assert (strength[[0, 0, 1, 1], [0, 2, 0, 1]] == 0).all()  # none at all, not a little
    assert (oracle.expected.grad != 0).all()


def test_the_expected_iou_is_compared_with_the_measured_one_of_every_mask(oracle):
    _, logged = CandidateTask(oracle, {"soft-iou": 1.0})(world(), 0, seed=0)
    measured = np.array([[0.5, 1, 0], [0, 0.5, 0.5]])
    expected = np.array([[0.9, 0.3, 0.1], [0.2, 0.8, 0.7]])
    assert logged["score"].item() == pytest.approx(((measured - expected) ** 2).mean())
    # The masks that are expected to be best are the first and the second.
    assert logged["iou"].item() == pytest.approx(0.5)
    assert list(logged) == ["soft-iou", "score", "iou"]


@pytest.mark.parametrize(
    "weights",
    [{"soft-iou": 1.0}, {"soft-iou": 0.2, "cross-entropy": 1.0, "lovasz-hinge": 0.1}],
)
def test_the_loss_as_one_would_write_it_down(weights, rng):
    candidates = torch.from_numpy(rng.normal(0, 2, (1, 2, 3, 4, 4)).astype(np.float32))
    expected = torch.from_numpy(rng.random((1, 2, 3)).astype(np.float32))
    loss, logged = CandidateTask(Oracle(candidates, expected), weights)(world(), 0, seed=0)
    left = first_columns(2)[0] > 0
    best, errors = [], []
    for query in range(2):
        sums = []
        for output in range(3):
            mask = candidates[0, query, output]
            sums.append(
                sum(
                    weight * LOSSES[name](mask[None], left[None].float(), None).item()
                    for name, weight in weights.items()
                )
            )
            measured = iou((mask > 0).numpy(), left.numpy())
            errors.append((measured - expected[0, query, output].item()) ** 2)
        best.append(min(sums))
    assert logged["score"].item() == pytest.approx(np.mean(errors), rel=1e-5)
    assert loss.item() == pytest.approx(np.mean(best) + np.mean(errors), rel=1e-5)


def test_ignored_pixels_count_for_no_mask(oracle):
    batch = world()
    batch["ignore"][:, :, 8:] = True
    _, logged = CandidateTask(oracle, {"soft-iou": 1.0})(batch, 0, seed=0)
    measured = np.array([[1, 1, 0], [0, 1, 0.5]])
    expected = np.array([[0.9, 0.3, 0.1], [0.2, 0.8, 0.7]])
    assert logged["score"].item() == pytest.approx(((measured - expected) ** 2).mean())


def test_further_clicks_go_on_with_the_mask_that_is_expected_to_be_best(oracle):
    CandidateTask(oracle, {"soft-iou": 1.0}).loss_of(None, world(), extra_clicks=1, seed=0)
    first, second = oracle.told
    assert first is None
    torch.testing.assert_close(second, oracle.candidates[:, [0, 1], [0, 1]].sigmoid())
    assert not second.requires_grad


def test_one_candidate_is_trained_like_one_mask(oracle):
    """The minimum of one is that one."""

    class One(Oracle):
        def decode(self, features, clicks, previous):
            return self.candidates[:, :, 0]

    model = One(oracle.candidates[:, :, :1].detach(), oracle.expected[:, :, :1].detach())
    weights = {"soft-iou": 1.0, "cross-entropy": 2.0}
    several, logged = CandidateTask(model, weights).loss_of(None, world(), 1, seed=0)
    one, _ = ClickTask(model, weights).loss_of(None, world(), 1, seed=0)
    assert several.item() == pytest.approx(one.item() + logged["score"].item())


SIDE = 64


def part_and_whole():
    """The same photo of a disc on a larger disc twice, and the same click; each is meant once."""
    rows, cols = np.mgrid[:SIDE, :SIDE] + 0.5
    distance = np.hypot(rows - 32, cols - 28)
    part, whole = distance < 12, distance < 25
    colours = np.array([[50, 120, 80], [150, 100, 50], [200, 180, 150]], np.uint8)
    image = torch.from_numpy(colours[part.astype(int) + whole]).permute(2, 0, 1)
    return {
        "image": torch.stack([image, image]),
        "label_map": torch.from_numpy(np.stack([part, whole]).astype(np.int32)),
        "ignore": torch.zeros(2, SIDE, SIDE, dtype=torch.bool),
        "labels": torch.ones(2, 1, dtype=torch.int32),
        "clicks": torch.tensor([[[[32.0, 28.0, 1.0]]]]).repeat(2, 1, 1, 1),
    }


def learn(task, batch):
    """Train for a few seconds; the task's model in evaluation mode."""
    optimizer = torch.optim.Adam(task.parameters(), 0.01)
    for step in range(60):
        optimizer.zero_grad()
        task(batch, 0, step)[0].backward()
        optimizer.step()
    return task.model.eval()


def ious_with_part_and_whole(batch, masks):
    """IoU of every mask, bool (K, 16, 16), with the two that can be meant: (2, K)."""
    truth = F.interpolate(batch["label_map"][:, None].float(), (16, 16), mode="area")[:, 0] > 0.5
    pairs = itertools.product(truth.numpy(), masks.numpy())
    return np.reshape([iou(mask, true) for true, mask in pairs], (2, -1))


def test_three_outputs_find_both_meanings_of_a_click_where_one_cannot(make_model):
    batch = part_and_whole()
    losses = {"soft-iou": 1.0, "cross-entropy": 1.0}
    images = batch["image"][:1].float() / 255

    one = learn(ClickTask(make_model("clicknet").train(), losses), batch)
    with torch.inference_mode():
        answer = one.decode(one.encode(images), batch["clicks"][:1])[0]
    assert ious_with_part_and_whole(batch, answer > 0).min() < 0.5

    three = learn(CandidateTask(make_model("clicknet", outputs=3).train(), losses), batch)
    with torch.inference_mode():
        candidates, expected = three.decode_candidates(three.encode(images), batch["clicks"][:1])
    ious = ious_with_part_and_whole(batch, candidates[0, 0] > 0)
    part, whole = ious.argmax(1)
    assert part != whole
    assert ious.max(1).min() > 0.8
    # Each is meant half the time: the model cannot know which, and expects the mean.
    np.testing.assert_allclose(
        expected[0, 0, [part, whole]], ious.mean(0)[[part, whole]], atol=0.15
    )


TINY = ClickNetConfig("test_resnet", (8, 8, 16, 16), 16, 8, 4, 2, 4, image_size=64)


def test_the_number_of_outputs_chooses_the_task():
    config = TrainConfig(model=TINY)
    task, _ = click_training(config, [])
    assert type(task) is ClickTask
    task, _ = click_training(replace(config, model=replace(TINY, outputs=3)), [])
    assert type(task) is CandidateTask


def test_level_lines_need_one_output():
    config = TrainConfig(model=replace(TINY, outputs=3), sampling=ClickSampling(target="levels"))
    with pytest.raises(ValueError, match="must have 1 output, got 3; choose the target 'mask'"):
        click_training(config, [])
