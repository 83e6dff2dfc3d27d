"""Single files out of large zip archives on a web server, by HTTP range requests.

A zip archive ends with its table of contents, so what is wanted of it can be fetched without the
rest: one request for the end of the archive, one for the table where that was not all of it, and
one per file. Each file is checked against the size and CRC in the table and only then gets its
name; what was written so far stands in ``<name>.part``. A file that is there and passes the same
check is not fetched again, so an interrupted download is continued by starting it again.

Archives and servers are not trusted: a name that leads out of the folder, an answer that is not the
part asked for, an archive that changes meanwhile and a file of unreasonable size are refused.
"""

import http.client
import re
import threading
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from tamingseg.files import write_whole

ATTEMPTS = 5
"""How often a request is made before its file is given up."""

PAUSE = 1.0
"""Seconds before the second attempt; doubled before each further one."""

TIMEOUT = 60.0
"""Seconds without a byte from the server after which an attempt has failed."""

MAX_BYTES = 2**28
"""Nothing larger is kept in memory: neither a file nor a table of contents."""

_TAIL = 2**18  # bytes asked for at first; they hold the table of an archive of some 2,000 files
_READ_AHEAD = 2**16
_LOCAL_HEADER = 30 + 2**10  # of a file in an archive, without the name and with room for extras

_DISTURBED = (OSError, http.client.HTTPException)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)
"""Errors of a request, and of the bytes that came: the next attempt may go better."""

_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}

T = TypeVar("T")


class DownloadError(ValueError):
    """A file cannot be had; asking again at once would not help."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one wanted file."""

    name: str
    size: int = 0  # in bytes
    kept: bool = False  # whether it was there already
    failure: str = ""  # why it is still missing


def download_members(
    archives: Mapping[str, Sequence[str]],
    folder: Path,
    report: Callable[[Outcome], None],
    connections: int = 4,
) -> None:
    """Fetch files of zip archives into `folder`, under the names they have in the archive.

    Parameters
    ----------
    archives
        The url of each archive -> names of the wanted files in it.
    folder
        Where the names start.
    report
        Called once for every wanted file, as soon as its `Outcome` is known; a file that cannot be
        had is reported and the rest goes on.
    connections
        How many archives are read at the same time.

    Raises
    ------
    ValueError
        If there is less than one connection.
    OSError
        If a file cannot be written.
    """
    if connections < 1:
        raise ValueError(f"connections must be at least 1, got {connections}")
    lock, stopped = threading.Lock(), threading.Event()

    def fetch_all(archive: tuple[str, Sequence[str]]) -> None:
        for outcome in _fetch_members(*archive, folder):
            with lock:
                report(outcome)
            if stopped.is_set():
                return

    with ThreadPoolExecutor(connections) as pool:
        try:
            for _ in pool.map(fetch_all, archives.items()):
                pass
        finally:
            stopped.set()  # after Ctrl-C or a full disk no thread begins another file


def fetch(url: str) -> bytes:
    """Return the whole file at `url`, of at most `MAX_BYTES`.

    Raises
    ------
    DownloadError
        If the server refuses, or fails `ATTEMPTS` times.
    """

    def attempt() -> bytes:
        with _request(url) as response:
            data = response.read(MAX_BYTES + 1)
            _check_size(len(data), url)
            expected = response.headers.get("Content-Length", "")
        if expected.isdecimal() and len(data) != int(expected):
            raise ConnectionError(f"the answer ended after {len(data)} of {expected} bytes")
        return data

    return _retry(attempt, _DISTURBED, url)


