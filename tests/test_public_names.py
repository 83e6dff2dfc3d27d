"""The public names: each resolves, is typed, and has an example that runs as a doctest."""

import ast
import inspect
from pathlib import Path

import pytest

import tamingseg

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "tamingseg" / "__init__.pyi"
CONSTANTS = {"MASK_THRESHOLD", "MOSAIC_PARTITION"}


def test_the_stub_lists_what_it_imports():
    tree = ast.parse(STUB.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    listed = next(node.value for node in tree.body if isinstance(node, ast.Assign))
    assert sorted(ast.literal_eval(listed)) == sorted(
        alias.name for node in imports for alias in node.names
    )
    assert sorted(ast.literal_eval(listed)) == sorted(tamingseg.__all__)


@pytest.mark.parametrize("name", tamingseg.__all__)
def test_every_public_name_has_an_example(name):
    found = getattr(tamingseg, name)
    assert name in dir(tamingseg)
    if name not in CONSTANTS:
        assert ">>> " in inspect.getdoc(found), f"{name} has no example in its docstring"


def test_a_public_name_is_no_folder():
    """`import tamingseg.name` would then hide the one behind the other."""
    assert not [name for name in tamingseg.__all__ if (ROOT / "tamingseg" / name).exists()]


@pytest.mark.parametrize("path", sorted((ROOT / "demos").glob("*.py")), ids=lambda path: path.name)
def test_demos_use_public_names_only(path):
    tree = ast.parse(path.read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "tamingseg" in modules
    assert not [module for module in modules if module.startswith("tamingseg.")]
