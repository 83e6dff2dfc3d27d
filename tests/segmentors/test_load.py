import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tamingseg.segmentors import load as load_module
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.segmentors.load import list_segmentors, load_segmentor, model_fingerprint
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
    with pytest.raises(ValueError, match=r"unknown segmentor .sam.*default, distilled, segnext"):
        load_segmentor("sam")
    with pytest.raises(ValueError, match="folder with a SAM 2 model, or module:attribute"):
        model_fingerprint("path/to/nothing")
    assert list_segmentors()[0] == "default"
    assert "sam2.1-base-plus" in list_segmentors()


def test_missing_files(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        load_segmentor(tmp_path / "none.safetensors")
    monkeypatch.setenv("TAMINGSEG_WEIGHTS", str(tmp_path))
    for ask in (load_segmentor, model_fingerprint):
        with pytest.raises(FileNotFoundError, match="save it as"):
            ask("segnext-sax1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"SAM 2 model holds.*no .*config\.json"):
        load_segmentor(tmp_path / "empty")


def test_number_of_threads(make_model, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_checkpoint(make_model("clicknet"), path)
    before = torch.get_num_threads()
    try:
        load_segmentor(path, device="cpu", threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_sam2_by_name(write_sam2_folder, tmp_path, monkeypatch, two_discs):
    monkeypatch.setenv("TAMINGSEG_WEIGHTS", str(tmp_path))
    write_sam2_folder(tmp_path / "sam2.1-tiny")
    segmentor = load_segmentor("sam2.1-tiny", device="cpu")
    assert segmentor.name == "sam2.1-tiny"
    assert segmentor.predict(segmentor.embed(two_discs.image), [Click(1, 1)]).shape == (1, 48, 64)


def test_transformers_is_loaded_for_sam2_alone():
    code = (
        "import sys; from tamingseg.segmentors.load import load_segmentor as load, "
        "model_fingerprint; load(device='cpu'); load('json:dumps'); model_fingerprint(); "
        "print('transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


OWN_MODULE = '''
import numpy as np

from tamingseg import ImageEmbedding


class Darkness:
    """A whole model of one's own: the darker, the likelier."""

    name = "darkness"

    def embed(self, image):
        dark = 1 - image.mean(axis=2, dtype=np.float32) / 255
        return ImageEmbedding(image, dark)

    def predict(self, embedding, clicks, full_size=True):
        return np.stack([embedding.features for _ in clicks])


def brightness(image, clicks):
    return image.mean(axis=2) / 255


model = Darkness()
nothing = 3


class Half:
    embed = None


def broken(image, clicks):
    return image
'''


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A file my_model.py in the current folder, which Python has not met before."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my_model.py"
    path.write_text(OWN_MODULE)
    yield path
    for name in ("my_model", "my_package", "my_package.inner"):
        sys.modules.pop(name, None)


def test_a_model_of_ones_own(own_module, two_discs):
    start = OWN_MODULE.index("def brightness")
    assert OWN_MODULE[:start].strip().count("\n") + 1 < 25
    dark = 1 - two_discs.image.mean(axis=2) / 255
    for attribute, name, expected in (
        ("Darkness", "darkness", dark),
        ("model", "darkness", dark),
        ("brightness", "brightness", 1 - dark),
    ):
        segmentor = load_segmentor(f"my_model:{attribute}")
        assert segmentor.name == name
        answer = segmentor.predict(segmentor.embed(two_discs.image), [Click(1, 1)])
        np.testing.assert_allclose(answer, expected[None], atol=1e-6)
    assert isinstance(segmentor, FunctionSegmentor)


def test_a_module_in_a_package(own_module, two_discs):
    package = own_module.parent / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    own_module.rename(package / "inner.py")
    assert load_segmentor("my_package.inner:Darkness").name == "darkness"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("my_modle:Darkness", r"no module 'my_modle' in the current folder.*file my_modle\.py"),
        ("my_model.deeper:model", r"no module 'my_model\.deeper'"),
        ("my_model:Darknes", r"my_model\.py\) has no 'Darknes'; it has .*Darkness, brightness"),
        (
            "my_model:nothing",
            r"my_model:nothing must be .*type int, without embed",
        ),
        ("my_model:Half", r"must be a segmentor.*type Half, without predict, name"),
        ("sys:path", "no source file"),
        ("not a module:model", "unknown segmentor"),
        (r"C:\models\mine", "unknown segmentor"),
    ],
)
def test_what_is_no_model_of_ones_own(own_module, given, message):
    with pytest.raises(ValueError, match=message):
        load_segmentor(given)


def test_errors_inside_ones_own_module_stay_as_they_are(own_module):
    own_module.write_text("import no_such_library")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        load_segmentor("my_model:Darkness")


def test_a_wrong_answer_names_the_model(own_module, two_discs):
    segmentor = load_segmentor("my_model:broken")
    with pytest.raises(ValueError, match=r"model 'broken' must.*\(48, 64\), got uint8"):
        segmentor.predict(segmentor.embed(two_discs.image), [Click(1, 1)])


def test_a_file_with_a_colon_is_a_file(own_module):
    Path("my_model:Darkness").write_text("no checkpoint")
    with pytest.raises(ValueError, match="expected a safetensors file"):
        load_segmentor("my_model:Darkness")


def test_fingerprints(own_module, write_sam2_folder, tmp_path, monkeypatch):
    def expected(*parts):
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]

    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights" * 500_000)
    assert model_fingerprint(path) == model_fingerprint(str(path)) == expected(path.read_bytes())
    assert model_fingerprint("my_model:model") == expected(b"model", own_module.read_bytes())
    assert model_fingerprint("my_model:Darkness") != model_fingerprint("my_model:model")

    monkeypatch.setenv("TAMINGSEG_WEIGHTS", str(tmp_path))
    folder = write_sam2_folder(tmp_path / "sam2.1-tiny")
    before = model_fingerprint("sam2.1-tiny")
    files = [(folder / name).read_bytes() for name in ("config.json", "model.safetensors")]
    assert before == model_fingerprint(folder) == expected(*files)
    (folder / "README.md").write_text("no part of the model")
    assert model_fingerprint(folder) == before
    with open(folder / "model.safetensors", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    assert model_fingerprint(folder) != before
    assert len(model_fingerprint()) == 12