class RemoteFile:
    """A file on a web server that can be read from any position, as `zipfile` does it.

    Opening fetches the last part of it; reading fetches what is not in the part at hand.

    Raises
    ------
    DownloadError
        Here and in `read` and `load`: if the server refuses or fails `ATTEMPTS` times, does not
        answer range requests, or the file changed since it was opened.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.size = -1  # until the first answer says it
        self._tag: str | None = None
        self._position = 0
        self._fetch(f"bytes=-{_TAIL}", None)

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte to be read."""
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to `offset` from the beginning (0), from here (1) or from the end (2)."""
        position = (0, self._position, self.size)[whence] + offset
        if position < 0:
            raise OSError(f"position {position} is before the beginning of {self.url}")
        self._position = position
        return position

    def read(self, count: int = -1) -> bytes:
        """Return the next `count` bytes, fewer at the end; all that is left without `count`."""
        start = min(self._position, self.size)
        stop = self.size if count < 0 else min(start + count, self.size)
        if start < self._start or stop > self._start + len(self._part):
            self.load(start, max(stop - start, _READ_AHEAD))
        self._position = max(self._position, stop)
        return self._part[start - self._start : stop - self._start]

    def load(self, start: int, count: int) -> None:
        """Fetch `count` bytes from `start`, or what there is of them, for the reads to come."""
        stop = min(start + count, self.size)
        _check_size(stop - start, self.url)
        if start < stop:
            self._fetch(f"bytes={start}-{stop - 1}", (start, stop))

    def _fetch(self, wanted: str, expected: tuple[int, int] | None) -> None:
        """Fetch the range `wanted`: [start, stop) must come, by default the end of the file."""

        def attempt() -> tuple[int, bytes]:
            with _request(self.url, wanted) as response:
                start, stop = self._check_range(response, expected)
                part = response.read(stop - start)
            if len(part) < stop - start:
                raise ConnectionError(f"the answer ended after {len(part)} of {stop - start} bytes")
            return start, part

        self._start, self._part = _retry(attempt, _DISTURBED, self.url)

    def _check_range(
        self, response: http.client.HTTPResponse, expected: tuple[int, int] | None
    ) -> tuple[int, int]:
        """Return (start, stop) of the part in an answer if it is the wanted one of this file."""
        answer, tag = response.headers.get("Content-Range", ""), response.headers.get("ETag")
        found = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", answer)
        if response.status != 206 or not found:
            raise DownloadError(
                f"{self.url} cannot be read in parts: the server answered a range request with "
                f"status {response.status} and Content-Range {answer!r}; try another base url"
            )
        start, stop, size = int(found[1]), int(found[2]) + 1, int(found[3])
        if self.size < 0:
            self.size, self._tag = size, tag
        if size != self.size or (tag and self._tag and tag != self._tag):
            raise DownloadError(f"{self.url} has changed during the download; start it again")
        if (start, stop) != (expected or (max(size - _TAIL, 0), size)):
            raise DownloadError(f"{self.url} answered with {answer!r}, which was not asked for")
        return start, stop


def _fetch_members(url: str, names: Sequence[str], folder: Path) -> Iterator[Outcome]:
    """Fetch files of one archive, in the order of `names`."""
    try:
        remote, archive = _retry(lambda: _open_archive(url), _DAMAGED, url)
    except DownloadError as error:
        yield from (Outcome(name, failure=str(error)) for name in names)
        return
    for name in names:
        try:
            path = _path_inside(folder, name)
            info = _find(archive, name, url)
            kept = _is_complete(path, info)
            if not kept:
                data = _retry(partial(_read, remote, archive, info), _DAMAGED, url)
                write_whole(path, data)
            yield Outcome(name, info.file_size, kept)
        except DownloadError as error:
            yield Outcome(name, failure=str(error))


def _open_archive(url: str) -> tuple[RemoteFile, zipfile.ZipFile]:
    remote = RemoteFile(url)
    return remote, _unzip(lambda: zipfile.ZipFile(remote), url)


def _read(remote: RemoteFile, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read one file of an archive with one request; its size and CRC are checked."""
    header = _LOCAL_HEADER + len(info.filename.encode())
    remote.load(info.header_offset, header + info.compress_size)
    data = _unzip(lambda: archive.read(info), remote.url)
    if len(data) != info.file_size:  # zipfile is content with less if the CRC fits
        raise zipfile.BadZipFile(f"{info.filename} has {len(data)} of {info.file_size} bytes")
    return data


def _unzip(action: Callable[[], T], url: str) -> T:
    """Run something of `zipfile`, which answers crafted archives with all kinds of errors."""
    try:
        return action()
    except (*_DAMAGED, DownloadError):
        raise
    except Exception as error:
        raise DownloadError(f"{url} is no archive we can read ({error})") from error


def _find(archive: zipfile.ZipFile, name: str, url: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise DownloadError(f"not in {url}") from error
    _check_size(max(info.file_size, info.compress_size), f"{name} in {url}")
    return info


def _path_inside(folder: Path, name: str) -> Path:
    """Return `folder` / `name` if that is below `folder`, on any system."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or set(name) & set("\\:\0"):
        raise DownloadError(f"the name {name!r} leads out of the folder; nothing was written")
    return folder / path


def _is_complete(path: Path, info: zipfile.ZipInfo) -> bool:
    """Whether the file is there as the table of the archive describes it."""
    return (
        path.is_file()
        and path.stat().st_size == info.file_size
        and zlib.crc32(path.read_bytes()) == info.CRC
    )


def _check_size(size: int, what: str) -> None:
    if size > MAX_BYTES:
        raise DownloadError(f"{what} has more than the {MAX_BYTES} bytes that are reasonable")


def _request(url: str, byte_range: str | None = None) -> http.client.HTTPResponse:
    """Ask for a file or a part of it; an error status is a DownloadError unless it may pass."""
    if not url.startswith(("http://", "https://")):
        raise DownloadError(f"expected a url that begins with http:// or https://, got {url!r}")
    headers = {"User-Agent": "tamingseg"} | ({"Range": byte_range} if byte_range else {})
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _PASSING_STATUS:
            raise
        raise DownloadError(f"{url} is not to be had: HTTP {error.code} {error.reason}") from error


def _retry(action: Callable[[], T], passing: tuple[type[Exception], ...], url: str) -> T:
    """Run `action` until it raises no `passing` error, at most `ATTEMPTS` times."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            return action()
        except passing as error:
            reason = error
    raise DownloadError(f"{url} failed {ATTEMPTS} times, at last with: {reason}") from reason
