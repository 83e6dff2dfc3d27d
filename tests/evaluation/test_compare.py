"""Differences counted by hand."""

import csv
import io
import json

import numpy as np
import pytest

from tamingseg.evaluation.compare import choose, compare, comparison_text, names_of_settings
from tamingseg.evaluation.records import Record

METHOD = {"model": "m", "weights": "w", "data": "d", "min_area": 256, "clicker": "center"}


def clicked(ious, dataset="set", labels=(1,), **settings):
    """Make one record per image, {name: IoUs after 1, 2, ... clicks}; None: without objects."""
    clicks = max((len(values) for values in ious.values() if values), default=1)
    method = METHOD | {"clicks": clicks, "trials": 1} | settings
    return [
        Record(
            "clicks",
            dataset,
            image,
            method,
            {},
            [
                {"map": 0, "label": label, "area": 300, "trial": 0, "ious": values}
                for label in labels
                if values
            ],
        )
        for image, values in ious.items()
    ]


def ten(*ious):
    """Ten images that hold the same IoUs in turn."""
    return {f"{n}": ious[n % len(ious)] for n in range(10)}


def only(first, second):
    """The only comparison, and its differences by name."""
    (comparison,), left_out = compare(choose(first, []), choose(second, []))
    assert not left_out
    return comparison, {line.figure: line for line in comparison.differences()}


def test_a_constant_difference_leaves_no_doubt():
    first = clicked(ten([0.2], [0.9]))
    second = clicked(ten([0.3], [1.0]))
    _, lines = only(first, second)
    line = lines["mIoU@1"]
    assert (line.first, line.second) == pytest.approx((55, 65))
    assert (line.low, line.high) == pytest.approx((-10, -10))
    assert line.verdict == "B better"
    _, lines = only(second, first)
    assert lines["mIoU@1"].verdict == "A better"


def test_fewer_clicks_are_better():
    first = clicked(ten([0.9, 0.9], [0.95, 0.96], [0.9, 0.5]))
    second = clicked(ten([0.2, 0.9], [0.3, 0.9], [0.1, 0.8]))
    _, lines = only(first, second)
    assert (lines["NoC85"].first, lines["NoC85"].second) == (1, 2)
    assert (lines["NoC85"].low, lines["NoC85"].high) == (-1, -1)
    assert lines["NoC85"].verdict == "A better"
    assert lines["mIoU@2"].verdict == "no difference beyond the interval"  # 0, 6 and -30 points
    assert (lines["NoF85"].first, lines["NoF85"].second) == (0, 3)
    _, lines = only(first, clicked(ten([0.1, 0.2])))
    assert (lines["NoF90"].first, lines["NoF90"].second) == (0, 10)
    assert lines["NoF90"].verdict == "A better"


def test_differences_that_cancel():
    first = clicked(ten([0.2], [0.8]))
    second = clicked(ten([0.8], [0.2]))
    _, lines = only(first, second)
    assert lines["mIoU@1"].low < 0 < lines["mIoU@1"].high
    assert lines["mIoU@1"].verdict == "no difference beyond the interval"


def test_a_method_and_itself():
    records = clicked(ten([0.2], [0.5]))
    with pytest.raises(ValueError, match="clicks on set: both sides hold the same results"):
        only(records, records)
    _, lines = only(records, clicked(ten([0.2], [0.5]), version="2"))
    assert {line.verdict for line in lines.values()} == {"no difference beyond the interval"}


def test_few_images_give_no_verdict():
    comparison, lines = only(clicked({"a": [0.2]}), clicked({"a": [0.9]}))
    assert lines["mIoU@1"].verdict == "too few images"
    assert "nan" not in comparison_text([comparison], [])
    assert json.loads(comparison_text([comparison], [], "json"))[0]["low"] is None
    nine, without = {f"{n}": [0.2] for n in range(9)}, {"x": None}
    _, lines = only(clicked(nine | without), clicked({image: [0.9] for image in nine} | without))
    assert lines["mIoU@1"].high == pytest.approx(-70)
    assert lines["mIoU@1"].verdict == "too few images"


def test_only_common_images_count():
    first = clicked({"a": [0.2], "b": [0.5], "c": None, "x": [1.0], "y": [1.0]})
    second = clicked({"a": [0.3], "b": [0.6], "c": None, "z": None}, model="n")
    comparison, lines = only(first, second)
    assert (comparison.only_first, comparison.only_second) == (2, 1)
    assert comparison.first.counts == {"images": 3, "without objects": 1, "masks": 2}
    assert lines["mIoU@1"].first == pytest.approx(35)
    text = comparison_text([comparison], [])
    assert "3 common images, 1 of them without objects; 2 only in A, 1 only in B." in text
    assert "A: model=m\nB: model=n\n" in text


