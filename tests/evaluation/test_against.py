import numpy as np
import pytest

from tamingseg.evaluation.against import against_baseline
from tamingseg.evaluation.records import Record
from tamingseg.metrics.bootstrap import bootstrap_mean_of_sets, bootstrap_ratio


def record(model, dataset, image, iou):
    method = {"model": model, "clicks": 1, "trials": 1}
    result = {"map": 0, "label": 1, "area": 300, "trial": 0, "ious": [iou]}
    return Record("clicks", dataset, image, method, {}, [result])


def records(model, **sets):
    return [
        record(model, dataset, f"{number:03}", iou)
        for dataset, ious in sets.items()
        for number, iou in enumerate(ious)
    ]


def cells(text):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: dict(zip(rows[0][1:], row[1:], strict=True)) for row in rows[2:]}


def test_differences_are_paired_by_image():
    base = records("base", easy=[0.2, 0.4, 0.9], hard=[0.1, 0.3])
    better = records("better", easy=[0.3, 0.5, 1.0], hard=[0.0, 0.2])
    table = cells(against_baseline(base + better, "base", "mIoU@1"))
    # Every image gains the same, so the interval has no width although the images differ.
    assert table["better"]["easy"] == "+10.00 [10.00, 10.00]"
    assert table["better"]["hard"] == "-10.00 [-10.00, -10.00]"
    assert table["better"]["mean"] == "+0.00 [0.00, 0.00]"
    assert table["base"]["easy"].startswith("50.00 [")
    assert table["base"]["mean"].startswith("35.00 [")


def test_the_baseline_comes_first_and_other_images_are_left_out():
    text = against_baseline(
        records("other", easy=[0.5] * 3) + records("base", easy=[0.2] * 2), "base", "mIoU@1"
    )
    assert list(cells(text)) == ["base"]


def test_errors_say_what_there_is():
    with pytest.raises(ValueError, match="no records of 'base'; there are other"):
        against_baseline(records("other", easy=[0.1, 0.2]), "base", "mIoU@1")
    several = records("base", easy=[0.1, 0.2])
    several[0].results.append({**several[0].results[0], "label": 2})
    with pytest.raises(ValueError, match="mean over images"):
        against_baseline(several, "base", "mIoU@1 per mask")
    twice = records("base", easy=[0.1, 0.2])
    twice += [
        Record("clicks", "easy", r.image, {**r.method, "seed": 1}, {}, r.results) for r in twice
    ]
    with pytest.raises(ValueError, match="several ways"):
        against_baseline(twice, "base", "mIoU@1")


def test_the_interval_of_a_mean_over_sets(rng):
    one, other = rng.normal(0.5, 0.1, 80), rng.normal(0.3, 0.2, 40)
    low, high = bootstrap_mean_of_sets([one, other], np.random.default_rng(0))
    assert low < (one.mean() + other.mean()) / 2 < high
    # Independent draws: the variance of the mean is a quarter of the sum of the variances.
    error = np.hypot(one.std() / 80**0.5, other.std() / 40**0.5) / 2
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)
    alone = bootstrap_mean_of_sets([one], np.random.default_rng(0))
    np.testing.assert_allclose(alone, bootstrap_ratio(one, None, np.random.default_rng(0)))
    assert np.isnan(bootstrap_mean_of_sets([one, other[:1]], np.random.default_rng(0))).all()
    with pytest.raises(ValueError, match="one or more"):
        bootstrap_mean_of_sets([], rng)
