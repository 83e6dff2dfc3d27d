import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamingseg.masks.certainty import FUSIONS, fuse
from tamingseg.masks.rle import encode_rle
from tamingseg.segmentors.prior import answer_prior
from tamingseg.session import answers
from tamingseg.session.answers import SESSION_FUSIONS
from tamingseg.session.session import RESHAPES, Session
from tamingseg.session.state import State
from tamingseg.values import Click

RED, BLUE, GREY = (16.5, 18.5), (30.5, 44.5), (2.5, 2.5)
LEFT_HALF = encode_rle(np.arange(64) < np.full((48, 1), 32))


class Counting:
    """Wraps a segmentor and counts how often it is asked."""

    def __init__(self, segmentor):
        self.segmentor, self.name, self.calls = segmentor, segmentor.name, 0

    def embed(self, image):
        return self.segmentor.embed(image)

    def predict(self, *arguments):
        self.calls += 1
        return self.segmentor.predict(*arguments)

    def predict_jointly(self, *arguments):
        self.calls += 1
        return self.segmentor.predict_jointly(*arguments)


@pytest.fixture
def segmentor(fake_segmentor):
    return Counting(fake_segmentor())


@pytest.fixture
def session(segmentor, two_discs):
    return Session(segmentor, two_discs.image)


@pytest.fixture
def red(two_discs):
    return two_discs.label_maps[0] == 1


@pytest.fixture
def blue(two_discs):
    return two_discs.label_maps[0] == 2


def test_a_click_gives_the_disc_under_it(session, red):
    session.add_click(*RED)
    assert (session.mask == red).all()
    assert session.probabilities.dtype == np.float32


def test_before_any_click_there_is_nothing(session):
    assert session.state == State()
    assert not session.mask.any()
    assert session.probabilities is None


def test_two_clicks_make_one_mask_and_a_negative_one_takes_away(session, red, blue):
    session.add_click(*RED)
    session.add_click(*BLUE)
    assert (session.mask == (red | blue)).all()
    session.add_click(*RED, positive=False)
    assert (session.mask == blue).all()


@pytest.mark.parametrize("fusion", SESSION_FUSIONS)
def test_every_fusion_moves_and_deletes_clicks_as_if_they_had_been_made_so(
    fake_segmentor, two_discs, fusion
):
    edited = Session(fake_segmentor(), two_discs.image, fusion=fusion)
    edited.add_click(*GREY)
    edited.add_click(*RED)
    edited.add_click(*BLUE, positive=False)
    edited.move_click(1, *BLUE)
    edited.delete_click(0)
    made = Session(fake_segmentor(), two_discs.image, fusion=fusion)
    made.add_click(*BLUE)
    made.add_click(*BLUE, positive=False)
    assert edited.state.current.clicks == made.state.current.clicks
    assert (edited.mask == made.mask).all()


@pytest.mark.parametrize("fusion", FUSIONS)
def test_single_answers_are_fused_as_masks_certainty_does(fake_segmentor, two_discs, fusion):
    segmentor = fake_segmentor()
    session = Session(segmentor, two_discs.image, fusion=fusion)
    clicks = [Click(*RED), Click(*BLUE), Click(*RED, positive=False)]
    for click in clicks:
        session.add_click(click.row, click.col, click.positive)
    answers = segmentor.predict(segmentor.embed(two_discs.image), clicks)
    prior = answer_prior(segmentor, segmentor.embed(two_discs.image))
    assert (session.probabilities == fuse(answers, clicks, fusion, prior)).all()


def test_an_embedding_can_be_handed_in(segmentor, two_discs, red):
    session = Session(segmentor, segmentor.embed(two_discs.image))
    session.add_click(*RED)
    assert (session.mask == red).all()


def test_objects_are_kept_opened_again_and_deleted(session, red, blue):
    session.add_click(*RED)
    session.keep()
    session.add_click(*BLUE)
    session.rename(1, "red disc")
    session.recolour(1, 5)
    session.hide(1)
    first = session.state.find(1)
    assert (first.name, first.colour, first.hidden) == ("red disc", 5, True)
    assert (session.mask_of(1) == red).all()
    session.edit(1)
    session.add_click(*BLUE)
    assert (session.mask == (red | blue)).all()
    session.delete(1)
    assert [item.id for item in session.state.objects] == [2]
    assert (session.mask_of(2) == blue).all()


