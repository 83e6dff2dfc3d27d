"""Range downloads from a server on this machine that can be told to fail."""

import http.server
import io
import os
import re
import signal
import subprocess
import sys
import threading
import zipfile

import pytest

from tamingseg.data import download
from tamingseg.data.download import DownloadError, RemoteFile, download_members, fetch
from tamingseg.files import UNFINISHED

PHOTO = bytes(range(256)) * 40
MEMBERS = {
    "scene/images/a.bin": PHOTO,
    "scene/images/b.bin": os.urandom(5000),
    "scene/images/empty.bin": b"",
    "scene/other.bin": b"not wanted" * 1000,
}
WANTED = list(MEMBERS)[:3]


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


class Far(io.BytesIO):
    """A file that begins with five gigabytes nobody has written."""

    GAP = 5 * 2**30

    def tell(self):
        return super().tell() + self.GAP

    def seek(self, offset, whence=0):
        return super().seek(offset - self.GAP if whence == 0 else offset, whence) + self.GAP

    def __len__(self):
        return self.GAP + len(self.getvalue())

    def __getitem__(self, part):
        return self.getvalue()[part.start - self.GAP : part.stop - self.GAP]


class Server:
    """A web server for `files` (path -> bytes) that answers range requests.

    `fault(path, range)` may return a status to answer with instead, a number of bytes after which
    to hang up ("cut", n), or a header to replace (name, value); None is a healthy answer. `log`
    holds the requests as (path, range).
    """

    def __init__(self):
        self.files = {}
        self.fault = lambda path, asked: None
        self.log = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, *arguments):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass  # a client that hangs up is part of the tests

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, handler):
        asked = handler.headers.get("Range")
        self.log.append((handler.path, asked))
        fault = self.fault(handler.path, asked)
        data = self.files.get(handler.path)
        if data is None or isinstance(fault, int):
            handler.send_error(fault or 404)
            return
        headers = {"ETag": f'"{len(data)}"'}
        status, body = 200, data
        if asked:
            first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", asked).groups()
            start = int(first) if first else max(len(data) - int(last), 0)
            stop = min(int(last) + 1, len(data)) if first else len(data)
            status, body = 206, data[start:stop]
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
        headers["Content-Length"] = str(len(body))
        if fault and fault[0] == "cut":
            body = body[: fault[1]]
        elif fault and fault[0] == "ignore range":
            status, body = 200, data
            headers = {"Content-Length": str(len(data))}
        elif fault and fault[0] == "body":
            body = fault[1](body)
        elif fault:
            headers[fault[0]] = fault[1]
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0.0)
    # The archives here are tiny; so that parts are fetched one by one, the parts are too.
    monkeypatch.setattr(download, "_TAIL", 64)
    monkeypatch.setattr(download, "_READ_AHEAD", 64)
    server = Server()
    server.files["/scene.zip"] = zipped(MEMBERS)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def run(server, folder, names=WANTED, archive="/scene.zip"):
    """Download; returns name -> Outcome."""
    outcomes = []
    download_members({server.url + archive: names}, folder, outcomes.append)
    assert sorted(outcome.name for outcome in outcomes) == sorted(names), "each once"
    return {outcome.name: outcome for outcome in outcomes}


