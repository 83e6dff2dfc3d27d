"""The work on a folder: what is kept, whatever ends the process."""

import signal
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.annotations.reading import read_annotations
from tamingseg.annotations.writing import write_annotations
from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.ui.folder import project as module
from tamingseg.ui.folder.journal import Journal
from tamingseg.ui.folder.project import FolderProject
from tamingseg.values import Click

SIZE = (48, 64)
CELL, DIRT = Label("cell", "#009e73", "1"), Label("dirt", "#e69f00")


def mask(*pixels):
    picture = np.zeros(SIZE, bool)
    for pixel in pixels:
        picture[pixel] = True
    return encode_rle(picture)


def item(label="cell", *pixels):
    made = Made("clicks", (Click(2.5, 3.5, True),), (0.5,), 0.4)
    return Annotation(label, mask(*pixels), "one", made=made)


@pytest.fixture
def project(photos):
    with_work = FolderProject(photos)
    yield with_work
    with_work.close()


def reopened(photos):
    again = FolderProject(photos)
    try:
        return again.project
    finally:
        again.close()


def test_photos_are_those_below_the_folder_in_order(project):
    assert project.names == ["a.jpg", "b.png", "day2/c.png"]
    assert project.size("day2/c.png") == SIZE
    assert project.photo("a.jpg") == Photo("a.jpg", SIZE)
    steps, rows = project.rows()
    assert (steps, [(row.name, row.state, row.objects) for row in rows]) == (
        0,
        [(name, "new", 0) for name in project.names],
    )
    for strange in ("none.png", "../photos/a.jpg", "/etc/passwd", "notes.txt"):
        with pytest.raises(ValueError, match="there is no photo"):
            project.path(strange)


def test_what_was_done_is_there_again(photos, project):
    project.set_labels([CELL])
    project.put(Photo("a.jpg", SIZE, (item("cell", (3, 4)),)), [DIRT])
    project.mark("b.png", "empty")
    done = project.project
    assert done.labels == (CELL, DIRT)
    assert [(one.name, one.state) for one in done.photos] == [
        ("a.jpg", "started"),
        ("b.png", "empty"),
    ]
    project.close()
    assert reopened(photos) == done
    assert read_annotations(photos / "annotations.tamingseg")[0] == done


def test_a_label_gets_another_name_or_becomes_one_with_another(photos, project):
    project.put(Photo("a.jpg", SIZE, (item("cell", (3, 4)), item("dirt", (5, 6)))), [CELL, DIRT])
    project.put(Photo("b.png", SIZE, (item("cell", (3, 4)),)))
    project.mark("a.jpg", "done")
    assert project.rename_label("cell", "nucleus", besides=["b.png"]) == 1
    assert [label.name for label in project.labels] == ["nucleus", "dirt", "cell"]
    assert project.labels[0].colour == CELL.colour
    assert project.photo("b.png").objects[0].label == "cell"
    assert project.rename_label("cell", "nucleus") == 1
    assert project.rename_label("nucleus", "dirt") == 2
    assert project.labels == (DIRT,)
    assert {one.label for _, _, one in project.project.annotations()} == {"dirt"}
    assert [one.state for one in project.project.photos] == ["done", "started"]
    steps, _ = project.rows()
    assert project.rename_label("none", "dirt") == 0
    assert project.rows()[0] == steps
    done = project.project
    project.close()
    assert reopened(photos) == done


def test_only_what_changed_is_told(project):
    project.put(Photo("b.png", SIZE, (item("cell", (3, 4)),)), [CELL])
    steps, rows = project.rows(0)
    assert [(row.name, row.state, row.objects) for row in rows] == [("b.png", "started", 1)]
    project.put(project.photo("b.png"))  # no change, no step
    assert project.rows(steps) == (steps, [])


