import pickle

import numpy as np
import pytest

from tamingseg.data.cache import CachedDataset
from tamingseg.values import VOID, Sample


class Memory:
    """A data set in memory that counts how often it is read."""

    name = "memory"
    fingerprint = "f00"
    partition = True

    def __init__(self, samples):
        self.samples, self.reads = samples, 0
        self.names = [sample.name for sample in samples]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        self.reads += 1
        return self.samples[index]


@pytest.fixture
def memory(rng):
    def sample(name, height, width, maps, zero, parents=()):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        labels = rng.integers(VOID, 300, (maps, height, width)).astype(np.int32)
        return Sample(image, labels, name, zero, dict(parents))

    nested = {(0, 7): (1, 3), (1, 3): (2, 1)}
    return Memory([sample("a", 20, 30, 1, True), sample("b", 7, 5, 3, False, nested)])


def test_samples_come_back_as_they_were_and_are_decoded_once(memory, tmp_path):
    for _ in range(2):
        cached = CachedDataset(memory, tmp_path, 30)
        assert (cached.name, cached.names, len(cached)) == ("memory", ["a", "b"], 2)
        for index, original in enumerate(memory.samples):
            np.testing.assert_array_equal(cached[index].image, original.image)
            np.testing.assert_array_equal(cached[index].label_maps, original.label_maps)
            assert cached[index].zero_is_background == original.zero_is_background
            assert cached[index].parents == original.parents
        assert cached.partition
    assert memory.reads == 2


def test_large_images_shrink_and_labels_are_never_mixed(memory, tmp_path):
    sample = CachedDataset(memory, tmp_path, 15)[0]
    assert sample.image.shape == (10, 15, 3)
    assert set(np.unique(sample.label_maps)) <= set(np.unique(memory.samples[0].label_maps))


def test_an_unfinished_cache_is_made_again(memory, tmp_path):
    folder = CachedDataset(memory, tmp_path, 30).folder
    (folder / "index.json").unlink()
    np.testing.assert_array_equal(
        CachedDataset(memory, tmp_path, 30)[1].image, memory.samples[1].image
    )


def test_all_images_that_cannot_be_read_are_named(memory, tmp_path):
    class Damaged(Memory):
        def __getitem__(self, index):
            if index != 1:
                raise ValueError(f"{index}.jpg is damaged")
            return super().__getitem__(index)

    damaged = Damaged([memory.samples[0]] * 3)
    with pytest.raises(ValueError, match=r"2 images of memory .*: 0\.jpg is .*; 2\.jpg is damaged"):
        CachedDataset(damaged, tmp_path, 30)
    assert not list(tmp_path.iterdir())


def test_another_state_of_the_files_is_another_cache(memory, tmp_path):
    before = CachedDataset(memory, tmp_path, 30)
    memory.samples.reverse()
    memory.fingerprint = "f01"
    after = CachedDataset(memory, tmp_path, 30)
    assert before.folder != after.folder
    np.testing.assert_array_equal(after[0].image, memory.samples[0].image)


def test_a_cache_travels_to_another_process_without_its_pixels(memory, tmp_path):
    cached = CachedDataset(memory, tmp_path, 30)
    pickled = pickle.dumps(cached)
    assert len(pickled) < 2000
    np.testing.assert_array_equal(pickle.loads(pickled)[1].image, memory.samples[1].image)


@pytest.mark.parametrize("side", [30, 8])
def test_labels_that_do_not_fit_name_the_image(memory, tmp_path, side):
    """Also where the image is made smaller."""
    memory.samples[1].label_maps[0, 0, 0] = 70_000
    with pytest.raises(ValueError, match="'b' has labels above 65534"):
        CachedDataset(memory, tmp_path, side)


def test_the_same_set_at_another_size_is_other_data(memory, tmp_path):
    large, small = (CachedDataset(memory, tmp_path, side) for side in (30, 15))
    assert large.fingerprint != small.fingerprint
    assert large.fingerprint == CachedDataset(memory, tmp_path, 30).fingerprint
