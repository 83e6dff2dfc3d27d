import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest

from tamingseg.weights.registry import (
    HUB_FILES,
    WEIGHTS,
    find_weights,
    weights_folder,
    weights_path,
)


def test_names_and_files_are_unique():
    assert len({entry.file for entry in WEIGHTS.values()}) == len(WEIGHTS)
    assert "default" in WEIGHTS
    for name, entry in WEIGHTS.items():
        assert entry.name == name
        assert entry.licence
        assert entry.source
        assert entry.trained_on


def test_weights_that_must_be_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("TAMINGSEG_WEIGHTS", str(tmp_path))
    assert weights_folder() == tmp_path
    with pytest.raises(FileNotFoundError) as caught:
        find_weights("segnext-sax1")
    path = tmp_path / WEIGHTS["segnext-sax1"].file
    assert f"save it as {path}" in str(caught.value)
    assert "uncbiag/SegNext" in str(caught.value)
    path.touch()
    assert find_weights("segnext-sax1") == path


def test_the_folder_without_the_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("TAMINGSEG_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights_folder() == tmp_path / ".cache" / "tamingseg"


def test_a_name_or_a_file_leads_to_a_file():
    assert weights_path("default") == find_weights("default")
    assert weights_path("runs/mine/model.safetensors") == Path("runs/mine/model.safetensors")


def test_unknown_name():
    with pytest.raises(ValueError, match="must be one of default, distilled, segnext-sax1"):
        find_weights("sam")


def fill(folder, files=HUB_FILES):
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).touch()
    return folder


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub, with what it answers: a folder, or an exception; what it was asked is kept."""

    class Hub:
        def __init__(self):
            self.cached = FileNotFoundError("not in the cache")
            self.online = OSError("no route to host\nand many more words")
            self.asked = []

        def download(self, repository, *, allow_patterns, local_files_only):
            self.asked.append((repository, allow_patterns, local_files_only))
            answer = self.cached if local_files_only else self.online
            if isinstance(answer, Exception):
                raise answer
            return str(answer)

    hub = Hub()
    monkeypatch.setenv("TAMINGSEG_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.download)
    return hub


def test_what_lies_in_the_weights_folder_comes_first(hub, tmp_path):
    folder = fill(tmp_path / "weights" / "sam2.1-tiny")
    assert find_weights("sam2.1-tiny") == folder
    assert hub.asked == []


def test_only_data_is_fetched_and_only_once(hub, tmp_path):
    fill(tmp_path / "weights" / "sam2.1-large", HUB_FILES[:1])  # half copied: not used
    hub.online = fill(tmp_path / "cache")
    assert find_weights("sam2.1-large") == tmp_path / "cache"
    repository, files = "facebook/sam2.1-hiera-large", ["config.json", "model.safetensors"]
    assert hub.asked == [(repository, files, True), (repository, files, False)]
    hub.cached = hub.online
    assert find_weights("sam2.1-large") == tmp_path / "cache"
    assert hub.asked[2:] == [(repository, files, True)]


def test_a_download_that_was_cut_off_is_taken_up_again(hub, tmp_path):
    hub.cached = fill(tmp_path / "cache", HUB_FILES[:1])
    hub.online = fill(tmp_path / "whole")
    assert find_weights("sam2.1-small") == tmp_path / "whole"


@pytest.mark.parametrize("incomplete", [True, False])
def test_without_a_network(hub, tmp_path, incomplete):
    if incomplete:
        hub.online = fill(tmp_path / "cache", HUB_FILES[1:])
    with pytest.raises(FileNotFoundError) as caught:
        find_weights("sam2.1-base-plus")
    reason = "the download is incomplete" if incomplete else "no route to host"
    folder = tmp_path / "weights" / "sam2.1-base-plus"
    assert str(caught.value) == (
        "the weights 'sam2.1-base-plus' are not on this machine and could not be fetched "
        f"({reason}). Get config.json and model.safetensors from "
        "huggingface.co/facebook/sam2.1-hiera-base-plus (licence Apache-2.0) and save them in the "
        f"folder {folder}"
    )


def test_the_real_library_without_a_network(tmp_path):
    """In a process of its own, because the library reads its settings when it is imported."""
    code = "from tamingseg.weights.registry import find_weights; find_weights('sam2.1-tiny')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ
        | {
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path / "hub"),
            "TAMINGSEG_WEIGHTS": str(tmp_path / "weights"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("FileNotFoundError: the weights 'sam2.1-tiny' are not on this machine")
    assert last.endswith(f"save them in the folder {tmp_path / 'weights' / 'sam2.1-tiny'}")
