import numpy as np
import pytest
import torch

from tamingseg.segmentors import load as load_module
from tamingseg.segmentors.load import list_segmentors, load_segmentor
from tamingseg.values import Click
from tamingseg.weights.checkpoint import save_checkpoint


def test_by_path(make_model, model_name, tmp_path, two_discs):
    path = tmp_path / "mine.safetensors"
    save_checkpoint(make_model(model_name), path)
    for given in (path, str(path)):
        segmentor = load_segmentor(given, device="cpu")
        assert segmentor.name == "mine"
        answer = segmentor.predict(segmentor.embed(two_discs.image), [Click(16, 18)])
        assert answer.shape == (1, 48, 64)
        assert np.isfinite(answer).all()


def test_by_name(make_model, tmp_path, monkeypatch):
    path = tmp_path / "file.safetensors"
    save_checkpoint(make_model("clicknet"), path)
    monkeypatch.setattr(load_module, "find_weights", lambda name: path)
    assert load_segmentor(device="cpu").name == "default"
    assert load_segmentor("segnext-sax2", device="cpu").name == "segnext-sax2"


def test_unknown_names_list_the_choices():
    with pytest.raises(ValueError, match=r"unknown segmentor 'sam'.*default, segnext-sax1"):
        load_segmentor("sam")
    assert list_segmentors()[0] == "default"


def test_missing_files(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        load_segmentor(tmp_path / "none.safetensors")
    monkeypatch.setenv("TAMINGSEG_WEIGHTS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="save it as"):
        load_segmentor("segnext-sax1")


def test_number_of_threads(make_model, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_checkpoint(make_model("clicknet"), path)
    before = torch.get_num_threads()
    try:
        load_segmentor(path, device="cpu", threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
