"""The kinds of input that are damaged: sound files of each, how they are damaged, what reads them.

All files are small and made here, so nothing of anybody's data is needed.
"""

import csv
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
import tifffile
import torch
from mutate import Rng, damage_bytes, damage_csv, damage_packed, damage_value
from PIL import Image
from safetensors.torch import save

from tamingseg.data.base import read_image
from tamingseg.data.bsds500 import Bsds500Dataset, read_segmentations
from tamingseg.data.coco import CocoDataset
from tamingseg.data.coco_lvis import CocoLvisDataset
from tamingseg.data.davis import DavisDataset
from tamingseg.data.folder import FolderDataset
from tamingseg.data.hypersim import HypersimDataset
from tamingseg.data.hypersim_frames import COLOR, ENTITIES, INSTANCES, SPLIT_FILE, Shot
from tamingseg.data.mask_files import mask_entries, read_masks
from tamingseg.data.voc import VocDataset
from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.models.segnext import SegNext, SegNextConfig
from tamingseg.models.table import build_model, describe_model
from tamingseg.values import MaskSet
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.convert import _RENAMED

SIZE = (24, 31)

Files = dict[str, bytes]
"""Path below a folder -> contents."""


@dataclass(frozen=True)
class Kind:
    """A kind of input."""

    files: Callable[[], Files]  # sound ones
    damage: Callable[[str, bytes, Rng], bytes]  # path, contents -> other contents
    read: Callable[[Path, Path], object]  # folder, damaged file
    names_file: bool = True  # whether every error must name the damaged file


