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
