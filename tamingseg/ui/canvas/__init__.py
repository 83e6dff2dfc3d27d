"""The one component all tabs draw images and masks with.

Gradio evaluates a component's template as code, so ours are static files and every text that comes
from a user is written by the scripts as text. The files: `canvas.html` and `canvas.css` are the
frame, `masks.js` turns run lengths into outlines, `view.js` shows an image with zoom and pan,
`frame.js` changes between the tabs, `queue.js` waits for long work. All tabs work on the same photo
in the same view; each adds a panel, its style, and scripts, which share one scope.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

_FOLDER = Path(__file__).parent
_SHARED = ("masks.js", "view.js", "frame.js", "queue.js")


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to work on a photo.

    Attributes
    ----------
    name
        The script's and the style's name for it; its panel is ``<name>.html`` and its style
        ``<name>.css``, both beside this file.
    title
        What the page calls it.
    scripts
        Names of its scripts beside this file, in the order they build on each other; those of
        later tabs may use those of earlier ones.
    calls
        What the scripts may call as ``server.name(value)``; each takes and returns a JSON value.
    """

    name: str
    title: str
    scripts: Sequence[str]
    calls: Sequence[Callable[[Any], dict[str, Any]]]


def seg_canvas(tabs: Sequence[Tab], start: str) -> gr.HTML:
    """Place an image with masks on it, and tabs to work on it, in the gradio context that is open.

    (A function and not a subclass of `gr.HTML`, for which gradio would write a stub file beside
    the source whenever it is imported.)

    Parameters
    ----------
    tabs
        The first one is open at first.
    start
        Name of the script that comes last and starts the page.
    """
    scripts = [*_SHARED, *(name for tab in tabs for name in tab.scripts), start]
    code = "\n".join(map(_read, scripts))
    html = _read("canvas.html")
    html = html.replace("<!-- tabs -->", "".join(map(_button, tabs)))
    html = html.replace("<!-- panels -->", "".join(map(_panel, tabs)))
    return gr.HTML(
        html_template=html,
        css_template="\n".join(map(_read, ["canvas.css", *(f"{tab.name}.css" for tab in tabs)])),
        js_on_load=f'"use strict"; (() => {{\n{code}\n}})();',
        server_functions=[call for tab in tabs for call in tab.calls],
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
        f'aria-labelledby="tab-{tab.name}">{_read(f"{tab.name}.html")}</aside>'
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
