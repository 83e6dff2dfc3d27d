import pickle

import numpy as np
import pytest

from tamingseg.data.augment import AugmentConfig, View
from tamingseg.data.teacher import TeacherAnswers
from tamingseg.data.training import ClickSampling, ClickTrainingSet
from tamingseg.values import Sample

SIZE = (48, 64)


class Halves:
    """Images whose left part is label 1 and the rest 2; the names try to leave the folder."""

    name, fingerprint, partition = "halves", "0", True
    names = ("../a", "a/b")

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        label_map = np.full((1, *SIZE), 2, np.int32)
        label_map[:, :, : 24 + 16 * index] = 1
        image = np.repeat((label_map[0] * 100).astype(np.uint8)[..., None], 3, axis=2)
        return Sample(image, label_map, self.names[index])


class Teacher:
    """Answers with the colour under the click, at a quarter of the size, and counts images."""

    def __init__(self):
        self.asked = 0

    def __call__(self, image, clicks):
        self.asked += 1
        small = image[2::4, 2::4, 0]
        return np.stack([small == image[int(c.row), int(c.col), 0] for c in clicks]).astype(float)


@pytest.fixture
def teacher():
    return Teacher()


def test_answers_are_kept_inside_the_folder_and_asked_for_once(teacher, tmp_path):
    answers = TeacherAnswers(Halves(), teacher, "t", 4, tmp_path / "kept")
    answers.fill()
    first = np.array(answers[0])
    assert first.shape == (16, 12, 16)
    assert first.dtype == np.uint8
    assert set(np.unique(first)) == {0, 255}
    again = TeacherAnswers(Halves(), teacher, "t", 4, tmp_path / "kept")
    np.testing.assert_array_equal(again[0], first)
    assert teacher.asked == 2
    assert len(list((tmp_path / "kept").rglob("*.npy"))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    other = TeacherAnswers(Halves(), teacher, "another teacher", 4, tmp_path / "kept")
    np.testing.assert_array_equal(other[1], TeacherAnswers(Halves(), teacher, "t", 4, None)[1])
    assert teacher.asked == 4


@pytest.mark.parametrize("flipped", [False, True])
def test_a_view_takes_points_and_maps_along(rng, flipped):
    rows, cols = np.mgrid[:12, :16]
    maps = np.stack([rows, cols]).astype(np.float32)
    view = View((48, 64), (8, 16, 24, 40), flipped)
    size = (30, 20)
    resampled = view.resample(maps, size)
    # A map that holds its own coordinates says where each pixel of the view came from.
    points = rng.uniform((9, 17), (31, 55), (50, 2))
    moved = view.points(points, size)
    assert ((moved > 0) & (moved < size)).all()
    at = moved.astype(int)
    for axis, scale in ((0, 24 / 30), (1, 40 / 20)):
        found = (resampled[axis][at[:, 0], at[:, 1]] + 0.5) * 4
        # A click is at most half a pixel of the view from its pixel's centre; OpenCV samples at
        # 1/32 of a pixel of the map.
        assert (np.abs(found - points[:, axis]) <= scale / 2 + 4 / 32).all()


@pytest.mark.parametrize("seed", range(4))
def test_clicks_of_a_view_come_with_the_answers_the_teacher_gave_there(teacher, seed):
    dataset = Halves()
    answers = TeacherAnswers(dataset, teacher, "t", 8, None)
    samples = ClickTrainingSet(
        [dataset], lambda index: 64, ClickSampling("one", queries=5), AugmentConfig(), seed,
        [answers],
    )  # fmt: skip
    sample = samples[0]
    clicks, answered = sample["teacher_clicks"], sample["teacher_answers"]
    assert clicks.shape == (5, 1, 3)
    assert answered.shape == (5, 16, 16)
    label_map = sample["label_map"].numpy()
    for (row, col, sign), answer in zip(clicks[:, 0].tolist(), answered.numpy(), strict=True):
        assert sign == 1
        same = label_map == label_map[int(row), int(col)]
        small = same.reshape(16, 4, 16, 4).mean((1, 3))
        assert np.abs(answer / 255 - small).mean() < 0.08


def test_another_process_reads_answers_without_the_teacher(teacher, tmp_path):
    teacher.unpicklable = lambda: None
    answers = TeacherAnswers(Halves(), teacher, "t", 2, tmp_path)
    answers[0]
    there = pickle.loads(pickle.dumps(answers))
    np.testing.assert_array_equal(there[0], answers[0])
    with pytest.raises(RuntimeError, match="missing"):
        there[1]
    assert answers.teacher is teacher


def test_nothing_is_pasted_over_what_a_teacher_saw(teacher):
    def samples(teachers):
        views = AugmentConfig(paste=0.5)
        return ClickTrainingSet(
            [Halves()], lambda index: 32, ClickSampling("one"), views, 0, teachers
        )

    with pytest.raises(ValueError, match="set paste to 0"):
        samples([TeacherAnswers(Halves(), teacher, "t", 2, None)])
    samples([None])


def test_a_set_without_a_teacher_has_empty_slots(teacher):
    samples = ClickTrainingSet(
        [Halves()], lambda index: 32, ClickSampling("one", queries=3), AugmentConfig(), 0, [None]
    )
    sample = samples[0]
    assert (sample["teacher_clicks"] == -1).all()
    assert not sample["teacher_answers"].any()
