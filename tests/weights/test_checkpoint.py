import json
import os
import pickle
import resource

import pytest
import torch
from safetensors.torch import load_file, save_file

from tamingseg.weights.checkpoint import load_model, save_checkpoint


def answer(model):
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        return model.decode(model.encode(images), torch.tensor([[[[20.0, 30.0, 1.0]]]]))


@pytest.fixture
def saved(make_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(make_model("segnext"), path)
    return path


def rewrite(path, change_tensors=lambda t: t, change_header=lambda h: h):
    """Write the checkpoint again with other tensors or another header."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["tamingseg"])
    tensors = change_tensors(load_file(path))
    save_file(tensors, path, metadata={"tamingseg": json.dumps(change_header(header))})


def test_what_is_loaded_answers_like_what_was_saved(make_model, model_name, tmp_path):
    model = make_model(model_name)
    save_checkpoint(model, tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors")
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    assert not loaded.training
    assert torch.equal(answer(loaded), answer(model))
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_half_precision_halves_the_file(make_model, model_name, tmp_path):
    model = make_model(model_name)
    save_checkpoint(model, tmp_path / "full.safetensors")
    save_checkpoint(model, tmp_path / "half.safetensors", dtype=torch.float16)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]
    loaded = load_model(tmp_path / "half.safetensors")
    assert all(p.dtype == torch.float32 for p in loaded.parameters())
    torch.testing.assert_close(answer(loaded), answer(model), atol=0.05, rtol=0.05)


def test_a_number_too_large_for_half_precision_is_kept(make_model, tmp_path):
    model = make_model("clicknet")
    variance = model.pyramid.smooth[3][1].running_var
    variance[0] = 70_000.0  # float16 ends at 65,504
    save_checkpoint(model, tmp_path / "half.safetensors", dtype=torch.float16)
    again = load_model(tmp_path / "half.safetensors").pyramid.smooth[3][1].running_var
    torch.testing.assert_close(again, variance)


def test_whoever_may_read_other_new_files_may_read_weights(saved, tmp_path):
    (tmp_path / "other").touch()
    assert saved.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_only_models_of_the_table_are_saved(tmp_path):
    with pytest.raises(ValueError, match="got a Linear"):
        save_checkpoint(torch.nn.Linear(1, 1), tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: {k: v for k, v in t.items() if k != "head.fuse.bias"},
            "missing: head.fuse.bias",
        ),
        (lambda t: {**t, "surplus": torch.zeros(1)}, "unexpected: surplus"),
        (
            lambda t: {**t, "head.fuse.bias": torch.zeros(9)},
            r"another shape: head.fuse.bias \(\(9,\), expected \(8,\)\)",
        ),
        (lambda t: {"a": torch.zeros(1)}, r"missing: .* and \d+ more; unexpected: a"),
        (
            lambda t: {**t, "head.fuse.bias": torch.full((8,), torch.nan)},
            "not finite: head.fuse.bias",
        ),
        (
            lambda t: {**t, "head.fuse.bias": torch.zeros(8, dtype=torch.int64)},
            r"another type: head.fuse.bias \(torch.int64\)",
        ),
        (
            lambda t: {**t, "head.fuse.bias": torch.zeros(8, dtype=torch.complex64)},
            "no dense tensors of real numbers: head.fuse.bias",
        ),
    ],
)
def test_tensors_must_be_exactly_the_models(saved, change, message):
    rewrite(saved, change_tensors=change)
    with pytest.raises(ValueError, match=message) as caught:
        load_model(saved)
    assert str(saved) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: {**h, "model": "sam"}, "one of clicknet, segnext, pixel-embedder, got 'sam'"),
        (lambda h: {**h, "model": "clicknet"}, "a clicknet has the settings"),
        (lambda h: {**h, "version": 2}, "install a newer"),
        (lambda h: {**h, "config": {**h["config"], "new": 1}}, "got also new"),
        (lambda h: {**h, "config": {**h["config"], "width": 32}}, "of another shape"),
        (lambda h: {**h, "model": ["segnext"]}, "one of clicknet, .* got list"),
        (lambda h: {**h, "version": [[]]}, "install a newer"),
        (lambda h: {**h, "config": {**h["config"], "heads": 0}}, "heads must be a whole number"),
        (lambda h: {**h, "config": {**h["config"], "depth": 10**12}}, "depth must be .* 1 to 100"),
        (lambda h: {**h, "config": {**h["config"], "pyramid": [4, 8]}}, "pyramid must be 4 values"),
        (lambda h: {**h, "config": 3}, "not written by tamingseg"),
        (lambda h: [], "not written by tamingseg"),
    ],
)
def test_the_header_must_name_a_known_model(saved, change, message):
    rewrite(saved, change_header=change)
    with pytest.raises(ValueError, match=message):
        load_model(saved)


def test_foreign_safetensors(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match="not written by tamingseg"):
        load_model(tmp_path / "foreign.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_file(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(ValueError, match="of another kind or incomplete"):
        load_model(saved)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load_model(tmp_path / "none.safetensors")


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize(
    "dump", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o, protocol=2))]
)
def test_code_in_a_pickle_is_never_run(tmp_path, suffix, dump):
    path, target = tmp_path / f"evil{suffix}", tmp_path / "executed"
    dump({"state_dict": {}, "config": Trap(target)}, path)
    with pytest.raises(ValueError, match=r"nothing in it was run|of another kind"):
        load_model(path)
    assert not target.exists()


def test_truncated_pickle(tmp_path):
    path = tmp_path / "m.pth"
    torch.save({"state_dict": {"a": torch.zeros(1000)}, "config": {}}, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="damaged"):
        load_model(path)


def test_pickle_of_something_else(tmp_path):
    torch.save({"model": {}}, tmp_path / "m.pth")
    with pytest.raises(ValueError, match=r"m\.pth: .*'state_dict' and 'config', got \['model'\]"):
        load_model(tmp_path / "m.pth")
    torch.save([1, 2], tmp_path / "m.pth")
    with pytest.raises(ValueError, match="'state_dict' and 'config'"):
        load_model(tmp_path / "m.pth")


def test_a_small_file_that_names_a_huge_model(saved):
    """Shapes are compared before memory is taken: this one would need 100 GB."""
    largest = {"width": 4096, "depth": 100, "heads": 1, "image_size": 1024}
    rewrite(saved, change_header=lambda h: {**h, "config": {**h["config"], **largest}})
    with pytest.raises(ValueError, match="of another shape"):
        load_model(saved)


@pytest.mark.parametrize(
    "state", [3, {"a": 1}, {1: torch.zeros(1)}, {"a": torch.eye(3).to_sparse()}]
)
def test_state_dicts_that_are_none(tmp_path, state):
    torch.save({"state_dict": state, "config": {}}, tmp_path / "m.pth")
    with pytest.raises(ValueError, match=r"m\.pth: "):
        load_model(tmp_path / "m.pth")


def test_a_file_that_cannot_be_written_leaves_the_old_one(saved, make_model, tmp_path):
    before = saved.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"cannot write .* unchanged"):
            save_checkpoint(make_model("segnext"), saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert saved.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [saved.name]
