"""Methods in words: which settings a method has, and in which of them several methods differ.

A method is the dict of a record: model, weights, data, version and every setting that changes a
number. What all methods of a table or picture share is said once; what tells them apart must stand
beside every one of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

ABSENT = "-"
"""Stands for a setting that plays no part in a method, or that a source does not state."""

_OWNERS = {"data": "dataset", "weights": "model", "precision": "model"}
"""What follows from what."""


def settings_of(method: Mapping[str, Any]) -> dict[str, str]:
    """Write all settings as text; those of a part get its name and a dot before theirs.

    >>> settings_of({"model": "m", "clicks": 2, "proposals": {"side": 32}})
    {'model': 'm', 'clicks': '2', 'proposals.side': '32'}
    """
    texts: dict[str, str] = {}
    for key, value in method.items():
        if isinstance(value, Mapping) and value:
            texts |= {f"{key}.{inner}": text for inner, text in settings_of(value).items()}
        else:
            texts[key] = str(value)
    return texts


def differing(methods: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of the settings that not all of `methods` have alike, in order of appearance."""
    keys = dict.fromkeys(key for method in methods for key in method)
    return [key for key in keys if len({method.get(key) for method in methods}) > 1]


def shared_by(methods: Sequence[Mapping[str, Any]]) -> str:
    """Write the settings that all of `methods` have alike; empty if there are none.

    >>> shared_by([{"model": "a", "clicks": 1}, {"model": "b", "clicks": 1}])
    'clicks=1'
    """
    texts = [settings_of(method) for method in methods]
    apart = differing(texts)
    return ", ".join(f"{key}={text}" for key, text in texts[0].items() if key not in apart)


def owned(methods: Sequence[Mapping[str, str]], key: str) -> dict[str, str] | None:
    """Return the values of `key` by data set or model if they follow from it, else None.

    `methods` hold their data set under ``dataset``. Only ``data`` and the settings of a reader
    follow from the data set, ``weights`` and ``precision`` from the model. Readers and models may
    state nothing.
    """
    of_reader = key.startswith("reader.")
    owner = "dataset" if of_reader else _OWNERS.get(key)
    stated = of_reader or key == "precision" or all(key in method for method in methods)
    if owner is None or not stated:
        return None
    values: dict[str, str] = {}
    for method in methods:
        value = method.get(key, ABSENT)
        if values.setdefault(method.get(owner, ABSENT), value) != value:
            return None
    return values


def names_of(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give each method a short name: its model, and whatever else tells it from the others.

    Methods of several data sets hold theirs under ``dataset``.
    """
    texts = [settings_of(method) for method in methods]
    apart = [
        key
        for key in differing(texts)
        if key not in ("model", "dataset") and owned(texts, key) is None
    ]
    return [
        ", ".join([text.get("model", "?"), *(f"{key}={text[key]}" for key in apart if key in text)])
        for text in texts
    ]
