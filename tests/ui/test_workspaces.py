import gc
import os
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tamingseg.data.sample_images import SAMPLE_IMAGES
from tamingseg.ui.click.calls import click_calls
from tamingseg.ui.click.work import find_click_work
from tamingseg.ui.clients import client
from tamingseg.ui.turns import _AT_ONCE, NICE_ENCODING, clicks_at_once, let_others_go_first
from tamingseg.ui.workspaces import Gone, Workspaces

RED = {"do": "add_click", "row": 165.0, "col": 185.0, "positive": True}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def segmentor(fake_segmentor):
    return fake_segmentor()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def workspaces(segmentor, clock):
    return Workspaces(segmentor, max_count=3, clock=clock)


def ask(workspace, segmentor, sequence, *operations, **more):
    request = {"sequence": sequence, "operations": list(operations), **more}
    return find_click_work(workspace, segmentor).answer(request)


def test_two_users_have_nothing_in_common(workspaces, segmentor, discs_image):
    first = workspaces.open_image("a.png", discs_image)
    second = workspaces.open_image("a.png", discs_image)
    assert first.token != second.token
    assert first.picture_key != second.picture_key
    assert len(first.token) >= 32
    ask(first, segmentor, 1, RED)
    assert ask(second, segmentor, 1)["objects"] == []


