import pytest

from tamingseg.data.sample_images import SAMPLE_IMAGES
from tamingseg.ui.click.work import find_click_work
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
    clock.now = 119
    assert workspaces.resume(left.token) is left
    workspaces.leave(left.token)
    clock.now = 240
    with pytest.raises(Gone):
        workspaces.find(left.token)
    workspaces.find(idle.token)
    clock.now = 240 + 3601
    with pytest.raises(Gone):
        workspaces.find(idle.token)
    assert len(workspaces) == 0


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
