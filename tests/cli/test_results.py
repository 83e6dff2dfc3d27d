"""Photos -> results: what is found, what is done already, and what is never replaced."""

from pathlib import Path

import numpy as np
import pytest

from tamingseg.cli.photos import do_each, find_photos
from tamingseg.cli.processes import ALONE, Rank, own_rank
from tamingseg.cli.results import Results


def save(path, seed=0):
    """A BMP of 4 x 5 pixels: any format will do, this one needs no library."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def run():
    """`run(path, ..., output=...)`: the names that a pretended command did, and its exit code."""

    def command(*paths, output, endings=(".json",), settings=None, stop_at=None, rank=ALONE):
        photos = find_photos(paths, output)
        results = Results("propose", output, lambda name: [name + end for end in endings], rank)
        results.prepare(settings or {}, photos.paths)
        done = []

        def do(name, image, image_id):
            if name == stop_at:
                raise KeyboardInterrupt
            for end in endings[::-1]:
                (output / f"{name}{end}").write_text(f"{image.sum()} {image_id}")
            done.append(name)

        code = do_each("propose", photos, results, lambda: do)
        return done, code

    return command


def test_what_is_done_stays_and_a_photo_that_was_replaced_is_done_again(tmp_path, run, capsys):
    photos, out = tmp_path / "photos", tmp_path / "out"
    save(photos / "a.png"), save(photos / "deep" / "b.png")
    assert run(photos, output=out) == (["a", "deep/b"], 0)
    assert run(photos, output=out) == ([], 0)
    assert capsys.readouterr().out.endswith("photos: 0 done; 2 done before\n")
    save(photos / "a.png", seed=1)
    assert run(photos, output=out) == (["a"], 0)
    (out / "deep" / "b.json").unlink()
    assert run(photos, output=out) == (["deep/b"], 0)
    photos.rename(tmp_path / "moved")
    assert run(tmp_path / "moved", output=out) == ([], 0)


def test_the_result_of_another_photo_is_not_replaced(tmp_path, run):
    monday, tuesday = save(tmp_path / "monday/1.png"), save(tmp_path / "tuesday/1.png", seed=1)
    out = tmp_path / "out"
    assert run(monday, output=out) == (["1"], 0)
    with pytest.raises(ValueError, match=r"1\.json holds the results of another photo 1, .*monday"):
        run(tuesday, output=out)


def test_a_result_that_somebody_corrected_is_not_replaced(tmp_path, run):
    photo, out = save(tmp_path / "a.png"), tmp_path / "out"
    assert run(photo, output=out) == (["a"], 0)
    (out / "a.json").write_text("corrected")
    assert run(photo, output=out) == ([], 0)
    save(photo, seed=1)
    with pytest.raises(
        ValueError, match=r"a\.png has changed since .*a\.json was made, and so has"
    ):
        run(photo, output=out)
    assert (out / "a.json").read_text() == "corrected"


def test_files_of_others_are_not_replaced(tmp_path, run):
    photo = save(tmp_path / "a.png")
    (tmp_path / "a.json").write_text("an annotation that lies beside its photo")
    with pytest.raises(ValueError, match=r"would replace .*a\.json, which this command did not"):
        run(photo, output=tmp_path)
    with pytest.raises(ValueError, match=r"would replace the photo"):
        run(photo, output=tmp_path, endings=(".txt", ".png"))
    save(tmp_path / "a.over.png")
    with pytest.raises(ValueError, match=r"would replace a result of"):
        run(photo, tmp_path / "a.over.png", output=tmp_path / "out", endings=(".over.png", ".png"))


def test_results_beside_photos_are_no_photos(tmp_path, run):
    save(tmp_path / "a.jpg"), save(tmp_path / "deep" / "b.jpg")
    endings = (".json", ".png")
    assert run(tmp_path, output=tmp_path, endings=endings) == (["a", "deep/b"], 0)
    assert run(tmp_path, output=tmp_path, endings=endings) == ([], 0)
    assert run(tmp_path, output=tmp_path / "out", endings=endings)[0] == ["a", "deep/b"]
    assert find_photos([tmp_path / "deep"], tmp_path / "out2").paths.keys() == {"b"}


def test_a_run_that_was_stopped_goes_on(tmp_path, run):
    photos, out = tmp_path / "photos", tmp_path / "out"
    for name in "abc":
        save(photos / f"{name}.jpg")
    with pytest.raises(KeyboardInterrupt):
        run(photos, output=out, stop_at="b")
    (out / "b.png").write_text("half of it")
    with open(out / ".propose.jsonl", "ab") as file:
        file.write(b'{"name": "unfinis')
    assert run(photos, output=out, endings=(".json",)) == (["b", "c"], 0)
    assert run(photos, output=out) == ([], 0)
    assert len({(out / f"{name}.json").read_text().split()[1] for name in "abc"}) == 3


def files_of(folder):
    """Every file by its name; those that are locked not."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def test_several_processes_write_what_one_does_however_often_they_are_stopped(tmp_path, run):
    photos, out = tmp_path / "photos", tmp_path / "out"
    for number, name in enumerate("abcdefg"):
        save(photos / f"{name}.png", seed=number)
    run(photos, output=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(photos, output=out, rank=Rank(1, 3), stop_at="e")
    assert run(photos, output=out, rank=Rank(0, 3)) == (["a", "d", "g"], 0)
    with pytest.raises(KeyboardInterrupt):
        run(photos, output=out, rank=Rank(2, 3), stop_at="f")
    assert (out / ".propose.jsonl.2").exists()
    assert run(photos, output=out, rank=Rank(1, 2)) == (
        ["f"],
        0,
    )  # with another number of processes
    assert run(photos, output=out, rank=Rank(0, 2)) == (["e"], 0)
    assert files_of(out) == files_of(tmp_path / "whole")


def test_one_process_goes_on_where_several_were_stopped(tmp_path, run):
    photos, out = tmp_path / "photos", tmp_path / "out"
    for number, name in enumerate("abcd"):
        save(photos / f"{name}.png", seed=number)
    run(photos, output=tmp_path / "whole")
    for rank, name in enumerate("cd"):
        with pytest.raises(KeyboardInterrupt):
            run(photos, output=out, rank=Rank(rank, 2), stop_at=name)
    assert run(photos, output=out) == (["c", "d"], 0)
    assert files_of(out) == files_of(tmp_path / "whole")


@pytest.mark.parametrize(("rank", "world"), [("2", "2"), ("-1", "2"), ("x", "2"), ("0", "0")])
def test_ranks_that_cannot_be_are_refused(monkeypatch, rank, world):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    with pytest.raises(ValueError, match="expected RANK"):
        own_rank()


def test_numbers_of_coco_stay(tmp_path, run):
    for name in ("000000000139", "5", "street", "005"):
        save(tmp_path / "photos" / f"{name}.png")
    assert len(run(tmp_path / "photos", output=tmp_path / "out")[0]) == 4
    ids = {path.stem: int(path.read_text().split()[1]) for path in tmp_path.glob("out/[!.]*.json")}
    assert (ids["000000000139"], ids["005"]) == (139, 5)
    assert len(set(ids.values())) == 4
    assert all(0 < number < 2**31 for number in ids.values())


def test_the_number_of_a_photo_does_not_depend_on_other_photos(tmp_path, run):
    one, other = save(tmp_path / "one" / "street.png"), save(tmp_path / "other" / "street.png")
    save(tmp_path / "other" / "a.png")
    for path, output in ((one, "alone"), (other.parent, "among")):
        run(path, output=tmp_path / output)
    alone, among = (tmp_path / output / "street.json" for output in ("alone", "among"))
    assert alone.read_text() == among.read_text()


def test_other_files_are_counted(tmp_path, run, capsys):
    save(tmp_path / "a.jfif.png").rename(tmp_path / "a.jfif")
    for name in ("c.heic", "d.HEIC", "notes.txt", "._a.jfif", "Thumbs.db"):
        (tmp_path / name).touch()
    assert run(tmp_path, output=tmp_path / "out") == (["a"], 0)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(
        "photos: 1 done; 3 other files passed over: 2 .heic, 1 .txt; save HEIC photos as JPEG, "
        "they cannot be read"
    )


def test_a_damaged_journal_names_its_line(tmp_path, run):
    photo = save(tmp_path / "a.png")
    run(photo, output=tmp_path / "out")
    journal = tmp_path / "out" / ".propose.jsonl"
    for text in ("[1]", "{}", "[" * 100_000, '{"name": 1}'):
        journal.write_text(text + "\n")
        with pytest.raises(ValueError, match=r"\.propose\.jsonl, line 1, says nothing of a result"):
            run(photo, output=Path(tmp_path / "out"))
