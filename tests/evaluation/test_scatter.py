"""One image, one point."""

import pytest

from tamingseg.evaluation.records import Record
from tamingseg.evaluation.scatter import correlation_table, point_lines, scatters

METHOD = {"model": "m", "weights": "w", "data": "d", "version": "1", "min_area": 256}


def clicked(ious, dataset="set", **settings):
    """Make one record per image, {name: IoUs of its masks after one click}."""
    method = METHOD | {"clicker": "center", "clicks": 1, "trials": 1} | settings
    return [
        Record(
            "clicks",
            dataset,
            image,
            method,
            {},
            [
                {"map": 0, "label": label, "area": 300, "trial": 0, "ious": [iou]}
                for label, iou in enumerate(values, 1)
            ],
        )
        for image, values in ious.items()
    ]


def proposed(ious, dataset="set", **settings):
    """Make one record per image, {name: best IoUs of its masks}."""
    method = METHOD | {"proposals": {"side": 32}} | settings
    return [
        Record(
            "proposals",
            dataset,
            image,
            method,
            {"proposals": 9},
            [
                {"map": 0, "label": label, "area": 300, "steps": [[4, iou]], "oracle": [[1, iou]]}
                for label, iou in enumerate(values, 1)
            ],
        )
        for image, values in ious.items()
    ]


def test_images_are_joined_by_name_and_averaged_over_their_masks():
    clicks = clicked({"b": [0.2, 0.4], "a": [0.5], "only clicks": [0.1], "empty": []})
    proposals = proposed({"a": [0.9], "b": [0.5, 0.7], "only proposals": [0.1], "empty": []})
    (scatter,) = scatters(clicks + proposals)
    assert scatter.images == ["a", "b"]
    assert scatter.clicks.tolist() == pytest.approx([50, 30])
    assert scatter.proposals.tolist() == pytest.approx([90, 60])
    first, second = point_lines([scatter])
    assert (first["image"], first["mIoU@1"], first["mIoU(1000)"]) == ("a", 50, 90)
    assert (second["dataset"], second["method.proposals.side"]) == ("set", "32")


def test_of_several_clicks_the_first_counts():
    (record,) = clicked({"a": [0.2]}, clicks=2)
    record.results[0]["ious"] = [0.2, 0.9]
    (scatter,) = scatters([record, *proposed({"a": [0.9]})])
    assert scatter.clicks.tolist() == pytest.approx([20])


def test_correlations():
    # y = x^2 keeps every rank, but is no line
    values = {str(n): [n / 10] for n in range(1, 10)}
    squares = {str(n): [n * n / 100] for n in range(1, 10)}
    (scatter,) = scatters(clicked(values) + proposed(squares))
    found = scatter.correlations()
    assert found["Spearman"].value == pytest.approx(1)
    assert 0.9 < found["Pearson"].value < 1
    assert found["Pearson"].low <= found["Pearson"].value <= found["Pearson"].high
    table = correlation_table([scatter])
    assert "1.00 [1.00, 1.00]" in table
    assert "clicker=center" in table


def test_what_is_not_defined_is_a_dash():
    (scatter,) = scatters(clicked({"a": [0.2], "b": [0.2]}) + proposed({"a": [0.2], "b": [0.9]}))
    table = correlation_table([scatter])
    assert "nan" not in table
    assert table.splitlines()[-1].endswith("| 2      | -       | -        |")


@pytest.mark.parametrize(
    "other",
    [{"model": "n"}, {"weights": "v"}, {"data": "e"}, {"min_area": 1}, {"precision": "bfloat16"}],
)
def test_only_what_belongs_together_is_joined(other):
    assert scatters(clicked({"a": [0.2]}) + proposed({"a": [0.9]}, **other)) == []
    assert len(scatters(clicked({"a": [0.2]}, **other) + proposed({"a": [0.9]}, **other))) == 1


def test_no_common_image():
    assert scatters(clicked({"a": [0.2]}) + proposed({"b": [0.9]})) == []
    assert scatters(clicked({"a": []}) + proposed({"a": []})) == []


def test_every_pair_of_methods_has_a_name_of_its_own():
    records = [
        *clicked({"a": [0.2]}),
        *clicked({"a": [0.3]}, clicker="random"),
        *proposed({"a": [0.9]}),
        *proposed({"a": [0.8]}, proposals={"side": 16}),
    ]
    names = [scatter.name for scatter in scatters(records)]
    assert len(set(names)) == 4
    assert "m, proposals.side=16, clicker=random" in names
