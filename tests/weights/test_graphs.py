"""Graphs beside weights: they hold no weights, and are never used for another model."""

import json
import logging
import shutil
import zipfile

import numpy as np
import pytest

from tamingseg.cli.main import main
from tamingseg.segmentors.load import load_segmentor
from tamingseg.segmentors.onnx_network import OnnxNetwork
from tamingseg.weights.checkpoint import save_checkpoint
from tamingseg.weights.export import export_graphs
from tamingseg.weights.graphs import MANIFEST, UnusableGraphs, graphs_path, read_graphs
from tamingseg.weights.registry import find_weights


@pytest.fixture
def exported(make_model, tmp_path):
    path = tmp_path / "m.safetensors"
    save_checkpoint(make_model("clicknet"), path)
    export_graphs(path)
    return path


def test_the_command_writes_beside_the_weights(make_model, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    save_checkpoint(make_model("pixel-embedder"), path)
    assert read_graphs(path) is None
    assert main(["export", str(path)]) == 0
    assert "m.onnx.zip" in capsys.readouterr().out
    assert set(read_graphs(path).graphs) == {"encode", "decode", "affinity"}


@pytest.mark.parametrize("name", ["default", "distilled"])
def test_the_shipped_graphs_are_those_of_the_shipped_weights(name):
    """If this fails after training: `tamingseg export default distilled`."""
    graphs = read_graphs(find_weights(name))
    assert graphs is not None
    assert graphs_path(find_weights(name)).stat().st_size < 100_000


def test_nothing_in_the_archive_says_where_it_was_made(exported):
    with zipfile.ZipFile(graphs_path(exported)) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for word in (str(exported.parent), "site-packages", "clicknet.py"):
        assert word.encode() not in content


def test_the_same_model_is_exported_to_the_same_bytes(exported):
    before = graphs_path(exported).read_bytes()
    export_graphs(exported)
    assert graphs_path(exported).read_bytes() == before


def test_a_model_that_was_trained_further_keeps_its_graphs(exported, make_model):
    image, model = np.full((30, 40, 3), 90, np.uint8), make_model("clicknet")
    before = load_segmentor(exported)
    model.fine_features.weight.data *= -2
    save_checkpoint(model, exported)
    after = load_segmentor(exported)
    assert isinstance(after.network, OnnxNetwork)
    assert not np.array_equal(before.embed(image).features[4], after.embed(image).features[4])


def _of_another_model(path, make_model):
    save_checkpoint(make_model("clicknet", fine=8), path)


def _of_another_size(path, make_model):
    save_checkpoint(make_model("clicknet", image_size=96), path)


def _damaged(path, make_model):
    data = graphs_path(path).read_bytes()
    graphs_path(path).write_bytes(data[: len(data) // 2])


def _of_a_later_version(path, make_model):
    _rewrite(path, lambda manifest: manifest | {"version": 99})


def _without_a_part(path, make_model):
    _rewrite(path, lambda manifest: {k: v for k, v in manifest.items() if k != "graphs"})


def _rewrite(path, change):
    with zipfile.ZipFile(graphs_path(path)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[MANIFEST] = json.dumps(change(json.loads(files[MANIFEST]))).encode()
    with zipfile.ZipFile(graphs_path(path), "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    "spoil",
    [_of_another_model, _of_another_size, _damaged, _of_a_later_version, _without_a_part],
)
def test_graphs_that_do_not_belong_are_named_and_not_used(exported, make_model, spoil, caplog):
    spoil(exported, make_model)
    with pytest.raises(UnusableGraphs, match=r"m\.onnx\.zip .*tamingseg export"):
        read_graphs(exported)
    with caplog.at_level(logging.WARNING, "tamingseg"):
        segmentor = load_segmentor(exported, device="cpu")
    assert not isinstance(segmentor.network, OnnxNetwork)
    assert "runs in torch" in caplog.text


def test_only_our_small_models_are_exported(make_model, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    save_checkpoint(make_model("segnext"), path)
    assert main(["export", str(path)]) == 2
    assert "holds a SegNext" in capsys.readouterr().err
    assert main(["export"]) == 2
    assert not graphs_path(path).exists()


def test_weights_alone_are_enough(exported, tmp_path):
    shutil.copy(exported, tmp_path / "alone.safetensors")
    assert read_graphs(tmp_path / "alone.safetensors") is None
