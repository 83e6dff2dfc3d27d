"""What comes in over the wire is checked."""

import base64
import zlib

import numpy as np
import pytest

from tamingseg.ui.wire import pack_labels, read_labels


def test_labels_come_back_as_they_were_packed(rng):
    labels = rng.permutation(np.arange(6).repeat(35)).reshape(15, 14).astype(np.int32) + 1
    assert (read_labels(pack_labels(labels), (15, 14)) == labels).all()


def packed(content):
    return base64.b64encode(content).decode("ascii")


@pytest.mark.parametrize(
    "labels",
    [
        None,
        7,
        [1, 2],
        "",
        "ä",
        "no base64",
        packed(b"no zlib"),
        packed(zlib.compress(b"\1\0" * 5)),
        packed(zlib.compress(b"\1\0" * 7)),
        packed(zlib.compress(b"\1\0" * 6)[:-6]),
        packed(zlib.compress(b"\0\0" * 6)),
        packed(zlib.compress(b"\2\0" * 6)),
        packed(zlib.compress(b"\1\0" * 5 + b"\3\0")),
        packed(zlib.compress(bytes(1 << 24))),  # which would not be unpacked whole
    ],
)
def test_labels_of_a_stranger_are_refused(labels):
    with pytest.raises(ValueError, match=r"expected|numbered"):
        read_labels(labels, (2, 3))
