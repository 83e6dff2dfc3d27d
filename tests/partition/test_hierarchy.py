"""Cutting a hierarchy: a small one by hand, others by what must always hold."""

import numpy as np
import pytest

from tamingseg.partition.hierarchy import Hierarchy, check_regions

SUPERPIXELS = np.array([[1, 1, 2, 3], [1, 1, 2, 4]], np.int32)
MERGES = np.array([[2, 3], [0, 1], [5, 4]])
COSTS = np.array([0.1, 0.2, 0.2], np.float32)


@pytest.fixture
def hierarchy():
    """3 and 4 become one, 1 and 2 become one, then all."""
    return Hierarchy(SUPERPIXELS, MERGES, COSTS)


def test_every_number_of_regions(hierarchy):
    rows = {regions: hierarchy.cut(regions)[1].tolist() for regions in (1, 2, 3, 4)}
    assert rows == {1: [1, 1, 1, 1], 2: [1, 1, 1, 2], 3: [1, 1, 3, 2], 4: [1, 1, 3, 4]}
    assert hierarchy.cut(4)[0].tolist() == [1, 1, 3, 2]
    assert hierarchy.cut(2).dtype == np.int32


def test_regions_at_a_cost(hierarchy):
    found = [hierarchy.regions_at(cost) for cost in (0, 0.1, 0.15, 0.2, 0.3)]
    assert found == [4, 4, 3, 3, 1]


def test_one_superpixel():
    hierarchy = Hierarchy(np.ones((3, 2), np.int32), np.empty((0, 2), np.int64), np.empty(0))
    assert (hierarchy.cut(1) == 1).all()
    with pytest.raises(ValueError, match="from 1 to 1"):
        hierarchy.cut(2)


@pytest.mark.parametrize("regions", [0, -1, 5, 2.0, "2", True, None, np.nan])
def test_other_numbers_are_refused(hierarchy, regions):
    with pytest.raises(ValueError, match="whole number of regions from 1 to 4"):
        hierarchy.cut(regions)


def test_numpys_whole_numbers_are_whole():
    assert check_regions(np.int64(3), 4) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"merges": MERGES[:2]}, "4 superpixels need 3 merges"),
        ({"costs": COSTS[:2]}, "4 superpixels need 3 merges"),
        ({"merges": np.array([[2, 3], [0, 1], [1, 4]])}, "merged once"),
        ({"merges": np.array([[2, 5], [0, 1], [3, 4]])}, "after it was made"),
        ({"costs": COSTS[::-1].copy()}, "never fall"),
        ({"costs": COSTS * np.nan}, "finite"),
    ],
)
def test_a_tree_that_is_none(changed, message):
    fields = {"superpixels": SUPERPIXELS, "merges": MERGES, "costs": COSTS} | changed
    with pytest.raises(ValueError, match=message):
        Hierarchy(**fields)
