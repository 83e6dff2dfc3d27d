import pytest
import torch

from tamingseg.training.optim import learning_rate, make_optimizer


def test_the_plateau_does_not_depend_on_where_the_run_ends():
    short = [learning_rate(step, 100, 1.0, 10, 0.2) for step in range(50)]
    long = [learning_rate(step, 1000, 1.0, 10, 0.2) for step in range(50)]
    assert short == long


def test_it_rises_stays_and_falls_to_zero():
    rates = [learning_rate(step, 100, 2.0, 10, 0.25) for step in range(101)]
    assert rates[:10] == sorted(rates[:10])
    assert set(rates[10:75]) == {2.0}
    assert rates[75:] == sorted(rates[75:], reverse=True)
    assert rates[100] == 0.0


def test_only_matrices_decay():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    decayed, free = make_optimizer(model, 0.1).param_groups
    assert [p.ndim for p in decayed["params"]] == [4]
    assert [p.ndim for p in free["params"]] == [1, 1, 1]
    assert decayed["weight_decay"] == pytest.approx(0.1)
    assert free["weight_decay"] == 0.0


def test_the_encoder_learns_at_a_share_of_the_rate():
    model = torch.nn.ModuleDict({"backbone": torch.nn.Linear(2, 3), "head": torch.nn.Linear(3, 1)})
    groups = make_optimizer(model, 0.1, encoder_lr=0.2).param_groups
    shapes = {
        (group["lr_scale"], group["weight_decay"]): [tuple(p.shape) for p in group["params"]]
        for group in groups
    }
    assert shapes == {
        (1.0, 0.1): [(1, 3)],
        (1.0, 0.0): [(1,)],
        (0.2, 0.1): [(3, 2)],
        (0.2, 0.0): [(3,)],
    }


def test_without_decay_and_with_one_rate_there_is_one_group():
    (group,) = make_optimizer(torch.nn.Linear(2, 3), 0.0).param_groups
    assert len(group["params"]) == 2
