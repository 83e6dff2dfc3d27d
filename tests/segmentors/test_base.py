import numpy as np
import pytest

from tamingseg.segmentors.base import check_clicks, check_previous, check_probabilities
from tamingseg.values import Click


def test_probabilities_come_back_as_float32():
    for dtype in (np.float16, np.float32, np.float64):
        checked = check_probabilities(np.array([[0, 0.5, 1]], dtype), (1, 3), "mine")
        assert checked.dtype == np.float32
        assert checked.tolist() == [[0, 0.5, 1]]
    answers = np.zeros((2, 4, 5), np.float32)
    assert check_probabilities(answers, (2, 4, 5), "mine") is answers
    assert check_probabilities(np.zeros((0, 4, 5)), (0, 4, 5), "mine").shape == (0, 4, 5)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (np.zeros((5, 4)), r"got float64 \(5, 4\)"),
        (np.zeros((1, 4, 5)), r"got float64 \(1, 4, 5\)"),
        (np.zeros((4, 5), bool), r"got bool \(4, 5\)"),
        (np.zeros((4, 5), np.uint8), r"got uint8 \(4, 5\)"),
        ([[0.5] * 5] * 4, "got a list"),
        (None, "got a NoneType"),
        (np.array([[0.5] * 5] * 3 + [[0.5, np.nan, 1, np.nan, 0]]), "got 2 values that are NaN"),
        (np.array([[0.5] * 5] * 3 + [[-0.25, 0, 1, 1, 0]]), "got -0.25 to 1; turn logits"),
        (np.array([[0.5] * 5] * 3 + [[0, 0, 1, np.inf, 0]]), "got 0 to inf"),
    ],
)
def test_answers_that_are_no_probabilities(answer, came):
    with pytest.raises(
        ValueError, match=rf"model 'mine' must.*float array of shape \(4, 5\).*{came}"
    ):
        check_probabilities(answer, (4, 5), "mine")


def test_previous():
    assert check_previous(np.ones((4, 5)), (4, 5)).dtype == np.float32
    with pytest.raises(ValueError, match=r"image's size \(4, 5\), got \(5, 4\)"):
        check_previous(np.ones((5, 4)), (4, 5))


def test_clicks_as_rows():
    rows = check_clicks([Click(1.5, 2.5), Click(0, 4.9, positive=False)], (4, 5))
    assert rows.tolist() == [[1.5, 2.5, 1], [0, 4.9, 0]]
    assert check_clicks([], (4, 5)).shape == (0, 3)
