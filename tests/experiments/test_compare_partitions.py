"""Ways to divide an image into regions, on three flat colours."""

import numpy as np
import pytest
from compare_partitions import FIELD, OURS, jobs_on

from tamingseg.data.folder import FolderDataset
from tamingseg.evaluation.protocols.regions import REGION_COUNTS


@pytest.mark.parametrize("name", FIELD)
def test_the_field_finds_flat_colours(name):
    image = np.zeros((60, 90, 3), np.uint8)
    image[:, 30:60] = 120
    image[:, 60:] = 250
    found = FIELD[name][0](image)
    assert len(found) == len(REGION_COUNTS)
    three = found[REGION_COUNTS.index(3)]
    assert len({int(np.bincount(three[:, part].ravel()).argmax()) for part in THIRDS}) == 3


THIRDS = (np.s_[5:25], np.s_[35:55], np.s_[65:85])


def test_every_way_is_a_job_of_its_own(dataset, fake_segmentor):
    jobs = jobs_on(FolderDataset(dataset), fake_segmentor(), {"model": "fake"}, None)
    names = [job.method.made_by["model"] for job in jobs]
    assert names == [*(f"fake, {way}" for way in OURS), *FIELD]