def test_a_picture_is_found_by_its_key_alone(workspaces, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    assert workspaces.picture(workspace.picture_key) == workspace.picture
    for key in (workspace.token, "", "é", workspace.picture_key[:-1]):
        with pytest.raises(Gone):
            workspaces.picture(key)


@pytest.mark.parametrize("token", [None, 7, "", "guess", ["a"], {"a": 1}])
def test_a_token_cannot_be_guessed(workspaces, discs_image, token):
    workspaces.open_image("a.png", discs_image)
    with pytest.raises(Gone):
        workspaces.find(token)


def test_there_is_room_for_so_many_and_the_longest_unused_goes(workspaces, discs_image):
    first, second, third = (workspaces.open_image("a.png", discs_image) for _ in range(3))
    workspaces.find(first.token)
    workspaces.open_image("a.png", discs_image)
    assert len(workspaces) == 3
    workspaces.find(first.token)
    workspaces.find(third.token)
    with pytest.raises(Gone):
        workspaces.find(second.token)


def test_there_is_room_for_so_many_bytes(segmentor, discs_image):
    workspaces = Workspaces(segmentor, max_bytes=1)
    for _ in range(3):
        newest = workspaces.open_image("a.png", discs_image)
    assert len(workspaces) == 1
    assert workspaces.find(newest.token) is newest


def test_workspaces_that_grow_by_clicks_make_room_but_never_of_the_one_in_use(
    segmentor, discs_image
):
    first_bytes = Workspaces(segmentor).open_image("a.png", discs_image).nbytes
    workspaces = Workspaces(segmentor, max_bytes=2 * first_bytes)
    idle = workspaces.open_image("a.png", discs_image)
    used = workspaces.open_image("a.png", discs_image)
    for sequence in range(1, 4):
        ask(workspaces.find(used.token), segmentor, sequence, {**RED, "col": 150.0 + sequence})
    assert workspaces.find(used.token) is used
    with pytest.raises(Gone):
        workspaces.find(idle.token)


def test_the_unused_and_the_left_are_dropped(workspaces, clock, discs_image):
    idle = workspaces.open_image("a.png", discs_image)
    left = workspaces.open_image("a.png", discs_image)
    workspaces.leave(left.token)
    workspaces.leave("nonsense")
    clock.now = 29
    assert workspaces.resume(left.token) is left
    workspaces.leave(left.token)
    clock.now = 60
    with pytest.raises(Gone):
        workspaces.find(left.token)
    workspaces.find(idle.token)
    clock.now = 60 + 3601
    with pytest.raises(Gone):
        workspaces.find(idle.token)
    assert len(workspaces) == 0


def test_all_is_given_back_within_a_minute_after_everyone_left(workspaces, clock, discs_image):
    for _ in range(3):
        workspaces.leave(workspaces.open_image("a.png", discs_image).token)
    assert workspaces.tidy()
    clock.now = 40
    workspaces.tidy()
    assert (len(workspaces), workspaces.nbytes) == (0, 0)


def test_there_is_nothing_to_tidy_where_nobody_was(workspaces, discs_image):
    assert not Workspaces(None).tidy()
    workspaces.open_image("a.png", discs_image)
    assert [workspaces.tidy() for _ in range(2)] == [True, False]


def test_what_rests_or_is_dropped_becomes_free(workspaces, segmentor, clock, discs_image):
    ask(workspaces.open_image("a.png", discs_image), segmentor, 1, RED)
    workspaces.tidy()
    for clock.now in (46, 3700):
        assert [workspaces.tidy() for _ in range(2)] == [True, False]


def test_who_pauses_loses_nothing_but_what_is_computed_again(
    workspaces, segmentor, clock, discs_image
):
    first = workspaces.open_image("a.png", discs_image)
    opened = first.nbytes
    before = ask(first, segmentor, 1, RED, {"do": "keep"})
    assert first.nbytes > opened
    clock.now = 46
    workspaces.tidy()
    assert workspaces.nbytes < opened + 1000  # a few run lengths
    after = ask(workspaces.find(first.token), segmentor, 2)
    assert after["objects"] == before["objects"]
    assert after["can_undo"]
    assert ask(first, segmentor, 3, {"do": "undo"}, {"do": "undo"})["objects"] == []


def test_what_was_dropped_goes_on_with_all_its_steps(segmentor, discs_image):
    workspaces = Workspaces(segmentor, max_count=1)
    calls = {call.__name__: call for call in click_calls(workspaces)}
    first = workspaces.open_image("a.png", discs_image).token
    request = {"token": first, "sequence": 1, "operations": [RED, {"do": "keep"}]}
    before = calls["answer"](request)
    again = workspaces.open_image("a.png", discs_image).token
    assert calls["answer"]({**request, "sequence": 2})["gone"]
    request = {"token": again, "sequence": 1, "document": before, "earlier": first}
    undone = calls["answer"]({**request, "operations": [{"do": "undo"}, {"do": "undo"}]})
    assert undone["objects"] == []
    assert undone["can_redo"]


def test_a_dropped_photo_is_freed_at_once(segmentor, discs_image):
    """Python looks for circles of references rarely; gigabytes of photos lay in them."""
    workspaces = Workspaces(segmentor, max_count=1)
    calls = {call.__name__: call for call in click_calls(workspaces)}
    gc.disable()
    try:
        workspace = workspaces.open_image("a.png", discs_image)
        calls["answer"]({"token": workspace.token, "sequence": 1, "operations": [RED]})
        calls["levels"]({"token": workspace.token})
        left = [weakref.ref(one) for one in (workspace, workspace.image, workspace.slots["click"])]
        del workspace
        workspaces.open_image("b.png", discs_image)
        assert [one() for one in left] == [None] * 3
    finally:
        gc.enable()


def test_what_is_dropped_while_it_is_answered_keeps_that_step_too(fake_segmentor, discs_image):
    """Seen as answers to an undo that differ, with many users of large photos."""
    asked, goes_on = threading.Event(), threading.Event()

    class Slow(fake_segmentor):
        def predict_jointly(self, embedding, clicks, previous=None):
            asked.set()
            goes_on.wait()
            return super().predict_jointly(embedding, clicks, previous)

    workspaces = Workspaces(Slow(), max_count=1)
    calls = {call.__name__: call for call in click_calls(workspaces)}
    first = workspaces.open_image("a.png", discs_image).token
    request = {"token": first, "sequence": 1, "operations": [RED]}
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(calls["answer"], request)
        asked.wait()
        workspaces.open_image("b.png", discs_image)  # takes the only place
        goes_on.set()
        document = answer.result()
    assert document["can_undo"]
    again = workspaces.open_image("a.png", discs_image).token
    request = {"token": again, "sequence": 1, "document": document, "earlier": first}
    assert calls["answer"]({**request, "operations": [{"do": "undo"}]})["objects"] == []


def test_what_was_dropped_before_an_answer_came_keeps_its_steps(segmentor, discs_image):
    """The browser knows the work as it was before, and asks for the last step once more."""
    workspaces = Workspaces(segmentor, max_count=1)
    calls = {call.__name__: call for call in click_calls(workspaces)}
    first = workspaces.open_image("a.png", discs_image).token
    request = {"token": first, "sequence": 1, "operations": [RED, {"do": "keep"}]}
    known = calls["answer"](request)
    blue = {**RED, "row": 300.0, "col": 440.0}
    lost = calls["answer"]({**request, "sequence": 2, "operations": [blue]})
    again = workspaces.open_image("a.png", discs_image).token
    request = {"token": again, "sequence": 1, "document": known, "earlier": first}
    answer = calls["answer"]({**request, "operations": [blue]})
    assert answer["objects"] == lost["objects"]
    undone = {"token": again, "sequence": 2, "operations": [{"do": "undo"}] * 3}
    assert calls["answer"](undone)["objects"] == []


def test_steps_of_another_photo_are_not_done_again(segmentor, discs_image):
    """Both are as they came, but on one of them something was taken back."""
    workspaces = Workspaces(segmentor, max_count=1)
    calls = {call.__name__: call for call in click_calls(workspaces)}
    other = workspaces.open_image("a.png", discs_image[:, ::-1]).token
    calls["answer"]({"token": other, "sequence": 1, "operations": [RED, {"do": "undo"}]})
    token = workspaces.open_image("a.png", discs_image).token
    request = {"token": token, "sequence": 1, "document": {"objects": []}, "earlier": other}
    assert not calls["answer"]({**request, "operations": []})["can_redo"]


@pytest.mark.parametrize("earlier", [None, 7, ["a"], "guess", "that of another photo"])
def test_steps_of_other_work_are_not_taken(segmentor, discs_image, earlier):
    workspaces = Workspaces(segmentor, max_count=2)
    calls = {call.__name__: call for call in click_calls(workspaces)}
    other = workspaces.open_image("b.png", discs_image).token
    calls["answer"]({"token": other, "sequence": 1, "operations": [{**RED, "col": 190.0}]})
    first = workspaces.open_image("a.png", discs_image).token
    document = calls["answer"]({"token": first, "sequence": 1, "operations": [RED]})
    again = [workspaces.open_image("a.png", discs_image).token for _ in range(2)][1]
    request = {"token": again, "sequence": 1, "document": document, "operations": []}
    answer = calls["answer"](
        {**request, "earlier": other if earlier == "that of another photo" else earlier}
    )
    assert answer["objects"] == document["objects"]
    assert not answer["can_undo"]


def test_what_is_being_worked_on_does_not_rest(workspaces, segmentor, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    ask(workspace, segmentor, 1, RED)

    def look(session):
        workspace.rest()
        return session

    assert find_click_work(workspace, segmentor).read(look) is not None
    assert find_click_work(workspace, segmentor).read(lambda session: session.probabilities.any())


def test_others_rest_before_any_is_dropped(segmentor, discs_image):
    workspaces = Workspaces(segmentor, max_bytes=5 * discs_image.nbytes)
    opened = [workspaces.open_image("a.png", discs_image) for _ in range(3)]
    for workspace in opened:
        ask(workspaces.find(workspace.token), segmentor, 1, RED)  # an answer is a third larger
    for workspace in opened:
        assert workspaces.find(workspace.token) is workspace
    assert opened[0].nbytes < discs_image.nbytes * 1.1


def test_the_client_with_most_makes_room_and_first_where_nobody_worked(segmentor, discs_image):
    workspaces = Workspaces(segmentor, max_count=4, max_per_client=3)
    at_work = workspaces.open_image("a.png", discs_image)
    token = client.set("10.0.0.7")
    theirs = workspaces.open_image("a.png", discs_image)
    ask(theirs, segmentor, 1, RED)
    flood = [workspaces.open_image("a.png", discs_image) for _ in range(10)]
    assert len(workspaces) == 4
    for kept in (at_work, theirs, *flood[-2:]):
        assert workspaces.find(kept.token) is kept
    client.reset(token)


def test_resuming_voids_the_old_token(workspaces, segmentor, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    old = workspace.token
    ask(workspace, segmentor, 1, RED)
    assert workspaces.resume(old).greeting()["sequence"] == 1
    with pytest.raises(Gone):
        workspaces.find(old)
    assert len(ask(workspace, segmentor, 2)["objects"]) == 1


def test_large_photos_are_worked_on_smaller_and_keep_their_size(
    monkeypatch, workspaces, discs_image
):
    monkeypatch.setattr("tamingseg.ui.workspaces.WORK_PIXELS", 480 * 640 // 4)
    greeting = workspaces.open_image("a.png", discs_image).greeting()
    assert greeting["size"] == [240, 320]
    assert greeting["full_size"] == [480, 640]


def test_samples_are_encoded_once_for_all(workspaces, segmentor, monkeypatch):
    encoded = []
    embed = segmentor.embed
    monkeypatch.setattr(segmentor, "embed", lambda image: encoded.append(1) or embed(image))
    name = SAMPLE_IMAGES[0]
    for _ in range(2):
        ask(workspaces.open_sample(name), segmentor, 1)
    assert len(encoded) == 1


def test_a_click_waits_for_no_photo_that_is_encoded(segmentor, discs_image, monkeypatch):
    workspaces = Workspaces(segmentor)
    at_work = workspaces.open_image("a.png", discs_image)
    ask(at_work, segmentor, 1)
    others = [workspaces.open_image("b.png", discs_image) for _ in range(_AT_ONCE + 1)]
    embed, begun, go_on = segmentor.embed, threading.Semaphore(0), threading.Event()
    priorities = []

    def wait(image):
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        begun.release()
        go_on.wait()
        return embed(image)

    monkeypatch.setattr(segmentor, "embed", wait)
    # Threads that begin here, and not at the run of another test.
    encoders = ThreadPoolExecutor(_AT_ONCE, "encode", let_others_go_first, (NICE_ENCODING,))
    monkeypatch.setattr("tamingseg.ui.workspaces.encoders", encoders)
    with ThreadPoolExecutor(len(others)) as pool, encoders:
        answers = [pool.submit(ask, other, segmentor, 1, RED) for other in others]
        try:
            for _ in range(_AT_ONCE):
                begun.acquire()
            assert len(ask(at_work, segmentor, 2, RED)["objects"]) == 1
            assert not any(answer.done() for answer in answers)
        finally:
            go_on.set()
        assert all(len(answer.result()["objects"]) == 1 for answer in answers)
    if sys.platform == "linux":
        own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        assert priorities == [min(19, own + NICE_ENCODING)] * len(others)


def test_a_step_back_waits_for_no_clicks(workspaces, segmentor, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    ask(workspace, segmentor, 1, RED)
    with ExitStack() as others:
        for _ in range(_AT_ONCE):
            others.enter_context(clicks_at_once)
        assert ask(workspace, segmentor, 2, {"do": "undo"})["objects"] == []