def _image(mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=(*SIZE, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _tiff(pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def _labels() -> np.ndarray:
    return (np.indices(SIZE).sum(axis=0) // 12).astype(np.uint8)


def _label_png() -> bytes:
    return _saved(Image.fromarray(_labels()), "PNG")


def _bytes_only(_: str, data: bytes, rng: Rng) -> bytes:
    return damage_bytes(data, rng)


# Photos


def _photos() -> Files:
    exif = Image.Exif()
    exif[0x0112] = 6
    sixteen = Image.fromarray(_labels().astype(np.uint16) * 999)
    colours = np.asarray(_image())
    return {
        "rgb.png": _saved(_image(), "PNG"),
        "alpha.png": _saved(_image("RGBA"), "PNG"),
        "palette.png": _saved(_image("P"), "PNG"),
        "sixteen.png": _saved(sixteen, "PNG"),
        "photo.jpg": _saved(_image(), "JPEG", exif=exif),
        "cmyk.jpg": _saved(_image("CMYK"), "JPEG"),
        "progressive.jpg": _saved(_image(), "JPEG", progressive=True),
        "plain.tif": _saved(_image(), "TIFF"),
        "packed.tif": _saved(_image(), "TIFF", compression="tiff_adobe_deflate"),
        "stack.tif": _saved(_image(), "TIFF", save_all=True, append_images=[_image("L")]),
        "float.tif": _tiff(np.float32(colours / 255), photometric="rgb", compression="zlib"),
        "planes.tif": _tiff(
            np.uint16(colours.transpose(2, 0, 1)) * 257, photometric="rgb", planarconfig="separate"
        ),
        "photo.webp": _saved(_image(), "WEBP"),
        "photo.bmp": _saved(_image(), "BMP"),
    }


def _read_photo(_: Path, file: Path) -> None:
    read_image(file)


# Masks in JSON


def _masks() -> np.ndarray:
    return np.stack([_labels() == label for label in range(4)])


def _mask_files() -> Files:
    scores = np.array([0.9, 0.5, 0.25, 0.1])
    entries = mask_entries(MaskSet.from_masks(_masks(), scores))
    return {"masks.json": json.dumps(entries).encode()}


def _damage_json(_: str, data: bytes, rng: Rng) -> bytes:
    if rng.random() < 0.3:
        return damage_bytes(data, rng)
    return json.dumps(damage_value(json.loads(data), rng)).encode()


def _read_mask_file(_: Path, file: Path) -> None:
    read_masks(file, SIZE)


def _rle() -> Files:
    return {
        f"{number}.json": json.dumps(encode_rle(m)).encode() for number, m in enumerate(_masks())
    }


def _read_rle(_: Path, file: Path) -> None:
    try:
        counts = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return  # no value at all: not what is tested here
    decode_rle(counts, SIZE)


# Checkpoints

_SEGNEXT = SegNextConfig(32, 16, 3, 2, pyramid=(4, 8, 8, 8), head_width=8, click_radius=3)
_CLICKNET = {
    "backbone": "test_resnet",
    "pyramid": [8, 8, 16, 16],
    "query": 16,
    "coarse": 8,
    "fine": 4,
    "heads": 2,
    "head_width": 4,
    "image_size": 64,
}
_EMBEDDER = {
    "backbone": "test_resnet",
    "blocks": [],
    "pyramid": [8, 8, 16, 16],
    "hidden": 16,
    "dim": 8,
    "image_size": 64,
}


def _safetensors() -> Files:
    models = {
        "clicknet": build_model("clicknet", _CLICKNET),
        "embedder": build_model("pixel-embedder", _EMBEDDER),
        "segnext": SegNext(_SEGNEXT),
    }
    files = {}
    for name, model in models.items():
        known, config = describe_model(model)
        header = {"version": 1, "model": known, "config": config}
        tensors = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
        files[f"{name}.safetensors"] = save(tensors, metadata={"tamingseg": json.dumps(header)})
    return files


def _damage_safetensors(_: str, data: bytes, rng: Rng) -> bytes:
    """Damage our header, the library's, or any bytes."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    match rng.integers(4):
        case 0:
            return damage_bytes(data, rng)
        case 1:
            header = damage_value(header, rng)
        case _:
            ours = damage_value(json.loads(header["__metadata__"]["tamingseg"]), rng)
            header["__metadata__"]["tamingseg"] = json.dumps(ours)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[end:]


def _pth() -> Files:
    state = {}
    for key, tensor in SegNext(_SEGNEXT).state_dict().items():
        theirs, ours = next(pair for pair in _RENAMED.items() if key.startswith(pair[1]))
        state[theirs + key[len(ours) :]] = tensor
    heads = {"num_heads": 2}
    params = {
        "backbone_params": {"global_atten_freq": 3, **heads},
        "head_params": {"dropout_ratio": 0.1},
        "fusion_params": {"type": "self_attention", "params": heads},
        "use_disks": True,
        "norm_radius": 3,
    }
    config = {
        "class": "isegm.model.is_plainvit_model.PlainVitModel",
        "params": {name: {"type": "builtin", "value": value} for name, value in params.items()},
    }
    return {"model.pth": _torch_saved({"state_dict": state, "config": config})}


def _torch_saved(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def _damage_pth(_: str, data: bytes, rng: Rng) -> bytes:
    if rng.random() < 0.3:
        return damage_bytes(data, rng)
    value = torch.load(io.BytesIO(data), weights_only=True)
    if rng.random() < 0.7:
        value["config"] = damage_value(value["config"], rng)
    else:
        value["state_dict"] = _damage_tensors(value["state_dict"], rng)
    return _torch_saved(value)


def _damage_tensors(state: dict[str, torch.Tensor], rng: Rng) -> dict[Any, Any]:
    key = list(state)[int(rng.integers(len(state)))]
    tensor = state[key]
    others: list[Any] = [
        tensor[..., None],
        tensor[..., :0],
        tensor.flatten(),
        tensor.double(),
        tensor.long(),
        tensor.to(torch.complex64),
        tensor.to_sparse(),
        tensor * torch.nan,
        torch.zeros(1).expand(10**6, 10**6),
        torch.zeros(1).expand(1, 10**9, 16),
        torch.zeros(1).expand(1, 10**3, 10**9),
        None,
        3,
    ]
    state[key] = others[int(rng.integers(len(others)))]
    if rng.random() < 0.2:
        state[STRANGE_KEYS[int(rng.integers(len(STRANGE_KEYS)))]] = tensor
    return state


STRANGE_KEYS: tuple[Any, ...] = (3, "", "backbone.", "backbone.blocks.999999.x", "x" * 10**5, (1,))


def _read_checkpoint(_: Path, file: Path) -> None:
    load_model(file)


# Data sets


def _photo() -> bytes:
    return _saved(_image(), "JPEG")


def _bsds500() -> Files:
    truth, segs = np.empty((1, 2), object), np.empty((1, 2), object)
    for number in range(2):
        labels = (_labels() + 1 + number).astype(np.uint16)
        truth[0, number] = {"Segmentation": labels, "Boundaries": labels > 2}
        segs[0, number] = labels
    files = {f"images/test/{name}.jpg": _photo() for name in "ab"}
    for name, packed in (("a", True), ("b", False)):
        files[f"groundTruth/test/{name}.mat"] = _mat({"groundTruth": truth}, packed)
    return {**files, "segs.mat": _mat({"segs": segs}, True)}


def _mat(variables: dict[str, Any], packed: bool) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, variables, do_compression=packed)
    return file.getvalue()


def _damage_mat(path: str, data: bytes, rng: Rng) -> bytes:
    packed = path.endswith(".mat") and data[128] == 15  # the kind of a compressed element
    return (
        damage_packed(data, 128, rng) if packed and rng.random() < 0.7 else damage_bytes(data, rng)
    )


def _read_bsds500(folder: Path, file: Path) -> None:
    if file.name == "segs.mat":
        read_segmentations(file)
    else:
        _read_all(Bsds500Dataset(folder))


def _coco_lvis() -> Files:
    layers = [np.frombuffer(_label_png(), np.uint8) for _ in range(2)]
    places = [(0, 1), (0, 2), (1, 1), (1, 3)]
    hierarchy = {
        0: {"children": [1], "parent": None, "node_level": 0},
        1: {"children": [], "parent": 0, "node_level": 1},
        2: None,
    }
    annotation = {n: {"num_instance_masks": 3, "hierarchy": hierarchy} for n in ("a", "b")}
    files = {"val/hannotation.pickle": pickle.dumps(annotation)}
    for name in annotation:
        files[f"val/images/{name}.jpg"] = _photo()
        files[f"val/masks/{name}.pickle"] = pickle.dumps((layers, places))
    return files


def _damage_pickle(path: str, data: bytes, rng: Rng) -> bytes:
    if not path.endswith(".pickle") or rng.random() < 0.4:
        return damage_bytes(data, rng)
    value = damage_value(pickle.loads(data), rng)  # our own, see `_coco_lvis`
    return pickle.dumps(value, protocol=int(rng.integers(2, 6)))


def _davis() -> Files:
    mask = _saved(Image.fromarray((_labels() > 2).astype(np.uint8) * 255), "PNG")
    palette = _saved(Image.fromarray(_labels()).convert("P"), "PNG")
    return {
        "img/a.jpg": _photo(),
        "img/b.jpg": _photo(),
        "gt/a.png": mask,
        "gt/b.png": palette,
    }


def _hypersim() -> Files:
    shots = [Shot("ai_001_001", "cam_00", frame) for frame in (0, 3)]
    rng = np.random.default_rng(1)
    files = {}
    for shot in shots:
        ids = _labels().astype(np.int16) - 1
        files[shot.file(COLOR)] = _hdf5(rng.random((*SIZE, 3)).astype(np.float16))
        files[shot.file(ENTITIES)] = _hdf5(ids)
        files[shot.file(INSTANCES)] = _hdf5(ids // 2)
        files[shot.file("tonemap.jpg")] = _photo()
    table = io.StringIO()
    writer = csv.writer(table)
    columns = "scene_name,camera_name,frame_id,included_in_public_release,exclude_reason"
    writer.writerow([*columns.split(","), "split_partition_name"])
    for shot in shots:
        writer.writerow([shot.scene, shot.camera, shot.frame, "True", "", "val"])
    files[SPLIT_FILE] = table.getvalue().encode()
    settings = {"split": "val", "pattern": "all", "labels": "both", "image": COLOR}
    files["set.json"] = json.dumps(settings).encode()
    return files


def _hdf5(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        opened.create_dataset("dataset", data=array)
    return file.getvalue()


def _damage_set(path: str, data: bytes, rng: Rng) -> bytes:
    if path.endswith(".json"):
        return _damage_json(path, data, rng)
    if path.endswith(".csv") and rng.random() < 0.7:
        return damage_csv(data.decode(), rng).encode()
    return damage_bytes(data, rng)


def _folder() -> Files:
    settings = {"kind": "partition of photos", "zero_is_background": False, "partition": True}
    return {
        "images/a.jpg": _photo(),
        "images/deep/b.png": _saved(_image(), "PNG"),
        "masks/a.png": _label_png(),
        "masks/deep/b.0.png": _label_png(),
        "masks/deep/b.1.png": _saved(Image.fromarray(_labels().astype(np.uint16)), "PNG"),
        "set.json": json.dumps(settings).encode(),
    }


def _voc() -> Files:
    palette = Image.fromarray(_labels())
    palette.putpalette([0, 0, 0, 128, 0, 0, *[9] * 759, 224, 224, 192])
    return {
        "JPEGImages/a.jpg": _photo(),
        "SegmentationObject/a.png": _saved(palette, "PNG"),
        "ImageSets/Segmentation/val.txt": b"a\n",
    }


def _coco() -> Files:
    mask = _masks()[0]
    whole = {"size": list(SIZE), "counts": [mask.size // 2, mask.size - mask.size // 2]}
    segmentations = [
        {"size": list(SIZE), "counts": encode_rle(mask)},
        whole,
        [[1.5, 2, 10, 2, 10, 9.5], [0, 0, 4, 0, 4, 4, 0, 4]],
    ]
    contents = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": SIZE[0], "width": SIZE[1]}],
        "annotations": [
            {"id": number, "image_id": 1, "segmentation": segmentation, "iscrowd": number % 2}
            for number, segmentation in enumerate(segmentations, 1)
        ],
    }
    return {"images/a.jpg": _photo(), "annotations.json": json.dumps(contents).encode()}


def _reads(reader: Callable[[Path], Any]) -> Callable[[Path, Path], None]:
    return lambda folder, _: _read_all(reader(folder))


def _read_all(dataset: Any) -> None:
    for index in range(len(dataset)):
        dataset[index]


DATA_KINDS = {
    "photos": Kind(_photos, _bytes_only, _read_photo),
    "mask-files": Kind(_mask_files, _damage_json, _read_mask_file),
    "rle": Kind(_rle, _damage_json, _read_rle, names_file=False),
    "safetensors": Kind(_safetensors, _damage_safetensors, _read_checkpoint),
    "pth": Kind(_pth, _damage_pth, _read_checkpoint),
    "bsds500": Kind(_bsds500, _damage_mat, _read_bsds500),
    "coco-lvis": Kind(_coco_lvis, _damage_pickle, _reads(CocoLvisDataset)),
    "davis": Kind(_davis, _bytes_only, _reads(DavisDataset)),
    "hypersim": Kind(_hypersim, _damage_set, _reads(HypersimDataset)),
    "folder": Kind(_folder, _damage_set, _reads(FolderDataset)),
    "voc": Kind(_voc, _damage_set, _reads(VocDataset)),
    "coco": Kind(_coco, _damage_set, _reads(CocoDataset)),
}