@pytest.mark.parametrize("fusion", SESSION_FUSIONS)
def test_a_click_changes_a_mask_that_was_begun_with_only_where_it_is(
    fake_segmentor, two_discs, red, blue, fusion
):
    session = Session(fake_segmentor(), two_discs.image, fusion=fusion)
    drawn = red.copy()
    drawn[:4, 50:60] = True  # what no model would answer
    session.add_mask(drawn)
    assert session.state.current.clicks == ()
    assert session.probabilities is None
    session.add_click(*BLUE)
    assert (session.mask == (drawn | blue)).all()
    assert (session.probabilities == session.mask).all()
    session.add_click(*RED, positive=False)
    assert (session.mask == (drawn & ~red | blue)).all()
    session.delete_click(0)
    assert (session.mask == (drawn & ~red)).all()
    session.clear_clicks()
    assert (session.mask == drawn).all()


def test_a_mask_becomes_an_object_of_its_own_in_one_step(session, red, blue):
    session.add_click(*RED)
    session.add_mask(encode_rle(blue))
    assert [item.id for item in session.state.objects] == [1, 2]
    assert session.state.active == 2
    assert (session.mask == blue).all()
    session.undo()
    assert session.state.active == 1
    assert (session.mask == red).all()
    session.redo()
    session.keep()
    assert (session.mask_of(2) == blue).all()


def test_the_threshold_counts_for_the_clicks_on_a_mask(session, red, blue):
    session.add_mask(red)
    session.add_click(*BLUE)
    session.set_threshold(0.97)
    assert (session.mask == red).all()
    session.set_threshold(0.5)
    assert (session.mask == (red | blue)).all()


def test_clicks_on_a_mask_ask_the_model_once(session, segmentor, red):
    session.add_mask(red)
    session.add_click(*BLUE)
    session.add_click(*GREY)
    assert segmentor.calls == 2


def test_a_mask_to_begin_with_has_the_size_of_the_image_and_is_not_empty(session, red):
    for mask, message in [
        (red[:-1], "height, width"),
        (red.astype(np.uint8), "bool"),
        (encode_rle(red[:-1]), "another image"),
        ("nonsense!", "no place"),
        (np.zeros_like(red), "no pixel"),
    ]:
        with pytest.raises(ValueError, match=message):
            session.add_mask(mask)
    assert session.state == State()


def test_the_threshold_cuts_the_active_object_and_no_other(session, red):
    session.add_click(*RED)
    session.set_threshold(0.97)
    assert not session.mask.any()
    session.undo()
    assert (session.mask == red).all()
    session.redo()
    session.keep()
    session.add_click(*BLUE)
    assert [item.threshold for item in session.state.objects] == [0.97, 0.5]
    with pytest.raises(ValueError, match="between 0 and 1"):
        session.set_threshold(1.0)


def test_the_next_click_goes_on_with_the_mask_that_was_cut(fake_segmentor, two_discs, red):
    told = []

    class Listening(fake_segmentor):
        def predict_jointly(self, embedding, clicks, previous=None):
            told.append(previous)
            return super().predict_jointly(embedding, clicks, previous)

    session = Session(Listening(), two_discs.image)
    session.add_click(*RED)
    session.add_click(*BLUE)
    assert np.unique(told[-1]).tolist() == pytest.approx([0.05, 0.95])  # the answer as it was
    session.undo()
    session.set_threshold(0.3)
    session.add_click(*BLUE)
    assert (told[-1] == red).all()
    assert session.state.current.click_thresholds == (0.5, 0.3)
    session.set_threshold(0.7)
    asked = len(told)
    assert session.probabilities is not None
    assert len(told) == asked  # what was told is not changed by cutting anew
    session.move_click(1, *GREY)
    assert (told[-1] == red).all()
    session.delete_click(0)
    assert session.state.current.click_thresholds == (0.3,)


@pytest.mark.parametrize("take_away", [lambda s: s.delete_click(0), lambda s: s.clear_clicks()])
def test_an_object_without_points_is_gone_and_comes_back_by_undo(session, take_away, red):
    session.add_click(*RED)
    take_away(session)
    assert session.state.objects == ()
    assert session.state.active is None
    session.undo()
    assert (session.mask == red).all()
    session.redo()
    session.add_click(*BLUE)
    assert session.state.current.name == "Object 1"  # the name is free again


