"""gradio makes no type stubs of its components, and no web app but the one that is served."""

import subprocess
import sys

_STUBS = """
import ast, inspect

read = []
segment_of = ast.get_source_segment
ast.get_source_segment = lambda *given: read.append(given) or segment_of(*given)
from tamingseg.ui.quick_gradio import gr

print(len(read), inspect.getfile(gr.HTML).endswith("html.py"))
"""

_APPS = """
from tamingseg.ui.quick_gradio import gr, no_web_app

made = []
gr.routes.App.create_app = lambda *_, **__: made.append("app")
with no_web_app(), gr.Blocks() as blocks:
    blocks.queue(max_size=3)
print(len(made))
blocks.queue(max_size=3)
print(len(made))
"""


def said_by(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not done.stderr
    return done.stdout.split()


def test_no_stubs_are_made_and_afterwards_classes_have_files_again():
    assert said_by(_STUBS) == ["0", "True"]


def test_blocks_are_described_without_a_web_app():
    assert said_by(_APPS) == ["0", "1"]
