"""Long work on the server: it says how far it is, can be stopped, and waits for its turn.

The canvas asks for a run with an event, and hears of it until it ends. A click never waits behind a
run: runs have threads of their own, to which the system gives what clicks leave.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

from tamingseg.ui.quick_gradio import gr
from tamingseg.ui.turns import MOST, NICE_RUN, Line, let_others_go_first
from tamingseg.ui.wire import check_name, explain, find_workspace
from tamingseg.ui.workspaces import Workspace, Workspaces

Progress = Callable[[int, int], None]
"""``progress(done, total)``, which the work calls now and then."""

MAX_AT_ONCE = MOST + 4
"""Most runs that somebody hears of: all that wait, and some that are told that there are too many.
"""

_followers = ThreadPoolExecutor(MAX_AT_ONCE, "run")
"""Threads that wait for news of runs; they take none from clicks."""

Steps = Callable[[Any], Generator[dict[str, Any], None, None]]
"""Carries out the run that a request asks for, and says how far it is."""

Work = Callable[[Progress], dict[str, Any]]
"""Does the work; what it returns is sent with the end of the run. It reports its progress once more
before it keeps the result, so that nothing is kept of work that was stopped."""

Result = TypeVar("Result")


class Stopped(Exception):
    """The work was stopped before its end."""


def follow(
    work: Callable[[Progress], Result], is_stopped: Callable[[], bool], seconds: float = 0.1
) -> Generator[tuple[int, int], None, Result]:
    """Carry out ``work(progress)`` in a thread, yield (done, total), and return its result.

    The work ends at its next report once `is_stopped()` is true or nobody follows it any more; who
    leaves does not wait for that end. Raises Stopped then, and whatever the work raises. It yields
    every so many `seconds`.
    """
    latest = (0, 0)
    is_left = False

    def report(done: int, total: int) -> None:
        nonlocal latest
        latest = (done, total)
        if is_left or is_stopped():
            raise Stopped

    pool = ThreadPoolExecutor(1, initializer=let_others_go_first, initargs=(NICE_RUN,))
    future = pool.submit(work, report)
    try:
        while not future.done():
            yield latest
            wait([future], seconds)
        return future.result()
    finally:
        is_left = True
        # A page that is closed is left on the thread that serves all pages.
        pool.shutdown(wait=False)


def listen_for_runs(canvas: gr.HTML, runs: Mapping[str, Steps]) -> None:
    """Carry out the runs that the canvas triggers, by the event's name, and say how far they are.

    The answers go through an element of their own: gradio compares all properties of an element
    with each answer, and those of the canvas are large.
    """
    channel = gr.HTML(
        html_template="<i hidden></i>",
        js_on_load="""watch("value", () => document.dispatchEvent(
            new CustomEvent("tamingseg-run", {detail: props.value})));""",
        apply_default_css=False,
        padding=False,
    )
    for name, steps in runs.items():
        getattr(canvas, name)(
            _listener(steps),
            outputs=channel,
            show_progress="hidden",
            api_visibility="private",
            trigger_mode="multiple",
            concurrency_limit=None,  # they wait for their turn here
        )


def _listener(steps: Steps) -> Callable[[gr.EventData], AsyncIterator[dict[str, Any]]]:
    async def run(event: gr.EventData) -> AsyncIterator[dict[str, Any]]:
        async for news in heard(steps(event._data)):
            yield news

    return run


async def heard(said: Generator[dict[str, Any], None, None]) -> AsyncIterator[dict[str, Any]]:
    """Yield what a run says; who stops listening ends the run after the step under way."""
    step = None
    try:
        while True:
            step = _followers.submit(next, said, None)
            news = await asyncio.wrap_future(step)
            if news is None:
                return
            yield news
    finally:
        # Of a page that was closed: the step under way ends first.
        if step is not None:
            step.cancel()
            step.add_done_callback(lambda _: said.close())


def carry_out(
    workspaces: Workspaces,
    request: Any,
    prepare: Callable[[Workspace, dict[str, Any]], Work],
    what: str,
    line: Line = "short",
) -> Generator[dict[str, Any], None, None]:
    """Do the work that `prepare` makes of a request. All that is yielded names the request's run.

    First how far it is, ``{"run", "ahead", "done", "total", "seconds"}``, of which "ahead" is the
    number of runs that come first, and "seconds" shows that somebody is there; then how it ended:
    ``{"run", "ms"}`` with what the work returned, or ``{"run"}`` with "stopped" or "error".

    Parameters
    ----------
    prepare
        Checks the request and returns the work; raises ValueError if the request is not valid.
    what
        Name of the work in the server's log.
    line
        Where it waits, see `turns`.
    """
    name = request.get("run") if isinstance(request, dict) else None
    try:
        workspace = find_workspace(workspaces, request)
        name = check_name(name)
        work = prepare(workspace, request)
        asked = time.monotonic()

        def news(ahead: int, done: int, total: int) -> dict[str, Any]:
            known = {"run": name, "ahead": ahead, "done": done, "total": total}
            return {**known, "seconds": int(time.monotonic() - asked)}

        with workspaces.turns.join(line, workspace, workspace.client) as turn:
            ahead = turn.wait()
            while ahead:
                yield news(ahead, 0, 0)
                if name in workspace.stopped:
                    raise Stopped
                ahead = turn.wait(ahead)
            start = time.perf_counter()
            steps = follow(work, lambda: name in workspace.stopped)
            while True:
                try:
                    done, total = next(steps)
                except StopIteration as end:
                    told = end.value
                    break
                yield news(0, done, total)
        yield {"run": name, "ms": 1e3 * (time.perf_counter() - start), **told}
    except Stopped:
        yield {"run": name, "stopped": True}
    except Exception as error:
        yield {"run": name, **explain(error, what)}
