"""MATLAB files against scipy, which reads sound ones well, and what scipy must not be shown."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.io import loadmat, savemat

from tamingseg.data import matlab
from tamingseg.data.matlab import MAX_DEPTH, read_variable


def packed(variables, compress=False):
    file = io.BytesIO()
    savemat(file, variables, do_compression=compress)
    return file.getvalue()


def cells(*items):
    array = np.empty((1, len(items)), object)
    for index, item in enumerate(items):
        array[0, index] = item
    return array


def element(kind, contents, order="<"):
    padding = b"" if kind == 15 else bytes(-len(contents) % 8)
    return struct.pack(order + "II", kind, len(contents)) + contents + padding


def array_of(kind, shape, *parts, name=b"x", order="<"):
    head = (
        element(6, struct.pack(order + "II", kind, 0), order),
        element(5, struct.pack(f"{order}{len(shape)}i", *shape), order),
        element(1, name, order),
    )
    return element(14, b"".join((*head, *parts)), order)


def mat_file(*elements, order=b"IM"):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01" + order + b"".join(elements)


@pytest.fixture
def save(tmp_path):
    def write(data):
        path = tmp_path / "maps.mat"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?"])
def test_numbers_of_every_type(save, dtype, compress):
    numbers = np.arange(60).reshape(3, 4, 5).astype(dtype)
    variables = {"other": "text", "x": numbers, "later": 1.0}
    np.testing.assert_array_equal(
        read_variable(save(packed(variables, compress)), "x"), numbers, strict=dtype != "?"
    )


@pytest.mark.parametrize("compress", [False, True])
def test_cells_and_structs(save, compress):
    pair = {"Segmentation": np.eye(2), "n": np.uint8([[7]])}
    held = read_variable(save(packed({"x": cells(pair, np.ones((2, 3)))}, compress)), "x")
    assert held[0].keys() == {"Segmentation", "n"}
    np.testing.assert_array_equal(held[0]["Segmentation"], np.eye(2))
    np.testing.assert_array_equal(held[0]["n"], [[7]])
    np.testing.assert_array_equal(held[1], np.ones((2, 3)))


def test_cells_come_column_by_column(save):
    table = np.array([[1, 2, 3], [4, 5, 6]]).astype(object)
    assert [item.item() for item in read_variable(save(packed({"x": table})), "x")] == [
        1, 4, 2, 5, 3, 6,
    ]  # fmt: skip


def test_empty_arrays(save):
    number, empty = array_of(6, (1, 1), element(2, b"\x07")), element(14, b"")
    first, second = read_variable(save(mat_file(array_of(1, (1, 2), number, empty))), "x")
    assert first.tolist() == [[7]]
    assert second.shape == (0, 0)


def test_the_other_byte_order(save):
    small = struct.pack(">I", 2 << 16 | 4) + b"\x01\x02" + bytes(2)  # two bytes in the tag itself
    data = mat_file(array_of(11, (1, 1), small, order=">"), order=b"MI")
    assert read_variable(save(data), "x").tolist() == [[0x102]]


@pytest.mark.parametrize(
    "value",
    ["text", 1 + 2j, np.array([(1,), (2,)], [("a", "O")])],
    ids=["text", "complex", "two structs"],
)
def test_what_label_maps_do_not_need_is_none(save, value):
    assert read_variable(save(packed({"x": value})), "x") is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        arrays.arrays(
            st.sampled_from(["u1", "u2", "i4", "f8"]),
            arrays.array_shapes(min_dims=2, max_dims=2, max_side=5),
            elements={"min_value": 0, "max_value": 200},
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_like_scipy(tmp_path_factory, items, compress):
    path = tmp_path_factory.mktemp("mat") / "x.mat"
    path.write_bytes(packed({"x": cells(*items)}, compress))
    for ours, theirs in zip(read_variable(path, "x"), loadmat(path)["x"].ravel(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


SOUND = [
    packed({"y": "text", "x": cells({"Segmentation": np.ones((3, 5), np.uint16)}, 1.5)}, compress)
    for compress in (False, True)
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(126, 400), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 400),
)
def test_damage_is_a_value_error_and_nothing_else(tmp_path_factory, data, changes, cut):
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    path = tmp_path_factory.mktemp("mat") / "x.mat"
    path.write_bytes(damaged[: len(damaged) - cut] if cut % 3 == 0 else damaged)
    with contextlib.suppress(ValueError):
        read_variable(path, "x")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "its header is another"),
        (b"MATLAB 7.3 MAT-file".ljust(512), "save it in MATLAB with -v7"),
        (mat_file(), "no variable 'x'"),
        (packed({"y": 1.0}), "no variable 'x'"),
        (mat_file(array_of(6, (1, 1))), "an element is missing"),
        (mat_file(array_of(6, (1, -1), element(2, b"1"))), "negative size"),
        (mat_file(array_of(6, (2**30, 2**30), element(2, b"1"))), "cannot reshape"),
        (mat_file(array_of(6, (1, 1), element(8, b"1"))), "no type of numbers 8"),
        (mat_file(array_of(1, (2**30, 2**30))), "holds 0 items"),
        (mat_file(array_of(1, (1, 1), element(2, b"1"))), "got an element of kind 2"),
        (mat_file(array_of(2, (1, 1), element(5, bytes(4)), element(1, b""))), "have no length"),
        (mat_file(element(15, zlib.compress(element(15, b"")))), "no variable"),
        (mat_file(element(15, zlib.compress(b"")[:-2])), "is incomplete"),
        (mat_file(element(15, b"no")), "incorrect header"),
    ],
)
def test_strange_files(save, data, problem):
    with pytest.raises(ValueError, match=rf"maps\.mat is damaged or no MATLAB.*{problem}"):
        read_variable(save(data), "x")


@pytest.mark.parametrize("levels", [MAX_DEPTH, 20_000])
def test_deep_nesting_is_refused(save, levels):
    """scipy follows it until the stack is full, which ends the process."""
    inner = array_of(6, (1, 1), element(2, b"\x07"))
    heads, size = [], len(inner)
    for _ in range(levels):
        head = array_of(1, (1, 1))[8:]
        heads.append(struct.pack("<II", 14, len(head) + size) + head)
        size += len(heads[-1])
    with pytest.raises(ValueError, match="nested more than"):
        read_variable(save(mat_file(*reversed(heads), inner)), "x")


def test_what_unpacks_to_too_much_is_refused(save, monkeypatch):
    monkeypatch.setattr(matlab, "MAX_BYTES", 100_000)
    bomb = save(packed({"x": np.zeros((1000, 1000))}, compress=True))
    assert bomb.stat().st_size < 10_000
    with pytest.raises(ValueError, match="larger than 100000 bytes"):
        read_variable(bomb, "x")
    with pytest.raises(ValueError, match="larger than 100000 bytes"):
        read_variable(save(packed({"x": np.zeros((1000, 1000))})), "x")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*x\.mat"):
        read_variable(tmp_path / "x.mat", "x")
