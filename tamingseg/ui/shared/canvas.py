"""The one component that all tabs draw images and masks with.

Gradio evaluates a component's template as code. So ours are static files, and every text that comes
from a user is written by the scripts as text. `canvas.html` and `canvas.css` are the frame around
the photo; each tab adds a panel, a style and scripts, which lie in the tab's folder.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tamingseg.data.sample_images import SAMPLE_IMAGES
from tamingseg.session.state import MAX_NAME, PALETTE
from tamingseg.ui.guard import MAX_PHOTO_BYTES, MAX_WORK_BYTES
from tamingseg.ui.quick_gradio import gr
from tamingseg.ui.runs import Steps
from tamingseg.ui.shared.scripts import UI, version_of
from tamingseg.ui.wire import Call

COLOUR_NAMES = (
    *("sky blue", "orange", "green", "yellow", "pink", "blue", "vermilion", "white"),
    *("indigo", "cyan", "teal", "dark green", "olive", "sand", "rose", "wine"),
)
"""Names of the colours of the palette."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to work on a photo.

    Attributes
    ----------
    name
        Name of the tab's folder, which holds ``panel.html``, ``panel.css`` and ``tab.js``, the
        script that exports the tab's hooks (see ``state.js``).
    title
        What the page calls it.
    calls
        What the scripts may call by name; each takes and returns a JSON value.
    runs
        Long work that the scripts may ask for, by the name of the event.
    settings
        What the scripts may import from ``settings.js``.
    """

    name: str
    title: str
    calls: Sequence[Call]
    runs: Mapping[str, Steps] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def settings_of(tabs: Sequence[Tab]) -> dict[str, Any]:
    """Return all that the scripts import from ``settings.js``."""
    shared = {
        "TABS": [tab.name for tab in tabs],
        "SAMPLES": list(SAMPLE_IMAGES),
        "PALETTE": list(zip(PALETTE, COLOUR_NAMES, strict=True)),
        "MAX_NAME": MAX_NAME,
        "MAX_PHOTO_MB": MAX_PHOTO_BYTES >> 20,
        "MAX_WORK_MB": MAX_WORK_BYTES >> 20,
        "FOLDER": None,  # the page names it if it shows one
        "DECODER": None,  # and the decoder's weights if the browser can use them
    }
    return {**shared, **{name: value for tab in tabs for name, value in tab.settings.items()}}


def seg_canvas(tabs: Sequence[Tab], calls: Sequence[Call], scripts: Mapping[str, bytes]) -> gr.HTML:
    """Place an image with masks on it, and tabs to work on it, in the gradio context that is open.

    (A function and not a subclass of `gr.HTML`, for which gradio would write a stub file beside
    the source whenever it is imported.)

    Parameters
    ----------
    tabs
        The first one is open at first.
    calls
        What the shared scripts may call, as `Tab.calls`.
    scripts
        As of `load_scripts`; the page must serve them.
    """
    html = _read("shared/canvas.html")
    html = html.replace("<!-- tabs -->", "".join(map(_button, tabs)))
    html = html.replace("<!-- panels -->", "".join(map(_panel, tabs)))
    html = html.replace("<!-- list -->", _read("folder/panel.html"))
    names = ["folder", *(tab.name for tab in tabs)]
    styles = ["shared/canvas.css", "shared/panels.css", *(f"{name}/panel.css" for name in names)]
    return gr.HTML(
        html_template=html,
        css_template="\n".join(map(_read, styles)),
        js_on_load=_starter(scripts, [name for tab in tabs for name in tab.runs]),
        server_functions=[*calls, *(call for tab in tabs for call in tab.calls)],
        apply_default_css=False,
        padding=False,
        elem_id="seg-canvas",
    )


def _starter(scripts: Mapping[str, bytes], runs: Sequence[str]) -> str:
    """Return the code that fetches all modules at once and starts the page."""
    return f"""
// Gradio knows only the events that are named here: {json.dumps(runs)}
const base = new URL("tamingseg/scripts/{version_of(scripts)}/", document.baseURI);
for (const path of {json.dumps(sorted(scripts))}) {{
  const link = Object.assign(document.createElement("link"), {{rel: "modulepreload"}});
  link.href = new URL(path, base);
  document.head.append(link);
}}
const started = import(new URL("shared/main.js", base));
started.then(({{start}}) => start({{server, trigger}})).catch(error => {{
  console.error(error);
  const message = element.querySelector(".message");
  message.textContent = "The page could not start. Reload it to try again; your work is safe.";
  message.classList.add("error");
}});
"""


def _button(tab: Tab) -> str:
    return (
        f'<button type="button" role="tab" id="tab-{tab.name}" data-tab="{tab.name}" '
        f'aria-controls="panel-{tab.name}">{tab.title}</button>'
    )


def _panel(tab: Tab) -> str:
    return (
        f'<div class="panel" role="tabpanel" id="panel-{tab.name}" '
        f'aria-labelledby="tab-{tab.name}">{_read(f"{tab.name}/panel.html")}</div>'
    )


def _read(path: str) -> str:
    return (UI / path).read_text(encoding="utf-8")