def test_the_bootstrap_is_paired():
    """Images differ far more than the methods do, which would drown an unpaired difference."""
    rng = np.random.default_rng(0)
    hard = rng.uniform(0, 0.9, 60)
    better = hard + rng.uniform(0, 0.02, 60)
    first = clicked({f"{n:02}": [float(iou)] for n, iou in enumerate(better)})
    second = clicked({f"{n:02}": [float(iou)] for n, iou in enumerate(hard)})
    _, lines = only(first, second)
    line = lines["mIoU@1"]
    assert line.verdict == "A better"
    assert line.low < 100 * (better - hard).mean() < line.high
    # against resamples counted one by one
    draws = rng.integers(0, 60, (4000, 60))
    slow = np.quantile(100 * (better - hard)[draws].mean(axis=1), [0.025, 0.975])
    assert (line.low, line.high) == pytest.approx(slow, abs=0.05)


def test_clicks_that_are_not_alike_are_left_out():
    first = clicked({"a": [0.9, 0.9], "b": [0.9, 0.9]})
    second = clicked({"a": [0.9, 0.9, 0.9], "b": [0.9, 0.9, 0.9]})
    _, lines = only(first, second)
    assert "mIoU@2" in lines
    assert "mIoU@3" not in lines
    assert "NoC85" not in lines
    assert "NoF85" not in lines  # at most two clicks against at most three


def regions(covered, **settings):
    return [
        Record(
            "regions",
            "set",
            image,
            {key: value for key, value in METHOD.items() if key != "clicker"} | settings,
            {"best_covered": 90, "area": 100},
            [{"segmentation": 3, "regions": 3, "covered": c, "rand": 0.5, "variation": v}],
        )
        for image, (c, v) in covered.items()
    ]


def test_less_variation_of_information_is_better():
    first = regions(ten((60, 1.0), (70, 1.5)))
    second = regions(ten((50, 1.5), (60, 2.0)))
    _, lines = only(first, second)
    assert (lines["covering ODS"].low, lines["covering ODS"].high) == pytest.approx((10, 10))
    assert (lines["VI ODS"].low, lines["VI ODS"].high) == pytest.approx((-0.5, -0.5))
    assert lines["covering ODS"].verdict == lines["VI ODS"].verdict == "A better"
    assert lines["PRI ODS"].verdict == "no difference beyond the interval"
    assert "covering at K=3" not in lines


class TestRefusals:
    FIRST = clicked({"a": [0.2], "b": [0.5]})

    def compare(self, first, second):
        return compare(choose(first, []), choose(second, []))

    OTHER = clicked({"a": [0.3], "b": [0.5]}, model="n")

    def test_other_files(self):
        with pytest.raises(ValueError, match=r"the files behind .* differ \(data=d and data=e\)"):
            self.compare(self.FIRST, clicked({"a": [0.2], "b": [0.5]}, data="e"))

    def test_other_masks(self):
        other = clicked({"a": [0.2], "b": [0.5]}, labels=(1, 2), min_area=1)
        with pytest.raises(ValueError, match=r"true masks differ, first in image a"):
            self.compare(self.FIRST, other)
        with pytest.raises(ValueError, match=r"true masks differ, first in image b"):
            self.compare(self.FIRST, clicked({"a": [0.2], "b": None}))

    def test_nothing_shared(self):
        with pytest.raises(
            ValueError, match=r"nothing to compare.*set: only A has it.*other: only B has it"
        ):
            self.compare(self.FIRST, clicked({"a": [0.2]}, dataset="other"))
        with pytest.raises(ValueError, match="no image with objects is common"):
            self.compare(self.FIRST, clicked({"x": [0.2]}))

    def test_the_rest_is_compared_and_what_is_not_is_said(self):
        first = self.FIRST + clicked({"a": [0.2]}, dataset="other")
        second = self.OTHER + clicked({"a": [0.2]}, dataset="other", data="e")
        comparisons, left_out = self.compare(first, second)
        assert [comparison.first.dataset for comparison in comparisons] == ["set"]
        assert "clicks on other: the files behind" in left_out[0]
        assert "Not compared: clicks on other" in comparison_text(comparisons, left_out)

    def test_several_methods(self):
        both = self.FIRST + clicked({"a": [0.3]}, model="n", weights="v")
        with pytest.raises(
            ValueError, match=r"A has 2 and B 1 .* of --a model=m, --a model=n, --a w"
        ):
            self.compare(both, self.OTHER)
        with pytest.raises(
            ValueError, match=r"A has 1 and B 2 .* some of --b model=m, --b model=n"
        ):
            self.compare(self.OTHER, both)

    def test_nothing_alike_and_several_to_choose_from(self):
        both = clicked({"a": [0.3]}, threshold=0.4) + clicked({"a": [0.3]}, threshold=0.6)
        with pytest.raises(ValueError, match=r"of --b threshold=0\.4, --b threshold=0\.6$"):
            self.compare(self.FIRST, both)


