"""A model that knows its images writes their true regions as labels."""

import make_pseudo_labels
import numpy as np
from make_pseudo_labels import MakePseudoLabels

from tamingseg.data.folder import FolderDataset


def test_what_is_proposed_becomes_a_data_set(dataset, tmp_path, fake_segmentor, monkeypatch):
    monkeypatch.setattr(make_pseudo_labels, "load_segmentor", lambda _: fake_segmentor())
    monkeypatch.setattr(make_pseudo_labels, "model_fingerprint", lambda _: "0")
    output = tmp_path / "pseudo"
    command = MakePseudoLabels((str(dataset),), output, held_out=0)
    make_pseudo_labels.main(command)
    made, true = FolderDataset(output), FolderDataset(dataset)
    assert len(made) == len(true) == 2
    regions = true[0].label_maps[0]
    (labels,) = made[0].label_maps
    for region in np.unique(regions):
        inside = labels[regions == region]
        assert (inside == np.bincount(inside).argmax()).mean() > 0.9
