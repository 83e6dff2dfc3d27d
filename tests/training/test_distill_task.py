"""Distillation: the loss against teacher and truth, and the command from end to end."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from tamingseg.cli.main import main
from tamingseg.data.catalog import open_dataset
from tamingseg.models.pixel_embedder import PixelEmbedder, PixelEmbedderConfig
from tamingseg.training.config import DistillConfig
from tamingseg.training.distill_task import DistillTask, distillation
from tamingseg.weights.checkpoint import load_model, save_checkpoint
from tamingseg.weights.registry import find_weights

TINY = PixelEmbedderConfig("test_resnet", (), (8, 8, 16, 16), hidden=16, dim=8, image_size=64)
LOSSES = {"soft-iou": 1.0, "cross-entropy": 0.5}


class Student(torch.nn.Module):
    """Answers every click with the same map of logits."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(logits)

    def encode(self, images):
        return images

    def enlarge(self, logits, features):
        return logits

    def decode(self, features, clicks, previous=None):
        return self.logits.expand(clicks.shape[0], clicks.shape[1], -1, -1)


def batch(answers, known=True):
    label_map = torch.ones(1, 16, 16, dtype=torch.int32)
    label_map[:, :, 8:] = 2
    clicks = torch.tensor([[[[8.5, 2.5, 1.0]]]])
    return {
        "image": torch.zeros(1, 3, 16, 16, dtype=torch.uint8),
        "label_map": label_map,
        "ignore": torch.zeros(1, 16, 16, dtype=torch.bool),
        "labels": torch.tensor([[1]], dtype=torch.int32),
        "clicks": clicks,
        "teacher_clicks": clicks if known else torch.full_like(clicks, -1),
        "teacher_answers": answers,
    }


def left(value):
    """A 4x4 map: `value` on the left half, the opposite on the right."""
    logits = torch.full((4, 4), -float(value))
    logits[:, :2] = value
    return logits


def answers_of(logits):
    return (logits.sigmoid() * 255).round().to(torch.uint8)[None, None]


def test_who_is_like_teacher_and_truth_pays_nothing():
    task = DistillTask(Student(left(30)), {"soft-iou": 1.0}, 1.0, 1.0)
    loss, logged = task(batch(answers_of(left(30))), 0, 0)
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert logged["iou"] == 1


def test_soft_answers_are_met_softly():
    # Cross-entropy at a soft target is smallest at the target itself, and so is this IoU.
    soft = answers_of(left(0.7))

    def loss_at(value):
        task = DistillTask(Student(left(value)), LOSSES, 1.0, 0.0)
        return task(batch(soft), 0, 0)[0].item()

    values = np.linspace(-1, 3, 41)
    assert values[np.argmin([loss_at(value) for value in values])] == pytest.approx(0.7, abs=0.05)


def test_each_side_has_its_weight():
    right, wrong = answers_of(left(30)), answers_of(left(-30))
    student = Student(left(30))
    for teacher_weight, answers, expected in ((2.0, wrong, 2.0), (2.0, right, 0.0)):
        task = DistillTask(student, {"soft-iou": 1.0}, teacher_weight, 3.0)
        assert task(batch(answers), 0, 0)[0].item() == pytest.approx(expected, abs=1e-4)
    task = DistillTask(Student(left(-30)), {"soft-iou": 1.0}, 2.0, 3.0)
    assert task(batch(wrong), 0, 0)[0].item() == pytest.approx(3.0, abs=1e-4)


