"""What one more click may change: settled clicks, one component, averages, and a slow reference."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.masks.changes import component_at, settle
from tamingseg.values import Click


def maps(elements):
    return arrays(np.float32, (5, 7), elements=elements)


ANSWERS = maps(st.integers(1, 63).map(lambda n: n / 64))
MASKS = maps(st.sampled_from([0, 1]))
CLICKS = st.lists(
    st.builds(
        Click,
        st.floats(0, 5, exclude_max=True),
        st.floats(0, 7, exclude_max=True),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def strip(*values):
    return np.array([values], np.float32)


def at(col, positive=True):
    return Click(0.5, col + 0.5, positive)


def test_a_component_is_what_hangs_together_over_corners_too():
    change = np.array([[1, 0, 0, 1], [0, 1, 0, 1]], bool)
    np.testing.assert_array_equal(
        component_at(change, Click(0.5, 0.5)), [[1, 0, 0, 0], [0, 1, 0, 0]]
    )
    assert not component_at(change, Click(0.5, 1.5)).any()


def test_an_answer_that_breaks_nothing_stands():
    previous, answer = strip(0.1, 0.1, 0.9, 0.9), strip(0.1, 0.9, 0.9, 0.2)
    np.testing.assert_array_equal(settle(answer, previous, [at(2), at(1)]), answer)
    np.testing.assert_array_equal(settle(answer, previous, [at(2)]), answer)


def test_a_change_elsewhere_that_undoes_a_click_is_refused():
    previous = strip(0.1, 0.1, 0.1, 0.9, 0.9)
    answer = strip(0.8, 0.1, 0.1, 0.2, 0.3)
    # The last click asks for column 0; the object under the first one was given up.
    settled = settle(answer, previous, [at(3), at(0)])
    np.testing.assert_array_equal(settled, strip(0.8, 0.1, 0.1, 0.9, 0.9))
    # A click that was wrong before as well speaks against nothing.
    clicks = [at(3, positive=False), at(0)]
    np.testing.assert_array_equal(settle(answer, previous, clicks), answer)


def test_a_change_that_goes_too_far_reaches_half_the_way_to_the_click_it_would_undo():
    previous, answer = np.full((1, 9), 0.9, np.float32), np.full((1, 9), 0.1, np.float32)
    settled = settle(answer, previous, [at(0), at(6), at(8, positive=False)])
    # The nearer of the two clicks is two pixels away, so only the last click's own is changed.
    np.testing.assert_array_equal(settled > 0.5, [[True] * 8 + [False]])
    settled = settle(answer, previous, [at(0), at(8, positive=False)])
    np.testing.assert_array_equal(settled > 0.5, [[True] * 5 + [False] * 4])


def test_a_pixel_clicked_twice_counts_as_it_was_clicked_last():
    previous, answer = strip(0.9, 0.9, 0.1), strip(0.2, 0.9, 0.1)
    np.testing.assert_array_equal(settle(answer, previous, [at(0), at(0, False)]), answer)
    np.testing.assert_array_equal(settle(answer, previous, [at(0, False), at(0)]), previous)


def test_a_change_against_the_last_click_itself_is_refused():
    previous, answer = strip(0.1, 0.9, 0.9), strip(0.8, 0.9, 0.2)
    settled = settle(answer, previous, [at(1), at(2)])
    np.testing.assert_array_equal(settled, strip(0.8, 0.9, 0.9))


def test_from_the_fourth_click_on_the_rest_is_averaged():
    previous = strip(0.1, 0.4, 0.4, 0.9)
    answer = strip(0.8, 0.2, 0.6, 0.7)
    three = [at(3), at(3), at(0)]
    np.testing.assert_array_equal(settle(answer, previous, three), answer)
    four = settle(answer, previous, [at(3), *three])
    np.testing.assert_allclose(four, strip(0.8, 0.3, 0.5, 0.8), atol=1e-6)
    # What makes an earlier click right at last is no accident.
    late = settle(answer, previous, [at(2), *three])
    np.testing.assert_allclose(late, strip(0.8, 0.3, 0.6, 0.8), atol=1e-6)
    # An answer that changes nothing at the click has not understood it: nothing is averaged.
    unmoved = [at(3), at(3), at(3), at(1, positive=False)]
    np.testing.assert_array_equal(settle(answer, previous, unmoved), answer)
    # A mask of the user's would outweigh whatever comes.
    mask = (previous > 0.5).astype(np.float32)
    np.testing.assert_array_equal(settle(answer, mask, [at(3), *three]), answer)


LATE = [at(8), at(8), at(8)]
"""Three clicks before, in a mask of two pixels at the right end."""


def test_a_late_click_may_double_the_mask():
    previous = strip(0, 0, 0, 0, 0, 0, 0, 0.9, 0.9)
    answer = strip(0.55, 0.55, 0.65, 0.75, 0.75, 0.65, 0, 0.9, 0.9)
    # The first three may do more.
    early = settle(answer, previous, [*LATE[:2], at(3)])
    np.testing.assert_array_equal(early, answer)
    # Six pixels are too many, four that are above .6 still are, two above .7 are not.
    late = settle(answer, previous, [*LATE, at(3)])
    np.testing.assert_array_equal(np.flatnonzero(late[0] > 0.5), [3, 4, 7, 8])
    # No level does it: the two pixels nearest to the click.
    flat = np.where(answer > 0.5, 0.99, answer).astype(np.float32)
    late = settle(flat, previous, [*LATE, at(1)])
    np.testing.assert_array_equal(np.flatnonzero(late[0] > 0.5), [0, 1, 7, 8])


def test_a_late_click_may_halve_the_mask():
    previous = strip(0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9)
    answer = strip(0.1, 0.1, 0.35, 0.45, 0.45, 0.9, 0.9, 0.9, 0.9)
    late = settle(answer, previous, [*LATE, at(0, positive=False)])
    np.testing.assert_array_equal(np.flatnonzero(late[0] <= 0.5), [0, 1, 2])


def fill(start, area):
    """Return the pixels of a set that hang together with one, over corners too."""
    found, todo = set(), [start]
    while todo:
        row, col = todo.pop()
        if (row, col) in area and (row, col) not in found:
            found.add((row, col))
            todo += [(row + dr, col + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1)]
    return found


def slow_bounded(answer, previous, click):
    """The change at a click, at the first level at which it is not too large."""
    pixels = list(np.ndindex(*answer.shape))
    here = int(click.row), int(click.col)
    before = sum(previous[pixel] > 0.5 for pixel in pixels)
    change = fill(here, {p for p in pixels if (answer[p] > 0.5) != (previous[p] > 0.5)})
    largest = before if click.positive else before / 2
    if before == 0 or len(change) <= largest:
        return answer
    for level in (0.6, 0.7, 0.8, 0.9, 0.95, 0.98):
        sure = {p for p in change if (answer[p] if click.positive else 1 - answer[p]) > level}
        kept = fill(here, sure)
        if len(kept) <= largest:
            break
    if not 0 < len(kept) <= largest:
        near = sorted(change, key=lambda p: (np.hypot(p[0] - here[0], p[1] - here[1]), p))
        kept = set(near[: max(int(largest), 1)])
    result = answer.copy()
    for pixel in change - kept:
        result[pixel] = previous[pixel]
    return result


def slow_settle(answer, previous, clicks):
    """Pixel by pixel; components by filling."""
    if len(clicks) > 3:
        answer = slow_bounded(answer, previous, clicks[-1])
    height, width = answer.shape
    pixels = list(np.ndindex(height, width))
    changed = {pixel for pixel in pixels if (answer[pixel] > 0.5) != (previous[pixel] > 0.5)}

    def reach(start):
        return fill(start, changed)

    def right(values, pixel):
        return (values[pixel] > 0.5) == latest[pixel]

    latest = {(int(click.row), int(click.col)): click.positive for click in clicks}
    last = int(clicks[-1].row), int(clicks[-1].col)
    own, limit, kept = reach(last), np.inf, set()
    result = answer.copy()
    for pixel in changed & set(latest):
        if right(answer, pixel):
            kept |= reach(pixel)
        elif pixel in own:
            limit = min(limit, np.hypot(pixel[0] - last[0], pixel[1] - last[1]) / 2)
        else:
            for other in reach(pixel):
                result[other] = previous[other]
    for row, col in own:
        if np.hypot(row - last[0], col - last[1]) >= limit:
            result[row, col] = previous[row, col]
    soft = ((previous > 0) & (previous < 1)).any()
    if len(clicks) > 3 and own and right(answer, last) and soft:
        for pixel in set(pixels) - kept:
            result[pixel] = (result[pixel] + previous[pixel]) / 2
    return result


@settings(deadline=None)
@given(ANSWERS, ANSWERS | MASKS, CLICKS)
def test_like_the_slow_way_and_no_click_gets_wrong(answer, previous, clicks):
    before = answer.copy(), previous.copy()
    settled = settle(answer, previous, clicks)
    np.testing.assert_allclose(settled, slow_settle(answer, previous, clicks), atol=1e-6)
    np.testing.assert_array_equal((answer, previous), before)
    assert settled.dtype == np.float32
    latest = {(int(click.row), int(click.col)): click.positive for click in clicks}
    for pixel, positive in latest.items():
        if (previous[pixel] > 0.5) == positive:
            assert (settled[pixel] > 0.5) == positive
    last = int(clicks[-1].row), int(clicks[-1].col)
    if (answer[last] > 0.5) == latest[last]:
        assert (settled[last] > 0.5) == latest[last]
