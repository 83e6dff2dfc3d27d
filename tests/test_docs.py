"""The documentation is true: links lead somewhere, code runs, commands and their flags exist."""

import re
import runpy
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest
from PIL import Image

from tamingseg.cli.main import main
from tamingseg.data.sample_images import load_sample_image

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for folder in (".", "docs", "demos", "findings", "tamingseg", "scripts")
    for page in (ROOT.glob("*.md") if folder == "." else (ROOT / folder).rglob("*.md"))
)
TODAY = [page for page in PAGES if page not in ("CHANGELOG.md", "docs/experiments.md")]
"""Pages whose commands must work now; the others tell what was done then."""

FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.DOTALL | re.MULTILINE)


def blocks(page, language):
    return [text for kind, text in FENCE.findall((ROOT / page).read_text()) if kind == language]


@cache
def anchors(path):
    """The anchors that GitHub gives the headings of a page."""
    found: list[str] = []
    for title in re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text())):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{page} links to {target}"
        assert ROOT in [file, *file.parents], f"{page} links out of the repository: {target}"
        assert not anchor or anchor in anchors(file), f"{page} links to {target}"


def test_the_guard_of_links_itself(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b` (c)\n```sh\n# no heading\n```\n## Ä – d\n## A b c\n")
    assert anchors(page) == ["a-b-c", "ä--d", "a-b-c-1"]


def test_the_readme_can_be_read_in_one_go():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def test_every_page_of_docs_is_found_from_the_readme():
    linked = (ROOT / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f"](docs/{page.name})" in linked


PYTHON = [
    pytest.param(code, id=f"{page}, {number}")
    for page in TODAY
    if page != "docs/api.md"  # the examples there run as doctests
    for number, code in enumerate(blocks(page, "python"), start=1)
]


@pytest.mark.parametrize("code", PYTHON)
def test_python_runs(code, tmp_path, monkeypatch):
    """Every block stands on its own, and writes the files that it says it writes."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(load_sample_image("cat")).save("photo.jpg")
    Path("block.py").write_text(code)
    runpy.run_path("block.py")
    for name in re.findall(r"save\(\"([^\"]+)\"\)", code):
        assert Path(name).is_file()


def test_python_was_found():
    assert len(PYTHON) >= 12


def commands(page):
    """Yield every `tamingseg` command of a page as a list of words."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.split(r"\s+#|^#", line)[0]
            if found := re.search(r"(?:tamingseg|-m tamingseg\.cli\.main) (.+)", line):
                yield found[1].split()


COMMANDS = sorted({tuple(words) for page in TODAY for words in commands(page)})


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_and_their_flags_exist(words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "400")  # else long flags are broken
    name = [*takewhile(re.compile(r"[a-z]+(-[a-z]+)*").fullmatch, words)]
    try:
        code = main([*name, "--help"])
    except SystemExit as end:
        code = end.code
    text = capsys.readouterr()
    assert code == 0, text.err
    known = re.findall(r"--[\w.-]+", text.out)
    for word in words:
        assert not word.startswith("--") or word in known, f"{' '.join(name)} has no {word}"


def test_commands_were_found():
    assert len(COMMANDS) >= 20


@pytest.mark.parametrize("page", TODAY)
def test_scripts_exist(page):
    for file in re.findall(r"python (\S+\.py)", "".join(blocks(page, "sh"))):
        assert (ROOT / file).is_file(), file


@pytest.mark.parametrize("page", TODAY)
def test_files_that_are_named_exist(page):
    """In texts, file maps and diagrams; as a path below the root or the package, or alone."""
    text = re.sub(r"```(python|sh)\n.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    for name in set(re.findall(r"(?<![\w/.*-])[\w-][\w/-]*\.(?:py|js|css|html)\b", text)):
        places = [ROOT / name, ROOT / "tamingseg" / name, (ROOT / page).parent / name]
        found = any(place.is_file() for place in places)
        assert found or ("/" not in name and any(ROOT.glob(f"*/**/{name}"))), f"{page}: {name}"


def test_the_api_page_is_current():
    """Up to white space, commas and quotes, which depend on the version of the tool."""
    api_page = runpy.run_path(str(ROOT / "scripts" / "api_docs.py"))["api_page"]
    written, now = (
        re.sub(r"[\s,'\"]", "", text)
        for text in ((ROOT / "docs" / "api.md").read_text(), api_page())
    )
    assert written == now, "run: python scripts/api_docs.py"
