"""gradio is imported without type stubs of its components, and without garbage collection."""

import subprocess
import sys

from tamingseg.ui.quick_gradio import gr, no_web_app

_SCRIPT = """
import ast, gc, inspect, sys

read, collected = [], []
gc.callbacks.append(lambda phase, _: collected.append("gradio" in sys.modules))
segment_of = ast.get_source_segment
ast.get_source_segment = lambda *given: read.append(given) or segment_of(*given)
from tamingseg.ui.quick_gradio import gr

print(len(read), any(collected), inspect.getfile(gr.HTML).endswith("html.py"), gc.isenabled())
"""


def test_no_stubs_are_made_and_no_garbage_collected_and_afterwards_all_is_as_before():
    command = [sys.executable, "-c", _SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False", "True", "True"]


def test_blocks_are_described_without_a_web_app(monkeypatch):
    made = []
    monkeypatch.setattr(gr.routes.App, "create_app", lambda *_, **__: made.append("app"))
    with no_web_app(), gr.Blocks() as blocks:
        blocks.queue(max_size=3)
    assert not made
    blocks.queue(max_size=3)
    assert made == ["app"]
