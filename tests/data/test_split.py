import pytest

from tamingseg.data.split import hold_out, spread


class Numbers(list):
    """A data set of numbers."""

    name = "numbers"
    fingerprint = "f00"
    partition = True

    @property
    def names(self):
        return [str(number) for number in self]


def test_hold_out_splits_without_overlap():
    kept, held = hold_out(Numbers(range(10)), 4)
    assert kept.names == ["0", "1", "2", "4", "5", "6", "8", "9"]
    assert held.names == ["3", "7"]
    assert held[0] == 3
    assert kept.partition
    assert hold_out(Numbers(range(10)), 0)[1].names == []


def test_holding_out_everything_is_refused():
    with pytest.raises(ValueError, match="leaves none to train on"):
        hold_out(Numbers(range(10)), 1)


@pytest.mark.parametrize(
    ("total", "limit", "expected"),
    [(5, None, [0, 1, 2, 3, 4]), (5, 9, [0, 1, 2, 3, 4]), (10, 4, [0, 3, 6, 9]), (9, 1, [0])],
)
def test_images_are_spread_over_all(total, limit, expected):
    assert spread(total, limit) == expected
