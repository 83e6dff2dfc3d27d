import pytest

from tamingseg.weights.registry import WEIGHTS, find_weights, weights_folder


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


def test_unknown_name():
    with pytest.raises(ValueError, match="must be one of default, segnext-sax1"):
        find_weights("sam")