def test_states_follow_the_work(project):
    with pytest.raises(ValueError, match=r"Shift\+A"):
        project.mark("a.jpg", "done")
    project.mark("a.jpg", "empty")
    project.put(replace(project.photo("a.jpg"), objects=(item("cell", (1, 1)),)), [CELL])
    assert project.photo("a.jpg").state == "started"
    with pytest.raises(ValueError, match="delete them"):
        project.mark("a.jpg", "empty")
    project.mark("a.jpg", "done")
    shown = project.photo("a.jpg").objects[0]
    project.put(replace(project.photo("a.jpg"), objects=(replace(shown, hidden=True),)))
    assert project.photo("a.jpg").state == "done"
    project.put(replace(project.photo("a.jpg"), objects=(item("cell", (1, 2)),)))
    assert project.photo("a.jpg").state == "started"
    project.mark("a.jpg", "done")
    project.put(replace(project.photo("a.jpg"), objects=()))
    assert project.photo("a.jpg").state == "new"


def test_labels_that_objects_have_stay(project):
    project.put(Photo("a.jpg", SIZE, (item("cell", (3, 4)),)), [CELL, DIRT])
    project.set_labels([Label("leaf")])
    assert [label.name for label in project.labels] == ["leaf", "cell"]


def test_objects_made_elsewhere_come_in_front(photos, project):
    first, second = item("cell", (1, 1)), item("dirt", (2, 2))
    project.put(Photo("a.jpg", SIZE, (first,)), [CELL])
    project.mark("a.jpg", "done")
    project.add(
        Project((DIRT,), (Photo("a.jpg", SIZE, (second,)), Photo("b.png", SIZE, (second,))))
    )
    assert project.photo("a.jpg") == Photo("a.jpg", SIZE, (first, second), "started")
    assert project.photo("b.png").state == "started"
    done = project.project
    project.close()
    assert reopened(photos) == done


def steps_of(photos):
    """Work on the folder; what the project is after each step, and the journal's bytes."""
    project = FolderProject(photos)
    after = [project.project]
    project.set_labels([CELL])
    after.append(project.project)
    for number in range(4):
        photo = project.photo(project.names[number % 3])
        objects = (*photo.objects, item("cell", (number, 5)))
        project.put(replace(photo, objects=objects))
        after.append(project.project)
    journal = project._journal.path.read_bytes()
    project._alone.release()  # as a kill would
    return after, journal


def test_a_journal_that_ends_anywhere_has_all_steps_that_are_whole(photos, tmp_path):
    after, journal = steps_of(photos)
    path = tmp_path / "cut.journal"
    ends = [i + 1 for i, byte in enumerate(journal) if byte == ord("\n")]
    assert len(ends) == len(after) - 1
    for length in range(len(journal) + 1):
        path.write_bytes(journal[:length])
        steps = list(Journal(path).read())
        assert len(steps) == sum(end <= length for end in ends)
    for length in sorted({1, *ends, *(end - 1 for end in ends), *(end + 9 for end in ends)}):
        (photos / "annotations.tamingseg").unlink(missing_ok=True)
        (photos / "annotations.tamingseg.journal").write_bytes(journal[:length])
        assert reopened(photos) == after[sum(end <= length for end in ends)]
        assert not (photos / "annotations.tamingseg.journal").exists()


def test_a_kill_between_the_file_and_the_end_of_the_journal_changes_nothing(photos):
    after, journal = steps_of(photos)
    path = photos / "annotations.tamingseg.journal"
    assert reopened(photos) == after[-1]
    for part in range(len(after)):  # the file has it all, the journal is there still
        path.write_bytes(b"\n".join(journal.split(b"\n")[: len(after) - 1]) + b"\n")
        assert reopened(photos) == after[-1], part


