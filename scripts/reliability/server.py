"""A page in a process of its own, and visitors who talk to it as its scripts do."""

import http.client
import json
import multiprocessing
import os
import resource
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

Answer = dict[str, Any]

PATIENCE = 600
"""Seconds after which an answer is lost."""

CONTACT = "contacts an address outside:"
"""What the log says before such an address."""

KEPT_ALIVE = 2
"""Seconds that a connection is used again; the server closes one that is idle for five."""


class Memory(NamedTuple):
    """What a server's process holds, pages of files left out, and what it says of photos; bytes."""

    held: int
    said: int


class Server:
    """A page that is being served; `port` is its own, and `log` holds what it prints."""

    def __init__(self, port: int, pipe: Connection, pid: int | None, log: Path) -> None:
        self.port, self.log, self._pipe, self._pid = port, log, pipe, pid

    def memory(self, trimmed: bool = False) -> Memory:
        """Ask how much memory it holds; `trimmed` has it give back what is free first."""
        self._pipe.send("trimmed" if trimmed else "memory")
        said = self._pipe.recv()
        with open(f"/proc/{self._pid}/statm") as file:
            _, resident, shared, *_ = map(int, file.read().split())
        return Memory((resident - shared) * resource.getpagesize(), said)


@contextmanager
def served(memory: float | None = None) -> Iterator[Server]:
    """Serve the page with the models it is shipped with, at most `memory` GB for photos."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        process = context.Process(target=_serve, args=(there, port, memory, log), daemon=True)
        process.start()
        there.close()
        try:
            here.recv()  # it is ready
            yield Server(port, here, process.pid, log)
        finally:
            process.terminate()
            process.join()


def _serve(pipe: Connection, port: int, memory: float | None, log: Path) -> None:
    opened = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(opened, 1)
    os.dup2(opened, 2)
    sys.addaudithook(_note_contacts)
    from tamingseg.segmentors.load import load_segmentor
    from tamingseg.ui.memory import trim
    from tamingseg.ui.page import build_page

    limit = {} if memory is None else {"memory": memory}
    page = build_page(load_segmentor("default"), partitioner=load_segmentor("distilled"), **limit)
    page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=port)
    pipe.send("ready")
    while True:
        if pipe.recv() == "trimmed":
            trim()
        pipe.send(page.workspaces.nbytes)


def _note_contacts(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        if not str(arguments[1][0]).startswith(("127.", "::1", "localhost")):
            print(CONTACT, arguments[1], flush=True)
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        if host not in (None, "", "localhost", "127.0.0.1", "0.0.0.0", "::1", socket.gethostname()):
            print(CONTACT, host, flush=True)


class Lost(Exception):
    """The connection broke, or the answer is not one of the page's."""


class Visitor:
    """Talks to a page as its scripts do, about one photo at a time.

    `address` is that of the user, as a reverse proxy tells it; by default this machine's.
    """

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self._port, self._from = port, {"x-forwarded-for": address}
        self.session = secrets.token_hex(6)
        self._connection, self._used = self._connect(), 0.0
        self.delayed = self.reopened = 0
        config = json.loads(self.send("GET", "/config")[1])
        self.canvas = next(
            one["id"] for one in config["components"] if one["props"].get("elem_id") == "seg-canvas"
        )
        self.runs = {  # those of the canvas; other programs have endpoints without a target
            one["targets"][0][1]: one["id"] for one in config["dependencies"] if one["targets"]
        }
        self.token: str | None = None

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)

    def send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Send a request; returns status and body. Who asks too often waits, and asks again."""
        while True:
            status, content = self._send(method, path, body, kind)
            if status != 429:
                return status, content
            self.delayed += 1
            time.sleep(1)

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes]:
        if time.monotonic() - self._used > KEPT_ALIVE:
            self._connection.close()  # and opened again by the request
        self._used = time.monotonic()
        try:
            headers = self._from | ({"content-type": kind} if body else {})
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Lost(f"{path}: {error!r}") from error

    def _json(self, method: str, path: str, body: bytes | None = None) -> Answer:
        status, content = self.send(method, path, body)
        if status != 200:
            raise Lost(f"{path}: {status} {content[:200]!r}")
        return json.loads(content)

    def call(self, name: str, value: Any) -> Answer:
        """Call a function of the page."""
        request = {"session_hash": self.session, "component_id": self.canvas}
        body = json.dumps({**request, "fn_name": name, "data": value}).encode()
        return self._json("POST", "/gradio_api/component_server/", body)

    def open(self, photo: bytes) -> None:
        """Upload a photo and fetch its picture."""
        self._photo, self._sequence, self._document, self._earlier = photo, 0, None, None
        for _ in range(2):  # the server may have to drop it at once
            greeting = self._json("POST", "/tamingseg/photo?name=photo", photo)
            if "token" not in greeting:
                raise Lost(f"the photo was refused: {greeting}")
            self.token, self.picture = greeting["token"], greeting["picture"]
            self.size = tuple(greeting["size"])
            status, _ = self.send("GET", f"/tamingseg/picture/{self.picture}")
            if status == 200:
                return
        raise Lost(f"the picture: {status}")

    def ask(self, name: str, **request: Any) -> Answer:
        """Call a function about the photo; opens it again where the server forgot it."""
        while True:
            answer = self.call(name, {"token": self.token, **request})
            if not answer.get("gone"):
                return answer
            self.reopen()
            self.answer()  # the work first

    def answer(self, *operations: Answer) -> Answer:
        """Carry out operations and tell what the objects are then."""
        while True:
            request = {"token": self.token, "sequence": self._sequence + 1, "known": None}
            request |= {"document": self._document, "operations": list(operations)}
            request |= {"earlier": self._earlier}
            answer = self.call("answer", request)
            if not answer.get("gone"):
                self._sequence += 1
                self._document = None
                self.objects = {key: answer.get(key) for key in ("objects", "active")}
                return answer
            self.reopen()

    def reopen(self) -> None:
        """Bring the photo and the work on it back."""
        document = self.objects if self._sequence else self._document
        earlier = self._earlier if self._document else self.token
        self.open(self._photo)
        self._document, self._earlier = document, earlier
        self.reopened += 1

    def run(self, event: str, **request: Any) -> Answer:
        """Have a run carried out; returns how it ended."""
        name = secrets.token_hex(6)
        data = {"token": self.token, "run": name, **request}
        body = {"session_hash": self.session, "fn_index": self.runs[event], "data": []}
        joined = self._json(
            "POST", "/gradio_api/queue/join", json.dumps({**body, "event_data": data}).encode()
        )
        ended = self._heard(joined["event_id"])
        if ended.get("gone"):
            self.reopen()
            return self.run(event, **request)
        return ended

    def _heard(self, event_id: str) -> Answer:
        """Read what the server says of a run until it ends."""
        heard = self._connect()
        try:
            path = f"/gradio_api/queue/data?session_hash={self.session}"
            heard.request("GET", path, headers=self._from)
            for line in heard.getresponse():
                said = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if said.get("event_id") == event_id and said["msg"] == "process_completed":
                    if not said["success"]:
                        raise Lost(f"a run: {said}")
                    return said["output"]["data"][0]
            raise Lost("a run: nothing more was said of it")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Lost(f"a run: {error!r}") from error
        finally:
            heard.close()

    def leave(self) -> None:
        """Close the page."""
        self.send("POST", "/tamingseg/leave", str(self.token).encode(), "text/plain")
        self._connection.close()
