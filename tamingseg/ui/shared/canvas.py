"""The one component that all tabs draw images and masks with.

Gradio evaluates a component's template as code. So ours are static files, and every text that comes
from a user is written by the scripts as text. `canvas.html` and `canvas.css` are the frame around
the photo; each tab adds a panel, a style and scripts, which lie in the tab's folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from tamingseg.ui.runs import Steps
from tamingseg.ui.wire import Call

_FOLDER = Path(__file__).parents[1]
_SCRIPTS = (
    "shared/masks.js",
    "shared/view.js",
    "shared/frame.js",
    "shared/queue.js",
    "shared/vault.js",
    "shared/link.js",
    "click/objects.js",
    "click/tab.js",
    "click/levels.js",
    "shared/paint.js",
    "click/points.js",
    "shared/photos.js",
    "shared/labels.js",
    "proposals/curve.js",
    "proposals/tab.js",
    "proposals/choose.js",
    "proposals/run.js",
    "mosaics/tab.js",
    "partition/regions.js",
    "partition/tab.js",
    "partition/edit.js",
    "shared/controls.js",
)
"""In the order they build on each other: they share one scope."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to work on a photo.

    Attributes
    ----------
    name
        Name of the tab's folder, which holds ``panel.html``, ``panel.css`` and its scripts.
    title
        What the page calls it.
    calls
        What the scripts may call as ``server.name(value)``; each takes and returns a JSON value.
    runs
        Long work that the scripts may ask for, by the name of the event.
    """

    name: str
    title: str
    calls: Sequence[Call]
    runs: Mapping[str, Steps] = field(default_factory=dict)


def seg_canvas(tabs: Sequence[Tab], calls: Sequence[Call]) -> gr.HTML:
    """Place an image with masks on it, and tabs to work on it, in the gradio context that is open.

    (A function and not a subclass of `gr.HTML`, for which gradio would write a stub file beside
    the source whenever it is imported.)

    Parameters
    ----------
    tabs
        The first one is open at first.
    calls
        What the shared scripts may call, as `Tab.calls`.
    """
    html = _read("shared/canvas.html")
    html = html.replace("<!-- tabs -->", "".join(map(_button, tabs)))
    html = html.replace("<!-- panels -->", "".join(map(_panel, tabs)))
    styles = ["shared/canvas.css", *(f"{tab.name}/panel.css" for tab in tabs)]
    code = "\n".join(map(_read, _SCRIPTS))
    return gr.HTML(
        html_template=html,
        css_template="\n".join(map(_read, styles)),
        js_on_load=f'"use strict"; (() => {{\n{code}\n}})();',
        server_functions=[*calls, *(call for tab in tabs for call in tab.calls)],
        apply_default_css=False,
        padding=False,
        elem_id="seg-canvas",
    )


def _button(tab: Tab) -> str:
    return (
        f'<button type="button" role="tab" id="tab-{tab.name}" data-tab="{tab.name}" '
        f'aria-controls="panel-{tab.name}">{tab.title}</button>'
    )


def _panel(tab: Tab) -> str:
    return (
        f'<aside class="panel" role="tabpanel" id="panel-{tab.name}" '
        f'aria-labelledby="tab-{tab.name}">{_read(f"{tab.name}/panel.html")}</aside>'
    )


def _read(path: str) -> str:
    return (_FOLDER / path).read_text(encoding="utf-8")
