"""Figures and tables counted by hand."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.evaluation.cells import to_csv, to_markdown
from tamingseg.evaluation.figure import Figure, intervals
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.records import Record
from tamingseg.evaluation.report import single_results, summarise, tables
from tamingseg.metrics.bootstrap import bootstrap_ratio
from tamingseg.metrics.regions import summarise_regions

METHOD = {"model": "m", "weights": "w1", "data": "d1", "version": "1", "min_area": 256}


def clicked(image, *ious, dataset="set", trials=1, **settings):
    """Make the record of an image; `ious` are lists, for each mask one per trial in a row."""
    clicks = len(ious[0]) if ious else settings.pop("clicks", 1)
    method = METHOD | {"clicker": "center", "clicks": clicks, "trials": trials} | settings
    results = [
        {"map": 0, "label": 1 + n // trials, "area": 300, "trial": n % trials, "ious": values}
        for n, values in enumerate(ious)
    ]
    return Record("clicks", dataset, image, method, {}, results)


def outlined(record, *boundary_ious):
    """Add boundary IoUs to a record of clicks, a list per mask; boundary F is half of each."""
    results = [
        result | {"boundary_ious": values, "boundary_fs": [value / 2 for value in values]}
        for result, values in zip(record.results, boundary_ious, strict=True)
    ]
    return replace(record, results=results)


def proposed(image, *steps, proposals=5, proposal_settings=None):
    """Make the record of an image; `steps` and oracle steps of each mask."""
    results = [
        {"map": 0, "label": n + 1, "area": 300, "steps": own, "oracle": oracle}
        for n, (own, oracle) in enumerate(steps)
    ]
    method = METHOD | {"proposals": proposal_settings or {"side": 32}}
    facts = {"proposals": proposals} if steps else {}
    return Record("proposals", "set", image, method, facts, results)


def cut(image, *levels, area=100, best=90):
    """Make the record of an image; levels are (K, covered, rand, variation)."""
    results = [
        {"segmentation": k, "regions": k + 1, "covered": c, "rand": r, "variation": v}
        for k, c, r, v in levels
    ]
    facts = {"best_covered": best, "area": area}
    return Record("regions", "set", image, METHOD, facts, results)


def values_of(*records):
    """Name -> value of the only group of the records."""
    (group,) = group_records(records)
    return {name: round(figure.value, 6) for name, figure in group.figures.items()}


def table_of(text, number=0):
    """The lines of a Markdown table of `text` as dicts."""
    blocks = [block for block in text.split("\n\n") if block.startswith("|")]
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in blocks[number].splitlines()
    ]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


class TestClicks:
    def test_means_over_images_and_over_masks(self):
        values = values_of(clicked("a", [0.2], [0.4]), clicked("b", [0.9]))
        assert values == {"mIoU@1": 60.0, "mIoU@1 per mask": 50.0}

    def test_an_image_without_objects_is_counted_and_averaged_nowhere(self):
        records = [clicked("a", [0.2], [0.4]), clicked("b"), clicked("c", [0.9])]
        (group,) = group_records(records)
        assert group.counts == {"images": 3, "without objects": 1, "masks": 3}
        assert values_of(*records) == values_of(records[0], records[2])
        (line,) = table_of(tables(records))
        assert (line["images"], line["without objects"], line["masks"]) == ("3", "1", "3")

    def test_nothing_but_images_without_objects(self):
        records = [clicked("a"), clicked("b")]
        (line,) = table_of(tables(records))
        assert (line["images"], line["without objects"], line["masks"]) == ("2", "2", "0")
        assert not [cell for cell in line.values() if "nan" in cell]
        assert json.loads(tables(records, "json"))[0]["figures"] == {}
        (line,) = csv.DictReader(io.StringIO(tables(records, "csv")))
        assert line["without_objects"] == "2"
        assert "value" not in line

    def test_number_of_clicks_and_failures(self):
        # .85 is reached after 2 of 2, 1 of 2, and never; .90 once at the last click; .95 never.
        records = [clicked("a", [0.5, 0.9], [0.85, 0.8]), clicked("b", [0.1, 0.2])]
        values = values_of(*records)
        assert (values["mIoU@2"], values["mIoU@2 per mask"]) == (52.5, 63.333333)
        assert (values["NoC85"], values["NoF85"]) == (round(5 / 3, 6), 1)
        assert (values["NoC90"], values["NoF90"]) == (2, 2)
        assert (values["NoC95"], values["NoF95"]) == (2, 3)

    def test_the_number_of_failures_has_an_interval(self):
        (group,) = group_records([clicked("a", [0, 0], [0, 0]), clicked("b", [1, 1])])
        assert group.figures["NoF90"].value == 2
        assert intervals(group.figures)["NoF90"] == (0, 4)  # both images b, or both images a

    def test_success_at_the_last_click_counts_as_failure_where_the_method_says_so(self):
        ious = [[0.5, 0.9], [0.85, 0.8]]
        assert values_of(clicked("a", *ious, count_last_click=False))["NoF85"] == 0
        assert values_of(clicked("a", *ious, count_last_click=True))["NoF85"] == 1

    def test_trials_are_averaged_within_their_mask(self):
        # mask 1: .2 and .4; mask 2: .9 and .7; .85 is reached at once by one of four.
        record = clicked("a", [0.2, 0.2], [0.4, 0.4], [0.9, 0.9], [0.7, 0.7], trials=2)
        (group,) = group_records([record])
        assert group.counts["masks"] == 2
        values = values_of(record)
        assert values["mIoU@1"] == values["mIoU@1 per mask"] == 55.0
        assert (values["NoC85"], values["NoF85"]) == (1.75, 1.5)

    def test_one_click_has_no_number_of_clicks_and_no_curve(self):
        text = tables([clicked("a", [0.256]), clicked("b", [0.5])])
        assert "37.80" in text
        assert "NoC85" not in table_of(text)[0]
        assert "mIoU@k, mean over" not in text

    def test_curves(self):
        text = tables([clicked("a", [0.5, 0.85], [0.5, 0.95]), clicked("b", [0.9, 0.8])])
        (images,), (masks,) = table_of(text, 1), table_of(text, 2)
        assert (images["@1"], images["@2"]) == ("70.00", "85.00")
        assert (masks["@1"], masks["@2"]) == ("63.33", "86.67")

    def test_outlines(self):
        records = [
            outlined(clicked("a", [0.5, 0.85], [0.5, 0.95]), [0.1, 0.2], [0.3, 0.6]),
            outlined(clicked("b", [0.9, 0.8]), [0.4, 0.8]),
        ]
        values = values_of(*records)
        assert (values["boundary IoU@1"], values["boundary IoU@2"]) == (30, 60)
        assert (values["boundary F@1"], values["boundary F@2"]) == (15, 30)
        text = tables(records)
        assert table_of(text)[0]["boundary IoU@1"].startswith("30.00 [")
        assert table_of(text, 3) == [
            {"data set": "set", "model": "m", "@1": "30.00", "@2": "60.00"}
        ]
        assert table_of(text, 4) == [
            {"data set": "set", "model": "m", "@1": "15.00", "@2": "30.00"}
        ]
        lines = list(single_results(records))
        assert [line["boundary IoU@2"] for line in lines] == [0.2, 0.6, 0.8]
        assert [line["boundary F@1"] for line in lines] == [0.05, 0.15, 0.2]

    def test_outlines_that_only_some_records_have_are_no_figure(self):
        records = [outlined(clicked("a", [0.5]), [0.1]), clicked("b", [0.9])]
        assert values_of(*records) == {"mIoU@1": 70.0, "mIoU@1 per mask": 70.0}


class TestProposals:
    def test_by_hand(self):
        records = [
            proposed("a", ([[1, 0.2], [4, 0.6]], [[1, 0.6]]), ([], []), proposals=7),
            proposed("b", ([[2, 0.5]], [[1, 0.5]]), proposals=2),
            proposed("c"),
        ]
        values = values_of(*records)
        assert values["proposals"] == 4.5
        assert [values[f"mIoU({n})"] for n in (1, 3, 10, 1000)] == [5.0, 30.0, 40.0, 40.0]
        assert values["mIoU(10) per mask"] == round(110 / 3, 6)
        assert values["oracle mIoU(1)"] == 40.0
        assert values["oracle mIoU(1) per mask"] == round(110 / 3, 6)
        # of ten thresholds .5, ..., .95, IoU .6 reaches 3 and .5 one
        assert values["mAR(1000)"] == values["mAR(10)"] == 12.5
        assert values["mAR(1000) per mask"] == round(40 / 3, 6)
        assert (values["R50(10)"], values["R50(10) per mask"]) == (75.0, round(200 / 3, 6))
        assert (values["R75(10)"], values["oracle R50(1000)"]) == (0, 75.0)
        assert values["mAR[0,1]"] == 40.0  # .6, 0 and .5 of a hundred thresholds
        assert values["oracle AUC"] == 40.0  # a flat curve
        gains = 0.2 + 0.4 * (1 - np.log(4) / np.log(1000)), 0.5 * (1 - np.log(2) / np.log(1000))
        assert values["AUC"] == pytest.approx(25 * gains[0] + 50 * gains[1], abs=1e-5)

    def test_table_says_order_and_mean(self):
        text = tables([proposed("a", ([[1, 0.2], [4, 0.6]], [[1, 0.6]]))])
        assert table_of(text)[0]["proposals per image"] == "5.0"
        lines = table_of(text, 1)
        assert [(line["order"], line["mean over"], line["N=1"]) for line in lines] == [
            ("own", "images", "20.00"),
            ("own", "masks", "20.00"),
            ("oracle", "images", "60.00"),
            ("oracle", "masks", "60.00"),
        ]
        recalls = table_of(text, 2)
        assert [line["order"] for line in recalls] == ["own", "own", "oracle", "oracle"]
        assert (recalls[0]["R50(10)"], recalls[0]["R90(1000)"]) == ("100.00", "0.00")
        assert recalls[0]["mAR(100)"] == "30.00"


class TestRegions:
    RECORDS = (
        cut("a", (2, 40, 0.5, 2.0), (5, 60, 0.7, 1.0), area=100, best=70),
        cut("b", (2, 240, 0.9, 1.5), (5, 120, 0.8, 1.7), area=300, best=270),
    )

    def test_by_hand(self):
        values = values_of(*self.RECORDS)
        assert (values["covering at K=2"], values["covering at K=5"]) == (70.0, 45.0)
        assert (values["covering ODS"], values["covering ODS at K"]) == (70.0, 2)
        assert (values["covering OIS"], values["covering Best"]) == (75.0, 85.0)
        assert (values["PRI ODS"], values["PRI ODS at K"], values["PRI OIS"]) == (75.0, 5, 80.0)
        assert (values["VI ODS"], values["VI ODS at K"], values["VI OIS"]) == (1.35, 5, 1.25)
        assert (values["regions at K=2"], values["regions at K=5"]) == (3, 6)

    def test_tables(self):
        text = tables(self.RECORDS)
        (line,) = table_of(text)
        assert (line["covering at K"], line["PRI at K"], line["VI at K"]) == ("2", "5", "5")
        assert "masks" not in line
        curve = {line["figure"]: (line["K=2"], line["K=5"]) for line in table_of(text, 1)}
        assert curve["covering"] == ("70.00", "45.00")
        assert curve["VI"] == ("1.750", "1.350")
        assert curve["regions"] == ("3.0", "6.0")

    def test_painted_proposals_count_masks(self):
        painted = [broken(r, method=METHOD | {"painted": [2, 5]}) for r in self.RECORDS]
        values = values_of(*painted)
        assert (values["covering at N=2"], values["covering ODS at N"]) == (70.0, 2)
        assert not [name for name in values if "at K" in name]
        text = tables([*self.RECORDS, *painted])
        assert [line["covering at N"] for line in table_of(text)] == ["", "2"]
        assert "Against N, the number of masks painted:" in text
        assert table_of(text, 2)[0]["N=2"] == table_of(text, 1)[0]["K=2"] == "70.00"


class TestAgainstSlowCounts:
    @given(
        st.lists(
            st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4),
            min_size=1,
            max_size=5,
        )
    )
    def test_clicks(self, images):
        values = values_of(*[clicked(f"{n}", *ious) for n, ious in enumerate(images)])
        masks = [ious for image in images for ious in image]
        for k in range(3):
            per_image = [sum(ious[k] for ious in image) / len(image) for image in images]
            mean = sum(per_image) / len(images)
            assert values[f"mIoU@{k + 1}"] == pytest.approx(100 * mean, abs=1e-5)
            mean = sum(ious[k] for ious in masks) / len(masks)
            assert values[f"mIoU@{k + 1} per mask"] == pytest.approx(100 * mean, abs=1e-5)
        clicks = [min([k for k in (1, 2, 3) if ious[k - 1] >= 0.9], default=3) for ious in masks]
        assert values["NoC90"] == pytest.approx(sum(clicks) / len(masks), abs=1e-5)
        assert values["NoF90"] == sum(max(ious) < 0.9 for ious in masks)

    def test_regions(self, rng):
        records = []
        for n in range(6):
            covered, rand, variation = rng.random((3, 4))
            levels = zip((1, 2, 5, 9), covered * 50, rand, variation, strict=True)
            records.append(cut(f"{n}", *levels, area=50 + n, best=50))
        values = values_of(*records)
        summary = summarise_regions([(record.facts, record.results) for record in records])
        for name, score, factor in (
            ("covering", summary.covering, 100),
            ("PRI", summary.rand, 100),
            ("VI", summary.variation, 1),
        ):
            assert values[f"{name} ODS at K"] == score.level
            assert values[f"{name} ODS"] == pytest.approx(factor * score.ods, abs=1e-5)
            assert values[f"{name} OIS"] == pytest.approx(factor * score.ois, abs=1e-5)
        assert values["covering Best"] == pytest.approx(100 * summary.best_covering, abs=1e-5)


class TestIntervals:
    def test_images_that_agree_leave_no_doubt(self):
        assert intervals({"x": Figure.ratio([0.3, 0.3, 0.3])})["x"] == pytest.approx((30, 30))

    def test_one_image_has_none(self):
        assert intervals({"x": Figure.ratio([0.3])}) == {}
        assert table_of(tables([clicked("a", [0.3])]))[0]["mIoU@1"] == "30.00"

    def test_an_interval_holds_its_figure_and_is_the_same_every_time(self):
        records = [clicked(str(n), [n / 10]) for n in range(10)]
        (line,) = table_of(tables(records))
        value, low, high = line["mIoU@1"].replace("[", "").replace(",", "").rstrip("]").split()
        assert float(low) < float(value) == 45.0 < float(high)
        assert tables(records) == tables(records[::-1])

    def test_together_as_alone(self):
        figures = {
            "mean": Figure.ratio([0.1, 0.5, 0.3, 0.9]),
            "pooled": Figure.ratio([1, 2, 3, 4], [4, 4, 5, 5]),
            "count": Figure(3, "masks"),
        }
        found = intervals(figures)
        assert found.keys() == {"mean", "pooled"}
        for name in found:
            alone = bootstrap_ratio(*figures[name].parts, np.random.default_rng(0))
            assert found[name] == pytest.approx(alone)


class TestSettings:
    def test_what_all_share_is_said_above_and_what_differs_in_the_lines(self):
        records = [clicked("a", [0.2], threshold=0.5), clicked("a", [0.4], threshold=0.49)]
        text = tables(records)
        assert [line["threshold"] for line in table_of(text)] == ["0.5", "0.49"]
        assert "All measured lines:" in text
        assert "clicker=center" in text
        assert "clicker" not in table_of(text)[0]

    def test_a_setting_that_plays_a_part_in_one_method_only(self):
        records = [clicked("a", [0.2]), clicked("a", [0.4], clicker="random", seed=0)]
        lines = table_of(tables(records))
        assert [(line["clicker"], line["seed"]) for line in lines] == [
            ("center", "-"),
            ("random", "0"),
        ]

    def test_weights_follow_from_the_model_until_they_do_not(self):
        records = [clicked("a", [0.2]), clicked("a", [0.4], model="n", weights="w2")]
        assert "Weights: m=w1, n=w2." in tables(records)
        assert "weights" not in table_of(tables(records))[0]
        records.append(clicked("a", [0.6], model="n", weights="w3"))
        assert [line["weights"] for line in table_of(tables(records))] == ["w1", "w2", "w3"]

    def test_one_model_in_two_precisions_is_two_methods(self):
        precise = [clicked("a", [0.2], precision="float32")]
        precise.append(clicked("a", [0.4], model="n", precision="bfloat16"))
        assert "Precision: m=float32, n=bfloat16." in tables(precise)
        silent = clicked("a", [0.5], model="o")
        assert "Precision: m=float32, n=bfloat16, o=-." in tables([*precise, silent])
        lines = table_of(tables([*precise, clicked("a", [0.6], precision="bfloat16")]))
        assert [line["precision"] for line in lines] == ["float32", "bfloat16", "bfloat16"]

    def test_data_sets_of_one_name_with_other_files_are_two(self):
        records = [clicked("a", [0.2]), clicked("a", [0.4], data="d2")]
        assert [line["data"] for line in table_of(tables(records))] == ["d1", "d2"]
        records = [clicked("a", [0.2]), clicked("a", [0.4], data="d2", dataset="other")]
        assert "Data: set=d1, other=d2." in tables(records)

    def test_settings_of_parts(self):
        record = proposed("a", ([[1, 0.2]], [[1, 0.2]]))
        other = proposed("a", ([[1, 0.2]], [[1, 0.2]]), proposal_settings={"side": 16})
        lines = table_of(tables([record, other]))
        assert [line["proposals.side"] for line in lines] == ["32", "16"]


class TestFormats:
    RECORDS = (
        clicked("a", [0.25], threshold=0.5),
        clicked("b", [0.75], threshold=0.5),
        clicked("a", [0.5], threshold=0.49),
    )

    def test_csv_has_a_line_per_figure(self):
        lines = list(csv.DictReader(io.StringIO(tables(self.RECORDS, "csv"))))
        assert len(lines) == 4
        assert lines[0]["figure"] == "mIoU@1"
        assert (lines[0]["value"], lines[0]["low"], lines[0]["high"]) == ("50.0", "25.0", "75.0")
        assert (lines[2]["method.threshold"], lines[2]["low"]) == ("0.49", "")
        assert {line["source"] for line in lines} == {"measured"}

    def test_json_has_an_object_per_method(self):
        first, second = json.loads(tables(self.RECORDS, "json"))
        assert first["method"]["threshold"] == 0.5
        assert first["counts"] == {"images": 2, "without objects": 0, "masks": 2}
        assert first["figures"]["mIoU@1"] == {"value": 50, "low": 25, "high": 75, "unit": "%"}
        assert second["figures"]["mIoU@1"] == {"value": 50, "unit": "%"}

    def test_single_results(self):
        records = [
            clicked("a", [0.25, 0.5]),
            clicked("b", clicks=2),
            proposed("a", ([[2, 0.6]], [[1, 0.6]])),
            cut("a", (2, 40, 0.5, 2.0)),
        ]
        lines = list(csv.DictReader(io.StringIO(to_csv(single_results(records)))))
        assert [(line["protocol"], line["image"]) for line in lines] == [
            ("clicks", "a"),
            ("proposals", "a"),
            ("regions", "a"),
        ]
        assert (lines[0]["IoU@1"], lines[0]["IoU@2"], lines[0]["method.model"]) == (
            "0.25",
            "0.5",
            "m",
        )
        assert (lines[1]["IoU(1)"], lines[1]["IoU(3)"]) == ("0.0", "0.6")
        assert lines[1]["oracle IoU(1)"] == "0.6"
        assert (lines[2]["segmentation"], lines[2]["covered"]) == ("2", "40")

    def test_no_records(self):
        assert tables([]) == "no records, no figures"

    def test_markdown_cells_stay_cells(self):
        assert to_markdown([{"a": "x|y\nz", "b": "0.26"}, {"b": "", "long": 3}]) == (
            "| a      | b    | long |\n"
            "| ------ | ---- | ---- |\n"
            "| x\\|y z | 0.26 |      |\n"
            "|        |      | 3    |"
        )


def broken(record, **changes):
    return Record(**{name: getattr(record, name) for name in record.__slots__} | changes)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            broken(clicked("a", [0.5]), protocol="guesses"),
            "'guesses'; expected one of clicks",
        ),
        (broken(clicked("a", [0.5]), results=[{"map": 0, "label": 1}]), "image a is damaged"),
        (broken(clicked("a", [0.5]), results=["x"]), "image a is damaged"),
        (clicked("a", [float("nan")]), "expected numbers from 0 to 1"),
        (clicked("a", [1.5]), "expected numbers from 0 to 1, got 1.5 to 1.5"),
        (clicked("a", ["0.5"]), "expected numbers, got \\['0.5'\\]"),
        (clicked("a", [10**400]), "image a is damaged"),
        (clicked("a", [0.5, 10**400]), "image a is damaged"),
        (clicked("a", [0.5], clicks=2), "expected numbers of shape"),
        (outlined(clicked("a", [0.5]), [1.5]), "expected numbers from 0 to 1"),
        (clicked("a", [0.5], [0.5], [0.5], trials=2), "expected numbers of shape"),
        (clicked("a", [0.5], clicks="one"), "must have 'clicks', a whole number from 1"),
        (proposed("a", ([[2, 0.6], [1, 0.7]], [])), "n ascending from 1"),
        (proposed("a", ([["2", 0.6]], [])), "n ascending from 1"),
        (proposed("a", ([[10**400, 0.6]], [])), "image a is damaged"),
        (proposed("a", ([], []), proposals="5"), "expected numbers, got"),
        (proposed("a", ([], []), proposals=10**400), "image a is damaged"),
        (broken(proposed("a", ([], [])), facts={}), "image a is damaged"),
        (broken(proposed("a", ([], [])), facts=None), "image a is damaged"),
        (cut("a", (2, 101, 0.5, 1)), "expected numbers from 0 to 100"),
        (cut("a", (2, 1, 0.5, 1), area=0), "area of at least a pixel"),
        (cut("a", (0, 1, 0.5, 1)), "a number of regions from 1"),
        (cut("a", (10**400, 1, 0.5, 1)), "a number of regions from 1"),
        (cut("a", (2, 1, "0.5", 1)), "expected numbers, got"),
        (cut("a", (2, 1, 0.5, 1), area=10**400), "image a is damaged"),
    ],
)
def test_damaged_records_are_named(record, message):
    with pytest.raises(ValueError, match=message) as caught:
        tables([record])
    assert "set" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_summaries_are_grouped_by_everything():
    records = [
        clicked("a", [0.2]),
        clicked("b", [0.4]),
        clicked("a", [0.2], dataset="other"),
        clicked("a", [0.2], seed=1),
    ]
    assert [summary.counts["images"] for summary in summarise(records)] == [2, 1, 1]
