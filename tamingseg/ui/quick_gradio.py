"""gradio, imported in two thirds of the time.

Whenever gradio is imported it renders a type stub of each of its components, and compares it with
the one beside the component's source, or writes it there. That takes more than a second, and is of
use to those who write code for gradio alone. It is left out for classes that have no file. So while
gradio is imported no class of a component has one.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from starlette.applications import Starlette

_getfile = inspect.getfile


def _no_file_for_stubs(object: Any) -> str:
    if sys._getframe(1).f_globals.get("__name__") == "gradio.component_meta":
        raise OSError("no stub is wanted")
    return _getfile(object)


inspect.getfile = _no_file_for_stubs
try:
    import gradio as gr
finally:
    inspect.getfile = _getfile

__all__ = ["gr", "no_web_app"]


@contextmanager
def no_web_app() -> Iterator[None]:
    """Within this, blocks are described without a web app.

    Gradio makes one of 80 routes at each of three steps, which takes .2 s. None of them is served:
    `launch` makes its own.
    """
    with patch.object(gr.routes.App, "create_app", lambda *_, **__: Starlette()):
        yield
