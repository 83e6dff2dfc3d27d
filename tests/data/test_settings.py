"""What set.json may say."""

import json

import pytest

from tamingseg.data.settings import read_settings

KNOWN = {"split": (None, "train", "val"), "partition": (True, False), "kind": (str,)}


def test_known_settings_are_read_and_others_passed_over(tmp_path):
    path = tmp_path / "set.json"
    assert read_settings(path, KNOWN) == {}
    path.write_text('{"split": null, "partition": false, "kind": "x", "regions": 5}')
    assert read_settings(path, KNOWN) == {"split": None, "partition": False, "kind": "x"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"split": "test"}, "'split' one of null, train, val"),
        ({"split": ["train"]}, "'split' one of"),
        ({"partition": 1}, "'partition' one of true, false"),
        ({"partition": "false"}, "'partition' one of true, false"),
        ({"kind": None}, "'kind' one of text"),
        ([], "a JSON object, got a list"),
        ({"kind": 10**30}, "beyond 64 bits"),
    ],
)
def test_what_no_setting_may_be(tmp_path, said, message):
    path = tmp_path / "set.json"
    path.write_text(json.dumps(said))
    with pytest.raises(ValueError, match=message) as caught:
        read_settings(path, KNOWN)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", [b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_json(tmp_path, text):
    (tmp_path / "set.json").write_bytes(text)
    with pytest.raises(ValueError, match=r"set\.json must hold a JSON object \("):
        read_settings(tmp_path / "set.json", KNOWN)
