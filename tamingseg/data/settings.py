"""``set.json``: what a data set's folder says about itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tamingseg.files import parse_json

_WORDS = {str: "text", int: "a whole number", list: "a list"}


def read_settings(path: Path, known: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return those settings of the file that are `known`, name -> its possible values.

    A type among the values stands for all values of it. There is no setting without the file, and
    names that are not known are passed over.

    Raises
    ------
    ValueError
        If it is no JSON object, or a setting has none of its values; names the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "set.json"
    ...     _ = path.write_text('{"partition": true, "made by": "hand"}')
    ...     read_settings(path, {"partition": (True, False), "kind": (str,)})
    {'partition': True}
    """
    if not path.is_file():
        return {}
    try:
        said = parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} must hold a JSON object ({error}); mend or remove it") from error
    if not isinstance(said, dict):
        raise ValueError(
            f"{path} must hold a JSON object, got a {type(said).__name__}; mend or remove it"
        )
    for name, values in known.items():
        if name in said and not _is_one_of(said[name], values):
            words = [
                _WORDS.get(value) or ("null" if value is None else str(value).lower())
                for value in values
            ]
            raise ValueError(f"{path} must give {name!r} one of {', '.join(words)}; mend it")
    return {name: said[name] for name in known if name in said}


def _is_one_of(came: Any, values: Sequence[Any]) -> bool:
    return any(
        isinstance(came, value)
        if isinstance(value, type)
        else (came is value or came == value) and type(came) is type(value)
        for value in values
    )
