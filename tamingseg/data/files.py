"""Files below a folder: which are photos, what each is called, and what is in it.

Names are compared in Unicode's composed form (NFC): a Mac writes "é" as two characters, other
systems as one, and both are the same name here.
"""

import hashlib
import sqlite3
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp")
"""How photos end, in upper or lower case."""

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
"""How label maps end: formats that keep every number as it is."""

_CLUTTER = (
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
    "@eadir",
    "$recycle.bin",
    "system volume information",
    "lost+found",
)
"""What operating systems leave in folders, beside files whose names begin with a dot."""

_REMEMBERED_FROM = 2**26
"""Hashes are kept on disk for more bytes than this; fewer are read again in a moment."""

_JUST_NOW = 2_000_000_000
"""Nanoseconds in which a file may change twice and still show the same time."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files below a folder that were looked for, and those that end differently."""

    files: list[Path]
    others: list[Path]


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is an operating system's and no data.

    Examples
    --------
    >>> [is_clutter(name) for name in ("._a.jpg", ".DS_Store", "Thumbs.db", "a.jpg")]
    [True, True, True, False]
    """
    return name.startswith(".") or name.lower() in _CLUTTER


def find_files(folder: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> Found:
    """Find all files below `folder` that end in one of `suffixes`, in order of their paths.

    Subfolders are followed, also links to folders, but no link that leads back to a folder on the
    way to it. Clutter is passed over, see `is_clutter`.

    Raises
    ------
    OSError
        If a folder cannot be read.
    """
    found = Found([], [])
    for path in sorted(_files_below(folder, ())):
        wanted = path.suffix.lower() in suffixes and path.is_file()
        (found.files if wanted else found.others).append(path)
    return found


def name_of(path: Path, folder: Path) -> str:
    """Return the path below `folder` without its suffix, with "/" between folders.

    Examples
    --------
    >>> name_of(Path("photos/deep/a.b.JPG"), Path("photos"))
    'deep/a.b'
    """
    return composed(path.relative_to(folder).with_suffix("").as_posix())


def composed(name: str) -> str:
    """Return a name in Unicode's composed form, in which names are compared."""
    return unicodedata.normalize("NFC", name)


def count_endings(paths: Iterable[Path]) -> str:
    """Say how many files there are of each kind.

    Examples
    --------
    >>> count_endings([Path("a.heic"), Path("b.HEIC"), Path("README")])
    '2 .heic, 1 without ending'
    """
    counts = Counter(path.suffix.lower() or "without ending" for path in paths)
    return ", ".join(f"{count} {ending}" for ending, count in counts.most_common())


def content_hash(path: Path) -> str:
    """Return 32 hex digits that follow from the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def content_hashes(paths: Sequence[Path]) -> list[str]:
    """Return the `content_hash` of each file.

    Hashes of large sets are remembered in ``~/.cache/tamingseg``. They are taken from there as long
    as a file has the same inode, time of change and size.
    """
    facts = [_facts(path) for path in paths]
    if sum(size for *_, size in facts) < _REMEMBERED_FROM:
        return [content_hash(path) for path in paths]
    try:
        memory = Path.home() / ".cache" / "tamingseg" / "file-hashes.sqlite"
        memory.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(memory, timeout=60)) as database:
            return _remembered(paths, facts, database)
    except (sqlite3.Error, RuntimeError, PermissionError):  # no home, or nothing to be kept there
        return [content_hash(path) for path in paths]


def _remembered(
    paths: Sequence[Path], facts: Sequence[tuple[int, ...]], database: sqlite3.Connection
) -> list[str]:
    database.execute(
        "create table if not exists hashes (device, inode, time, size, hash,"
        " primary key (device, inode, time, size)) without rowid"
    )
    hashes, fresh = [], []
    for path, fact in zip(paths, facts, strict=True):
        known = database.execute(
            "select hash from hashes where (device, inode, time, size) = (?, ?, ?, ?)", fact
        ).fetchone()
        hashes.append(known[0] if known else content_hash(path))
        if not known and fact[2] < time.time_ns() - _JUST_NOW and _facts(path) == fact:
            fresh.append((*fact, hashes[-1]))
    with database:
        database.executemany("insert or replace into hashes values (?, ?, ?, ?, ?)", fresh)
    return hashes


def _facts(path: Path) -> tuple[int, ...]:
    """Return (device, inode, nanoseconds of the last change, size); numbers that SQLite holds."""
    stat = path.stat()
    return stat.st_dev % 2**63, stat.st_ino % 2**63, stat.st_mtime_ns, stat.st_size


def _files_below(folder: Path, way: tuple[Path, ...]) -> Iterator[Path]:
    real = folder.resolve()
    if real in way:
        return
    for path in folder.iterdir():
        if is_clutter(path.name):
            continue
        if path.is_dir():
            yield from _files_below(path, (*way, real))
        else:
            yield path
