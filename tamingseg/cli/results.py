"""Results of photos in a folder: what each was made from, so that a command can go on.

Beside the results lie two hidden files::

    OUTPUT/.<command>.json     the settings, weights included; the same for all results
    OUTPUT/.<command>.jsonl    a line when a photo is begun, and another when it is done; one line
                               for each when the command ends

    {"name": "deep/b", "image_id": 1263520971, "photo": "../photos/deep/b.png",
     "hash": "9f2c...", "size": [480, 640], "files": ["deep/b.json"], "done": "51ab..."}

Where several processes run one command, perhaps on several machines, each has a journal of its own,
``.<command>.jsonl.<number>``, and adds it to the common one when it ends.

``hash`` is that of the photo's file, ``done`` that of the first of ``files`` (null when begun), a
file that ends with "/" is a folder. ``photo`` is a path from OUTPUT.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from filelock import FileLock

from tamingseg.cli.processes import ALONE, Rank
from tamingseg.data.files import content_hash
from tamingseg.files import append_whole, count_whole_lines, make_folder, parse_json, write_whole

Entry = dict[str, Any]
"""A line of a journal."""

COMMANDS = ("propose", "partition", "panels")
"""The commands that keep such files."""


class Results:
    """The results of one command in the folder `output`.

    Parameters
    ----------
    command, output
        One of `COMMANDS`, and where it writes.
    files_of
        Name of a photo -> the files that are written for it, as paths from `output`. The first one
        is written last, and a photo is done when it is there.
    rank
        Which of several processes this is. Each does its share of the photos, see `share`.
    """

    def __init__(
        self,
        command: str,
        output: Path,
        files_of: Callable[[str], Sequence[str]],
        rank: Rank = ALONE,
    ) -> None:
        self.output, self.files_of, self._rank = output, files_of, rank
        self._settings = output / f".{command}.json"
        self._common = output / f".{command}.jsonl"
        self._journal = self._common
        if rank.total > 1:
            self._journal = _part(self._common, rank.number)
        self._entries = _read_all(self._common)
        self._own = {file for entry in self._entries.values() for file in entry["files"]}
        self._ids: dict[str, int] = {}
        self._lock = Lock()

    def share(self, photos: Mapping[str, Path]) -> dict[str, Path]:
        """Return the photos that this process does: each n-th of n processes."""
        names = list(photos)[self._rank.number :: self._rank.total]
        return {name: photos[name] for name in names}

    def prepare(self, settings: Mapping[str, Any], photos: Mapping[str, Path]) -> None:
        """Check that the results of `photos` can lie here, and keep what they are made with.

        Raises
        ------
        ValueError
            If the folder holds results that were made with other settings; if a result would
            replace a photo, another result, or a file of someone else; or if the results of another
            photo of the same name are there.
        """
        own = self.share(photos)
        self._check_files(own)
        for name, path in own.items():
            self._check_photo(name, path)
        taken = {entry["image_id"] for entry in self._entries.values()}
        for name in photos:
            self._ids[name] = self._id_of(name, taken)
            taken.add(self._ids[name])
        text = json.dumps(settings, indent=1) + "\n"
        known = self._settings.read_text(encoding="utf-8") if self._settings.exists() else text
        # Settings that gave no result yet, say an impossible number, may be corrected.
        if known != text and any(entry["done"] for entry in self._entries.values()):
            raise ValueError(
                f"{self.output} holds results made with other settings, see {self._settings}; "
                "choose another --output, or remove the folder"
            )
        write_whole(self._settings, text.encode())
        with open(self._journal, "ab") as file:  # what a kill left of a line is removed
            file.truncate(count_whole_lines(self._journal))

    def is_done(self, name: str, photo: Path) -> bool:
        """Whether the results of this very photo are there."""
        entry = self._entries.get(name)
        return (
            entry is not None
            and entry["done"] is not None
            and all((self.output / file).exists() for file in self.files_of(name))
            and entry["hash"] == content_hash(photo)
        )

    @contextmanager
    def making(self, name: str, photo: Path, size: tuple[int, int]) -> Iterator[int]:
        """Make the results of a photo of `size` = (height, width); gives its ``image_id``.

        That is the number in its name, as COCO's photos have it, or else one that follows from its
        name, so that it does not depend on the other photos. Several threads may make results.
        """
        files, image_id = list(self.files_of(name)), self._ids[name]
        entry = {
            "name": name,
            "image_id": image_id,
            "photo": os.path.relpath(photo, self.output),
            "hash": content_hash(photo),
            "size": list(size),
            "files": files,
            "done": None,
        }
        self._add(entry)
        (self.output / files[0]).unlink(missing_ok=True)
        make_folder((self.output / files[0]).parent)
        yield image_id
        self._add({**entry, "done": content_hash(self.output / files[0])})

    def tidy(self) -> None:
        """Write the journal anew, a line for each photo: the same, however often a run stopped.

        Journals of more processes than there are now are added too: their run was stopped.
        """
        number, count = self._rank
        if count == 1:
            self._add_to_common(self._entries, _parts(self._common).values())
            return
        own = {n: part for n, part in _parts(self._common).items() if n % count == number}
        left = {n: part for n, part in own.items() if n == number or n >= count}
        with FileLock(self.output / f".{self._common.stem[1:]}.lock"):
            self._add_to_common(_merged(map(_read, (self._common, *left.values()))), left.values())

    def _add_to_common(self, entries: Mapping[str, Entry], parts: Iterable[Path]) -> None:
        lines = (json.dumps(entry) + "\n" for _, entry in sorted(entries.items()))
        write_whole(self._common, "".join(lines).encode())
        for part in parts:
            part.unlink()

    def _check_files(self, photos: Mapping[str, Path]) -> None:
        """Refuse to write where a photo, another result or a file of someone else is."""
        taken = {path.resolve(): f"the photo {path}" for path in photos.values()}
        for name, path in photos.items():
            for file in self.files_of(name):
                target = self.output / file
                owner = taken.setdefault(target.resolve(), f"a result of {path}")
                if owner != f"a result of {path}":
                    raise ValueError(
                        f"a result of {path} would replace {owner}; choose another --output or "
                        "rename the photo"
                    )
                if os.path.lexists(target) and file not in self._own:
                    raise ValueError(
                        f"a result of {path} would replace {target}, which this command did not "
                        "write; choose another --output, or move the file away"
                    )

    def _check_photo(self, name: str, photo: Path) -> None:
        """Refuse to replace what was made of another photo, or changed since it was made."""
        entry = self._entries.get(name)
        if entry is None or entry["done"] is None or entry["hash"] == content_hash(photo):
            return
        result, other = self.output / entry["files"][0], self.output / entry["photo"]
        if other.resolve() != photo.resolve():
            raise ValueError(
                f"{result} holds the results of another photo {name}, {other}; choose another "
                f"--output for {photo}"
            )
        if result.is_file() and content_hash(result) != entry["done"]:
            raise ValueError(
                f"{photo} has changed since {result} was made, and so has {result}; move it away "
                "to have it made anew"
            )

    def _id_of(self, name: str, taken: set[int]) -> int:
        if name in self._entries:
            return self._entries[name]["image_id"]
        number = int(name) if name.isascii() and name.isdecimal() and len(name) < 16 else 0
        if number == 0 or number in taken:
            digest = hashlib.blake2b(os.fsencode(name), digest_size=4).digest()
            number = int.from_bytes(digest, "big") // 2 + 1  # fits into 32 bits with a sign
        while number in taken:
            number += 1
        return number

    def _add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._entries[entry["name"]] = entry
            self._own.update(entry["files"])
            append_whole(self._journal, json.dumps(entry).encode() + b"\n")


def own_results(folders: Iterable[Path]) -> set[Path]:
    """Return the files, and folders of files, that commands wrote into any of `folders`."""
    return {
        folder / file
        for folder in folders
        for command in COMMANDS
        for entry in _read_all(folder / f".{command}.jsonl").values()
        for file in entry["files"]
    }


def _part(common: Path, number: int) -> Path:
    """Return the journal of one of several processes."""
    return common.with_name(f"{common.name}.{number}")


def _parts(common: Path) -> dict[int, Path]:
    """Return the journals of single processes that are there, by their numbers."""
    found = common.parent.glob(f"{common.name}.*")
    numbers = sorted(int(path.suffix[1:]) for path in found if path.suffix[1:].isdecimal())
    return {number: _part(common, number) for number in numbers}


def _read_all(common: Path) -> dict[str, Entry]:
    """Return name -> entry of the common journal and of those of single processes."""
    return _merged(map(_read, (common, *_parts(common).values())))


def _merged(journals: Iterable[Mapping[str, Entry]]) -> dict[str, Entry]:
    """Return the entries of all; of two on a photo the one that is done, else the later one."""
    merged: dict[str, Entry] = {}
    for journal in journals:
        for name, entry in journal.items():
            if entry["done"] or not merged.get(name, entry)["done"]:
                merged[name] = entry
    return merged


def _read(journal: Path) -> dict[str, Entry]:
    """Return name -> its last line; the last line of all may be unfinished, after a kill."""
    if not journal.is_file():
        return {}
    entries = {}
    whole = journal.read_bytes()[: count_whole_lines(journal)]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            entry = parse_json(line)
            types = {"name": str, "image_id": int, "photo": str, "hash": str, "files": list}
            if not all(isinstance(entry[key], type_) for key, type_ in types.items()):
                raise TypeError("a value has another type")
            entries[entry["name"]] = {**entry, "done": entry.get("done")}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{journal}, line {number}, says nothing of a result ({error}); remove the line"
            ) from error
    return entries
