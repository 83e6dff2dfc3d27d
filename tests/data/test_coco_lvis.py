"""COCO+LVIS on a small copy of its layout, and pickles made to do harm."""

import contextlib
import io
import os
import pickle
import pickletools
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tamingseg.data import coco_lvis
from tamingseg.data.coco_lvis import CocoLvisDataset

# Image 36 of train as it is published: a woman (0) with four parts, one of which has a part itself.
HIERARCHY = {
    0: {"children": [4, 5, 7, 2], "parent": None, "node_level": 0},
    1: None,
    2: {"children": [], "parent": 0, "node_level": 1},
    3: None,
    4: {"children": [6], "parent": 0, "node_level": 1},
    5: {"children": [], "parent": 0, "node_level": 1},
    6: {"children": [], "parent": 4, "node_level": 2},
    7: {"children": [], "parent": 0, "node_level": 1},
}
PLACES = [
    (0, 2), (0, 1), (3, 1), (1, 2), (1, 1), (1, 3), (2, 2), (2, 1),
    (0, 5), (0, 6), (0, 4), (0, 3),
]  # fmt: skip
THINGS = 8
NAME = "000000000036"


def layers(size=(20, 30)):
    """Four layers on which every object of `PLACES` has a column of its own."""
    maps = np.zeros((4, *size), np.uint8)
    for column, (layer, label) in enumerate(PLACES):
        maps[layer, :, column] = label
    return maps


def encoded(maps, shape=(-1,)):
    """PNG files in arrays; OpenCV gave them as (N, 1) once, now as (N,)."""
    return [cv2.imencode(".png", layer)[1].reshape(shape) for layer in maps]


def write_pickle(path, value, protocol=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol))