def test_empty_slots_cost_nothing():
    task = DistillTask(Student(left(30)), LOSSES, 1.0, 1.0)
    loss, _ = task(batch(answers_of(left(-30)), known=False), 0, 0)
    assert loss.item() == pytest.approx(0, abs=1e-5)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight images of a bright disc on noise, in the folder layout, and a texture."""
    root = tmp_path_factory.mktemp("distill")
    rng = np.random.default_rng(0)
    for name in ("discs/images", "discs/masks", "textures"):
        (root / name).mkdir(parents=True)
    for number in range(8):
        image = rng.integers(0, 80, (64, 64, 3), dtype=np.uint8)
        mask = np.zeros((64, 64), np.uint8)
        cv2.circle(mask, tuple(int(v) for v in rng.integers(20, 44, 2)), 15, 1, -1)
        image[mask > 0] += 150
        cv2.imwrite(str(root / f"discs/images/{number}.png"), image)
        cv2.imwrite(str(root / f"discs/masks/{number}.png"), mask)
    for number in range(3):
        texture = rng.integers(0, 255, (80, 80, 3), dtype=np.uint8)
        cv2.imwrite(str(root / f"textures/{number}.png"), texture)
    return root


def build(data, **changes):
    config = replace(
        DistillConfig(model=TINY, initial=None, sizes=((1.0, 64),), steps=4, batch=2, answers=None),
        **changes,
    )

    def teacher(image, clicks):
        return np.full((len(clicks), 16, 16), 0.5, np.float32)

    return distillation(config, [open_dataset(data / "discs")], teacher, "half")


def test_weights_are_taken_over_where_they_fit(data, tmp_path, make_model):
    save_checkpoint(make_model("clicknet"), tmp_path / "clicknet.safetensors")
    task, _ = build(data, initial=str(tmp_path / "clicknet.safetensors"))
    other = make_model("clicknet").state_dict()
    for key, tensor in task.model.state_dict().items():
        if key.startswith(("backbone.", "pyramid.")):
            assert torch.equal(tensor, other[key]), key
    save_checkpoint(make_model("segnext"), tmp_path / "segnext.safetensors")
    with pytest.raises(ValueError, match="fit the student"):
        build(data, initial=str(tmp_path / "segnext.safetensors"))


def test_the_default_student_begins_with_the_encoder_of_the_default_weights(data):
    task, _ = build(data, model=DistillConfig().model, initial=DistillConfig().initial)
    teacher = load_model(find_weights("default")).state_dict()
    same = [
        torch.equal(tensor, teacher[key])
        for key, tensor in task.model.state_dict().items()
        if key.startswith("backbone.")
    ]
    assert all(same)


def test_mosaics_are_a_set_more_that_no_teacher_sees(data):
    _, samples = build(data, textures=(data / "textures",))
    assert [teacher is None for teacher in samples.teachers] == [False, True]
    assert len(samples.datasets) == 2


def run(data, folder, *more):
    arguments = ["distill", "--data", data / "discs", "--textures", data / "textures"]
    arguments += ["--output", folder, "--cache", data / "cache", "--answers", data / "answers"]
    arguments += ["--batch", 2, "--sizes", "1.0", 64, "--held-out", 4, "--checkpoint-every", 2]
    arguments += ["--model.backbone", "test_resnet", "--model.pyramid", 8, 8, 16, 16]
    arguments += ["--model.hidden", 16, "--model.dim", 8, "--model.blocks", "--grid", 3]
    arguments += ["--initial", "None", "--sampling.queries", 3, "--warmup", 2, "--workers", 0]
    return main([str(argument) for argument in (*arguments, *more)])


def test_the_command_goes_on_where_it_stopped(data, tmp_path, capsys):
    assert run(data, tmp_path / "whole", "--steps", 4) == 0
    assert run(data, tmp_path / "parts", "--steps", 2) == 0
    assert run(data, tmp_path / "parts", "--steps", 4) == 0
    assert "going on with" in capsys.readouterr().out
    whole, parts = (load_model(tmp_path / f / "model.safetensors") for f in ("whole", "parts"))
    assert isinstance(whole, PixelEmbedder)
    for key, tensor in whole.state_dict().items():
        assert torch.equal(tensor, parts.state_dict()[key]), key
    assert len(list((data / "answers").rglob("*.npy"))) == 6  # of 8 images, 2 are held out


def test_a_run_does_not_go_on_with_another_teacher_of_the_same_name(
    data, tmp_path, monkeypatch, capsys
):
    assert run(data, tmp_path / "run", "--steps", 2) == 0
    monkeypatch.setattr("tamingseg.cli.distill.model_fingerprint", lambda name: "other")
    answers = tmp_path / "answers"
    assert run(data, tmp_path / "run", "--steps", 4, "--answers", answers) == 2
    assert "holds a run with another teacher" in capsys.readouterr().err
    assert not answers.exists()  # it is not asked in vain


def test_an_unknown_teacher_is_said_in_one_line(data, tmp_path, capsys):
    assert run(data, tmp_path, "--teacher", "nobody") == 2
    assert "unknown segmentor 'nobody'" in capsys.readouterr().err


def test_answers_that_are_no_probabilities_are_not_kept(
    data, tmp_path, monkeypatch, fake_segmentor, capsys
):
    segmentor = fake_segmentor()
    segmentor.predict = lambda embedding, clicks, full_size: np.full((len(clicks), 8, 8), np.nan)
    weights = tmp_path / "fake.safetensors"
    weights.touch()
    monkeypatch.setattr("tamingseg.cli.distill.load_segmentor", lambda name: segmentor)
    kept = tmp_path / "answers"
    assert run(data, tmp_path / "run", "--teacher", weights, "--answers", kept) == 2
    assert "values that are NaN" in capsys.readouterr().err
    assert not kept.exists()


def test_one_texture_is_no_mosaic(data, tmp_path):
    (tmp_path / "a.png").write_bytes((data / "textures/0.png").read_bytes())
    with pytest.raises(ValueError, match="need two textures at least"):
        build(data, textures=(tmp_path,))


def test_a_teacher_on_a_gpu_is_not_asked_by_workers(
    data, tmp_path, monkeypatch, fake_segmentor, capsys
):
    segmentor = fake_segmentor()
    segmentor.device = "cuda:0"
    monkeypatch.setattr("tamingseg.cli.distill.load_segmentor", lambda name: segmentor)
    assert run(data, tmp_path / "run", "--answers", "None", "--workers", 2) == 2
    assert "keep its answers with --answers" in capsys.readouterr().err


def test_an_official_segnext_can_be_the_teacher(data, tmp_path, shared_fixtures):
    teacher = shared_fixtures / "segnext_official_tiny_b.pth"
    assert run(data, tmp_path / "run", "--teacher", teacher, "--steps", 2) == 0
    assert isinstance(load_model(tmp_path / "run" / "model.safetensors"), PixelEmbedder)
