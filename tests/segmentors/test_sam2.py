"""SAM 2.1 end to end on random weights: what goes in, what comes out, how it is loaded."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Sam2ImageProcessor, Sam2Processor

from tamingseg.segmentors import sam2 as sam2_module
from tamingseg.segmentors.base import CandidateSegmentor
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.segmentors.load import load_segmentor
from tamingseg.segmentors.sam2 import Sam2Segmentor, load_sam2
from tamingseg.values import Click

CLICKS = [Click(16.5, 18.5), Click(30.0, 44.0), Click(3.0, 60.0, positive=False)]


@pytest.fixture
def segmentor(sam2_model):
    return Sam2Segmentor(sam2_model, "tiny")


@pytest.fixture
def processor():
    """The library's own way from an image and its points to the model and back."""
    return Sam2Processor(Sam2ImageProcessor(size={"height": 64, "width": 64}), target_size=64)


class Echo(nn.Module):
    """In SAM's place: three masks, whose logits fall with the distance to the point (x, y)."""

    config = SimpleNamespace(
        prompt_encoder_config=SimpleNamespace(image_size=64),
        mask_decoder_config=SimpleNamespace(num_multimask_outputs=3),
    )
    prompt_encoder = SimpleNamespace(mask_input_size=(16, 16))

    def __init__(self):
        super().__init__()
        self.asked = []

    def get_image_embeddings(self, pixels):
        self.pixels = pixels
        return [pixels]

    def forward(self, image_embeddings, input_points, input_labels, input_masks, multimask_output):
        self.asked.append(SimpleNamespace(**locals()))
        centres = (torch.arange(16) + 0.5) * 4
        points = input_points[0, :, -1] + 0.5  # what SAM's prompt encoder adds
        across = (centres - points[:, :1]) ** 2
        down = (centres - points[:, 1:]) ** 2
        logits = -(down[:, :, None] + across[:, None, :])[:, None] / 100
        kinds = 3 if multimask_output else 1
        masks = logits.repeat(1, kinds, 1, 1) - torch.arange(kinds)[:, None, None]
        quality = torch.tensor([0.3, 0.9, 0.5])[:kinds].expand(len(points), kinds)
        return SimpleNamespace(pred_masks=masks[None], iou_scores=quality[None])


@pytest.mark.parametrize("size", [(50, 200), (200, 50), (97, 61), (64, 64), (40, 30)])
def test_the_answer_lies_where_the_click_was(size):
    segmentor = Sam2Segmentor(Echo(), "echo")
    embedding = segmentor.embed(np.zeros((*size, 3), np.uint8))
    cell = np.divide(size, 16)
    for row, col in ((0.3, 0.7), (0.5, 0.5), (0.9, 0.1)):
        click = Click(row * size[0], col * size[1])
        for full_size in (True, False):
            answer = segmentor.predict(embedding, [click], full_size)[0]
            peak = np.add(np.unravel_index(answer.argmax(), answer.shape), 0.5)
            peak *= np.divide(size, answer.shape)
            assert (np.abs(peak - (click.row, click.col)) <= cell / 2 + 0.5).all()


