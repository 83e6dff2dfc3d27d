r"""What `tamingseg convert` made of photos, by several processes, kept until the output is written.

Each process adds lines to a file of its own beside the output, ``.<output>.convert.<number>``::

    key digest [what the photo became, [[text, file, entry, field] of each note]]

The key is a digest of all that the conversion depends on, so a stopped run goes on with what is
still right and converts anew what has changed. The second digest is that of the rest of the line:
of what a kill left of a line nothing is taken.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from tqdm import tqdm

from tamingseg.annotations.converted import Converted, Converter, Shown
from tamingseg.annotations.document import Label
from tamingseg.annotations.report import Note, Report
from tamingseg.cli.processes import Rank, at_once
from tamingseg.files import cannot_write, count_whole_lines, make_folder

_TOGETHER = 8
"""Photos that a process converts before their lines are written."""

_BYTES = "base64"
"""The key of an object that stands for bytes, which JSON does not have."""

_Keyed = tuple[bytes, Shown]
_ConvertKeyed = Callable[[Converter, Sequence[_Keyed]], bytes]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a file what a photo became stands, without the digests."""

    file: Path
    start: int
    length: int


class Shards:
    """Converted photos in files beside the output; called, it is a `ConvertEach`.

    Parameters
    ----------
    output, format_, labels
        What is written.
    rank
        Which of several processes this is, perhaps on several machines.
    convert_keyed, workers
        `convert_lines`, and how many threads may call it at the same time.
    """

    def __init__(
        self,
        output: Path,
        format_: str,
        labels: Sequence[Label],
        rank: Rank,
        convert_keyed: _ConvertKeyed,
        workers: int = 1,
    ) -> None:
        self._settings = repr((version("tamingseg"), format_, tuple(labels)))
        self._folder, self._prefix = output.parent, f".{output.name}.convert."
        self._own = self._folder / f"{self._prefix}{rank.number}"
        self._rank, self._convert_keyed, self._workers = rank, convert_keyed, workers
        self._keys: dict[str, bytes] = {}
        self._places: dict[bytes, _Place] = {}
        self._looked_at: dict[Path, int] = {}
        self._lock = Lock()

    def convert_share(self, convert: Converter, photos: Sequence[Shown]) -> int:
        """Convert each n-th photo if this is one of n processes; returns how many these are."""
        make_folder(self._folder)
        with open(self._own, "ab") as file:
            file.truncate(count_whole_lines(self._own))
        share = photos[self._rank.number :: self._rank.total]
        self._convert(convert, share)
        return len(share)

    def __call__(
        self, convert: Converter, photos: Sequence[Shown], report: Report
    ) -> Iterator[Converted]:
        """Give what all photos became, in their order. What nobody has converted yet is, here.

        The last ones come first: other processes go through their shares from the beginning.
        """
        self._look()
        if missing := [shown for shown in photos if self._key(shown) not in self._places]:
            self._convert(convert, missing[::-1])
        for shown in photos:
            place = self._places[self._key(shown)]
            with open(place.file, "rb") as file:
                file.seek(place.start)
                converted, notes = json.loads(file.read(place.length), object_hook=_to_bytes)
            report.notes += [Note(*note) for note in notes]
            yield converted

    def remove(self) -> None:
        """Remove the files of all processes."""
        for path in self._files():
            path.unlink(missing_ok=True)

    def _convert(self, convert: Converter, photos: Sequence[Shown]) -> None:
        """Convert the photos that no process has converted yet."""

        def convert_some(some: Sequence[Shown]) -> int:
            keyed = [(self._key(shown), shown) for shown in some]
            with self._lock:
                self._look()
                keyed = [(key, shown) for key, shown in keyed if key not in self._places]
            if keyed:
                lines = self._convert_keyed(convert, keyed)
                with self._lock:
                    self._append(lines)
            return len(some)

        chunks = [photos[at : at + _TOGETHER] for at in range(0, len(photos), _TOGETHER)]
        with tqdm(desc="convert", total=len(photos), unit="image") as bar:
            for count in at_once(self._workers, convert_some, chunks):
                bar.update(count)
        self._look()

    def _append(self, lines: bytes) -> None:
        try:
            with open(self._own, "ab") as file:  # not seen on the disk: lost lines are made again
                file.write(lines)
        except OSError as error:
            raise cannot_write(self._own, error) from error

    def _key(self, shown: Shown) -> bytes:
        photo, file = shown
        if photo.name not in self._keys:
            digest = blake2b(f"{self._settings}{photo!r}".encode(), digest_size=16)
            with suppress(ValueError, OSError):  # the converter will say what is wrong
                digest.update(b"" if file is None else file())
            self._keys[photo.name] = digest.hexdigest().encode()
        return self._keys[photo.name]

    def _files(self) -> list[Path]:
        found = self._folder.iterdir()
        return [p for p in found if p.name.removeprefix(self._prefix).isdecimal()]

    def _look(self) -> None:
        """Note which photos are converted by now, by any process."""
        for path in self._files():
            start = self._looked_at.get(path, 0)
            with suppress(FileNotFoundError), open(path, "rb") as file:
                file.seek(start)
                for line in file:
                    if not line.endswith(b"\n"):  # it is being written
                        break
                    key, _, more = line[:-1].partition(b" ")
                    digest, _, rest = more.partition(b" ")
                    if digest == _digest(rest):
                        begin = start + len(key) + len(digest) + 2
                        self._places[key] = _Place(path, begin, len(rest))
                    start += len(line)
                self._looked_at[path] = start


def load() -> _ConvertKeyed:
    """Return what a process does: nothing has to be loaded first."""
    return convert_lines


def convert_lines(convert: Converter, photos: Sequence[_Keyed]) -> bytes:
    """Convert photos; returns the lines to be kept."""
    lines = []
    for key, (photo, file) in photos:
        report = Report()
        made = [convert(photo, file, report), list(map(astuple, report.notes))]
        rest = json.dumps(made, default=_from_bytes).encode()
        lines.append(b"%s %s %s\n" % (key, _digest(rest), rest))
    return b"".join(lines)


def _digest(rest: bytes) -> bytes:
    return blake2b(rest, digest_size=8).hexdigest().encode()


def _from_bytes(value: Any) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"a photo becomes values of JSON and bytes, got {type(value).__name__}")
    return {_BYTES: base64.b64encode(value).decode("ascii")}


def _to_bytes(entry: dict[str, Any]) -> Any:
    return base64.b64decode(entry[_BYTES]) if entry.keys() == {_BYTES} else entry
