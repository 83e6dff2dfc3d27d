"""Lists of labels in files of text or YAML, as other programs take them.

::

    cell                    classes.txt, labels.txt: a name per line
    dirt

    names: [cell, dirt]     data.yaml; also numbers with names, or the list alone
"""

import yaml

from tamingseg.annotations.document import Label, make_labels
from tamingseg.annotations.files import Files

_NO_LABELS = ("__ignore__", "_background_")
"""What labelme wants at the head of its lists."""


def read_label_list(files: Files) -> tuple[Label, ...] | None:
    r"""Return the labels that a single file lists, in their order; None if it is no such list.

    Raises
    ------
    ValueError
        If a name is no printable text, or too long.

    Examples
    --------
    >>> from tamingseg.annotations.files import from_memory
    >>> [label.name for label in read_label_list(from_memory({"a.txt": b"cell\n\ndirt\n"}))]
    ['cell', 'dirt']
    >>> read_label_list(from_memory({"a.txt": b"0 0.5 0.5 0.2 0.2 0.1 0.9"})) is None
    True
    """
    if len(files) != 1:
        return None
    (file,) = files
    if file.lower().endswith(".txt"):
        lines = [line.strip() for line in files.text(file).splitlines()]
        names = [line for line in lines if line and line not in _NO_LABELS]
        return None if not names or _is_numbers(names[0]) else make_labels(names)
    if not file.lower().endswith((".yaml", ".yml")):
        return None
    try:
        found = yaml.safe_load(files.text(file))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{file} is no YAML ({str(error)[:200]})") from error
    found = found.get("names") if isinstance(found, dict) else found
    if isinstance(found, dict):
        found = list(found.values())
    if not isinstance(found, list) or not all(isinstance(name, str | int) for name in found):
        raise ValueError(f"{file} has no list of names; expected `names: [cell, dirt]`")
    return make_labels(map(str, found))


def _is_numbers(line: str) -> bool:
    try:
        return bool([float(value) for value in line.split()])
    except ValueError:
        return False
