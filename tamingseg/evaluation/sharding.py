"""Runs: jobs -> records, over one process or many, on one machine or many.

Started with `torchrun` or `accelerate launch`, every process takes each n-th image of every job.
Nothing is sent between them: they only wait for each other where a run begins and ends, so the
machines of a run need a file system in common for the file of records.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import PartialState
from accelerate.utils import is_cuda_available
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.evaluation.records import (
    Measured,
    Record,
    append_record,
    iterate_records,
    merge_parts,
    part_of,
)
from tamingseg.values import Sample


@dataclass(frozen=True)
class Job:
    """One protocol for one model on one data set.

    Attributes
    ----------
    kind
        Of the records.
    dataset
        Where the images come from.
    made_by
        ``model`` and ``weights``: who answers. A retrained model has other weights.
    settings
        Everything else that changes a number.
    measure
        Gives the facts and results of an image.
    title
        What the progress bar says.
    limit
        Do only so many images, spread evenly over the data set.
    """

    kind: str
    dataset: MaskDataset
    made_by: dict[str, str]
    settings: dict[str, Any]
    measure: Callable[[Sample], Measured]
    title: str
    limit: int | None = None

    @property
    def method(self) -> dict[str, Any]:
        """What the records say about how they were made."""
        made_with = {"data": self.dataset.fingerprint, "version": version("tamingseg")}
        return {**self.made_by, **made_with, **self.settings}

    def key_of(self, index: int) -> tuple[str, str, str, str]:
        """`Record.key` of image `index`."""
        name = self.dataset.names[index]
        return Record(self.kind, self.dataset.name, name, self.method, {}, []).key

    def record(self, index: int) -> Record:
        """Measure image `index`; whatever is wrong with an answer is said with the image's name."""
        sample = self.dataset[index]
        try:
            facts, results = self.measure(sample)
        except ValueError as error:
            raise ValueError(f"{self.dataset.name}, image {sample.name}: {error}") from error
        return Record(self.kind, self.dataset.name, sample.name, self.method, facts, results)

    def indices(self) -> list[int]:
        """Which images are done."""
        count = len(self.dataset) if self.limit is None else min(self.limit, len(self.dataset))
        return np.linspace(0, len(self.dataset) - 1, count).round().astype(int).tolist()


def run_jobs(jobs: Sequence[Job], out: Path) -> list[Record] | None:
    """Do all jobs and keep their records in `out`, with a progress bar per job.

    What `out` holds already is not done again, so the same call goes on with a run that was killed.

    Returns
    -------
    The records of all jobs, in the order of jobs and images; None in all processes but the first.

    Raises
    ------
    ValueError
        If an answer of a model is no good; the message names data set, image and model.
    """
    state = _processes()
    if state.is_main_process:
        out.parent.mkdir(parents=True, exist_ok=True)
        merge_parts(out)
    state.wait_for_everyone()
    part = part_of(out, state.process_index)
    for job in jobs:
        finished = _finished(out, job)
        todo = [index for index in job.indices() if job.dataset.names[index] not in finished]
        share = todo[state.process_index :: state.num_processes]
        for index in tqdm(share, job.title, unit="image", disable=not state.is_main_process):
            append_record(part, job.record(index))
    state.wait_for_everyone()
    if not state.is_main_process:
        return None
    merge_parts(out)
    return _records_of(jobs, out)


def own_device() -> str:
    """Torch device of this process: a GPU of its own where there are some, else the CPU."""
    return str(_processes().device)


def _processes() -> PartialState:
    """Join the processes of this run; one that finishes early waits for the others."""
    return PartialState(cpu=not is_cuda_available(), timeout=timedelta(days=365))


def _finished(out: Path, job: Job) -> set[str]:
    """Names of the images whose record `out` holds."""
    wanted = {job.key_of(index) for index in job.indices()}
    return {record.image for record in iterate_records(out) if record.key in wanted}


def _records_of(jobs: Sequence[Job], out: Path) -> list[Record]:
    places = {
        job.key_of(index): (number, index)
        for number, job in enumerate(jobs)
        for index in job.indices()
    }
    records = [record for record in iterate_records(out) if record.key in places]
    return sorted(records, key=lambda record: places[record.key])
