"""Files that are whole or not there, and JSON of strangers."""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

UNFINISHED = ".unfinished"
"""How the names of files end that are still being written, or that a kill left behind."""


@contextmanager
def open_whole(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write, which has its name only when it is complete and on the disk.

    Missing folders are made. Whatever goes wrong, a full disk or a kill, a file that was there
    before stays as it was.

    Raises
    ------
    OSError
        If the file cannot be written; the message names it and says what to do.
    """
    path = Path(path)
    # A name of its own, because two processes may write the same file. It begins with a dot, so
    # that nobody takes what a kill left behind for a result.
    unfinished = path.with_name(f".{uuid.uuid4().hex[:8]}{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(unfinished, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Write all of a file, see `open_whole`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "deep" / "a.txt", b"abc")
    ...     (Path(folder) / "deep" / "a.txt").read_bytes()
    b'abc'
    """
    with open_whole(path) as file:
        file.write(data)


def append_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Append to a file and see it on the disk; if that fails the file is as long as before.

    A kill can leave a part of `data`.

    Raises
    ------
    OSError
        If the file cannot be written; the message names it and says what to do.
    """
    try:
        with open(path, "ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                if file.write(data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise
    except OSError as error:
        raise cannot_write(path, error) from error


def count_whole_lines(path: Path) -> int:
    """Return how many bytes of a file are whole lines; a kill may have left a part of the last."""
    return path.read_bytes().rfind(b"\n") + 1


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder, and those above it, unless they are there.

    Raises
    ------
    OSError
        If that cannot be; the message names the folder and says what to do.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: str | os.PathLike[str], error: OSError) -> OSError:
    """Return the same error with a message that names the file and says what to do."""
    return type(error)(
        error.errno,
        f"cannot write {path} ({error.strerror}); what was there before is unchanged. Make room, "
        "or choose a folder that you may write to",
    )


def parse_json(text: str | bytes) -> Any:
    """Return what JSON says, like `json.loads`.

    Raises
    ------
    ValueError
        If it is no JSON in UTF-8, nested too deeply, or holds a whole number beyond 64 bits.

    Examples
    --------
    >>> parse_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> parse_json('[' * 100_000)
    Traceback (most recent call last):
    ValueError: the JSON is nested too deeply
    """
    try:
        return json.loads(text, parse_int=_whole_number)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def _whole_number(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise ValueError(f"the JSON holds a whole number beyond 64 bits, {digits[:25]}...")
    return int(digits)
