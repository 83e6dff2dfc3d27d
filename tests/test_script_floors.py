"""The page's scripts import each other as its Python does: tabs import `shared/` and no other tab.

An import here is a line ``import {names} from "./file.js";``, an export a line that begins with
``export``; nothing else is allowed, so that these few patterns see all of them.
"""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

import pytest

from tamingseg.ui.mosaics.pictures import find_textures
from tamingseg.ui.page import make_tabs
from tamingseg.ui.shared.canvas import settings_of
from tamingseg.ui.shared.scripts import SETTINGS, UI, load_scripts
from tamingseg.ui.workspaces import Workspaces

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?:const|let|class|function|async function) ([A-Za-z_$][\w$]*)", re.MULTILINE
)
ENTRANCES = {"start", "tab"}
"""What is called from outside: by `js_on_load`, and by `main.js`, which imports each tab."""


@pytest.fixture(scope="module")
def tabs():
    return make_tabs(Workspaces(None), None, None, find_textures(None))


@pytest.fixture(scope="module")
def scripts(tabs):
    found = load_scripts(settings_of(tabs))
    return {path: content.decode() for path, content in found.items()}


def imports_of(path, text):
    """Yield (path of the imported file, imported names)."""
    for names, target in IMPORT.findall(text):
        parts = []
        for part in (PurePosixPath(path).parent / target).parts:
            parts.pop() if part == ".." else parts.append(part)
        yield "/".join(parts), {name.strip() for name in names.split(",") if name.strip()}


def test_every_imported_name_is_exported(scripts):
    for path, text in scripts.items():
        for target, names in imports_of(path, text):
            assert target in scripts, f"{path} imports {target}, which does not exist"
            missing = names - set(EXPORT.findall(scripts[target]))
            assert not missing, f"{path} imports {missing}, which {target} does not export"


def test_every_exported_name_is_imported(scripts):
    used = {path: set(ENTRANCES) for path in scripts}
    for path, text in scripts.items():
        for target, names in imports_of(path, text):
            used[target] |= names
    for path, text in scripts.items():
        unused = set(EXPORT.findall(text)) - used[path]
        assert not unused, f"nobody imports {unused} of {path}"


def test_a_room_imports_shared_and_no_other_room(scripts, tabs):
    for path, text in scripts.items():
        folder = path.split("/")[0]
        assert folder in {"shared", "folder", "decoder", *(tab.name for tab in tabs)}
        for target, _ in imports_of(path, text):
            assert target.split("/")[0] in {"shared", folder}, f"{path} may not import {target}"


def test_no_circles(scripts):
    graph = {path: {t for t, _ in imports_of(path, text)} for path, text in scripts.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"scripts import each other: {' -> '.join(error.args[1])}")


def test_the_patterns_see_every_import_and_export(scripts):
    assert len(scripts) > 20
    for path, text in scripts.items():
        lines = re.findall(r"^\s*import\b", text, re.MULTILINE)
        assert len(lines) == len(IMPORT.findall(text)), f"{path} has an import of another form"
        lines = re.findall(r"^\s*export\b", text, re.MULTILINE)
        assert len(lines) == len(EXPORT.findall(text)), f"{path} has an export of another form"
        dynamic = re.findall(r"\bimport\(", text)
        assert not dynamic or path == "shared/main.js"
    assert EXPORT.findall(scripts[SETTINGS])


def test_every_tab_has_a_folder_with_its_panel_and_style(tabs):
    for tab in tabs:
        names = {path.name for path in (UI / tab.name).iterdir()}
        assert {"calls.py", "tab.js", "panel.html", "panel.css"} <= names


def test_the_python_of_a_tab_imports_no_other_tab(tabs):
    names = [tab.name for tab in tabs]
    for tab in tabs:
        for file in (UI / tab.name).glob("*.py"):
            for other in set(names) - {tab.name}:
                assert f"tamingseg.ui.{other}" not in file.read_text(), file


def test_the_guard_itself():
    """A guard that sees nothing would pass as well."""
    text = 'import {a, b} from "../shared/x.js";\nimport {\n  c,\n} from "./y.js";\n'
    expected = [("shared/x.js", {"a", "b"}), ("click/y.js", {"c"})]
    assert list(imports_of("click/z.js", text)) == expected
    text = "export let d = 1;\nexport async function e() {}\nconst f = 2;\n"
    assert EXPORT.findall(text) == ["d", "e"]