def test_the_threshold_of_the_next_object_is_a_step_too(session):
    session.set_threshold(0.3, "slider 1")
    session.set_threshold(0.2, "slider 1")
    assert session.threshold == 0.2
    session.undo()
    assert session.threshold == 0.5
    session.redo()
    session.add_click(*RED)
    session.set_threshold(0.4)
    session.undo()
    session.keep()
    assert session.threshold == 0.2
    session.add_click(*BLUE)
    assert [item.threshold for item in session.state.objects] == [0.2, 0.2]


def test_a_session_begins_with_a_threshold(segmentor, two_discs):
    assert Session(segmentor, two_discs.image, threshold=0.3).threshold == 0.3
    assert Session(segmentor, two_discs.image, state=State(threshold=0.4)).threshold == 0.4
    with pytest.raises(ValueError, match="between 0 and 1"):
        Session(segmentor, two_discs.image, threshold=0.0)


def test_undo_crosses_clicks_and_objects_and_asks_the_model_nothing(session, segmentor, red):
    session.add_click(*RED)
    session.keep()
    session.add_click(*BLUE)
    session.delete(1)
    calls = segmentor.calls
    session.undo()
    assert (session.mask_of(1) == red).all()
    for _ in range(3):
        session.undo()
    assert session.state == State()
    for _ in range(4):
        session.redo()
    assert [item.id for item in session.state.objects] == [2]
    assert segmentor.calls == calls


def test_deleting_the_last_click_goes_back_to_a_known_answer(session, segmentor, red):
    session.add_click(*RED)
    session.add_click(*BLUE)
    calls = segmentor.calls
    session.delete_click(1)
    assert (session.mask == red).all()
    assert segmentor.calls == calls


def test_forgotten_answers_are_computed_again(monkeypatch, session, red, blue):
    monkeypatch.setattr(answers, "CACHE_BYTES", 1)
    session.add_click(*RED)
    session.add_click(*BLUE)
    session.add_click(*GREY, positive=False)
    assert (session.mask == (red | blue)).all()
    assert session.nbytes == 48 * 64 * (3 + 4) + session._history.nbytes


def test_memory_counts_what_can_be_undone(session, red, blue):
    before = session.nbytes
    session.add_mask(red)
    session.add_mask(blue)
    session.delete(1)
    session.undo()
    session.undo()
    references = 8 * (1 + 2 + 1)  # of the states to their objects
    assert session.nbytes == before + len(encode_rle(red)) + len(encode_rle(blue)) + references


def test_memory_can_be_asked_for_while_answers_come(session, segmentor, monkeypatch):
    class Answer(np.ndarray):
        """Another click is made while its size is read."""

        interrupts = False

        @property
        def nbytes(self):
            if Answer.interrupts:
                Answer.interrupts = False
                session.add_click(*GREY)
            return super().nbytes

    predict = segmentor.segmentor.predict_jointly
    monkeypatch.setattr(segmentor, "predict_jointly", lambda *given: predict(*given).view(Answer))
    session.add_click(*RED)
    session.add_click(*BLUE)
    Answer.interrupts = True
    assert session.nbytes == 48 * 64 * (3 + 2 * 4) + session._history.nbytes


@pytest.mark.parametrize("point", [(-1, 3), (3, 64), (48, 3), (float("nan"), 3)])
def test_a_click_outside_is_refused_and_changes_nothing(session, point):
    session.add_click(*RED)
    before = session.state
    with pytest.raises(ValueError, match="click"):
        session.add_click(*point)
    with pytest.raises(ValueError, match="click"):
        session.move_click(0, *point)
    assert session.state == before


def test_clicks_can_only_be_changed_in_an_object(session):
    with pytest.raises(ValueError, match="no object is being edited"):
        session.delete_click(0)


def test_an_unknown_fusion_is_refused(segmentor, two_discs):
    with pytest.raises(ValueError, match="fusion must be one of"):
        Session(segmentor, two_discs.image, fusion="average")


