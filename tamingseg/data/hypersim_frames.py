"""The frames of HyperSim: which there are, where their files lie, which archive they come in.

The layout, the numbers and the licence stand at the head of ``hypersim.py``, which reads them.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tamingseg.checks import check_choice

BASE_URL = "https://docs-assets.developer.apple.com/ml-research/datasets/hypersim/v1/scenes"
"""Where the archives are, one per scene: ``<scene>.zip``, 1 to 20 GB each."""

SPLIT_FILE = "metadata_images_split_scene_v1.csv"
SPLIT_URL = (
    "https://raw.githubusercontent.com/apple/ml-hypersim/main/evermotion_dataset/analysis/"
    + SPLIT_FILE
)

SPLITS = ("train", "val", "test")
PATTERNS = ("all", "first")
"""Which frames: all, or frame 0 of cam_00 of each scene, which the note scores."""

COLOR, ENTITIES, INSTANCES = "color.hdf5", "render_entity_id.hdf5", "semantic_instance.hdf5"
FOLDERS = {
    COLOR: "final_hdf5",
    "tonemap.jpg": "final_preview",
    "color.jpg": "final_preview",
    ENTITIES: "geometry_hdf5",
    INSTANCES: "geometry_hdf5",
}
"""The kinds of files of a frame that are used here, and the folders they are in."""

_SCENE, _CAMERA, _FRAME = "(ai_[0-9]{3}_[0-9]{3})", "(cam_[0-9]{2})", "([0-9]{1,4})"
_COLUMNS = "scene_name,camera_name,frame_id,included_in_public_release,split_partition_name"


@dataclass(frozen=True, slots=True, order=True)
class Shot:
    """One frame of one camera in one scene."""

    scene: str
    camera: str
    frame: int

    @property
    def name(self) -> str:
        """What errors and result rows call it."""
        return f"{self.scene}/{self.camera}/{self.frame:04d}"

    def file(self, kind: str) -> str:
        """Path of one of its files (a key of `FOLDERS`) below the root and in the archive."""
        folder = f"scene_{self.camera}_{FOLDERS[kind]}"
        return f"{self.scene}/images/{folder}/frame.{self.frame:04d}.{kind}"


def find_shots(root: Path, kind: str) -> set[Shot]:
    """Find the frames whose file of this kind (a key of `FOLDERS`) is below `root`."""
    folder, file = FOLDERS[kind], re.escape(kind)
    pattern = re.compile(rf"{_SCENE}/images/scene_{_CAMERA}_{folder}/frame\.{_FRAME}\.{file}")
    paths = root.glob(f"ai_*/images/scene_cam_*_{folder}/frame.*.{kind}")
    found = (pattern.fullmatch(path.relative_to(root).as_posix()) for path in paths)
    return {Shot(match[1], match[2], int(match[3])) for match in found if match}


def read_split(path: Path) -> dict[Shot, str]:
    """Read the official split file: the public frames, and which of `SPLITS` each is in.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line is not as expected; the message names it.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {path}; `tamingseg data download hypersim` gets it from {SPLIT_URL}"
        )
    splits = {}
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.DictReader(file)
        try:
            for row in rows:
                scene, camera, frame, public, split = (row[name] for name in _COLUMNS.split(","))
                match = re.fullmatch(f"{_SCENE}/{_CAMERA}/{_FRAME}", f"{scene}/{camera}/{frame}")
                if not match or public not in ("True", "False"):
                    raise ValueError(f"got {scene}, {camera}, {frame}, {public}"[:200])
                if public == "True":
                    shot = Shot(scene, camera, int(frame))
                    splits[shot] = check_choice(split, SPLITS, "split_partition_name")
        except (csv.Error, KeyError, ValueError) as error:
            raise ValueError(
                f"line {rows.line_num} of {path} is no frame of HyperSim ({error}); expected the "
                f"columns {_COLUMNS} as in {SPLIT_URL}. Remove the file to have it fetched again"
            ) from error
    return splits


def select_shots(
    splits: Mapping[Shot, str],
    pattern: str = "all",
    split: str | None = None,
    scenes: Sequence[str] = (),
) -> list[Shot]:
    """Choose frames of `read_split`: by pattern, by part of the split, by scene (none: of all).

    Raises
    ------
    ValueError
        If an argument is none of its choices, or there is no such scene or no such frame.
    """
    if split is not None:
        check_choice(split, SPLITS, "split")
    if unknown := sorted(set(scenes) - {shot.scene for shot in splits}):
        raise ValueError(f"there is no scene {', '.join(unknown)}; they are named like ai_001_001")
    shots = [
        shot
        for shot in sorted(fitting(splits, pattern))
        if split in (None, splits[shot]) and (not scenes or shot.scene in scenes)
    ]
    if not shots:
        raise ValueError(
            f"no frame has pattern {pattern!r}, split {split or 'any'}, "
            f"scenes {', '.join(scenes) or 'any'}"
        )
    return shots


def fitting(shots: Iterable[Shot], pattern: str) -> set[Shot]:
    """Choose the frames of one of the `PATTERNS`."""
    check_choice(pattern, PATTERNS, "pattern")
    first = ("cam_00", 0)
    return {shot for shot in shots if pattern == "all" or (shot.camera, shot.frame) == first}


def archive_members(
    shots: Sequence[Shot], kinds: Sequence[str], base_url: str = BASE_URL
) -> dict[str, list[str]]:
    """List files of frames by the archive they come in: its url -> their names in it.

    Raises
    ------
    ValueError
        If one of the kinds is no key of `FOLDERS`.
    """
    for kind in kinds:
        check_choice(kind, list(FOLDERS), "file")
    members: dict[str, list[str]] = {}
    for shot in shots:
        url = f"{base_url.rstrip('/')}/{shot.scene}.zip"
        members.setdefault(url, []).extend(shot.file(kind) for kind in kinds)
    return members
