"""Runs: jobs -> records, over one process or many, on one machine or many.

Started with `torchrun` or `accelerate launch`, every process takes each n-th image of every job.
Nothing is sent between them: they only wait for each other where a run begins and ends, so the
machines of a run need a file system in common for the file of records.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accelerate import PartialState
from accelerate.utils import is_cuda_available
from filelock import FileLock, Timeout
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.data.split import spread
from tamingseg.evaluation.protocols.base import Method, Protocol
from tamingseg.evaluation.records import (
    Record,
    append_record,
    iterate_records,
    merge_parts,
    part_of,
)
from tamingseg.files import cannot_write, make_folder
from tamingseg.values import Sample

_VERSION = version("tamingseg")


@dataclass(frozen=True)
class Job:
    """One protocol with one method on one data set.

    Attributes
    ----------
    protocol
        What is measured.
    dataset
        Where the images come from.
    method
        Who answers, and how.
    limit
        Do only so many images, spread evenly over the data set.

    Raises
    ------
    ValueError
        If whole segmentations are to be compared on a data set that does not label every pixel.
    """

    protocol: Protocol
    dataset: MaskDataset
    method: Method
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.protocol.whole_images and not self.dataset.partition:
            raise ValueError(
                f"{self.dataset.name} does not label every pixel, so {self.protocol.name} cannot "
                'be measured; if it does, say "partition": true in its set.json'
            )

    @property
    def title(self) -> str:
        """What the progress bar says."""
        return f"{self.dataset.name}: {self.method.made_by['model']}, {self.protocol.name}"

    @property
    def recorded(self) -> dict[str, Any]:
        """What the records say about how they were made."""
        made_with: dict[str, Any] = {"data": self.dataset.fingerprint, "version": _VERSION}
        if read_with := getattr(self.dataset, "settings", {}):
            made_with["reader"] = dict(read_with)
        return {**self.method.made_by, **made_with, **self.method.settings}

    def key_of(self, index: int) -> tuple[str, str, str, str]:
        """`Record.key` of image `index`."""
        name = self.dataset.names[index]
        return Record(self.protocol.name, self.dataset.name, name, self.recorded, {}, []).key

    def record(self, sample: Sample) -> Record:
        """Measure an image of the data set; whatever goes wrong is said with its name."""
        try:
            facts, results = self.method.measure(sample)
        except ValueError as error:
            raise ValueError(f"{self.dataset.name}, image {sample.name}: {error}") from error
        except Exception as error:
            error.add_note(f"{self.title}, image {sample.name}")
            raise
        protocol, dataset = self.protocol.name, self.dataset.name
        return Record(protocol, dataset, sample.name, self.recorded, facts, results)

    def indices(self) -> list[int]:
        """Which images are done."""
        return spread(len(self.dataset), self.limit)


class UnreadableImages(ValueError):
    """Some images could not be read; all others were measured, and their `records` are kept."""

    def __init__(self, problems: Sequence[str], records: list[Record]) -> None:
        count = len(problems)
        super().__init__(
            f"{count} {'image' if count == 1 else 'images'} could not be read, and the figures are "
            f"those of the others: {'; '.join(problems)}"
        )
        self.records = records


def run_jobs(jobs: Sequence[Job], out: Path) -> list[Record] | None:
    """Do all jobs and keep their records in `out`, with a progress bar per data set.

    What `out` holds already is not done again, so the same call goes on with a run that was killed.
    All jobs on a data set see the same sample of an image, one after the other.

    Returns
    -------
    The records of all jobs, in the order of jobs and images; None in all processes but the first.

    Raises
    ------
    ValueError
        If an answer of a model is no good, with data set, image and model; if two jobs differ in
        nothing that a record says; if another run is writing to `out`, or the processes have
        different files.
    UnreadableImages
        If images cannot be read, after all others are done. Only in the first process.
    """
    jobs = _without_doubles(jobs)
    state = _processes()
    make_folder(out.parent)
    with _only_run(out) if state.is_main_process else nullcontext():
        if state.is_main_process:
            merge_parts(out)
        state.wait_for_everyone()
        part = part_of(out, state.process_index)
        finished = {record.key for record in iterate_records(out)}
        for dataset in {id(job.dataset): job.dataset for job in jobs}.values():
            own = [job for job in jobs if job.dataset is dataset]
            todo: dict[int, list[Job]] = {}
            for job in own:
                for index in job.indices():
                    if job.key_of(index) not in finished:
                        todo.setdefault(index, []).append(job)
            share = sorted(todo)[state.process_index :: state.num_processes]
            title = own[0].title if len(own) == 1 else f"{dataset.name}: {len(own)} protocols"
            for index in tqdm(share, title, unit="image", disable=not state.is_main_process):
                try:
                    sample = dataset[index]
                except (ValueError, OSError):
                    continue  # named in the end, when the others are done
                for job in todo[index]:
                    append_record(part, job.record(sample))
        state.wait_for_everyone()
        if not state.is_main_process:
            return None
        merge_parts(out)
        return _records_of(jobs, out)


def own_device() -> str:
    """Torch device of this process: a GPU of its own where there are some, else the CPU."""
    device = _processes().device
    return "cpu" if device.type == "cpu" else str(device)  # of several processes it has a number


def _processes() -> PartialState:
    """Join the processes of this run; one that finishes early waits for the others."""
    return PartialState(cpu=not is_cuda_available(), timeout=timedelta(days=365))


def _without_doubles(jobs: Sequence[Job]) -> list[Job]:
    """Leave out jobs on a data set that was named twice; refuse two models that look alike."""
    found: dict[str, Job] = {}
    for job in jobs:
        key = json.dumps([job.protocol.name, job.dataset.name, job.recorded], sort_keys=True)
        if key not in found:
            found[key] = job
        elif job.dataset is found[key].dataset:
            raise ValueError(
                f"two models call themselves {job.method.made_by['model']!r} and have the same "
                "weights; give one of them another name, so that their records can be told apart"
            )
    return list(found.values())


@contextmanager
def _only_run(out: Path) -> Iterator[None]:
    """Hold the file of records against other runs."""
    lock = FileLock(out.with_name(f".{out.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"another run is writing to {out}; wait, or choose another file"
        ) from error
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        yield
    finally:
        lock.release()


def _records_of(jobs: Sequence[Job], out: Path) -> list[Record]:
    places = {
        job.key_of(index): (number, index)
        for number, job in enumerate(jobs)
        for index in job.indices()
    }
    records = [record for record in iterate_records(out) if record.key in places]
    records.sort(key=lambda record: places[record.key])
    missing = places.keys() - {record.key for record in records}
    unread = {
        (id(jobs[n].dataset), index): jobs[n].dataset
        for n, index in (places[key] for key in missing)
    }
    problems = [
        problem
        for (_, index), dataset in sorted(unread.items(), key=lambda item: item[0])
        if (problem := _why_unreadable(dataset, index))
    ]
    if len(problems) < len(unread):
        raise ValueError(
            f"{out} holds {len(records)} of {len(places)} records; do all processes see this file "
            "and the same data?"
        )
    if problems:
        raise UnreadableImages(problems, records)
    return records


def _why_unreadable(dataset: MaskDataset, index: int) -> str | None:
    """Return what is wrong with an image, None if it can be read."""
    try:
        dataset[index]
    except (ValueError, OSError) as error:
        return f"{dataset.name}, image {dataset.names[index]}: {error}"
    return None