class TestPairs:
    """Files of all protocols at once, of two models."""

    def everything(self, gain, dataset="set", **settings):
        return [
            *clicked(ten([0.2 + gain]), dataset, **settings),
            *clicked(ten([0.1 + gain]), dataset, clicker="random", seed=0, **settings),
            *(regions(ten((60 + 10 * gain, 1.0)), **settings) if dataset == "set" else ()),
        ]

    def titles(self, first, second, a=(), b=()):
        chosen = names_of_settings([*a, *b])
        found, left_out = compare(choose(first, a), choose(second, b), chosen)
        return [comparison.title for comparison in found], left_out

    def test_two_files_of_all_protocols(self):
        first = self.everything(0) + self.everything(0, "other")
        second = self.everything(0.1, model="n") + self.everything(0.1, "other", model="n")
        titles = [
            "clicks on set, clicker=center",
            "clicks on set, clicker=random, seed=0",
            "regions on set",
            "clicks on other, clicker=center",
            "clicks on other, clicker=random, seed=0",
        ]
        assert self.titles(first, second) == (titles, [])
        assert self.titles(first + second, first + second, ["model=m"], ["model=n"]) == (titles, [])
        text = comparison_text(*compare(choose(first, []), choose(second, [])), "csv")
        assert len({line["both"] for line in csv.DictReader(io.StringIO(text))}) == 3

    def test_a_wanted_setting_drops_nothing_that_does_not_have_it(self):
        first, second = self.everything(0), self.everything(0.1, model="n")
        random = ["clicker=random"]
        found = ["clicks on set", "regions on set"]
        assert self.titles(first, second, random, random) == (found, [])
        both = self.titles(first, first, ["clicker=random"], ["clicker=center"])
        assert both == (["clicks on set"], ["regions on set: both sides hold the same results"])

    def test_what_one_side_has_is_said(self):
        first = self.everything(0)
        second = clicked(ten([0.5]), model="n")
        assert self.titles(first, second) == (
            ["clicks on set, clicker=center"],
            [
                "clicks on set, clicker=random, seed=0: only A has it",
                "regions on set: only A has it",
            ],
        )

    def test_what_is_left_of_both_is_paired(self):
        first = self.everything(0)
        second = clicked(ten([0.5]), model="n") + clicked(ten([0.5]), model="n", threshold=0.4)
        titles, left_out = self.titles(first, second)
        assert titles[0] == "clicks on set, clicker=center"
        assert titles[1].startswith("clicks on set, clicker=random")
        assert left_out == ["regions on set: only A has it"]


def test_choose():
    records = clicked({"a": [0.2]}, threshold=0.5) + clicked(
        {"a": [0.3]}, threshold=0.4, dataset="other"
    )
    records += clicked({"a": [0.3]}, dataset="third")
    assert [group.dataset for group in choose(records, [])] == ["set", "other", "third"]
    assert [group.dataset for group in choose(records, ["threshold=0.4"])] == ["other", "third"]
    assert [group.dataset for group in choose(records, ["dataset=set", "clicks=1"])] == ["set"]
    with pytest.raises(ValueError, match=r"no records have model=m and threshold=0\.6"):
        choose(records, ["model=m", "threshold=0.6"])
    for text in ("threshold", "fusion=joint", "=0.4"):
        with pytest.raises(ValueError, match="with a setting of protocol, data"):
            choose(records, [text])


def test_csv_has_a_line_per_figure():
    first = clicked(ten([0.2], [0.5]))
    second = clicked(ten([0.3], [0.6]), model="n")
    comparison, _ = only(first, second)
    text = comparison_text([comparison], [], "csv")
    line = next(csv.DictReader(io.StringIO(text)))
    assert (line["figure"], line["verdict"], line["unit"]) == ("mIoU@1", "B better", "%")
    assert float(line["difference"]) == pytest.approx(-10)
    assert (line["method_a"], line["method_b"]) == ("model=m", "model=n")
