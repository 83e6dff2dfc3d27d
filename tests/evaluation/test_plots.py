"""Pictures are made of whatever records hold; what they look like was judged by eye."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tamingseg.evaluation.plots import save_plots, save_scatters
from tamingseg.evaluation.records import Record
from tamingseg.evaluation.scatter import scatters

METHOD = {"model": "m", "weights": "w", "data": "d", "version": "1", "min_area": 256}


def level_result(ious):
    """Make a result with one other mask around the click."""
    scores = {"best": [ious[0]] * 6 + [ious[-1]], "any": ious[-1]}
    other = {"map": 1, "label": 1, "area": 400, **scores}
    return {"map": 0, "label": 1, "area": 300, "trial": 0, "offered": 7, **scores} | {
        "others": [other]
    }


def records_of(protocol, dataset="set", images=3, clicks=3, **settings):
    """Make records of one method; the last image has no objects."""
    rng = np.random.default_rng(images)
    method = METHOD | settings
    if protocol == "clicks":
        method |= {"clicks": clicks, "trials": 1}
    records = []
    for image in range(images):
        ious = np.sort(rng.random(clicks)).round(3).tolist()
        result = {
            "clicks": {"map": 0, "label": 1, "area": 300, "trial": 0, "ious": ious},
            "proposals": {
                "map": 0,
                "label": 1,
                "steps": [[1, 0.1], [20, ious[0]]] if ious[0] > 0.1 else [],
                "oracle": [[1, ious[0]]],
            },
            "levels": level_result(ious),
            "regions": {"covered": 60, "rand": 0.7, "variation": 1.5, "regions": 9},
        }[protocol]
        facts = {"proposals": 30, "area": 100, "best_covered": 80}
        if protocol == "levels":
            facts = {"reliability": [[0.6, *[0] * 18, 0.4], [0.01, *[0] * 18, 0.39], [0.1] * 20]}
        results = [result]
        if protocol == "regions":
            results = [result | {"segmentation": k, "covered": 60 - k} for k in (2, 5, 10)]
        records.append(Record(protocol, dataset, f"{image}", method, facts, results))
    return [*records, Record(protocol, dataset, "empty", method, {}, [])]


def test_one_picture_per_protocol_and_data_set(tmp_path):
    records = [
        *records_of("clicks"),
        *records_of("clicks", model="n", weights="v"),
        *records_of("clicks", dataset="other"),
        *records_of("levels"),
        *records_of("levels", model="n", weights="v"),
        *records_of("proposals"),
        *records_of("regions"),
        *records_of("regions", painted=[2, 5, 10]),
    ]
    paths = save_plots(records, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "clicks-set.png",
        "clicks-other.png",
        "levels-set.png",
        "reliability-set.png",
        "proposals-set.png",
        "recall-set.png",
        "regions-set.png",
        "scatter-set.png",
    ]
    for path in paths:
        picture = Image.open(path).convert("RGB")
        assert min(picture.size) > 500
        assert picture.getcolors(maxcolors=20) is None  # None: there are more


def test_the_same_records_give_the_same_pixels(tmp_path):
    first, second = (save_plots(records_of("clicks"), tmp_path / name)[0] for name in "ab")
    np.testing.assert_array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(second)))


def test_one_image_many_methods_and_strange_names(tmp_path):
    records = [
        record
        for n in range(10)
        for record in records_of("clicks", "../$x^2$ |\n_", images=1, model=f"_{n} ${'y' * 99}")
    ]
    (path,) = save_plots(records, tmp_path)
    assert path == tmp_path / "clicks-..-x-2-_.png"
    assert path.is_file()


def test_data_sets_of_one_name_are_not_drawn_over_each_other(tmp_path):
    records = [*records_of("clicks"), *records_of("clicks", data="e")]
    paths = save_plots(records, tmp_path)
    assert [path.name for path in paths] == ["clicks-set-data-d.png", "clicks-set-data-e.png"]
    records = [*records_of("clicks", "a b"), *records_of("clicks", "a/b")]
    paths = save_plots(records, tmp_path / "alike")
    assert len(set(paths)) == 2
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("settings", [{"costs": [2, 5, 10]}, {"own_count": True}])
def test_regions_by_cost_and_by_their_own_number_are_drawn(tmp_path, settings):
    assert save_plots(records_of("regions", **settings), tmp_path) != []


def test_one_click_is_no_curve_but_a_scatter(tmp_path):
    records = [*records_of("clicks", clicks=1), *records_of("proposals")]
    names = [path.name for path in save_plots(records, tmp_path)]
    assert names == ["proposals-set.png", "recall-set.png", "scatter-set.png"]
    (path,) = save_scatters(scatters(records), tmp_path / "scatter")
    assert path.name == "scatter-set.png"


def test_nothing_to_draw(tmp_path):
    for records in ([], records_of("clicks", images=0), records_of("clicks", clicks=1)):
        with pytest.raises(ValueError, match="nothing to draw: expected records of several clicks"):
            save_plots(records, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_damaged_records_are_named(tmp_path):
    records = records_of("proposals")
    records[1].results[0]["steps"] = [[1, 2.0]]
    with pytest.raises(ValueError, match="proposals on set, image 1 is damaged"):
        save_plots(records, tmp_path)


def test_nothing_global_is_touched():
    code = (
        "import sys, tamingseg.evaluation.plots;"
        "print([name for name in ('matplotlib.pyplot', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
