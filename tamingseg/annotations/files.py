"""The files a format consists of, wherever they lie: in a folder, a ZIP, or in memory.

What comes from strangers is bounded: the number of files, the size of each, and of all together.
Names that lead out of the folder, and what operating systems leave behind, are passed over.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from tamingseg.data.base import read_size
from tamingseg.data.files import IMAGE_SUFFIXES, composed, find_files, is_clutter
from tamingseg.files import parse_json

MAX_FILES = 200_000
MAX_BYTES = 2**30
"""Of one file."""
MAX_ALL_BYTES = 2**34
"""Of all files of a ZIP together, unpacked."""

_ZIP = b"PK\3\4"

Size = tuple[int, int]

Reader = Callable[[], bytes]
"""Reads a file. Those of folders and of ZIPs on the disk can be pickled."""


class Files(Mapping[str, bytes]):
    """Name (with "/" between folders) -> contents, read when they are asked for.

    `where` is what messages call the whole. `path` says where a file lies, if it lies in a folder.
    """

    def __init__(self, readers: Mapping[str, Reader], where: str, root: Path | None = None) -> None:
        self._readers, self.where, self._root = dict(readers), where, root
        self._parsed: tuple[str, Any] | None = None

    def __getitem__(self, name: str) -> bytes:
        return self.reader(name)()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def reader(self, name: str) -> Reader:
        """Return what reads a file; it raises ValueError if the file is too large or damaged."""
        return partial(_bounded, self._readers[name], name)

    def ending(self, *suffixes: str) -> list[str]:
        """Return the names that end in one of `suffixes`, in upper or lower case."""
        return [name for name in self if name.lower().endswith(suffixes)]

    def text(self, name: str) -> str:
        """Return a file as text; raises ValueError if it is not in UTF-8."""
        try:
            return self[name].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{name} is not text in UTF-8 ({error})") from error

    def json(self, name: str) -> Any:
        """Return what a JSON file says, see `tamingseg.files.parse_json`."""
        if self._parsed is None or self._parsed[0] != name:  # the last one is often asked for again
            self._parsed = name, parse_json(self.text(name))
        return self._parsed[1]

    def size_of(self, name: str) -> Size:
        """Return (height, width) of an image, upright; raises ValueError if it is none."""
        return read_size(self[name] if self._root is None else self._root / name)

    def photo_sizes(self) -> dict[str, Size]:
        """Return the sizes of all images that can be read, by name."""
        sizes = {}
        for name in self.ending(*IMAGE_SUFFIXES):
            try:
                sizes[name] = self.size_of(name)
            except (ValueError, OSError):
                continue
        return sizes


def from_memory(contents: Mapping[str, bytes], where: str = "the files") -> Files:
    """Return files that are in memory; a single ZIP is unpacked.

    Examples
    --------
    >>> from_memory({"a.txt": b"1", "__MACOSX/._a.txt": b""}).ending(".TXT".lower())
    ['a.txt']
    """
    names = [name for name in contents if not _is_passed_over(name)]
    if len(names) == 1 and contents[names[0]].startswith(_ZIP):
        return _from_zip(io.BytesIO(contents[names[0]]), names[0])
    return Files({composed(name): partial(contents.__getitem__, name) for name in names}, where)


def open_files(path: Path) -> Files:
    """Return the files of a folder, those in a ZIP, or a single one.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If a ZIP is damaged, or there are too many files.
    """
    if path.is_dir():
        found = find_files(path, ("",))
        paths = [*found.files, *found.others]
        names = {file.relative_to(path).as_posix(): file for file in paths if file.is_file()}
        _check_count(len(names), path)
        readers = {composed(name): partial(_read, file) for name, file in names.items()}
        rooted = all(composed(name) == name for name in names)
        return Files(readers, str(path), path if rooted else None)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file or folder {path}")
    with open(path, "rb") as file:
        is_zip = file.read(len(_ZIP)) == _ZIP
    if is_zip or path.suffix.lower() == ".zip":
        return _from_zip(path, str(path))
    return Files({composed(path.name): partial(_read, path)}, str(path), path.parent)


def _from_zip(source: Path | io.BytesIO, where: str) -> Files:
    archive = _Archive(source, where)
    entries = [
        entry
        for entry in archive.entries.values()
        if not _is_passed_over(entry.filename) and not entry.is_dir()  # a name may be empty
    ]
    _check_count(len(entries), where)
    if sum(entry.file_size for entry in entries) > MAX_ALL_BYTES:
        raise ValueError(f"{where} unpacks to more than {MAX_ALL_BYTES >> 30} GiB")
    readers = {
        composed(entry.filename): partial(archive.unpack, entry.filename) for entry in entries
    }
    return Files(readers, where)


class _Archive:
    """A ZIP that is open; what comes out of a pickle opens it again."""

    def __init__(self, source: Path | io.BytesIO, where: str) -> None:
        self._source, self._where = source, where
        try:
            self._archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
            raise ValueError(f"{where} is damaged or truncated ({error}); get it again") from error
        self.entries = {entry.filename: entry for entry in self._archive.infolist()}

    def __reduce__(self) -> tuple[type["_Archive"], tuple[Path | io.BytesIO, str]]:
        return _Archive, (self._source, self._where)

    def unpack(self, name: str) -> bytes:
        try:
            with self._archive.open(self.entries[name]) as file:
                return file.read(MAX_BYTES + 1)
        except Exception as error:  # zipfile, zlib, lzma: each has errors of its own
            raise ValueError(f"{name} in {self._where} is damaged ({error!s:.200})") from error


def _read(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _bounded(read: Reader, name: str) -> bytes:
    data = read()
    if len(data) > MAX_BYTES:
        raise ValueError(f"{name} is larger than {MAX_BYTES >> 20} MiB")
    return data


def _is_passed_over(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return not parts or parts[0] == "/" or any(part == ".." or is_clutter(part) for part in parts)


def _check_count(count: int, where: object) -> None:
    if count > MAX_FILES:
        raise ValueError(f"{where} holds {count} files, at most {MAX_FILES} are read")
