"""Result records in a JSONL file: one line per (protocol, data set, image, method).

A record keeps every setting that changes its numbers, so a file may collect many runs, and an image
without objects has one too, so that it can be counted.

Every process of a run appends to a part of its own beside the file; `merge_parts` takes the parts
into the file and puts it in order, when a run begins and when it ends. A line that a kill left
half-written has no line break and is dropped. A finished file is therefore the same whatever the
number of processes and however often the run was killed.
"""

import glob
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.files import append_whole, open_whole

Measured = tuple[dict[str, Any], list[dict[str, Any]]]
"""What a protocol gives for an image: the facts and the results of its record."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one method gave on one image.

    Attributes
    ----------
    protocol
        Name of the protocol that was followed: ``clicks``, ``levels``, ``proposals``, ``regions``
        or ``mosaics``.
    dataset, image
        Names of the data set and of the image in it.
    method
        Model, weights, data, version and every setting that changes a number.
    facts
        Numbers of the whole image.
    results
        One entry per true mask (clicks, levels: per mask and trial) or per segmentation; none for
        an image without objects. The protocols' own files say what an entry holds.
    """

    protocol: str
    dataset: str
    image: str
    method: dict[str, Any]
    facts: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def method_key(self) -> str:
        """The method as one hashable text."""
        return json.dumps(self.method, sort_keys=True)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the record is of; a file holds one record of a key."""
        return self.dataset, self.protocol, self.method_key, self.image


def append_record(path: Path, record: Record) -> None:
    """Append one line and see it on the disk."""
    append_whole(path, _line(record))


def iterate_records(path: Path) -> Iterator[Record]:
    """Read record after record; none if there is no file yet.

    Raises
    ------
    ValueError
        If a line is no record; names file and line. An unfinished last line is left out.
    """
    if path.exists():
        yield from (record for _, record in _located_records(path))


def read_records(paths: Iterable[Path]) -> list[Record]:
    """Read all records of several files, with the parts of runs that have not ended.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a line is no record, a file holds none, or two files hold different records of one key.
    """
    records: dict[tuple[str, str, str, str], Record] = {}
    for path in paths:
        sources = [source for source in (path, *parts_of(path)) if source.is_file()]
        if not sources:
            raise FileNotFoundError(f"there is no file {path}; `tamingseg evaluate` writes one")
        found = [record for source in sources for record in iterate_records(source)]
        if not found:
            raise ValueError(
                f"{path} holds no records; was the run stopped before its first image?"
            )
        for record in found:
            if records.setdefault(record.key, record) != record:
                raise ValueError(
                    f"{path} has other results than an earlier file for {record.dataset}, "
                    f"{record.image} and the same method; compare them file by file"
                )
    return list(records.values())


def read_record(record: Record, read: Callable[[Record], Any]) -> Any:
    """Apply `read` to a record from outside; ValueError naming it if a part is not as it should."""
    try:
        return read(record)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f"the record of {record.protocol} on {record.dataset}, image {record.image} is damaged "
            f"({type(error).__name__}: {error}); remove its line and measure the image again"
        ) from error


def masks_of(record: Record) -> set[tuple[int, int]]:
    """Return the true masks that a record has results for, as (map index, label)."""
    return read_record(record, lambda r: {(result["map"], result["label"]) for result in r.results})


def check_numbers(values: np.ndarray, shape: tuple[int, ...], largest: float = 1) -> np.ndarray:
    """Return numbers of a record, if they are of `shape` and from 0 to `largest`; or ValueError."""
    if values.dtype.kind not in "iuf":  # a text would be read as a number, a huge one is an object
        raise ValueError(f"expected numbers, got {np.ravel(values)[:1].tolist()!r:.80}")
    if values.shape != shape:
        raise ValueError(f"expected numbers of shape {shape}, got {values.shape}")
    if not ((values >= 0) & (values <= largest)).all():
        raise ValueError(
            f"expected numbers from 0 to {largest:g}, got {values.min():g} to {values.max():g}"
        )
    return values


def part_of(path: Path, process: int) -> Path:
    """Where process number `process` of a run writes its records of `path`."""
    return path.with_name(f"{path.name}.part-{process}")


def parts_of(path: Path) -> list[Path]:
    """Return the parts that a run has left, because it was killed or has not ended."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.part-*"))


def merge_parts(path: Path) -> None:
    """Take all parts of `path` into it, one record per key, in order of the keys.

    Lines are copied one by one, so that memory does not grow with what they hold.
    """
    parts = parts_of(path)
    sources = [source for source in (path, *parts) if source.exists()]
    places: dict[tuple[str, str, str, str], tuple[Path, int]] = {}
    for source in sources:
        for start, record in _located_records(source):
            places[record.key] = source, start
    if places:
        with ExitStack() as stack:
            files = {source: stack.enter_context(open(source, "rb")) for source in sources}
            merged = stack.enter_context(open_whole(path))
            for key in sorted(places):
                source, start = places[key]
                files[source].seek(start)
                merged.write(files[source].readline())
    for part in parts:
        part.unlink()


def _located_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield every whole record with the place in the file where its line begins."""
    start = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield start, _parse(line, f"{path}, line {number}")
            start += len(line)


_FIELDS = {
    "protocol": str,
    "dataset": str,
    "image": str,
    "method": dict,
    "facts": dict,
    "results": list,
}


def _line(record: Record) -> bytes:
    return (json.dumps(asdict(record), allow_nan=False) + "\n").encode()


def _parse(line: bytes, where: str) -> Record:
    try:
        fields = json.loads(line)
        if "kind" in fields and "protocol" not in fields:  # its name in files of before
            fields["protocol"] = fields.pop("kind")
        record = Record(**fields)
        valid = all(isinstance(getattr(record, name), type_) for name, type_ in _FIELDS.items())
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{where} is no result record ({error}); remove the line") from error
    if not valid:
        raise ValueError(f"{where} is no result record (a field has another type); remove the line")
    return record