def save_image(path, size=(20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(path)


@pytest.fixture
def root(tmp_path):
    """Both splits with the image above; COCO's folders hold images that are not annotated."""
    for split in ("train", "val"):
        folder = tmp_path / "COCO_LVIS" / split
        for name in (NAME, "000000000999"):
            save_image(folder / "images" / f"{name}.jpg")
        write_pickle(folder / "masks" / f"{NAME}.pickle", (encoded(layers()), PLACES), 3)
        annotation = {NAME: {"num_instance_masks": THINGS, "hierarchy": HIERARCHY}}
        write_pickle(folder / "hannotation.pickle", annotation)
    return tmp_path / "COCO_LVIS"


@pytest.fixture
def masks(root):
    return root / "val" / "masks" / f"{NAME}.pickle"


@pytest.fixture
def annotation(root):
    return root / "val" / "hannotation.pickle"


def test_layers_are_maps_and_the_hierarchy_is_parents(root):
    dataset = CocoLvisDataset(root)
    assert (dataset.name, dataset.names, len(dataset)) == ("COCO_LVIS-val", [NAME], 1)
    assert not dataset.partition
    assert dataset.problems == []
    sample = dataset[0]
    assert sample.label_maps.dtype == np.int32
    np.testing.assert_array_equal(sample.label_maps, layers())
    assert sample.zero_is_background
    woman, arm = PLACES[0], PLACES[4]
    assert sample.parents == {
        PLACES[2]: woman, arm: woman, PLACES[5]: woman, PLACES[7]: woman, PLACES[6]: arm,
    }  # fmt: skip
    regions = {(index, label) for index, label, _ in sample.masks(1)}
    assert regions == set(PLACES)
    assert regions >= {*sample.parents, *sample.parents.values()}


def test_without_stuff(root):
    sample = CocoLvisDataset(root, stuff=False)[0]
    assert {(index, label) for index, label, _ in sample.masks(1)} == set(PLACES[:THINGS])
    assert sample.parents == CocoLvisDataset(root)[0].parents
    assert len(sample.label_maps) == 4


def test_labels_that_are_no_object_are_background(root, masks):
    maps = layers()
    maps[3, :, 20:] = 77
    write_pickle(masks, (encoded(maps), PLACES))
    np.testing.assert_array_equal(CocoLvisDataset(root)[0].label_maps, layers())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("numpy_one", [False, True])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_every_writer_is_understood(root, masks, protocol, numpy_one, shape):
    places = [(np.int64(layer), np.int32(label)) for layer, label in PLACES]
    data = pickle.dumps((encoded(layers(), shape), places), protocol)
    if numpy_one:  # which called its modules so; names in a pickle are lines, or have a length
        data = data.replace(b"cnumpy._core.", b"cnumpy.core.")
        for module in (b"multiarray", b"numeric"):
            new, old = b"numpy._core." + module, b"numpy.core." + module
            data = data.replace(bytes([len(new)]) + new, bytes([len(old)]) + old)
        assert b"numpy._core." not in data
        if protocol >= 4:  # frames have a length too
            data = without_frames(data)
    masks.write_bytes(data)
    np.testing.assert_array_equal(CocoLvisDataset(root)[0].label_maps, layers())


def without_frames(data):
    """The same pickle as one stream: a frame is only a hint how much to read at once."""
    kept, end = bytearray(), 0
    for opcode, _, position in pickletools.genops(data):
        if opcode.name == "FRAME":
            kept += data[end:position]
            end = position + 9
    return bytes(kept + data[end:])


def test_splits(root):
    assert CocoLvisDataset(root, "train").name == "COCO_LVIS-train"
    with pytest.raises(ValueError, match="split of COCO"):
        CocoLvisDataset(root, "test")
    (root / "val" / "hannotation.pickle").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected val/images/.*and val/hannotation\.pick"):
        CocoLvisDataset(root)


def test_the_fingerprint_follows_the_files_and_settings(root, annotation):
    before = CocoLvisDataset(root).fingerprint
    assert CocoLvisDataset(root).fingerprint == before
    assert CocoLvisDataset(root, stuff=False).fingerprint != before
    os.utime(annotation, ns=(1, 1))  # a copy is the same data set
    assert CocoLvisDataset(root).fingerprint == before
    annotation.write_bytes(annotation.read_bytes() + b"\0")
    assert CocoLvisDataset(root).fingerprint != before


def test_annotated_images_without_files(root, annotation):
    entry = {"num_instance_masks": 1, "hierarchy": {0: None}}
    entries = dict.fromkeys((NAME, "000000000999", "../../secret"), entry)
    write_pickle(annotation, entries)
    with pytest.raises(ValueError, match=r"3 files .*'\.\./\.\./secret', but there is no"):
        CocoLvisDataset(root)
    dataset = CocoLvisDataset(root, strict=False)
    assert dataset.names == [NAME]
    assert len(dataset.problems) == 3
    write_pickle(annotation, {})
    with pytest.raises(ValueError, match="holds no image"):
        CocoLvisDataset(root)


def chain(length):
    return {k: {"children": [], "parent": k - 1 if k else None} for k in range(length)}


@pytest.mark.parametrize(
    "entries",
    [
        None,
        [],
        "text",
        {3: {"num_instance_masks": 0, "hierarchy": {}}},
        {NAME: None},
        {NAME: {"hierarchy": {}}},
        {NAME: {"num_instance_masks": 1}},
        {NAME: {"num_instance_masks": -1, "hierarchy": {}}},
        {NAME: {"num_instance_masks": 1.0, "hierarchy": {}}},
        {NAME: {"num_instance_masks": 1, "hierarchy": [None]}},
        {NAME: {"num_instance_masks": 2, "hierarchy": {0: {"children": []}}}},
        {NAME: {"num_instance_masks": 2, "hierarchy": {0: {"parent": 2}}}},
        {NAME: {"num_instance_masks": 2, "hierarchy": {2: {"parent": 1}}}},
        {NAME: {"num_instance_masks": 2, "hierarchy": {"0": {"parent": 1}}}},
        {NAME: {"num_instance_masks": 2, "hierarchy": {0: {"parent": 0}}}},
        {NAME: {"num_instance_masks": 2, "hierarchy": {0: {"parent": 1}, 1: {"parent": 0}}}},
        {NAME: {"num_instance_masks": 200, "hierarchy": chain(200)}},
    ],
)
def test_strange_annotation_is_an_error_that_names_the_file(root, annotation, entries):
    write_pickle(annotation, entries)
    with pytest.raises(ValueError, match=r"hannotation\.pickle is damaged or not what"):
        CocoLvisDataset(root)


def test_parts_of_parts_may_go_on_for_a_while(root, annotation):
    write_pickle(annotation, {NAME: {"num_instance_masks": 12, "hierarchy": chain(12)}})
    parents = CocoLvisDataset(root)[0].parents
    assert parents == dict(zip(PLACES[1:], PLACES, strict=False))


GOOD = encoded(layers())


@pytest.mark.parametrize(
    "contents",
    [
        None,
        GOOD,
        (GOOD,),
        (GOOD, PLACES, 1),
        (GOOD, None),
        ([], []),
        (GOOD * 64, PLACES),
        (["text"] * 4, PLACES),
        ([b"bytes"] * 4, PLACES),
        ([np.frombuffer(b"no PNG", np.uint8)] * 4, PLACES),
        ([*GOOD[:3], GOOD[3][:-40]], PLACES),
        (encoded(layers()[:, 1:]), PLACES),
        (encoded(np.stack([layers(), layers(), 9 - layers()], -1)), PLACES),
        (GOOD[:3], PLACES),
        (GOOD, PLACES[: THINGS - 1]),
        (GOOD, [*PLACES, PLACES[0]]),
        (GOOD, [*PLACES, (0, 0)]),
        (GOOD, [*PLACES, (0, 256)]),
        (GOOD, [*PLACES, (-1, 7)]),
        (GOOD, [*PLACES, (0, 7.0)]),
        (GOOD, [*PLACES, (0, "7")]),
        (GOOD, [*PLACES, 7]),
        (GOOD, [*PLACES, (None, None)]),
    ],
)
def test_strange_masks_are_an_error_that_names_the_file(root, masks, contents):
    write_pickle(masks, contents)
    with pytest.raises(ValueError, match=rf"{NAME}\.pickle "):
        CocoLvisDataset(root)[0]


class Evil:
    """Creates a file when it is unpickled in the common way."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def as_value(evil):
    return evil


def as_layer(evil):
    return [evil], PLACES


def in_object_array(evil):
    return [np.array([evil], dtype=object)], PLACES


def as_place(evil):
    return GOOD, [*PLACES, evil]


@pytest.mark.parametrize("hide", [as_value, as_layer, in_object_array, as_place])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_pickle_is_executed(root, masks, annotation, tmp_path, hide, protocol):
    marker = tmp_path / "executed"
    for path in (masks, annotation):
        write_pickle(path, hide(Evil(marker)), protocol)
    pickle.loads(masks.read_bytes())
    assert marker.exists(), "the pickle is as harmful as it is meant to be"
    marker.unlink()
    with pytest.raises(ValueError, match=r"hannotation\.pickle is damaged or not what"):
        CocoLvisDataset(root)
    write_pickle(annotation, {NAME: {"num_instance_masks": THINGS, "hierarchy": HIERARCHY}})
    with pytest.raises(ValueError, match=rf"{NAME}\.pickle is damaged or not what"):
        CocoLvisDataset(root)[0]
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins eval", "builtins getattr", "builtins bytearray", "os system", "posix system",
        "numpy array", "numpy load", "numpy.core.multiarray fromfile", "_codecs decode",
        "copyreg _reconstructor", "functools partial", "pickle loads", "numpy.testing runstring",
    ],
)  # fmt: skip
def test_other_names_are_refused_before_they_are_called(root, masks, name):
    module, function = name.split()
    masks.write_bytes(f"c{module}\n{function}\n(tR.".encode())
    with pytest.raises(ValueError, match=f"asks for '{module}.{function}'"):
        CocoLvisDataset(root)[0]


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
DTYPE = b"cnumpy\ndtype\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"(" * 1000,
        b"\x80\x02]r\xff\xff\xff\x7f.",  # value number 2,147,483,647: a table of 32 GB
        b"]p99999999999\n.",
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",  # a bytearray of a terabyte
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",
        b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"].",
        RECONSTRUCT + b"(cnumpy\nndarray\n(I1000000000000\ntS'b'\ntR.",
        DTYPE + b"(S'O8'\nI0\nI1\ntR.",
        DTYPE + b"(S'V8'\nI0\nI1\ntR.",
        DTYPE + b"(S'i4'\ntR(I3\nS'>'\ntb.",
        DTYPE + b"(S'u1'\ntRI3\nb.",
        RECONSTRUCT + b"(tR(I1\n(I9\ntcnumpy\nndarray\nI00\nS'abc'\ntb.",
        RECONSTRUCT + b"(tRI3\nb.",
        RECONSTRUCT + b"}S'__defaults__'\nNsb.",  # sets something on what it was given
        RECONSTRUCT + b"(N}S'__code__'\nI1\nstb.",
        b"c_codecs\nencode\n(VA\nVrot13\ntR.",
        b"cnumpy.core.multiarray\nscalar\n(NNtR.",
        b"cnumpy\nndarray\n(tR.",
        b"(icnumpy\nndarray\n.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x02\x82\x01.",
        b"Pid\n.",
        pickle.dumps((GOOD, PLACES))[:-30],
    ],
)
def test_harm_without_calls_is_refused(root, masks, data):
    masks.write_bytes(data)
    with pytest.raises(ValueError, match=rf"{NAME}\.pickle is damaged or not what"):
        CocoLvisDataset(root)[0]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=5))
def test_damaged_pickles_give_values_or_value_errors(tmp_path_factory, changes):
    data = bytearray(pickle.dumps((GOOD, PLACES), 3))
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.mktemp("masks") / "x.pickle"
    path.write_bytes(data)
    with contextlib.suppress(ValueError):
        coco_lvis._read_pickle(path, 10**6, coco_lvis._take_masks, (20, 30), path)


def test_files_of_unreasonable_size_are_not_read(root, masks, monkeypatch):
    monkeypatch.setattr(coco_lvis, "MAX_MASK_BYTES", masks.stat().st_size - 1)
    with pytest.raises(ValueError, match=r"36\.pickle is larger than"):
        CocoLvisDataset(root)[0]
    monkeypatch.setattr(coco_lvis, "MAX_ANNOTATION_BYTES", 10)
    with pytest.raises(ValueError, match=r"hannotation\.pickle is larger than 10 bytes"):
        CocoLvisDataset(root)


def test_layers_that_would_unpack_to_too_much_are_refused(root, masks, monkeypatch):
    monkeypatch.setattr(coco_lvis, "MAX_PIXELS", 3 * 20 * 30)
    with pytest.raises(ValueError, match="must hold 1 to 3 layers, got 4"):
        CocoLvisDataset(root)[0]
    huge = io.BytesIO()
    Image.new("L", (9000, 9000)).save(huge, "PNG")
    write_pickle(masks, ([np.frombuffer(huge.getvalue(), np.uint8)], PLACES))
    with pytest.raises(ValueError, match=r"36\.pickle .*make it smaller"):
        CocoLvisDataset(root)[0]


def test_a_damaged_photo_names_itself(root):
    Path(root / "val" / "images" / f"{NAME}.jpg").write_bytes(b"no")
    with pytest.raises(ValueError, match=rf"{NAME}\.jpg is not a JPEG"):
        CocoLvisDataset(root)[0]
