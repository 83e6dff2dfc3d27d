"""Requests that the page would never send: each must be refused clearly, and cost nobody else.

    python scripts/reliability/page_requests.py --inputs 10000 --seed 0

Sound requests of every kind are changed: other types, tokens, sizes, texts, order, paths. An answer
is wrong if it is a failure of the server (5xx), holds a traceback or a path of the server, or does
not come; so is a traceback in the server's log, or an address outside of this machine that the
server contacts. Meanwhile a user works on a photo, who must get the
right answers and keep the session. `--only NUMBER` sends that one alone. The exit code is 1 if
anything was wrong.
"""

import argparse
import json
import sys
import threading
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from load import make_photo, without_sequence, work_on
from mutate import STRANGE, Rng, damage_bytes, damage_value
from server import CONTACT, Lost, Server, Visitor, served

SIZE = (48, 64)
"""Of the photos: small, so that many requests are answered."""

CONTENT_TYPES = ("application/json",) * 8 + ("text/plain", "multipart/form-data; boundary=x")

TELLTALE = (
    b"Traceback",
    b'File "',
    b"site-packages",
    b".py",
    b"The server failed",
    b"/home",
    b"/usr",
)
"""What no answer may hold."""


class Sound(NamedTuple):
    """A request as the page sends it."""

    method: str
    path: str
    value: Any  # bytes, or what is sent as JSON


def main() -> int:
    """Parse, send, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="send the request of this number alone")
    chosen = parser.parse_args()
    numbers = range(chosen.inputs) if chosen.only is None else [chosen.only]
    with served() as server:
        worker = Worker(server)
        try:
            statuses, problems = attack(server, numbers, chosen.seed)
        finally:
            wrong = worker.stop()
        log = server.log.read_text(errors="replace")
    for telltale in ("Traceback", CONTACT):
        if telltale in log:
            problems.append(f"in the log: {log[log.index(telltale) :][:3000]}")
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(f"{len(numbers)} requests: {told}; {len(problems)} wrong")
    print(f"the user at work: {worker.answers} answers, {wrong} wrong or lost, ", end="")
    print(f"{worker.visitor.reopened} times opened again, {worker.visitor.delayed} times delayed")
    print("".join(f"  {problem}\n" for problem in problems[:30]), end="", flush=True)
    return 1 if problems or wrong or worker.visitor.reopened else 0


def sound_requests(visitor: Visitor) -> list[Sound]:
    """List requests of every kind, about the photo that a visitor has open."""
    token, point = visitor.token, {"row": 20.0, "col": 30.0}
    click = {"do": "add_click", **point, "positive": True, "gesture": "g"}
    work = {"token": token, "sequence": 10**6, "known": 1, "document": None}
    work["light"] = {"brightness": 2.0, "gamma": 0.5}
    mask = {"counts": "0" * 8, "score": 0.5}
    recipe = {"textures": "formula", "seed": 3, "layout": "grid", "regions": 4}
    calls = {
        "open_sample": "cat",
        "resume": "token",
        "stop_run": {"token": token, "run": "r"},
        "answer": {**work, "operations": [click, {"do": "undo"}, {"do": "keep"}]},
        "save": {"token": token, "object_id": None},
        "levels": {"token": token},
        "proposals": {"token": token, "earlier": "token"},
        "restore_proposals": {"token": token, "masks": [mask]},
        "edit_proposals": {"token": token, "do": "merge", "ids": [0, 1], "known": 0},
        "export_proposals": {"token": token, "ids": [0], "form": "json"},
        "pictures": {"token": token},
        "save_pictures": {"token": token},
        "open_mosaic": {"token": token, "recipe": recipe},
        "hierarchy": {"token": token, "method": "greedy"},
        "export_regions": {"token": token, "labels": "eJw=", "form": "png"},
    }
    runs = {
        "propose": {"token": token, "run": "r", "grid": 0},
        "draw": {"token": token, "run": "r", "recipe": None, "regions": 3},
        "partition": {"token": token, "run": "r", "method": "greedy"},
    }
    tab = {"session_hash": visitor.session}
    photo = make_photo(0, *SIZE)
    return [
        *(
            Sound(
                "POST",
                "/gradio_api/component_server/",
                {**tab, "component_id": visitor.canvas, "fn_name": name, "data": value},
            )
            for name, value in calls.items()
        ),
        *(
            Sound(
                "POST",
                "/gradio_api/queue/join",
                {**tab, "fn_index": visitor.runs[name], "data": [], "event_data": value},
            )
            for name, value in runs.items()
        ),
        Sound("POST", "/gradio_api/cancel", {**tab, "fn_index": 0, "event_id": "e"}),
        Sound("POST", "/gradio_api/reset", {"event_id": "e"}),
        Sound("POST", "/tamingseg/photo?name=a.jpg", photo),
        Sound("POST", "/tamingseg/truth", photo),
        Sound("POST", "/tamingseg/leave", b"token"),
        Sound("GET", f"/tamingseg/picture/{visitor.picture}", None),
        Sound("GET", "/tamingseg/decoder/features", None),
        Sound("GET", "/tamingseg/samples/cat", None),
        Sound("GET", "/tamingseg/scripts/x/shared/main.js", None),
        Sound("GET", "/config", None),
        Sound("GET", "/gradio_api/file=x", None),
    ]


def attack(server: Server, numbers: range | list[int], seed: int) -> tuple[Counter[int], list[str]]:
    """Send changed requests; returns how often each status came, and what was wrong."""
    statuses: Counter[int] = Counter()
    problems: list[str] = []
    for number in numbers:
        if number % 100 == 0 or number == numbers[0]:
            visitor = Visitor(server.port)
            visitor.open(make_photo(number, *SIZE))
            sound = sound_requests(visitor)
        rng = np.random.default_rng([seed, number])
        method, path, body = changed(sound[int(rng.integers(len(sound)))], rng)
        kind = str(rng.choice(CONTENT_TYPES))
        try:
            status, content = visitor.send(method, path, body, kind)
        except Lost as error:
            problems.append(f"{number}, {method} {path}: {error}")
            continue
        statuses[status] += 1
        told = [text for text in TELLTALE if text in content]
        if status >= 500 or (told and not path.startswith(("/assets", "/config"))):
            problems.append(f"{number}, {method} {path} {body!r:.200}: {status} {content[:300]!r}")
    return statuses, problems


def changed(sound: Sound, rng: Rng) -> tuple[str, str, bytes | None]:
    """Change a sound request in one way or several; a few stay as they are."""
    method, path, value = sound
    if isinstance(value, bytes):
        body: bytes | None = damage_bytes(value, rng) if rng.random() < 0.9 else value
    elif value is None:
        body = None
    else:
        value = damage_value(value, rng) if rng.random() < 0.9 else value
        if isinstance(value, dict) and "data" in value and rng.random() < 0.5:
            value = {**value, "data": damage_value(sound.value["data"], rng)}
        body = nested_json(value)
        if rng.random() < 0.1:
            body = damage_bytes(body, rng)
    if rng.random() < (0.1 if value is not None else 0.8):
        path = changed_path(path, rng)
    if rng.random() < 0.03:
        method = str(rng.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]))
    return method, path, None if method in ("GET", "HEAD") else body


def nested_json(value: Any) -> bytes:
    """Return a value as JSON, however deeply it is nested."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return json.dumps(value).encode()
    finally:
        sys.setrecursionlimit(limit)


