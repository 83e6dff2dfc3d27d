"""The one component all tabs draw images and masks with.

Gradio evaluates a component's template as code, so ours are static files and every text that comes
from a user is written by the scripts as text. The files: `canvas.html` and `canvas.css` are the
frame, `masks.js` turns run lengths into outlines, `view.js` shows an image with zoom and pan; each
tab adds a panel and scripts of its own. All scripts of a canvas share one scope.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

_FOLDER = Path(__file__).parent


def seg_canvas(
    panel: str, scripts: Sequence[str], server_functions: Sequence[Callable], elem_id: str
) -> gr.HTML:
    """Place an image with masks on it, beside a panel of the tab's own.

    (A function and not a subclass of `gr.HTML`, for which gradio would write a stub file beside
    the source whenever it is imported.)

    Parameters
    ----------
    panel
        Name of the HTML file beside this one that fills the panel.
    scripts
        Names of the tab's scripts beside this one, in the order they build on each other.
    server_functions
        What the scripts may call as `server.name(value)`; each takes and returns a JSON value.
    elem_id
        The element's id in the page.
    """
    code = "\n".join(_read(name) for name in ("masks.js", "view.js", *scripts))
    return gr.HTML(
        html_template=_read("canvas.html").replace("<!-- panel -->", _read(panel)),
        css_template=_read("canvas.css"),
        js_on_load=f'"use strict"; (() => {{\n{code}\n}})();',
        server_functions=list(server_functions),
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
