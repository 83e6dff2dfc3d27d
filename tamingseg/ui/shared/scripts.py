"""The page's scripts as the browser gets them: ES modules whose address changes with their content.

`settings.js` is made here. It holds what Python and the scripts both need to know, such as the
palette and the sizes, so that each stands in one place.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

UI = Path(__file__).parents[1]
SETTINGS = "shared/settings.js"


def load_scripts(settings: Mapping[str, Any]) -> dict[str, bytes]:
    """Read all scripts of the page, by their path below `tamingseg/ui`.

    Parameters
    ----------
    settings
        What `settings.js` exports: name -> value that JSON can hold.
    """
    scripts = {path.relative_to(UI).as_posix(): path.read_bytes() for path in UI.glob("*/*.js")}
    lines = [f"export const {name} = {json.dumps(value)};\n" for name, value in settings.items()]
    return {**scripts, SETTINGS: "".join(lines).encode()}


def version_of(scripts: Mapping[str, bytes]) -> str:
    """Return a name for exactly these scripts, which is part of their address.

    >>> version_of({"a.js": b"1"}) == version_of({"a.js": b"1"})
    True
    >>> version_of({"a.js": b"1"}) == version_of({"a.js": b"2"})
    False
    """
    digest = hashlib.blake2b(digest_size=8)
    for path, content in sorted(scripts.items()):
        digest.update(f"{path} {len(content)} ".encode() + content)
    return digest.hexdigest()
