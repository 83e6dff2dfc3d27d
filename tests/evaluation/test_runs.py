"""Runs that are cut, resumed and shared out end with the same file."""

import os
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from tamingseg.evaluation.protocols import clicks
from tamingseg.evaluation.protocols.base import Method
from tamingseg.evaluation.records import iterate_records, merge_parts, part_of
from tamingseg.evaluation.runs import Job, UnreadableImages, run_jobs
from tamingseg.values import Sample

MADE_BY = {"model": "fake", "weights": "f00"}


class ListDataset:
    """Samples in memory; remembers which were read."""

    name = "list"
    fingerprint = "1157"
    partition = False

    def __init__(self, samples):
        self.samples = samples
        self.names = [sample.name for sample in samples]
        self.read = []

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        self.read.append(self.names[index])
        return self.samples[index]


@pytest.fixture
def dataset(two_discs):
    empty = np.zeros_like(two_discs.label_maps)
    return ListDataset(
        [
            two_discs,
            replace(two_discs, name="empty", label_maps=empty),
            replace(two_discs, name="twice", label_maps=np.repeat(two_discs.label_maps, 2, axis=0)),
        ]
    )


@pytest.fixture
def out(tmp_path):
    return tmp_path / "rows.jsonl"


@pytest.fixture
def job(dataset, fake_segmentor):
    """`job(weights, limit, **protocol)` on the small data set."""

    def make(weights="f00", limit=None, **protocol):
        made_by = MADE_BY | {"weights": weights}
        method = clicks.from_model(clicks.Settings(**protocol), fake_segmentor(), made_by)
        return Job(clicks.PROTOCOL, dataset, method, limit)

    return make


@pytest.mark.parametrize("protocol", [{}, {"clicks": 3, "fusion": "prior"}])
def test_a_killed_run_goes_on_to_the_same_file(job, protocol, out):
    records = run_jobs([job(**protocol)], out)
    assert [record.image for record in records] == ["two_discs", "empty", "twice"]
    assert [len(record.results) for record in records] == [2, 0, 4]
    text = out.read_bytes()
    for end in (0, len(text) // 5, len(text) // 2, len(text) - 1, len(text)):
        out.unlink()
        part_of(out, 0).write_bytes(text[:end])
        assert run_jobs([job(**protocol)], out) == records
        assert out.read_bytes() == text


def test_finished_images_are_not_read_again(job, dataset, out):
    run_jobs([job()], out)
    dataset.read.clear()
    run_jobs([job()], out)
    assert dataset.read == []


def test_images_that_cannot_be_read_are_named_when_the_others_are_done(job, dataset, out):
    class Damaged(ListDataset):
        def __getitem__(self, index):
            if index == 1:
                raise ValueError("b.jpg is damaged")
            return super().__getitem__(index)

    damaged = Damaged(dataset.samples)
    for _ in range(2):
        with pytest.raises(
            UnreadableImages, match=r"1 image .*list, image empty: b\.jpg"
        ) as caught:
            run_jobs([replace(job(), dataset=damaged)], out)
        assert [record.image for record in caught.value.records] == ["two_discs", "twice"]
    assert damaged.read == ["two_discs", "twice"], "what is done is not done again"
    assert len(run_jobs([job()], out)) == 3


def test_a_file_collects_methods(job, dataset, out):
    jobs = [job(), job("ba4"), job(threshold=0.49)]
    one_by_one = [record for each in jobs for record in run_jobs([each], out)]
    assert len(list(iterate_records(out))) == 9
    dataset.read.clear()
    assert run_jobs(jobs, out) == one_by_one
    assert dataset.read == []


def test_another_data_set_of_the_same_name_is_measured(job, dataset, out):
    run_jobs([job()], out)
    dataset.fingerprint = "07e4"
    dataset.read.clear()
    run_jobs([job()], out)
    assert dataset.read == dataset.names


def test_limit_spreads_over_the_data_set(job, dataset, out):
    limited = run_jobs([job(limit=2)], out)
    assert dataset.read == ["two_discs", "twice"]
    run_jobs([job()], out)
    assert run_jobs([job(limit=2)], out) == limited
    assert [record.image for record in run_jobs([job(limit=1)], out)] == ["two_discs"]


def test_all_jobs_see_the_same_sample(job, dataset, out):
    run_jobs([job(), job(threshold=0.3)], out)
    assert dataset.read == dataset.names


def test_a_data_set_named_twice_is_done_once(job, two_discs, out):
    first, second = job(), job()
    twin = ListDataset(first.dataset.samples)
    records = run_jobs([first, replace(second, dataset=twin)], out)
    assert len(records) == 3
    assert twin.read == []


def test_two_models_that_look_alike_are_refused(job, out):
    with pytest.raises(ValueError, match="two models call themselves 'fake'"):
        run_jobs([job(), job()], out)


def test_two_runs_never_write_one_file(job, out):
    lock = FileLock(out.with_name(".rows.jsonl.lock"))
    with lock, pytest.raises(ValueError, match="another run is writing"):
        run_jobs([job()], out)
    assert len(run_jobs([job()], out)) == 3


def test_settings_of_a_reader_are_recorded(job, dataset):
    assert "reader" not in job().recorded
    dataset.settings = {"image": "color.jpg"}
    assert job().recorded["reader"] == {"image": "color.jpg"}


@pytest.mark.parametrize("name", ["r[1].jsonl", "a*b?.jsonl"])
def test_names_that_look_like_patterns(job, tmp_path, name):
    assert len(run_jobs([job()], tmp_path / name)) == 3


def test_other_errors_name_the_image_too(dataset, out):
    def measure(sample):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError) as caught:
        run_jobs([Job(clicks.PROTOCOL, dataset, Method(MADE_BY, {}, measure))], out)
    assert caught.value.__notes__ == ["list: fake, clicks, image two_discs"]


