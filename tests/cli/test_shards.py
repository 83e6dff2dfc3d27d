"""`tamingseg convert` in several processes: the bytes and notes of one, also after a kill."""

import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tamingseg.annotations.document import Annotation, Photo, Project, make_labels
from tamingseg.annotations.files import open_files
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import NO_FILES, to_convert, write_annotations
from tamingseg.cli.main import main
from tamingseg.cli.processes import ALONE, Rank, in_processes
from tamingseg.cli.shards import Shards, convert_lines, load
from tamingseg.masks.rle import encode_rle

ROOT = Path(__file__).resolve().parents[2]
SIZE = (12, 16)
KINDS = ("cell", "größte: Zelle")


@pytest.fixture
def project(rng):
    """Twelve photos; masks have holes and pieces and cover each other: all formats have notes."""
    photos = []
    for number in range(12):
        masks = rng.random((number % 4, *SIZE)) < 0.4
        objects = (
            Annotation(KINDS[index % 2], encode_rle(mask), f"no. {index}", locked=index == 2)
            for index, mask in enumerate(masks)
        )
        photos.append(Photo(f"day{number % 2}/{number}.png", SIZE, tuple(objects), "done"))
    return Project(make_labels([*KINDS, "of no object"]), tuple(photos))


@pytest.fixture
def photos(project, tmp_path, rng):
    """A folder with the photos; one is missing."""
    for photo in project.photos[:-1]:
        path = tmp_path / "photos" / photo.name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(path)
    return tmp_path / "photos"


@pytest.fixture(scope="module")
def two_processes():
    with in_processes(load, 2) as convert_keyed:
        yield convert_keyed


def share(project, output, name, images, rank=ALONE, convert_keyed=convert_lines, workers=1):
    """One process converts its share."""
    shards = Shards(output, name, project.labels, rank, convert_keyed, workers)
    shards.convert_share(*to_convert(project, name, images))
    return shards


def write(project, output, name, images, rank=ALONE, convert_keyed=convert_lines, workers=1):
    """The first process converts its share and writes all; returns the notes."""
    shards = share(project, output, name, images, rank, convert_keyed, workers)
    notes = write_annotations(project, output, name, images, convert_each=shards)
    shards.remove()
    return notes


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", FORMATS)
def test_several_processes_write_the_bytes_of_one(name, project, photos, two_processes, tmp_path):
    images = open_files(photos)
    folders = [tmp_path / "one", tmp_path / "two", tmp_path / "three"]
    one, two, three = (folder / "out.zip" for folder in folders)  # one file: quick to write
    notes = write_annotations(project, one, name, images)
    assert write(project, two, name, images, ALONE, two_processes, 2) == notes
    for number in (2, 1):
        share(project, three, name, images, Rank(number, 3))
    assert write(project, three, name, images, Rank(0, 3)) == notes
    assert files_of(folders[0]) == files_of(folders[1]) == files_of(folders[2]) != {}


class Counting:
    """Converts photos and counts them; stops before there are too many."""

    def __init__(self, most=1000):
        self.most, self.count = most, 0

    def __call__(self, convert, photos):
        if self.count + len(photos) > self.most:
            raise KeyboardInterrupt
        self.count += len(photos)
        return convert_lines(convert, photos)