POINTS = st.tuples(st.integers(0, 47), st.integers(0, 63))
IDS = st.integers(1, 4)
STEPS = st.one_of(
    st.tuples(st.just("add_click"), POINTS, st.booleans()),
    st.tuples(st.just("move_click"), st.integers(0, 3), POINTS),
    st.tuples(st.just("delete_click"), st.integers(0, 3)),
    st.tuples(st.just("clear_clicks")),
    st.tuples(st.just("add_mask"), st.sampled_from([LEFT_HALF, "0"])),
    st.tuples(st.just("set_threshold"), st.sampled_from([0.02, 0.5, 0.97])),
    st.tuples(st.just("keep")),
    st.tuples(st.just("edit"), IDS),
    st.tuples(st.just("rename"), IDS, st.sampled_from(["a", "b"])),
    st.tuples(st.just("rename_all"), st.sampled_from(["a", "b"]), st.sampled_from(["a", "c"])),
    st.tuples(st.just("recolour"), IDS, st.integers(0, 7)),
    st.tuples(st.just("hide"), IDS, st.booleans()),
    st.tuples(st.just("delete"), IDS),
    st.tuples(st.just("add_box"), POINTS, POINTS),
    st.tuples(
        st.just("replace_mask"), st.sampled_from([LEFT_HALF, encode_rle(np.zeros((48, 64), bool))])
    ),
    st.tuples(st.just("reshape"), st.sampled_from(RESHAPES), st.integers(0, 3)),
    st.tuples(st.just("solo"), IDS),
    st.tuples(st.just("lock"), IDS, st.booleans()),
    st.tuples(st.just("duplicate"), IDS),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=25), fusion=st.sampled_from(SESSION_FUSIONS))
def test_whatever_is_done_undo_leads_to_the_start_and_redo_to_the_end(
    fake_segmentor, two_discs, steps, fusion
):
    session = Session(fake_segmentor(), two_discs.image, fusion=fusion)
    for name, *arguments in steps:
        flat = [v for part in arguments for v in (part if isinstance(part, tuple) else (part,))]
        before = session.state
        try:
            getattr(session, name)(*flat)
        except ValueError:
            assert session.state == before
    end = session.state
    undone = 0
    while session.can_undo:
        session.undo()
        undone += 1
    assert session.state == State()
    for _ in range(undone):
        session.redo()
    assert session.state == end


def test_a_stroke_is_part_of_the_mask_and_clicks_go_on_from_there(session, red, blue):
    stroke = np.zeros(session.size, bool)
    stroke[:4, 50:60] = True
    session.add_click(*RED)
    session.paint(stroke)
    assert (session.mask == red | stroke).all()
    assert session.state.current.clicks == ()
    session.add_click(*BLUE)
    assert (session.mask == red | stroke | blue).all()
    session.paint(encode_rle(red), add=False)
    assert (session.mask == stroke | blue).all()
    session.undo()
    session.undo()
    session.undo()
    assert (session.mask == red).all()
    assert len(session.state.current.clicks) == 1
    session.paint(red)  # nothing new
    assert not session.can_redo or len(session.state.current.clicks) == 1


def test_a_stroke_begins_an_object_and_one_that_leaves_nothing_ends_it(session, red):
    with pytest.raises(ValueError, match="no object is being edited"):
        session.paint(red, add=False)
    session.paint(red)
    assert (session.mask == red).all()
    assert session.state.current.name == "Object 1"
    session.paint(np.ones(session.size, bool), add=False)
    assert session.state.objects == ()
    session.undo()
    assert (session.mask == red).all()
    with pytest.raises(ValueError, match="mask"):
        session.paint(red[:-1])


def test_objects_are_added_in_one_step_and_put_in_order(session, red, blue):
    session.add_objects([("red", encode_rle(red), False, 3), ("blue", encode_rle(blue), True, 1)])
    assert [(item.name, item.hidden, item.colour) for item in session.state.objects] == [
        ("red", False, 3),
        ("blue", True, 1),
    ]
    assert session.state.active is None
    first, second = (item.id for item in session.state.objects)
    session.reorder(first, 1)
    assert [item.id for item in session.state.objects] == [second, first]
    with pytest.raises(ValueError, match="no place 2"):
        session.reorder(first, 2)
    session.undo()
    session.undo()
    assert session.state.objects == ()
    with pytest.raises(ValueError, match="empty holds no pixel"):
        session.add_objects([("empty", encode_rle(red & False), False, 0)])


