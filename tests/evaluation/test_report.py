"""Tables counted by hand."""

from tamingseg.evaluation.records import Row
from tamingseg.evaluation.report import click_tables, format_table, summarise


def row(image, ious, dataset="set", **settings):
    method = {"model": "m", "clicker": "center", "threshold": 0.5, "clicks": len(ious)} | settings
    return Row(dataset, image, 0, 1, 300, 1, method, ious)


def test_summary_by_data_set_and_method():
    rows = [row("a", [0.2]), row("a", [0.4]), row("b", [0.9]), row("b", [0.5], "other")]
    first, second = summarise([*rows, row("a", [1.0], threshold=0.49)])[:2]
    assert (first["dataset"], first["images"], first["masks"]) == ("set", 2, 3)
    assert first["per_image"].round(6) == [0.6]
    assert first["per_mask"].round(6) == [0.5]
    assert (second["dataset"], second["masks"]) == ("other", 1)


def test_one_click_has_no_number_of_clicks():
    text = click_tables([row("a", [0.256]), row("b", [0.5])])
    assert "37.80" in text
    assert "NoC" not in text
    assert "@k" not in text


def test_several_clicks():
    rows = [row("a", [0.5, 0.85], fusion="joint"), row("b", [0.9, 0.8], fusion="joint")]
    text = click_tables(rows)
    header, _, line = (
        [cell.strip() for cell in table_line.split("|")[1:-1]]
        for table_line in text.splitlines()[:3]
    )
    cells = dict(zip(header, line, strict=True))
    assert (cells["NoC85"], cells["NoF85"]) == ("1.50", "1")
    assert (cells["NoC90"], cells["NoF90"]) == ("1.50", "1")
    assert (cells["fusion"], cells["mIoU@1 per image"]) == ("joint", "70.00")
    assert "82.50" in text.splitlines()[-1]  # mIoU@2


def test_no_rows():
    assert click_tables([]) == "no masks, no figures"


def test_format_table_is_markdown_with_empty_cells():
    assert format_table([{"a": 1, "b": "xyz"}, {"b": 2, "long": 3}]) == (
        "| a | b   | long |\n| - | --- | ---- |\n| 1 | xyz |      |\n|   | 2   | 3    |"
    )
