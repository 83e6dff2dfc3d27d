"""The floors of the package: who may import whom, and through which door a library comes in.

Every import statement is read, those inside functions and under TYPE_CHECKING included.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tamingseg"

FLOORS = (
    ("checks", "values", "files", "threads"),
    ("masks", "frame"),
    ("prompts", "metrics", "losses", "models", "viz"),
    ("data", "weights"),
    ("segmentors", "annotations"),
    ("proposals", "partition", "session", "training"),
    ("evaluation",),
    ("cli", "ui"),
)
"""From the ground up. A unit is a folder or a file of the package."""

SAME_FLOOR = {("values", "checks"), ("cli", "ui"), ("proposals", "partition")}
"""The only imports between two units of one floor: `tamingseg app` opens the page, and proposals
may consist of superpixels."""

DOORS = {
    "accelerate": ("training/", "evaluation/runs.py"),
    "gradio": ("ui/",),
    "h5py": ("data/hypersim.py",),
    "huggingface_hub": ("weights/registry.py",),
    "matplotlib": ("evaluation/plots.py",),
    "networkx": ("partition/",),
    "onnx": ("weights/export.py",),
    "onnxruntime": ("segmentors/onnx_network.py",),
    "pycocotools": ("masks/rle.py",),
    "safetensors": ("weights/", "ui/decoder/"),
    "scipy.sparse": ("partition/",),
    "skimage": ("data/sample_images.py",),
    "tifffile": ("data/tiff.py",),
    "timm": ("models/", "weights/export.py", "weights/pretrained.py"),
    "torch": (
        "losses.py",
        "models/",
        "data/training.py",
        "weights/",
        "segmentors/load.py",
        "segmentors/sam2.py",
        "segmentors/torch_network.py",
        "training/",
    ),
    "transformers": ("segmentors/sam2.py",),
    "tyro": ("cli/",),
}
"""Library -> the only places of the package that import it."""

FILES = sorted(PACKAGE.rglob("*.py"))


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of every imported module; for `from a import b`, both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(file: Path) -> set[str]:
    return set(imported_modules(ast.parse(file.read_text(), str(file))))


def unit_of(module: str) -> str:
    """The part of the package a module belongs to: tamingseg.masks.iou -> masks."""
    return module.split(".")[1]


def floor_of(unit: str) -> int:
    for number, units in enumerate(FLOORS):
        if unit in units:
            return number
    raise AssertionError(f"{unit!r} stands on no floor; enter it in FLOORS")


def is_allowed(unit: str, imported: str) -> bool:
    return unit == imported or (unit, imported) in SAME_FLOOR or floor_of(imported) < floor_of(unit)


def passes_door(path: str, module: str) -> bool:
    """Whether `path`, relative to the package, may import `module`."""
    for library, doors in DOORS.items():
        if module == library or module.startswith(library + "."):
            return path.startswith(doors)
    return True


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# The root names modules of all floors, and loads them on first use only.
@pytest.mark.parametrize("file", FILES[1:], ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down(file):
    unit = unit_of(module_of(file))
    ours = {name for name in imports_of(file) if name.startswith("tamingseg.")}
    upward = sorted(name for name in ours if not is_allowed(unit, unit_of(name)))
    assert not upward, f"{unit} may not import {', '.join(upward)}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_libraries_come_through_their_door(file):
    path = file.relative_to(PACKAGE).as_posix()
    outside = sorted(name for name in imports_of(file) if not passes_door(path, name))
    assert not outside, f"{path} may not import {', '.join(outside)}"


def test_no_circles():
    modules = {module_of(file): file for file in FILES}
    graph = {name: imports_of(file) & modules.keys() - {name} for name, file in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other: {' -> '.join(error.args[1])}")


def test_nothing_in_the_package_imports_what_stands_beside_it():
    for file in FILES:
        tops = {name.split(".")[0] for name in imports_of(file)}
        assert not tops & {"app", "demos", "scripts", "tests"}, file


def test_the_guard_itself():
    """A guard that sees nothing would pass as well."""
    assert len(FILES) > 10
    assert FILES[0] == PACKAGE / "__init__.py"
    source = "def f():\n    from tamingseg.ui import page\n    import torch.nn as nn\n"
    found = set(imported_modules(ast.parse(source)))
    assert found == {"tamingseg.ui", "tamingseg.ui.page", "torch.nn"}
    assert not is_allowed("masks", "ui")
    assert not is_allowed("prompts", "metrics")
    assert not is_allowed("session", "training")
    assert not is_allowed("checks", "values")
    assert is_allowed("values", "checks")
    assert is_allowed("cli", "masks")
    assert not passes_door("masks/iou.py", "torch.nn")
    assert not passes_door("data/training_more.py", "torch")
    assert passes_door("models/neck.py", "torch")
    assert passes_door("masks/certainty.py", "scipy.special")
    assert not passes_door("masks/certainty.py", "scipy.sparse")
    with pytest.raises(AssertionError, match="no floor"):
        floor_of("utils")