def test_a_class_gives_name_and_colour_in_the_step_that_began_the_object(session):
    session.add_click(*RED, gesture="add 1")
    session.classify("cup", 5, gesture="add 1")
    assert (session.state.current.name, session.state.current.colour) == ("cup", 5)
    session.undo()
    assert session.state.objects == ()


def test_a_box_begins_an_object_with_the_mask_that_fills_it(session, red, blue):
    session.add_click(*RED)
    rows, cols = np.nonzero(blue)
    session.add_box(rows.min() - 1, cols.min() - 1, rows.max() + 2, cols.max() + 2)
    assert len(session.state.objects) == 2
    assert (session.mask == blue).all()
    session.add_click(*RED)  # further clicks go on from there
    assert (session.mask == (red | blue)).all()
    session.undo()
    session.undo()
    assert (session.mask == red).all()
    with pytest.raises(ValueError, match="with pixels of an image"):
        session.add_box(50, 0, 60, 10)


def test_a_shape_is_changed_in_one_step_and_never_to_nothing(session, red, blue):
    rows, cols = np.nonzero(red)
    middle = int(rows.mean()), int(cols.mean())
    holed = red.copy()
    holed[middle] = False
    session.add_mask(holed)
    session.reshape("fill")
    assert (session.mask == red).all()
    session.reshape("grow", 2)
    grown = session.mask
    assert (grown | ~red).all()
    assert grown.sum() > red.sum()
    session.reshape("shrink", 2)
    assert (session.mask | ~red).all()
    session.undo()
    assert (session.mask == grown).all()
    before = session.state
    with pytest.raises(ValueError, match="nothing would be left of Object 1"):
        session.reshape("shrink", 40)
    with pytest.raises(ValueError, match="how must be one of"):
        session.reshape("bend")
    assert session.state == before
    session.add_click(*BLUE)
    assert (session.mask == (grown | blue)).all()
    session.reshape("islands")
    assert (session.mask == blue).all()  # the piece that was clicked, though it is not the largest
    session.keep()
    session.add_mask(np.ones_like(red))
    session.reshape("others")
    assert (session.mask == ~blue).all()


def test_a_mask_is_replaced_and_an_empty_one_ends_the_object(session, red, blue):
    with pytest.raises(ValueError, match="no object is being edited"):
        session.replace_mask(red)
    session.add_click(*RED)
    session.replace_mask(blue)
    assert (session.mask == blue).all()
    assert session.state.current.clicks == ()
    session.replace_mask(np.zeros_like(red))
    assert session.state.objects == ()
    session.undo()
    session.undo()
    assert (session.mask == red).all()


def test_a_locked_object_is_neither_edited_nor_deleted(session, red):
    session.add_click(*RED)
    session.lock(1)
    assert session.state.active is None
    for refused in (lambda: session.edit(1), lambda: session.delete(1)):
        with pytest.raises(ValueError, match="Object 1 is locked; unlock it"):
            refused()
    session.lock(1, False)
    session.edit(1)
    assert (session.mask == red).all()


def test_a_copy_lies_in_front_of_its_original_and_keeps_its_name(session, red, blue):
    session.add_click(*RED)
    session.rename(1, "cup")
    session.keep()
    session.add_click(*BLUE)
    session.duplicate(1)
    assert [item.name for item in session.state.objects] == ["cup", "cup", "Object 1"]
    assert (session.mask == red).all()
    session.add_click(*BLUE)
    assert (session.mask == (red | blue)).all()
    assert (session.mask_of(1) == red).all()
    session.duplicate(2)
    assert session.state.current.name == "Object 2"


def test_one_object_is_shown_alone_and_all_again(session):
    for place in (RED, BLUE, GREY):
        session.add_click(*place)
        session.keep()
    session.solo(2)
    assert [item.hidden for item in session.state.objects] == [True, False, True]
    session.solo(2)
    assert [item.hidden for item in session.state.objects] == [False, False, False]
    session.hide(2)
    session.solo(2)
    assert [item.hidden for item in session.state.objects] == [True, False, True]
