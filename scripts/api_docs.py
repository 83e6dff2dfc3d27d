"""Write docs/api.md: every public name of the package with its docstring.

Usage: python scripts/api_docs.py

griffe reads the sources without importing them, griffe2md turns the docstrings into Markdown.
"""

import re
from pathlib import Path

import griffe
import griffe2md

import tamingseg

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"

HEAD = """# API

Every public name: `from tamingseg import ...`. This page is made from the docstrings by
`python scripts/api_docs.py`; a test checks that it is current.

"""

CONFIG = {
    "docstring_section_style": "list",
    "heading_level": 2,
    "members_order": "source",
    "show_root_full_path": False,
    "show_category_heading": False,
    "show_if_no_docstring": False,  # else every field of a dataclass gets an empty heading
    "summary": False,
    "filters": ["!^_"],
}


def api_page() -> str:
    """Return the text of docs/api.md as the docstrings have it now."""
    loader = griffe.GriffeLoader(docstring_parser="numpy", search_paths=[ROOT])
    package = loader.load("tamingseg")
    loader.resolve_aliases()
    names = sorted(tamingseg.__all__, key=str.lower)
    parts = ["\n".join(f"- [`{name}`](#{name.lower()})" for name in names) + "\n"]
    for name in names:
        shown = package[name].final_target
        text = griffe2md.render_object_docs(shown, CONFIG, format_md=True)
        parts.append(text.replace(f"`{shown.parent.path}.", "`"))
    return HEAD + _without_links("\n".join(parts))


def _without_links(text: str) -> str:
    """Take out the links to types, whose targets are not on this page; the index keeps its own."""
    link = re.compile(r"\[([^\]\[`]*)\]\(#[\w.]+\)")
    while link.search(text):
        text = link.sub(r"\1", text)
    code = re.compile(r"<code>(.*?)</code>", re.DOTALL)
    text = code.sub(lambda found: "`" + found[1].replace("\\", "") + "`", text)
    return re.sub(r"^- `(.+)` –$", r"- \1", text, flags=re.MULTILINE)  # a sentence, not a type


if __name__ == "__main__":
    PAGE.write_text(api_page(), encoding="utf-8")
    print(PAGE)