def files_in(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


class TestNormal:
    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
    def test_the_wanted_files_and_nothing_else(self, server, tmp_path, method):
        server.files["/scene.zip"] = zipped(MEMBERS, method)
        outcomes = run(server, tmp_path)
        for name in WANTED:
            assert (tmp_path / name).read_bytes() == MEMBERS[name]
            assert outcomes[name] == download.Outcome(name, len(MEMBERS[name]))
        assert files_in(tmp_path) == sorted(WANTED)

    def test_one_request_per_file_and_two_for_the_table(self, server, tmp_path, monkeypatch):
        run(server, tmp_path)
        assert len(server.log) == 2 + len(WANTED)
        assert all(asked for _, asked in server.log), "never the whole archive"
        server.log.clear()
        monkeypatch.setattr(download, "_TAIL", 2**18)
        run(server, tmp_path / "again")
        assert len(server.log) == 1 + len(WANTED)

    def test_files_beyond_four_gigabytes(self, server, tmp_path):
        """The archives have up to 20 GB; here all but the end is imagined."""
        server.files["/scene.zip"] = far = Far()
        with zipfile.ZipFile(far, "w") as archive:
            for name, data in MEMBERS.items():
                archive.writestr(name, data)
        assert len(far) > 2**32
        run(server, tmp_path)
        for name in WANTED:
            assert (tmp_path / name).read_bytes() == MEMBERS[name]

    def test_several_archives_at_once(self, server, tmp_path):
        names = {}
        for number in range(9):
            name = f"scene{number}/a.bin"
            server.files[f"/{number}.zip"] = zipped({name: bytes([number]) * 100})
            names[f"{server.url}/{number}.zip"] = [name]
        outcomes = []
        download_members(names, tmp_path, outcomes.append, connections=3)
        assert len(outcomes) == 9
        for number in range(9):
            assert (tmp_path / f"scene{number}/a.bin").read_bytes() == bytes([number]) * 100

    def test_whole_files(self, server):
        server.files["/list.csv"] = b"a,b\n"
        assert fetch(f"{server.url}/list.csv") == b"a,b\n"


class TestContinuing:
    def test_finished_files_are_checked_and_kept(self, server, tmp_path):
        run(server, tmp_path)
        before = {name: (tmp_path / name).stat().st_mtime_ns for name in WANTED}
        server.log.clear()
        outcomes = run(server, tmp_path)
        assert all(outcome.kept for outcome in outcomes.values())
        assert before == {name: (tmp_path / name).stat().st_mtime_ns for name in WANTED}
        assert len(server.log) == 2

    @pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"?"])
    def test_a_damaged_file_is_fetched_again(self, server, tmp_path, damage):
        path = tmp_path / WANTED[0]
        path.parent.mkdir(parents=True)
        path.write_bytes(damage(PHOTO))
        assert not run(server, tmp_path)[WANTED[0]].kept
        assert path.read_bytes() == PHOTO

    @pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGINT])
    def test_a_process_that_is_ended(self, server, tmp_path, ended_by):
        """No file has its name before it is whole, and the next run gets the rest."""
        names = [f"scene/{number}.bin" for number in range(40)]
        server.files["/scene.zip"] = zipped({name: os.urandom(3000) for name in names})

        ended = threading.Event()

        def answer_a_few(path, asked):  # then wait, however late the signal comes
            if len(server.log) > 20:
                ended.wait(60)

        server.fault = answer_a_few
        code = (  # a process in the background of a shell is born deaf to SIGINT
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
            "from pathlib import Path; from tamingseg.data.download import *;"
            "download_members({sys.argv[1]: sys.argv[3:]}, Path(sys.argv[2]), print)"
        )
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, f"{server.url}/scene.zip", str(tmp_path), *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(ended_by)
        process.communicate()
        ended.set()
        there = [name for name in files_in(tmp_path) if not name.endswith(UNFINISHED)]
        assert 3 <= len(there) < 40
        server.fault = lambda path, asked: None
        outcomes = run(server, tmp_path, names)
        assert {name for name, outcome in outcomes.items() if outcome.kept} == set(there)
        there = [name for name in files_in(tmp_path) if not name.endswith(UNFINISHED)]
        assert there == sorted(names)