def test_damage_within_the_journal_is_said_and_nothing_is_written(photos):
    _, journal = steps_of(photos)
    path = photos / "annotations.tamingseg.journal"
    for damaged in (b"x" + journal, journal[:30] + b"?" + journal[31:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"line 1 of .* is damaged; move the file away"):
            FolderProject(photos)
        assert path.read_bytes() == damaged
        assert not (photos / "annotations.tamingseg").exists()
    path.write_bytes(journal + b"no checksum\n")  # the last line alone: a loss of power
    assert len(reopened(photos).photos) == 3


def test_a_step_repeats_no_object_that_stays(tmp_path):
    journal = Journal(tmp_path / "journal")
    objects = tuple(item("cell", (row, 5)) for row in range(40))
    more = (*objects[:20], item("dirt", (9, 9)), *objects[21:])
    steps = [Project((CELL, DIRT), (Photo("a.png", SIZE, some),)) for some in (objects, more)]
    sizes = [0]
    for step in (*steps, steps[0], *steps):
        journal.append(step)
        sizes.append(journal.nbytes)
    first, *others = np.diff(sizes)
    assert max(others) < first / 8
    assert list(journal.read()) == [*steps, steps[0], *steps]
    journal.remove()
    journal.append(steps[1])  # nothing can be left out any more
    assert list(journal.read()) == steps[1:]
    text = b"1 1" + journal.path.read_bytes().split(b" ", 1)[1][:-1]
    journal.path.write_bytes(b"%08x %b\n" % (zlib.crc32(text), text))
    with pytest.raises(ValueError, match=r"line 1 .* does not follow"):
        list(journal.read())


ROWS = st.lists(st.integers(0, 3), max_size=5)


@given(st.lists(st.tuples(st.integers(0, 2), ROWS), max_size=8), st.data())
def test_steps_may_be_read_twice(tmp_path_factory, steps, data):
    """The file may be of any moment at or after the beginning of the journal."""
    path = tmp_path_factory.mktemp("journal") / "journal"
    journal, photos = Journal(path), {}
    moments = [{}]
    for number, rows in steps:
        objects = tuple(item("cell", (row, 1)) for row in rows)
        photo = Photo(f"{number}.png", SIZE, objects, "started")
        journal.append(Project((CELL,), (photo,)))
        photos[photo.name] = photo
        moments.append(dict(photos))
    found = dict(data.draw(st.sampled_from(moments)))
    for step in journal.read():
        found.update({photo.name: photo for photo in step.photos})
    assert found == photos


WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
from tamingseg.annotations.document import Annotation, Label
from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.ui.folder import project as module
import numpy as np

module.REST_SECONDS = -1  # the file is written anew all the time
project = module.FolderProject(Path(sys.argv[1]))
print("begun", flush=True)
for number in range(10_000):
    mask = np.zeros((48, 64), bool)
    mask.flat[: number + 1] = True
    photo = replace(project.photo("a.jpg"), objects=(Annotation("cell", encode_rle(mask)),))
    project.put(photo, [Label("cell")])
    print(number + 1, flush=True)
    if number % 3 == 0:
        project.tidy()
"""


@pytest.mark.parametrize("lines", [1, 7])
def test_a_killed_process_loses_at_most_the_step_in_flight(photos, lines):
    command = [sys.executable, "-c", WORKER, str(photos)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        for _ in range(lines):
            worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        said = [line for line in worker.stdout.read().split("\n")[:-1] if line.isdigit()]
    least = int(said[-1]) if said else lines - 1
    project = FolderProject(photos)
    photo = project.photo("a.jpg")
    project.close()
    area = decode_rle(photo.objects[0].mask, SIZE).sum() if photo.objects else 0
    assert area in (least, least + 1)
    left = {path.name for path in photos.iterdir() if not path.name.startswith(".")}
    assert left <= {"a.jpg", "b.png", "day2", "notes.txt", "annotations.tamingseg"}


def test_two_processes_never_work_with_one_file(photos, project):
    with pytest.raises(OSError, match="another tamingseg app works with"):
        FolderProject(photos)
    other = FolderProject(photos, photos / "mine.tamingseg")
    other.close()


def test_only_a_file_that_keeps_everything_is_written_to(photos, tmp_path):
    for name in ("a.json", "a.zip", "a", "a.xml"):
        with pytest.raises(ValueError, match=r"only a file that ends in \.tamingseg holds"):
            FolderProject(photos, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_a_file_of_which_a_part_would_be_lost_stays_as_it_is(photos, tmp_path):
    file = photos / "annotations.tamingseg"
    work = Project((CELL,), (Photo("a.jpg", SIZE, (item("cell", (3, 4)),)),))
    write_annotations(work, file, "project")
    with zipfile.ZipFile(file) as archive:
        text = archive.read("project.json").decode()
    for entries, message in [
        ({"project.json": text.replace('"cell", "mask"', '"leaf", "mask"')}, "no label 'leaf'"),
        ({"project.json": text, "photos/a.jpg": "photo"}, "it holds photos/a.jpg"),
        ({"project.json": text.replace('"version": 1', '"version": 99')}, "newer tamingseg"),
    ]:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        before = file.read_bytes()
        for _ in range(2):  # the second time it is not held by the first
            with pytest.raises(ValueError, match=message):
                FolderProject(photos)
        assert file.read_bytes() == before
    file.write_bytes(before[:40])
    with pytest.raises(ValueError, match="damaged"):
        FolderProject(photos)


def test_what_another_program_made_of_the_file_is_kept(photos, project):
    project.put(Photo("a.jpg", SIZE, (item("cell", (3, 4)),)), [CELL])
    project.tidy(at_once=True)
    file = photos / "annotations.tamingseg"
    theirs = Project((DIRT,))
    write_annotations(theirs, file, "project")
    project.mark("b.png", "empty")
    project.tidy(at_once=True)
    assert read_annotations(file)[0] == project.project
    assert read_annotations(photos / "annotations-other-1.tamingseg")[0] == theirs
    assert project.notices == [
        "another program changed annotations.tamingseg; its version is kept as "
        "annotations-other-1.tamingseg"
    ]


def test_our_own_file_is_not_taken_for_another_program_s_after_ctrl_c(photos, monkeypatch):
    """It may come when the file is written and before that is noted."""

    def interrupted(*arguments):
        write_annotations(*arguments)
        raise KeyboardInterrupt

    project = FolderProject(photos)
    project.put(Photo("a.jpg", SIZE, (item(),)), [CELL])
    monkeypatch.setattr(module, "write_annotations", interrupted)
    with pytest.raises(KeyboardInterrupt):
        project.tidy(at_once=True)
    monkeypatch.undo()
    project.close()
    assert [path.name for path in photos.glob("annotations*")] == ["annotations.tamingseg"]
    (photo,) = reopened(photos).photos
    assert photo.objects == (item(),)


def test_work_on_photos_that_are_gone_or_changed_stays(photos, two_discs):
    project = FolderProject(photos)
    for name in project.names:
        project.put(Photo(name, SIZE, (item("cell", (3, 4)),)), [CELL])
    done = project.project
    project.close()
    (photos / "b.png").unlink()
    Image.fromarray(two_discs.image[:40]).save(photos / "a.jpg")
    again = FolderProject(photos)
    assert again.names == ["a.jpg", "day2/c.png"]
    assert "1 photos of annotations.tamingseg are not in the folder, such as b.png" in str(
        again.notices
    )
    with pytest.raises(ValueError, match=r"made for a photo of .* \(48, 64\), but .* \(40, 64\)"):
        again.photo("a.jpg")
    again.mark("day2/c.png", "done")
    assert [photo.objects for photo in again.project.photos] == [p.objects for p in done.photos]
    again.close()


def test_a_step_that_cannot_be_written_is_said_and_the_next_one_has_it(photos, project):
    path = project._journal.path
    path.mkdir()
    photo = Photo("a.jpg", SIZE, (item("cell", (3, 4)),))
    with pytest.raises(OSError, match="cannot write"):
        project.put(photo, [CELL])
    assert project.photo("a.jpg").objects == ()
    path.rmdir()
    project.put(photo, [CELL])
    assert project.photo("a.jpg").objects == photo.objects


def test_a_file_is_written_when_nobody_works_or_the_journal_grows(photos, project, monkeypatch):
    file = photos / "annotations.tamingseg"
    project.set_labels([CELL])
    project.tidy()
    assert not file.exists()
    monkeypatch.setattr(module, "JOURNAL_BYTES", 10)
    project.tidy()
    assert file.exists()
    assert not project._journal.path.exists()
    monkeypatch.setattr(module, "REST_SECONDS", 0.0)
    project.set_labels([CELL, DIRT])
    project.tidy()
    assert read_annotations(file)[0].labels == (CELL, DIRT)


def test_a_folder_without_photos_is_said(tmp_path):
    with pytest.raises(ValueError, match="there is no photo in"):
        FolderProject(tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        FolderProject(Path(tmp_path / "none"))
