"""Records in a file that survives kills."""

import json

import pytest

from tamingseg.evaluation.records import (
    Record,
    append_record,
    iterate_records,
    merge_parts,
    part_of,
    read_records,
)

METHOD = {"model": "fake", "threshold": 0.5}


def record_of(image, dataset="set", protocol="clicks", ious=(0.5, 0.25), **method):
    result = {"map": 0, "label": 1, "area": 400, "trial": 0, "ious": list(ious)}
    return Record(protocol, dataset, image, METHOD | method, {}, [result])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.jsonl"
    for image in ("a", "ü\n"):
        append_record(path, record_of(image))
    return path


def test_there_and_back(path, tmp_path):
    assert list(iterate_records(path)) == [record_of("a"), record_of("ü\n")]
    assert read_records([path, path]) == [record_of("a"), record_of("ü\n")]
    assert list(iterate_records(tmp_path / "none.jsonl")) == []


def test_a_kill_at_any_byte_leaves_whole_records(path):
    whole = path.read_bytes()
    ends = [end for end in range(1, len(whole) + 1) if whole[end - 1 : end] == b"\n"]
    part = part_of(path, 0)
    for end in range(len(whole) + 1):
        path.unlink(missing_ok=True)
        part.write_bytes(whole[:end])
        merge_parts(path)
        kept = list(iterate_records(path))
        assert kept == [record_of("a"), record_of("ü\n")][: sum(e <= end for e in ends)]
        assert not part.exists()


def test_parts_are_merged_in_order_without_doubles(path):
    append_record(part_of(path, 0), record_of("c"))
    append_record(part_of(path, 1), record_of("b"))
    append_record(part_of(path, 11), record_of("b"))
    append_record(part_of(path, 1), record_of("z", dataset="early"))
    append_record(part_of(path, 1), record_of("b", threshold=0.49))
    merge_parts(path)
    found = [(r.dataset, r.method["threshold"], r.image) for r in iterate_records(path)]
    assert found == [
        ("early", 0.5, "z"),
        ("set", 0.49, "b"),
        *[("set", 0.5, image) for image in ("a", "b", "c", "ü\n")],
    ]
    assert [file.name for file in path.parent.iterdir()] == ["rows.jsonl"]
    before = path.read_bytes()
    merge_parts(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("line", ["{}", "[]", "nonsense", '{"protocol": 1}'])
def test_a_damaged_line_names_itself(path, line):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], f"{line}\n", *lines[1:]]))
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2 is no result record"):
        read_records([path])


def test_fields_of_another_type_are_refused(path):
    fields = json.loads(path.read_text().splitlines()[0])
    for wrong in ({"results": "many"}, {"protocol": []}, {"image": 3}, {"facts": None}):
        path.write_text(json.dumps(fields | wrong) + "\n")
        with pytest.raises(ValueError, match="a field has another type"):
            read_records([path])


def test_lines_of_before_call_the_protocol_kind(path):
    records = read_records([path])
    path.write_text(path.read_text().replace('{"protocol":', '{"kind":'))
    assert '"protocol"' not in path.read_text()
    assert read_records([path]) == records


def test_what_cannot_be_read_is_said(path, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.jsonl"):
        read_records([tmp_path / "none.jsonl"])
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(ValueError, match=r"empty\.jsonl holds no records"):
        read_records([empty])


def test_two_files_that_disagree(path, tmp_path):
    other = tmp_path / "other.jsonl"
    append_record(other, record_of("a", ious=(0.9, 0.9)))
    with pytest.raises(ValueError, match=r"other results .* set, a"):
        read_records([path, other])


def test_numbers_that_json_does_not_know_are_never_written(path):
    with pytest.raises(ValueError, match="JSON"):
        append_record(path, record_of("b", ious=(float("nan"),)))
    assert len(read_records([path])) == 2


def test_a_run_that_has_not_ended_is_read_with_its_parts(path):
    append_record(part_of(path, 1), record_of("c"))
    assert [record.image for record in read_records([path])] == ["a", "ü\n", "c"]
    path.unlink()
    assert [record.image for record in read_records([path])] == ["c"]
