import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tamingseg.models.click_maps import draw_clicks, prompt_maps


def naive(clicks, size, radius):
    maps = np.zeros((len(clicks), 2, *size), np.float32)
    for query, slots in enumerate(clicks):
        for row, col, sign in slots:
            for r in range(size[0]):
                for c in range(size[1]):
                    near = (r - np.floor(row)) ** 2 + (c - np.floor(col)) ** 2 <= radius**2
                    if sign >= 0 and near:
                        maps[query, 0 if sign == 1 else 1, r, c] = 1
    return maps


def test_a_disk_of_radius_five_has_81_pixels():
    maps = draw_clicks(torch.tensor([[[20.5, 30.5, 1.0]]]), (40, 60), 5)
    assert maps.shape == (1, 2, 40, 60)
    assert maps.sum() == 81
    assert maps[0, 0, 20, 30] == maps[0, 0, 15, 30] == maps[0, 0, 20, 35] == 1
    assert maps[0, 0, 14, 30] == maps[0, 0, 16, 34] == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-4, 24), st.floats(-4, 34), st.sampled_from([1, 0, -1])),
        min_size=4,
        max_size=4,
    ),
    st.integers(0, 6),
)
def test_as_the_naive_drawing(clicks, radius):
    clicks = np.array(clicks, np.float32).reshape(2, 2, 3)
    drawn = draw_clicks(torch.from_numpy(clicks), (20, 30), radius)
    np.testing.assert_array_equal(drawn.numpy(), naive(clicks, (20, 30), radius))


def test_previous_masks_are_the_first_channel_and_resized():
    clicks = torch.full((2, 1, 3), -1.0)
    assert prompt_maps(clicks, None, (8, 12), 5).sum() == 0
    previous = torch.stack([torch.full((4, 6), 0.25), torch.eye(4, 6)])
    maps = prompt_maps(clicks, previous, (8, 12), 5)
    assert maps.shape == (2, 3, 8, 12)
    assert (maps[0, 0] == 0.25).all()
    assert maps[1, 0, 0, 0] == 1
    assert maps[:, 1:].sum() == 0
