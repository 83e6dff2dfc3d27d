"""What takes its time on the server: asked for by the canvas, done one after the other."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gradio as gr

from tamingseg.ui import handlers
from tamingseg.ui.answers import explain, find_workspace
from tamingseg.ui.runs import Progress, Stopped, follow
from tamingseg.ui.sessions import Workspace, Workspaces

MAX_WAITING = 64
"""Runs that wait for their turn, of all users together."""

Steps = Callable[[Any], Iterator[dict[str, Any]]]
"""Carries out the run a stranger's request asks for, and says how far it is."""

Work = Callable[[Progress], dict[str, Any]]
"""Does the work; what it returns is told together with its end. It reports once more before it
keeps what it found, so that nothing is kept of work that was stopped."""


def listen_for_runs(canvas: gr.HTML, runs: Mapping[str, Steps]) -> None:
    """Carry out what the canvas triggers, by the event's name, and say how far it is.

    The words go through an element of their own: whenever an element is told something, gradio
    looks through all it holds, and the canvas holds its scripts.
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
            concurrency_limit=1,
            concurrency_id="runs",
        )


def _listener(steps: Steps) -> Callable[[gr.EventData], Iterator[dict[str, Any]]]:
    def run(event: gr.EventData) -> Iterator[dict[str, Any]]:
        yield from steps(event._data)

    return run


def carry_out(
    workspaces: Workspaces,
    request: Any,
    prepare: Callable[[Workspace, dict[str, Any]], Work],
    what: str,
) -> Iterator[dict[str, Any]]:
    """Do what `prepare` makes of a request; what is said on the way names the request's run.

    First how far it is, ``{"run", "done", "total"}``, then how it ended: ``{"run", "ms"}`` with
    what the work returned, or ``{"run"}`` with "stopped" or "error".

    Parameters
    ----------
    prepare
        Checks the request, for which it may raise ValueError, and returns the work.
    what
        Name of the work in the server's log.
    """
    name = request.get("run") if isinstance(request, dict) else None
    try:
        workspace = find_workspace(workspaces, request)
        name = handlers.check_gesture(name)
        work = prepare(workspace, request)
        start = time.perf_counter()
        steps = follow(work, lambda: name in workspace.stopped)
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                told = end.value
                break
            yield {"run": name, "done": done, "total": total}
        yield {"run": name, "ms": 1e3 * (time.perf_counter() - start), **told}
    except Stopped:
        yield {"run": name, "stopped": True}
    except Exception as error:
        yield {"run": name, **explain(error, what)}
