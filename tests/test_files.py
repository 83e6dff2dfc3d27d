"""Files that are whole or not there, also on a full disk."""

import json
import resource
from contextlib import contextmanager

import pytest

from tamingseg.files import append_whole, open_whole, parse_json, write_whole


@contextmanager
def files_of_at_most(size):
    """As on a full disk: nothing beyond `size` bytes can be written into a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    write_whole(path, b"old")
    with (
        files_of_at_most(100),
        pytest.raises(OSError, match=r"cannot write .*a\.txt .*unchanged"),
    ):
        write_whole(path, b"x" * 1000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*file/a\.txt"):
        write_whole(tmp_path / "file" / "a.txt", b"x")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_on_the_way_leaves_nothing(tmp_path, error):
    def fail():
        with open_whole(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise error

    write_whole(tmp_path / "a.txt", b"old")
    with pytest.raises(error):
        fail()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_lines_are_appended_in_full_or_not(tmp_path):
    path = tmp_path / "log"
    append_whole(path, b"one\n")
    append_whole(path, b"two\n")
    with files_of_at_most(12), pytest.raises(OSError, match=r"cannot write .*log"):
        append_whole(path, b"three\n")
    assert path.read_bytes() == b"one\ntwo\n"
    append_whole(path, b"three\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, 12])
def test_whole_numbers_of_64_bits(number):
    assert parse_json(json.dumps(number)) == number


@pytest.mark.parametrize("text", ["9" * 5000, str(2**63), str(-(2**63) - 1)])
def test_longer_ones_are_refused(text):
    with pytest.raises(ValueError, match="beyond 64 bits"):
        parse_json(f'{{"a": {text}}}')