def test_a_run_that_was_stopped_goes_on(project, tmp_path):
    write(project, tmp_path / "whole", "coco", NO_FILES)
    output, shard = tmp_path / "out", tmp_path / ".out.convert.0"
    with pytest.raises(KeyboardInterrupt):
        write(project, output, "coco", NO_FILES, ALONE, Counting(8))
    assert not output.exists()
    shard.write_bytes(shard.read_bytes()[:-9])  # the line of the eighth photo is half written
    share(project, output, "coco", NO_FILES, Rank(3, 4), other := Counting())  # photos 4, 8, 12
    again = Counting()
    write(project, output, "coco", NO_FILES, ALONE, again)
    assert (other.count, again.count) == (2, 3)
    assert files_of(output) == files_of(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_what_changed_meanwhile_is_converted_anew(project, photos, tmp_path):
    def converted(labels, of, name):
        counting = Counting()
        share(Project(labels, of), tmp_path / "out", name, open_files(photos), ALONE, counting)
        return counting.count

    labels, some = project.labels, project.photos[1:7]
    assert converted(labels, some, "cutouts") == 6
    assert converted(labels, some, "cutouts") == 0
    assert converted(labels, (*some[1:], project.photos[9]), "cutouts") == 1
    assert converted(labels[::-1], some, "cutouts") == 6
    assert converted(labels, some, "voc") == 6
    Image.new("RGB", SIZE[::-1]).save(photos / some[0].name)
    assert converted(labels, some, "cutouts") == 1
    shard = tmp_path / ".out.convert.0"
    lines = shard.read_bytes().splitlines(keepends=True)
    damaged = lines[-1].replace(b"[", b"(")
    shard.write_bytes(b"".join([b"no line\n", *lines[:-1], damaged]))
    assert converted(labels, some, "cutouts") == 1


def test_the_first_process_waits_for_nobody(project, tmp_path):
    """What others have not converted when it is done, it converts itself."""
    write(project, tmp_path / "whole", "coco", NO_FILES)
    share(project, tmp_path / "out", "coco", NO_FILES, Rank(2, 4))
    write(project, tmp_path / "out", "coco", NO_FILES, Rank(0, 4), counting := Counting())
    assert counting.count == 9
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_photos_in_a_zip_can_be_read_by_other_processes(project, photos, two_processes, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        for path in photos.rglob("*.png"):
            file.write(path, path.relative_to(photos).as_posix())
    of_folder = write(project, tmp_path / "one.zip", "cutouts", open_files(photos))
    images = open_files(tmp_path / "photos.zip")
    of_zip = write(project, tmp_path / "two.zip", "cutouts", images, ALONE, two_processes, 2)
    assert of_zip == of_folder
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def notes_of(said):
    return [line for line in said.err.splitlines() if line.startswith("tamingseg convert: ")]


def test_the_command(project, photos, tmp_path, monkeypatch, capsys):
    source = tmp_path / "work.tamingseg"
    write_annotations(project, source, "project")

    def convert(name):
        flags = ["--photos", str(photos), "--to", "cutouts", "--output", str(tmp_path / name)]
        return main(["convert", str(source), *flags]), capsys.readouterr()

    code, one = convert("one.zip")
    assert code == 1  # a photo is missing
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    code, said = convert("both.zip")
    assert (code, notes_of(said)) == (0, [])
    assert said.out.endswith("both.zip: 5 photos converted; the process with RANK 0 writes all\n")
    monkeypatch.setenv("RANK", "0")
    code, both = convert("both.zip")
    assert (code, both.out) == (1, one.out.replace("one.zip", "both.zip"))
    assert notes_of(both) == [line.replace("one.zip", "both.zip") for line in notes_of(one)] != []
    code, said = convert("both.zip")
    assert (code, "both.zip is there already; choose another --output" in said.err) == (2, True)
    monkeypatch.setenv("RANK", "1")
    code, said = convert("both.zip")
    assert (code, "the process with RANK 0 was faster" in said.out) == (0, True)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "both.zip").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_run_that_was_killed_goes_on(project, tmp_path):
    many = [replace(photo, name=f"{n}/{photo.name}") for n in range(8) for photo in project.photos]
    source, output = tmp_path / "work.tamingseg", tmp_path / "out.json"
    write_annotations(replace(project, photos=tuple(many)), source, "project")
    flags = ["convert", str(source), "--to", "coco-polygons", "--output"]
    command = [sys.executable, "-m", "tamingseg.cli.main", *flags, str(output), "--processes", "2"]
    run = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    shard = tmp_path / ".out.json.convert.0"
    while not (shard.exists() and shard.stat().st_size) and run.poll() is None:
        time.sleep(0.02)
    run.kill()
    run.wait()
    if not output.exists():  # it may have been done before the kill came
        assert main([*flags, str(output), "--processes", "2"]) == 0
    assert main([*flags, str(tmp_path / "whole.json")]) == 0
    assert output.read_bytes() == (tmp_path / "whole.json").read_bytes()