def changed_path(path: str, rng: Rng) -> str:
    """Replace or add a part of a path: other folders, other names, other signs."""
    parts = path.split("/")
    strange = [str(value)[:200] for value in STRANGE]
    strange += ["..", "%2e%2e", "%2e%2e%2fpage.py", "%00", "etc", "passwd", "a" * 5000, "?x=1", "%"]
    parts[int(rng.integers(1, len(parts)))] = strange[int(rng.integers(len(strange)))]
    kept = "/".join(parts).encode("ascii", "ignore").decode()
    return "".join(sign for sign in kept if sign > " " and sign != "\x7f") or "/"


class Worker:
    """A user who works on a photo all the time, and knows the right answers."""

    def __init__(self, server: Server) -> None:
        self.visitor = Visitor(server.port)
        self.answers = 0
        self._photo = make_photo(1, 240, 320)
        self._wrong = 0
        self._expected = self._work()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def stop(self) -> int:
        """Work no more; returns how many answers were wrong or lost."""
        self._stopped.set()
        self._thread.join()
        return self._wrong

    def _work(self) -> list[Any]:
        self.visitor.open(self._photo)
        return [without_sequence(step) for step in work_on(self.visitor, runs=False)]

    def _go_on(self) -> None:
        while True:
            try:
                came = self._work()
                self.answers += len(came)
                self._wrong += sum(a != b for a, b in zip(came, self._expected, strict=True))
            except Lost:
                self._wrong += 1
            if self._stopped.wait(0.2):
                return


if __name__ == "__main__":
    sys.exit(main())