class TestFailures:
    def fail(self, server, tmp_path, names=WANTED, archive="/scene.zip"):
        """Download; returns the only reason for all failures. Nothing may have been written."""
        outcomes = run(server, tmp_path, names, archive)
        assert files_in(tmp_path) == []
        (reason,) = {outcome.failure for outcome in outcomes.values()}
        return reason

    @pytest.mark.parametrize("fault", [503, ("cut", 20)])
    def test_every_second_request_fails(self, server, tmp_path, fault):
        server.fault = lambda path, asked: fault if len(server.log) % 2 else None
        assert not any(outcome.failure for outcome in run(server, tmp_path).values())
        assert files_in(tmp_path) == sorted(WANTED)
        server.files["/list.csv"] = b"a,b\n" * 100
        assert fetch(f"{server.url}/list.csv") == b"a,b\n" * 100

    @pytest.mark.parametrize("damaged", [1, 2, 3])
    def test_bytes_that_are_damaged_on_the_way(self, server, tmp_path, damaged):
        """In the end of the archive, in its table, in a file."""
        fault = ("body", lambda body: bytes(len(body)))
        server.fault = lambda path, asked: fault if len(server.log) == damaged else None
        assert not any(outcome.failure for outcome in run(server, tmp_path).values())
        assert files_in(tmp_path) == sorted(WANTED)

    def test_the_pauses_double_and_end(self, server, tmp_path, monkeypatch):
        pauses = []
        monkeypatch.setattr(download, "PAUSE", 1.0)
        monkeypatch.setattr(download.time, "sleep", pauses.append)
        server.fault = lambda path, asked: 503
        reason = self.fail(server, tmp_path)
        assert pauses == [1, 2, 4, 8]
        assert len(server.log) == 5
        assert re.search(r"scene\.zip failed 5 times, at last with: .*503", reason)

    def test_one_file_that_always_fails(self, server, tmp_path):
        """The rest goes on, and the next run gets it."""
        start = server.files["/scene.zip"].index(WANTED[1].encode()) - 30
        server.fault = lambda path, asked: 500 if asked.startswith(f"bytes={start}-") else None
        outcomes = run(server, tmp_path)
        assert [bool(outcomes[name].failure) for name in WANTED] == [False, True, False]
        assert files_in(tmp_path) == [WANTED[0], WANTED[2]]
        server.fault = lambda path, asked: None
        outcomes = run(server, tmp_path)
        assert [outcomes[name].kept for name in WANTED] == [True, False, True]

    def test_one_archive_that_is_missing(self, server, tmp_path):
        reason = self.fail(server, tmp_path, archive="/none.zip")
        assert reason == f"{server.url}/none.zip is not to be had: HTTP 404 Not Found"
        assert len(server.log) == 1, "asking again would not help"
        outcomes = []
        archives = {f"{server.url}/none.zip": ["x"], f"{server.url}/scene.zip": WANTED}
        download_members(archives, tmp_path, outcomes.append, connections=1)
        assert [bool(outcome.failure) for outcome in outcomes] == [True, False, False, False]

    def test_damaged_for_good(self, server, tmp_path):
        data = bytearray(zipped(MEMBERS, zipfile.ZIP_STORED))
        data[data.index(PHOTO) + 7] ^= 1
        server.files["/scene.zip"] = bytes(data)
        outcomes = run(server, tmp_path)
        assert "Bad CRC-32" in outcomes[WANTED[0]].failure
        assert files_in(tmp_path) == sorted(WANTED[1:])
        assert len(server.log) == 2 + 5 + 2

    def test_a_file_that_is_not_in_the_archive(self, server, tmp_path):
        outcomes = run(server, tmp_path, [*WANTED, "scene/none.bin"])
        assert outcomes["scene/none.bin"].failure == f"not in {server.url}/scene.zip"
        assert files_in(tmp_path) == sorted(WANTED)

    def test_no_archive_at_all(self, server, tmp_path):
        for data in (b"<html>sorry</html>" * 99, b"PK\5\6" + b"\xff" * 18):
            server.files["/scene.zip"] = data
            assert self.fail(server, tmp_path)

    def test_a_server_without_range_requests(self, server, tmp_path):
        server.files["/scene.zip"] = zipped({"huge.bin": os.urandom(10**7)})
        server.fault = lambda path, asked: ("ignore range",)
        reason = self.fail(server, tmp_path, ["huge.bin"])
        assert "cannot be read in parts" in reason
        assert "status 200" in reason
        assert len(server.log) == 1

    @pytest.mark.parametrize(
        "answer", ["bytes 0-9/*", "bytes 5-1/99", "bytes 0-63/10000", "", "bytes 9-9/10"]
    )
    def test_another_part_than_asked_for(self, server, tmp_path, answer):
        server.fault = lambda path, asked: ("Content-Range", answer)
        assert re.search("not asked for|cannot be read in parts", self.fail(server, tmp_path))

    @pytest.mark.parametrize("way", ["length", "tag"])
    def test_an_archive_that_changes_meanwhile(self, server, tmp_path, way):
        def change(path, asked):
            if len(server.log) == 4:  # the end, the table, the first file
                if way == "tag":
                    return ("ETag", '"another"')
                server.files[path] += b"!"
            return None

        server.fault = change
        outcomes = run(server, tmp_path)
        assert "has changed during the download" in outcomes[WANTED[1]].failure
        assert WANTED[1] not in files_in(tmp_path)
        server.fault = lambda path, asked: None
        server.files["/scene.zip"] = zipped(MEMBERS)
        assert not any(outcome.failure for outcome in run(server, tmp_path).values())

    def test_nobody_there(self, tmp_path, server):
        server.url = "http://127.0.0.1:1"
        assert "Connection refused" in self.fail(server, tmp_path)
        for url in ("file:///etc", "ftp://127.0.0.1", "somewhere"):
            server.url = url
            assert "begins with http:// or https://" in self.fail(server, tmp_path)

    def test_a_disk_that_cannot_be_written_ends_it_all(self, server, tmp_path):
        (tmp_path / "scene").write_text("a file where a folder is needed")
        with pytest.raises(OSError, match="scene"):
            run(server, tmp_path)


