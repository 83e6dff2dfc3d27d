"""Data sets that we write are read back as they were."""

import numpy as np
import pytest

from tamingseg.data.catalog import open_dataset
from tamingseg.data.writer import is_written, write_sample, write_settings
from tamingseg.values import Sample

FACTS = {"kind": "test", "zero_is_background": False}


def sample(rng, name, maps, top=3):
    image = rng.integers(0, 256, (20, 30, 3), np.uint8)
    return Sample(image, rng.integers(0, top + 1, (maps, 20, 30), np.int32), name, False)


def test_samples_come_back(tmp_path, rng):
    written = [sample(rng, "a/one", 1), sample(rng, "a/three", 3), sample(rng, "many", 2, 400)]
    write_settings(tmp_path, FACTS)
    for one in written:
        assert not is_written(tmp_path, one.name)
        write_sample(tmp_path, one)
        assert is_written(tmp_path, one.name)
    dataset = open_dataset(tmp_path)
    assert dataset.names == ["a/one", "a/three", "many"]
    for index, one in enumerate(written):
        read = dataset[index]
        np.testing.assert_array_equal(read.image, one.image)
        np.testing.assert_array_equal(read.label_maps, one.label_maps)
        assert not read.zero_is_background


def test_half_a_sample_is_not_written(tmp_path, rng, monkeypatch):
    """A stop can come before any file; only the last one counts."""
    whole = sample(rng, "a", 2)
    written = []
    monkeypatch.setattr(
        "tamingseg.data.writer.write_whole", lambda path, data: written.append(path)
    )
    write_sample(tmp_path, whole)
    assert not is_written(tmp_path, "a")
    for path in written:
        assert not is_written(tmp_path, "a")
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert is_written(tmp_path, "a")


def test_the_settings_of_a_set_stay(tmp_path, rng):
    write_settings(tmp_path, {**FACTS, "kind": "mistaken"})
    write_settings(tmp_path, FACTS)  # there is nothing yet that the first could be wrong about
    write_sample(tmp_path, sample(rng, "a", 1))
    write_settings(tmp_path, FACTS)
    with pytest.raises(ValueError, match="made with other settings; choose another folder"):
        write_settings(tmp_path, {**FACTS, "kind": "other"})


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(ValueError, match="holds other images already"):
        write_settings(tmp_path, FACTS)
    assert not (tmp_path / "set.json").exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "a.1"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, rng, name):
    with pytest.raises(ValueError, match=r"outside|label map"):
        write_sample(tmp_path, sample(rng, name, 1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("label", [-1, 2**16])
def test_labels_that_do_not_fit_are_refused(tmp_path, rng, label):
    one = sample(rng, "a", 1)
    one.label_maps[0, 0, 0] = label
    with pytest.raises(ValueError, match=r"0\.\.65535"):
        write_sample(tmp_path, one)
