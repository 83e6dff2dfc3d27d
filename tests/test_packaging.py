"""What is written twice because two tools read it is the same in both places."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.version import Version

from tamingseg.weights.registry import find_weights

ROOT = Path(__file__).resolve().parents[1]


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_a_hosted_demo_installs_the_dependencies_of_the_package():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == project()["dependencies"]


def test_the_readme_begins_with_what_a_hosted_demo_needs():
    head = (ROOT / "README.md").read_text().split("---")[1]
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    assert fields["sdk"] == "gradio"
    assert (ROOT / fields["app_file"]).is_file()
    assert project()["requires-python"] == f">={fields['python_version'].strip(chr(34))}"
    lowest = next(line for line in project()["dependencies"] if line.startswith("gradio>="))
    assert Version(fields["sdk_version"]) >= Version(lowest.split(">=")[1])


def test_the_default_weights_ship_with_their_card():
    file = find_weights("default")
    assert file.stat().st_size <= 30_000_000
    assert file.with_suffix(".md").is_file()


def test_torch_is_an_extra():
    """With it an installation is ten times as large, and the page needs none of it."""
    names = {line.split(">=")[0] for line in project()["dependencies"]}
    of_training = {line.split(">=")[0] for line in project()["optional-dependencies"]["train"]}
    assert {"accelerate", "timm", "torch"} <= of_training - names


def test_every_dependency_has_a_lower_bound():
    optional = project()["optional-dependencies"].values()
    for line in [*project()["dependencies"], *(line for extra in optional for line in extra)]:
        assert ">=" in line, line


@pytest.mark.parametrize("folder", ["shared", "click", "proposals", "mosaics", "partition"])
def test_the_page_s_files_ship_with_the_package(folder):
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = config["package-data"]["tamingseg"]
    files = [file for file in (ROOT / "tamingseg/ui" / folder).iterdir() if file.is_file()]
    others = [file for file in files if file.suffix != ".py"]
    assert {".js", ".css", ".html"} <= {file.suffix for file in others}
    for file in others:
        path = file.relative_to(ROOT / "tamingseg").as_posix()
        assert any(fnmatch(path, pattern) for pattern in patterns), path
