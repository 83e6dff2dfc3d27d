"""Every field of a model's configuration is checked before anything is built."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.models.config import Between, check_config
from tamingseg.models.table import MODELS, build_model


@dataclass(frozen=True)
class Small:
    """One field of each kind."""

    count: int = 4
    share: Annotated[float, Between(0, 1)] = 0.5
    some: tuple[Annotated[int, Between(1, 9)], ...] = (1, 2)
    pair: tuple[int, int] = (1, 2)
    choice: Literal["a", "b"] = "a"
    maybe: str | None = None
    flag: bool = False

    def __post_init__(self):
        check_config(self)


@pytest.mark.parametrize(
    "settings",
    [
        {"count": 1, "share": 0, "some": (), "pair": (4096, 1)},
        {"share": 1, "some": (9,), "choice": "b", "maybe": "x", "flag": True},
    ],
)
def test_what_is_allowed(settings):
    Small(**settings)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("count", 0, "count must be a whole number from 1 to 4096, got 0"),
        ("count", 4097, "got 4097"),
        ("count", 10**1000, "got a huge number"),
        ("count", True, "got True"),
        ("count", 2.0, r"got 2\.0"),
        ("share", 1.01, r"share must be a number from 0 to 1, got 1\.01"),
        ("share", float("nan"), "got nan"),
        ("share", "0.5", "got '0.5'"),
        ("some", (1, 10), r"a list of a whole number from 1 to 9, got \(1, 10\)"),
        ("some", [1], "got list"),
        ("pair", (1,), r"2 values, each a whole number from 1 to 4096, got \(1\)"),
        ("pair", (1, 10**1000), r"got \(1, a huge number\)"),
        ("choice", "c", "one of 'a', 'b', got 'c'"),
        ("choice", {}, "got dict"),
        ("maybe", 3, "text of at most 200 characters or nothing, got 3"),
        ("maybe", "x" * 201, "got 'xxx"),
        ("flag", 1, "true or false, got 1"),
    ],
)
def test_what_is_not(field, value, message):
    with pytest.raises(ValueError, match=f"^{field} must be .*{message.split('must be ')[-1]}"):
        Small(**{field: value})


@pytest.mark.parametrize("name", sorted(MODELS))
def test_defaults_are_allowed_and_survive_json(name):
    _, config_class = MODELS[name]
    values = json.loads(json.dumps(asdict(config_class())))
    assert config_class(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@pytest.mark.parametrize("name", sorted(MODELS))
@given(data=st.data())
def test_any_value_in_a_file_is_allowed_or_refused_by_name(name, data):
    _, config_class = MODELS[name]
    field = data.draw(st.sampled_from([field.name for field in fields(config_class)]))
    value = data.draw(PLAIN | st.sampled_from([-1, 0, 10**6, 10**1000]))
    settings = {field: tuple(value) if isinstance(value, list) else value}
    try:
        config_class(**settings)
    except ValueError:
        with pytest.raises(ValueError, match=field):
            config_class(**settings)


@pytest.mark.parametrize("name", [["clicknet"], None, 3, "sam"])
def test_names_of_models_that_are_none(name):
    with pytest.raises(ValueError, match="the model must be one of"):
        build_model(name, {})