@pytest.mark.parametrize("size", [(64, 64), (48, 64), (200, 130)])
def test_pixels_as_the_library_prepares_them(processor, rng, size):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    model = Echo()
    Sam2Segmentor(model, "echo").embed(image)
    expected = processor(images=image, return_tensors="pt")["pixel_values"]
    assert model.pixels.shape == (1, 3, 64, 64)
    # The library resizes in whole grey values, rounding twice; SAM 2 itself and we do not.
    tolerance = 1e-5 if size == (64, 64) else 1 / 255 / 0.224
    torch.testing.assert_close(model.pixels, expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize("size", [(64, 64), (48, 64), (200, 130)])
def test_points_as_the_library_scales_them(processor, size):
    """Its points are indices on the square, half a pixel before the place that we speak of."""
    model = Echo()
    segmentor = Sam2Segmentor(model, "echo")
    clicks = [Click(10.5, 20.25), Click(0.0, 3.0, positive=False)]
    segmentor.predict_jointly(segmentor.embed(np.zeros((*size, 3), np.uint8)), clicks)
    points = [[[[click.col, click.row] for click in clicks]]]
    expected = processor(input_points=points, original_sizes=[size], return_tensors="pt")
    torch.testing.assert_close(model.asked[0].input_points, expected["input_points"] - 0.5)
    assert model.asked[0].input_labels.tolist() == [[[1, 0]]]


def test_a_pixel_of_the_square_is_its_index():
    """SAM 2 was trained with whole pixels of the square, as indices."""
    model = Echo()
    segmentor = Sam2Segmentor(model, "echo")
    segmentor.predict(segmentor.embed(np.zeros((64, 64, 3), np.uint8)), [Click(7.5, 31.5)])
    assert model.asked[0].input_points.tolist() == [[[[31, 7]]]]


def reference(model, processor, image, click):
    """One click, as the library documents it; probabilities (H, W) of the best mask."""
    size = image.shape[:2]
    x, y = click.col - 0.5 * size[1] / 64, click.row - 0.5 * size[0] / 64
    inputs = processor(
        images=image,
        input_points=[[[[x, y]]]],
        input_labels=[[[int(click.positive)]]],
        return_tensors="pt",
    )
    sizes = inputs.pop("original_sizes")
    with torch.inference_mode():
        outputs = model(**inputs)
    logits = processor.post_process_masks(outputs.pred_masks, sizes, binarize=False)[0][0]
    return logits[outputs.iou_scores[0, 0].argmax()].sigmoid().numpy()


@pytest.mark.parametrize("size", [(64, 64), (48, 64), (90, 70)])
def test_as_the_library_itself(segmentor, sam2_model, processor, rng, size):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    answers = segmentor.predict(segmentor.embed(image), CLICKS)
    # Where the image is not resized nothing is rounded either; elsewhere see the pixels above.
    tolerance = 1e-5 if size == (64, 64) else 0.02
    for click, answer in zip(CLICKS, answers, strict=True):
        expected = reference(sam2_model, processor, image, click)
        np.testing.assert_allclose(answer, expected, atol=tolerance)


def test_the_tiny_model_is_worth_asking(segmentor, two_discs):
    """Its answers depend on the place, the sign and the image, so the other tests see something."""
    embedding = segmentor.embed(two_discs.image)
    answers = segmentor.predict(embedding, [*CLICKS, Click(16.5, 18.5, positive=False)])
    turned = segmentor.predict(segmentor.embed(two_discs.image[::-1, ::-1]), CLICKS)
    for first, second in ((0, 1), (1, 2), (0, 3)):
        assert np.abs(answers[first] - answers[second]).max() > 0.02
    assert np.abs(answers[:3] - turned).max() > 0.02
    assert answers.std(axis=(1, 2)).min() > 0.02


def test_all_masks_of_a_click(segmentor, two_discs):
    embedding = segmentor.embed(two_discs.image)
    probabilities, quality = segmentor.predict_candidates(embedding, CLICKS)
    assert probabilities.shape == (3, 3, 16, 16)
    assert quality.shape == (3, 3)
    assert probabilities.dtype == quality.dtype == np.float32
    assert 0 <= quality.min() <= quality.max() <= 1
    small = segmentor.predict(embedding, CLICKS, full_size=False)
    best = probabilities[np.arange(3), quality.argmax(axis=1)]
    np.testing.assert_allclose(best, small, atol=1e-6)
    assert not np.allclose(probabilities[:, 0], probabilities[:, 1], atol=1e-3)
    nothing = segmentor.predict_candidates(embedding, [])
    assert [array.shape for array in nothing] == [(0, 3, 16, 16), (0, 3)]
    with pytest.raises(ValueError, match="outside the image"):
        segmentor.predict_candidates(embedding, [Click(48, 0)])


def test_who_gives_several_masks(segmentor, fake_segmentor):
    assert isinstance(segmentor, CandidateSegmentor)
    assert not isinstance(fake_segmentor(), CandidateSegmentor)
    assert not isinstance(FunctionSegmentor(np.mean, "mean"), CandidateSegmentor)


def test_the_best_predicted_mask_is_taken():
    segmentor = Sam2Segmentor(Echo(), "echo")
    embedding = segmentor.embed(np.zeros((64, 64, 3), np.uint8))
    answer = segmentor.predict(embedding, [Click(30, 30)], full_size=False)[0]
    # The peak of mask k is at (30, 30) to SAM, 0 from the centre of a cell, and lies at -k.
    assert answer.max() == pytest.approx(1 / (1 + np.exp(1)))


def test_work_is_done_in_parts(monkeypatch):
    model = Echo()
    segmentor = Sam2Segmentor(model, "echo")
    embedding = segmentor.embed(np.zeros((80, 80, 3), np.uint8))
    clicks = [Click(i, 2 * i) for i in range(7)]
    whole = segmentor.predict(embedding, clicks)
    candidates, _ = segmentor.predict_candidates(embedding, clicks)
    model.asked.clear()
    monkeypatch.setattr(sam2_module, "_PIXELS_AT_ONCE", 3 * 80 * 80)
    np.testing.assert_allclose(segmentor.predict(embedding, clicks), whole, atol=1e-6)
    assert [asked.input_points.shape[1] for asked in model.asked] == [3, 3, 1]
    in_parts, _ = segmentor.predict_candidates(embedding, clicks)
    np.testing.assert_allclose(in_parts, candidates, atol=1e-6)
    assert [asked.input_points.shape[1] for asked in model.asked[3:]] == [4, 3]


def test_clicks_together(segmentor, sam2_model, two_discs):
    embedding = segmentor.embed(two_discs.image)
    first = segmentor.predict_jointly(embedding, CLICKS[:1])
    np.testing.assert_allclose(first, segmentor.predict(embedding, CLICKS[:1])[0], atol=1e-6)
    second = segmentor.predict_jointly(embedding, CLICKS, first)
    # The same by hand: SAM's (x, y) on its square, one mask, the logits before as mask prompt.
    points = [[[[c.col * 64 / 64 - 0.5, c.row * 64 / 48 - 0.5] for c in CLICKS]]]
    logits = torch.from_numpy(first).logit()[None, None]
    logits = nn.functional.interpolate(logits, (16, 16), mode="bilinear", antialias=True)
    with torch.inference_mode():
        output = sam2_model(
            image_embeddings=list(embedding.features),
            input_points=torch.tensor(points),
            input_labels=torch.tensor([[[1, 1, 0]]]),
            input_masks=logits,
            multimask_output=False,
        )
    expected = nn.functional.interpolate(output.pred_masks[0], (48, 64), mode="bilinear")
    np.testing.assert_allclose(second, expected[0, 0].sigmoid(), atol=1e-5)
    without = segmentor.predict_jointly(embedding, CLICKS)
    assert np.abs(second - without).max() > 1e-3


def test_what_a_joint_question_asks_for():
    model = Echo()
    segmentor = Sam2Segmentor(model, "echo")
    embedding = segmentor.embed(np.zeros((64, 64, 3), np.uint8))
    previous = np.full((64, 64), 0.25, np.float32)
    previous[:, 32:] = 1
    segmentor.predict_jointly(embedding, CLICKS[:1])
    segmentor.predict_jointly(embedding, CLICKS[:2])
    segmentor.predict_jointly(embedding, CLICKS[:1], previous)
    assert [asked.multimask_output for asked in model.asked] == [True, False, False]
    assert [asked.input_masks is None for asked in model.asked] == [True, True, False]
    prompt = model.asked[2].input_masks
    assert prompt.shape == (1, 1, 16, 16)
    np.testing.assert_allclose(prompt[..., :7], np.log(1 / 3), atol=1e-4)
    np.testing.assert_allclose(prompt[..., 9:], np.log(1e6), atol=0.1)  # finite, not infinity


@pytest.mark.parametrize("size", [(64, 64), (160, 96), (40, 200), (10, 12)])
def test_the_answer_survives_being_the_previous_one(size):
    """Enlarged, made probabilities and brought back, the mask is nearly the same."""
    segmentor = Sam2Segmentor(Echo(), "echo")
    embedding = segmentor.embed(np.zeros((*size, 3), np.uint8))
    click = Click(0.3 * size[0], 0.6 * size[1])
    large = segmentor.predict(embedding, [click])[0]
    small = segmentor.predict(embedding, [click], full_size=False)[0]
    prompt = segmentor._mask_prompt(large, size)[0, 0].sigmoid().numpy()
    assert np.abs(prompt - small).max() < 0.05


def test_loading_what_is_published(write_sam2_folder, tmp_path, two_discs, capfd):
    """The folders on the hub hold the video model."""
    folder = write_sam2_folder(tmp_path / "sam2.1-mine")
    assert json.loads((folder / "config.json").read_text())["model_type"] == "sam2_video"
    segmentor = load_segmentor(folder, device="cpu")
    assert segmentor.name == "sam2.1-mine"
    stored = load_file(folder / "model.safetensors")
    loaded = segmentor.model.state_dict()
    assert len(loaded) < len(stored)
    for key, tensor in loaded.items():
        torch.testing.assert_close(tensor, stored[key])
    assert not segmentor.model.training
    answers = segmentor.predict(segmentor.embed(two_discs.image), CLICKS)
    assert answers.shape == (3, 48, 64)
    assert "model of type" not in "".join(capfd.readouterr())


def spoil_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_folders_that_are_no_sam2(write_sam2_folder, tmp_path):
    folder = write_sam2_folder(tmp_path / "mine")
    config = (folder / "config.json").read_text()
    for changes, message in (
        ({"model_type": "sam"}, "expected the model type sam2 or sam2_video, got 'sam'"),
        ({"vision_config": None}, "no SAM 2 model that"),
        ({"mask_decoder_config": {"hidden_size": "32"}}, "no SAM 2 model that"),
        ({"mask_decoder_config": {"hidden_size": 48}}, "no SAM 2 model that"),
    ):
        spoil_config(folder, **changes)
        with pytest.raises(ValueError, match=message) as caught:
            load_segmentor(folder, device="cpu")
        assert str(folder) in str(caught.value)
        (folder / "config.json").write_text(config)
    for text in ("", "[1]", "3", "{}", '{"model_type": "sam2"}'):
        (folder / "config.json").write_text(text)
        with pytest.raises(ValueError, match="not the configuration of a SAM 2 model"):
            load_segmentor(folder, device="cpu")


def test_weights_that_are_damaged_or_incomplete(write_sam2_folder, tmp_path):
    folder = write_sam2_folder(tmp_path / "mine")
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:5000])
    with pytest.raises(ValueError, match=r"mine: this is no SAM 2 model.*SafetensorError"):
        load_sam2(folder, "mine")
    path.write_bytes(whole)
    tensors = load_file(path)
    del tensors["mask_decoder.iou_token.weight"]
    del tensors["no_memory_embedding"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"2 tensors are missing.*mask_decoder.iou_token.weight"):
        load_sam2(folder, "mine")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no .*model\.safetensors"):
        load_sam2(folder, "mine")


def test_without_transformers(write_sam2_folder, tmp_path, monkeypatch):
    folder = write_sam2_folder(tmp_path / "mine")
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "tamingseg.segmentors.sam2")
    for model in (folder, "sam2.1-tiny"):
        with pytest.raises(ImportError, match=r"pip install 'tamingseg\[sam2\]'"):
            load_segmentor(model, device="cpu")
