"""gradio is imported without type stubs of its components."""

import subprocess
import sys

_SCRIPT = """
import ast, inspect

read = []
segment_of = ast.get_source_segment
ast.get_source_segment = lambda *given: read.append(given) or segment_of(*given)
from tamingseg.ui.quick_gradio import gr

print(len(read), inspect.getfile(gr.HTML).endswith("html.py"))
"""


def test_no_stubs_are_made_and_afterwards_classes_have_files_again():
    command = [sys.executable, "-c", _SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"]