class TestHostileArchives:
    @pytest.mark.parametrize(
        "name",
        ["../evil", "a/../../evil", "/evil", "..", "a\\..\\..\\evil", "C:evil", "a/b:stream", "."],
    )
    def test_names_that_lead_out_of_the_folder(self, server, tmp_path, name):
        server.files["/scene.zip"] = zipped({name: b"evil", "good": b"good"})
        folder = tmp_path / "folder"
        outcomes = run(server, folder, [name, "good"])
        assert "leads out of the folder" in outcomes[name].failure
        assert files_in(tmp_path) == ["folder/good"]

    def test_sizes_beyond_reason(self, server, tmp_path, monkeypatch):
        server.files["/scene.zip"] = zipped({"bomb": bytes(10**6), "good": b"good"})
        monkeypatch.setattr(download, "MAX_BYTES", 10**5)
        outcomes = run(server, tmp_path, ["bomb", "good"])
        assert "more than the 100000 bytes that are reasonable" in outcomes["bomb"].failure
        assert files_in(tmp_path) == ["good"]
        monkeypatch.setattr(download, "MAX_BYTES", 80)
        assert "reasonable" in run(server, tmp_path, ["good"])["good"].failure, "the table as well"
        server.files["/list.csv"] = bytes(200)
        with pytest.raises(DownloadError, match="reasonable"):
            fetch(f"{server.url}/list.csv")

    def test_encrypted_and_unknown_compression(self, server, tmp_path):
        for offset, value in ((8, 1), (10, 99)):
            data = bytearray(zipped({"a": b"abc"}))
            data[data.index(b"PK\1\2") + offset] = value
            server.files["/scene.zip"] = bytes(data)
            outcome = run(server, tmp_path, ["a"])["a"]
            assert "is no archive we can read" in outcome.failure
            assert files_in(tmp_path) == []

    def test_flipped_bits_end_in_an_outcome(self, server, tmp_path, rng, monkeypatch):
        monkeypatch.setattr(download, "ATTEMPTS", 1)
        contents = {"a": PHOTO[:300], "b": b"b" * 50}
        whole = zipped(contents)
        for case in range(150):
            data = bytearray(whole)
            for position in rng.integers(0, len(data), 3):
                data[position] ^= 1 << rng.integers(8)
            server.files["/scene.zip"] = bytes(data)
            folder = tmp_path / str(case)
            for name, outcome in run(server, folder, ["a", "b"]).items():
                if not outcome.failure:
                    assert (folder / name).stat().st_size == outcome.size
            for name in files_in(folder):
                assert (folder / name).read_bytes() == contents[name]


class TestRemoteFile:
    def test_it_reads_like_a_file(self, server, rng):
        data = server.files["/data"] = os.urandom(2000)
        remote, local = RemoteFile(f"{server.url}/data"), io.BytesIO(data)
        assert remote.seekable()
        for _ in range(60):
            whence = int(rng.integers(3))
            offset = int(rng.integers(-300, 2300))
            position = (0, local.tell(), len(data))[whence] + offset
            if position < 0:
                with pytest.raises(OSError, match="before the beginning"):
                    remote.seek(offset, whence)
                continue
            assert remote.seek(offset, whence) == local.seek(offset, whence)
            count = int(rng.integers(-1, 400))
            assert remote.read(count) == local.read(count)
            assert remote.tell() == local.tell()

    def test_an_empty_file_has_no_parts(self, server):
        server.files["/data"] = b""
        with pytest.raises(DownloadError, match="cannot be read in parts"):
            RemoteFile(f"{server.url}/data")