def test_the_method_says_who_when_and_how(job, dataset):
    method = job().recorded
    assert (method["model"], method["weights"], method["data"]) == ("fake", "f00", "1157")
    assert {"version", "clicker", "threshold", "min_area", "seed"} <= method.keys()


def test_an_error_names_data_set_and_image(dataset, out):
    def measure(sample):
        raise ValueError("model m answered nonsense")

    bad = Job(clicks.PROTOCOL, dataset, Method(MADE_BY, {}, measure))
    with pytest.raises(ValueError, match="list, image two_discs: model m answered nonsense"):
        run_jobs([bad], out)


def test_memory_stays_flat(out):
    """Images of a run come and go; what grows with their number is the names alone."""
    image = np.zeros((256, 256, 3), np.uint8)
    maps = np.zeros((1, 256, 256), np.int32)

    class Many:
        name, fingerprint, partition = "many", "0", False
        names = tuple(f"{number:05}" for number in range(10_000))

        def __len__(self):
            return 10_000

        def __getitem__(self, index):
            return Sample(image.copy(), maps.copy(), self.names[index])

    used = []

    def measure(sample):
        used.append(tracemalloc.get_traced_memory()[0])
        return {}, [{"ious": [0.123456] * 20}] * 20

    job = Job(clicks.PROTOCOL, Many(), Method(MADE_BY, {}, measure), limit=400)
    tracemalloc.start()
    try:
        run_jobs([job], out)
        out.rename(part_of(out, 0))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        merge_parts(out)
        merging = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert max(used[100:]) - max(used[:100]) < image.nbytes
    assert out.stat().st_size > 1_500_000
    assert merging < out.stat().st_size / 4


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from tamingseg.evaluation.protocols.base import Method
from tamingseg.evaluation.protocols.clicks import PROTOCOL
from tamingseg.evaluation.runs import Job, UnreadableImages, run_jobs
from tamingseg.values import Sample
import time

class Numbers:
    name, fingerprint, partition = "numbers", "0", False
    names = [f"{number:03}" for number in range(40)]
    def __len__(self):
        return 40
    def __getitem__(self, index):
        maps = np.zeros((1, 8, 8), np.int32)
        return Sample(np.full((8, 8, 3), index, np.uint8), maps, self.names[index])

def measure(sample):
    time.sleep(0.02)
    with open(sys.argv[2], "a") as file:
        file.write(f"{sample.name}\\n")
    return {}, [{"value": int(sample.image.mean())}]

job = Job(PROTOCOL, Numbers(), Method({"model": "m"}, {}, measure))
run_jobs([job], Path(sys.argv[1]))
"""


def start(processes, folder):
    program = folder / "program.py"
    program.write_text(PROGRAM)
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return subprocess.Popen(
        [*launcher, str(program), str(folder / "rows.jsonl"), str(folder / "measured.txt")],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def run_whole(processes, folder):
    process = start(processes, folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return (folder / "rows.jsonl").read_bytes()


def test_two_processes_write_what_one_writes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    assert run_whole(1, one) == run_whole(2, two)
    assert sorted((two / "measured.txt").read_text().split()) == [f"{n:03}" for n in range(40)]
    assert sorted(file.name for file in two.iterdir()) == [
        ".rows.jsonl.lock", "measured.txt", "program.py", "rows.jsonl"
    ]  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2])
def test_sigkill_loses_and_doubles_nothing(processes, tmp_path, kill_tree):
    process = start(processes, tmp_path)
    measured = tmp_path / "measured.txt"
    while process.poll() is None and (not measured.exists() or measured.stat().st_size < 48):
        time.sleep(0.01)
    kill_tree(process.pid)
    process.communicate()
    rows = tmp_path / "rows.jsonl"
    assert not rows.exists()
    assert list(tmp_path.glob("rows.jsonl.part-*"))
    run_whole(3 - processes, tmp_path)
    records = list(iterate_records(rows))
    assert [record.results[0]["value"] for record in records] == list(range(40))
    # What was on the disk at the kill was not measured again; at most one image per process was.
    assert len(measured.read_text().split()) <= 40 + processes
    assert not list(tmp_path.glob("rows.jsonl.part-*"))
