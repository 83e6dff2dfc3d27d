"""Many users at once, whose right answers are known: what one user alone is answered.

    python scripts/reliability/load.py --users 20 --rounds 2
    python scripts/reliability/load.py --users 20 --rounds 2 --pause 2
    python scripts/reliability/load.py --users 10 --rounds 2 --size 3000 4000

Every user opens a photo, clicks, looks at levels, takes a step back, and proposes masks. First one
user does so alone with every photo. Then all do so at once, and each answer is compared. Half of
them close the page at the end, the others vanish. The exit code is 1 if any answer was wrong or
lost.
"""

import argparse
import io
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image
from server import Lost, Memory, Server, Visitor, served

PHOTOS = 8
"""Different photos; users share them."""

Answers = list[tuple[str, Any]]
"""What was asked, and what came."""


def main() -> int:
    """Parse, ask alone, ask together, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2, help="photos of each user")
    parser.add_argument("--pause", type=float, default=0, help="mean seconds between requests")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640), help="of the photos")
    parser.add_argument("--photos", type=int, default=PHOTOS, help="how many different ones")
    parser.add_argument("--memory", type=float, help="as of `tamingseg app`")
    parser.add_argument("--wait", type=float, default=60, help="seconds until memory is given back")
    parser.add_argument("--no-runs", action="store_true", help="only clicks")
    chosen = parser.parse_args()
    photos = [make_photo(number, *chosen.size) for number in range(chosen.photos)]
    with served(chosen.memory) as server:
        crowd = Crowd(server, photos, chosen.pause, not chosen.no_runs)
        wrong = crowd.measure(chosen.users, chosen.rounds, chosen.wait)
    return 1 if wrong else 0


def make_photo(number: int, height: int, width: int) -> bytes:
    """Make a JPEG of a few ellipses on a ground; every number gives another one."""
    rng = np.random.default_rng(number)
    rows, cols = np.ogrid[:height, :width]
    image = np.empty((height, width, 3), np.float32)
    image[:] = rng.uniform(30, 220, 3)
    for row, col in PLACES:
        inside = ((rows / height - row) / 0.12) ** 2 + ((cols / width - col) / 0.1) ** 2 < 1
        image[inside] = rng.uniform(30, 220, 3)
    grain = rng.normal(0, 6, (-(-height // 4), -(-width // 4), 3)).repeat(4, axis=0)
    image += grain.repeat(4, axis=1)[:height, :width]
    file = io.BytesIO()
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


PLACES = ((0.3, 0.25), (0.3, 0.7), (0.7, 0.45))
"""(row, col) of the ellipses, as shares of the photo."""


def work_on(visitor: Visitor, runs: bool) -> Iterator[tuple[str, Any]]:
    """Work on the photo that is open: yields what was asked and what came, without times."""

    def click(place: tuple[float, float], positive: bool = True) -> dict[str, Any]:
        row, col = place[0] * visitor.size[0], place[1] * visitor.size[1]
        return {"do": "add_click", "row": row, "col": col, "positive": positive}

    def answered(*operations: dict[str, Any]) -> Any:
        answer = visitor.answer(*operations)
        return {key: value for key, value in answer.items() if not key.endswith("_ms")}

    yield "first", answered()
    for first, second in (PLACES[:2], PLACES[1:]):
        yield "click", answered(click(first))
        yield "levels", visitor.ask("levels")
        yield "click", answered(click(second, False))
        yield "click", answered(click((first[0] + 0.05, first[1])))
        yield "click", answered(click((first[0], first[1] + 0.05)))
        yield "click", answered({"do": "keep"}, click(second))
        yield "undo", answered({"do": "undo"})
    if runs:
        yield "run", set(visitor.run("propose", grid=0)) - {"run"}
        yield "list", visitor.ask("proposals")


class Crowd:
    """Users of one server, and what came of their work."""

    def __init__(self, server: Server, photos: list[bytes], pause: float, runs: bool) -> None:
        self._server, self._photos, self._pause, self._runs = server, photos, pause, runs
        self._expected: list[Answers] = []
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._problems: list[str] = []
        self._lock = threading.Lock()

    def measure(self, users: int, rounds: int, wait: float) -> int:
        """Let one user work alone, then all together; print it, return how much went wrong."""
        self._run_user(0, len(self._photos), self._learn)
        alone, self._seconds = self._seconds, defaultdict(list)
        before = self._server.memory(trimmed=True)
        threads = [
            threading.Thread(target=self._run_user, args=(number, rounds, self._compare))
            for number in range(users)
        ]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        most = self._server.memory()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.5)
            most = max(most, self._server.memory())
        took = time.perf_counter() - start
        end = self._server.memory(trimmed=True)
        deadline = time.monotonic() + wait
        after = end
        while time.monotonic() < deadline:
            time.sleep(min(1, wait))
            after = self._server.memory()
        wrong, lost = self._counts["wrong"], self._counts["lost"]
        total = sum(map(len, self._seconds.values()))
        print(
            f"{users} users, {took:.0f} s: {total} answers, {wrong} wrong, {lost} lost, "
            f"{self._counts['reopened']} photos opened again"
        )
        for kind, seconds in self._seconds.items():
            print(f"  {kind}: {_compared(alone[kind], seconds)}")
        for when, memory in (("before", before), ("most", most), ("end", end), ("after", after)):
            print(f"  memory {when}: {_megabytes(memory)}")
        held, said = end.held - before.held, end.said - before.said
        print(f"  more than before, at the end: {_megabytes(Memory(held, said))}")
        print("".join(f"  {problem}\n" for problem in self._problems[:20]), end="", flush=True)
        return wrong + lost

    def _run_user(
        self, number: int, rounds: int, hear: Callable[[int, Answers, str, Any], None]
    ) -> None:
        rng = np.random.default_rng(number)
        visitor = Visitor(self._server.port, f"10.0.0.{number}")
        for turn in range(rounds):
            photo = (number + turn) % len(self._photos)
            said: Answers = []
            try:
                self._timed("open", rng, lambda photo=photo: visitor.open(self._photos[photo]))
                steps = work_on(visitor, self._runs)
                while step := self._timed(None, rng, lambda steps=steps: next(steps, None)):
                    hear(photo, said, *step)
            except Lost as error:
                self._note("lost", f"user {number}: {error}")
        with self._lock:
            self._counts["reopened"] += visitor.reopened
        if number % 2:
            visitor.leave()

    def _timed(self, name: str | None, rng: np.random.Generator, ask: Callable[[], Any]) -> Any:
        """Ask after a pause, and note how long the answer took."""
        if self._pause:
            time.sleep(rng.uniform(0, 2 * self._pause))
        start = time.perf_counter()
        came = ask()
        seconds = time.perf_counter() - start
        name = name or (came and came[0])
        if name:
            with self._lock:
                self._seconds[name].append(seconds)
        return came

    def _learn(self, photo: int, said: Answers, name: str, answer: Any) -> None:
        said.append((name, answer))
        if len(said) == 1:
            self._expected.append(said)
        if isinstance(answer, dict) and answer.get("error"):
            self._note("wrong", f"alone, photo {photo}: {name} says {answer['error']}")

    def _compare(self, photo: int, said: Answers, name: str, answer: Any) -> None:
        expected = self._expected[photo][len(said)]
        said.append((name, answer))
        if without_sequence(expected) != without_sequence((name, answer)):
            self._note("wrong", f"photo {photo}, step {len(said)}, {name}: {str(answer)[:300]}")

    def _note(self, kind: str, problem: str) -> None:
        with self._lock:
            self._counts[kind] += 1
            self._problems.append(f"{kind}: {problem}")


def without_sequence(step: tuple[str, Any]) -> tuple[str, Any]:
    """Return a step without the number of its request, which begins anew in a new workspace."""
    name, answer = step
    if not isinstance(answer, dict):
        return step
    return name, {key: value for key, value in answer.items() if key != "sequence"}


def _compared(alone: list[float], together: list[float]) -> str:
    if not alone or not together:
        return "none"
    (own, own_high), (middle, high) = (np.percentile(one, [50, 95]) for one in (alone, together))
    return (
        f"alone p50 {1e3 * own:.0f} ms, p95 {1e3 * own_high:.0f} ms; together p50 "
        f"{1e3 * middle:.0f} ms ({middle / own:.1f}x), p95 {1e3 * high:.0f} ms "
        f"({high / own_high:.1f}x)"
    )


def _megabytes(memory: Memory) -> str:
    return f"{memory.held / 1e6:.0f} MB held, {memory.said / 1e6:.0f} MB said for photos"


if __name__ == "__main__":
    sys.exit(main())
