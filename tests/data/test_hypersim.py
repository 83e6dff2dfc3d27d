"""HyperSim on small copies of its real layout, whole and broken."""

import warnings

import h5py
import numpy as np
import pytest
from PIL import Image

from tamingseg.data.catalog import open_dataset, open_datasets
from tamingseg.data.hypersim import HypersimDataset, parts_in_wholes, tone_map
from tamingseg.data.hypersim_frames import (
    COLOR,
    ENTITIES,
    FOLDERS,
    INSTANCES,
    SPLIT_FILE,
    Shot,
    archive_members,
    find_shots,
    read_split,
    select_shots,
)

SIZE = (24, 32)
HEADER = "scene_name,camera_name,frame_id,included_in_public_release,exclude_reason,"
HEADER += "split_partition_name\n"
SHOTS = (
    Shot("ai_001_001", "cam_00", 0),
    Shot("ai_001_001", "cam_00", 7),
    Shot("ai_001_001", "cam_01", 0),
    Shot("ai_007_002", "cam_00", 0),
)


def light():
    """A grey ramp from 0 to 2 over the columns."""
    ramp = np.linspace(0, 2, SIZE[1], dtype=np.float16)
    return np.broadcast_to(ramp[None, :, None], (*SIZE, 3))


def entities():
    """-1 above, then 3 | 4 | 9 side by side."""
    ids = np.full(SIZE, -1, np.int16)
    ids[8:, :10], ids[8:, 10:20], ids[8:, 20:] = 3, 4, 9
    return ids


def instances():
    """Entities 3 and 4 are one thing, 9 is not annotated."""
    ids = entities()
    return np.where(np.isin(ids, (3, 4)), 2, -1).astype(np.int16)


def write_hdf5(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("dataset", data=array, compression="gzip")


def write_shot(root, shot):
    write_hdf5(root / shot.file(COLOR), light())
    write_hdf5(root / shot.file(ENTITIES), entities())
    write_hdf5(root / shot.file(INSTANCES), instances())
    for kind, grey in (("tonemap.jpg", 200), ("color.jpg", 30)):
        path = root / shot.file(kind)
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", SIZE[::-1], (grey,) * 3).save(path)


@pytest.fixture
def root(tmp_path):
    """Three frames of a training scene, one of a test scene, and files of no interest."""
    root = tmp_path / "hypersim"
    for shot in SHOTS:
        write_shot(root, shot)
    lines = [
        "ai_001_001,cam_00,0,True,,train",
        "ai_001_001,cam_00,1,False,CONTENT FLAGGED FOR REMOVAL,",
        "ai_001_001,cam_00,7,True,,train",
        "ai_001_001,cam_01,0,True,,train",
        "ai_007_002,cam_00,0,True,,test",
        "ai_009_009,cam_01,0,True,,val",  # of which nothing is on this disk
    ]
    (root / SPLIT_FILE).write_text(HEADER + "\n".join(lines) + "\n")
    folder = (root / SHOTS[0].file(ENTITIES)).parent
    write_hdf5(folder / "frame.0000.depth_meters.hdf5", light())
    (folder / f".frame.0003.{ENTITIES}").write_bytes(b"half")
    (root / "ai_001_001" / "_detail").mkdir()
    return root


class TestFrames:
    def test_the_official_paths(self):
        folder = "ai_001_001/images/scene_cam_00_"
        assert [SHOTS[1].file(kind) for kind in FOLDERS] == [
            f"{folder}final_hdf5/frame.0007.color.hdf5",
            f"{folder}final_preview/frame.0007.tonemap.jpg",
            f"{folder}final_preview/frame.0007.color.jpg",
            f"{folder}geometry_hdf5/frame.0007.render_entity_id.hdf5",
            f"{folder}geometry_hdf5/frame.0007.semantic_instance.hdf5",
        ]

    def test_all_and_only_they_are_found(self, root):
        for kind in FOLDERS:
            assert find_shots(root, kind) == set(SHOTS)

    def test_split_file(self, root):
        splits = read_split(root / SPLIT_FILE)
        others = {Shot("ai_009_009", "cam_01", 0): "val"}
        assert splits == dict.fromkeys(SHOTS[:3], "train") | {SHOTS[3]: "test"} | others

    def test_selection(self, root):
        splits = read_split(root / SPLIT_FILE)
        assert select_shots(splits, split="train") == list(SHOTS[:3])
        assert select_shots(splits, "first") == [SHOTS[0], SHOTS[3]]
        assert select_shots(splits, "first", scenes=["ai_007_002"]) == [SHOTS[3]]
        assert len(select_shots(splits)) == 5
        for arguments, message in [
            (("last",), "pattern must be one of all, first"),
            (("all", "dev"), "split must be one of train, val, test"),
            (("all", None, ["ai_001_001", "x"]), "no scene x; they are named like"),
            (("first", "val"), "no frame has pattern 'first', split val, scenes any"),
        ]:
            with pytest.raises(ValueError, match=message):
                select_shots(splits, *arguments)

    @pytest.mark.parametrize(
        "line",
        [
            "../../etc,cam_00,0,True,,train",
            "ai_001_001,cam_00/..,0,True,,train",
            "ai_001_001,cam_00,one,True,,train",
            "ai_001_001,cam_00,0,maybe,,train",
            "ai_001_001,cam_00,0,True,,",
            "ai_001_001",
        ],
    )
    def test_a_bad_line_of_the_split_file_is_named(self, root, line):
        path = root / SPLIT_FILE
        path.write_text(path.read_text() + line + "\n")
        with pytest.raises(ValueError, match=rf"line 8 of .*{SPLIT_FILE} is no frame"):
            read_split(path)

    @pytest.mark.parametrize("text", ["<html>404</html>\nx\n", "scene_name\nai_001_001\n"])
    def test_another_file_than_the_split(self, root, text):
        (root / SPLIT_FILE).write_text(text)
        with pytest.raises(ValueError, match="expected the columns scene_name,camera_name"):
            read_split(root / SPLIT_FILE)

    def test_members_by_archive(self):
        members = archive_members(SHOTS, (COLOR, ENTITIES), "http://host/scenes/")
        assert list(members) == [
            f"http://host/scenes/{s}.zip" for s in ("ai_001_001", "ai_007_002")
        ]
        assert members["http://host/scenes/ai_007_002.zip"] == [
            SHOTS[3].file(COLOR),
            SHOTS[3].file(ENTITIES),
        ]
        assert len(members["http://host/scenes/ai_001_001.zip"]) == 6
        with pytest.raises(ValueError, match=r"file must be one of color\.hdf5, .*, got 'depth'"):
            archive_members(SHOTS, ("depth",))


class TestSelection:
    def test_all_frames(self, root):
        dataset = HypersimDataset(root)
        assert (dataset.name, len(dataset), dataset.problems) == ("hypersim", 4, [])
        assert dataset.names[1:3] == ["ai_001_001/cam_00/0007", "ai_001_001/cam_01/0000"]
        assert dataset.partition is False
        assert dataset[2].name == dataset.names[2]

    def test_the_catalog_knows_the_layout(self, root):
        assert isinstance(open_dataset("hypersim", root.parent), HypersimDataset)
        opened = open_datasets([root, root.parent])
        assert [dataset.names for dataset in opened] == [HypersimDataset(root).names] * 2

    def test_splits_and_pattern(self, root):
        train = HypersimDataset(root, "train")
        assert train.names == [shot.name for shot in SHOTS[:3]]
        assert HypersimDataset(root, "test").names == [SHOTS[3].name]
        assert HypersimDataset(root, "train", "first").names == [SHOTS[0].name]
        first = HypersimDataset(root, pattern="first")
        assert first.names == [SHOTS[0].name, SHOTS[3].name]
        assert len({train.fingerprint, first.fingerprint, HypersimDataset(root).fingerprint}) == 3

    def test_the_split_file_is_needed_for_splits_only(self, root):
        (root / SPLIT_FILE).unlink()
        assert len(HypersimDataset(root)) == 4
        with pytest.raises(FileNotFoundError, match=rf"there is no .*{SPLIT_FILE}.*download"):
            HypersimDataset(root, "train")

    def test_settings_change_the_fingerprint(self, root):
        settings = [{}, {"labels": "instances"}, {"labels": "both"}, {"image": "color.jpg"}]
        assert len({HypersimDataset(root, **chosen).fingerprint for chosen in settings}) == 4

    def test_choices_are_checked(self, root):
        for name, message in [
            ("labels", "labels must be one of entities, instances, both"),
            ("image", "image must be one of color.hdf5, tonemap.jpg, color.jpg"),
            ("split", "split must be one of train, val, test"),
            ("pattern", "pattern must be one of all, first"),
        ]:
            with pytest.raises(ValueError, match=message):
                HypersimDataset(root, **{name: "others"})

    def test_nothing_there(self, root, tmp_path):
        for folder in (tmp_path, tmp_path / "none"):
            with pytest.raises(FileNotFoundError, match=r"is not HyperSim; expected scenes"):
                HypersimDataset(folder)
        with pytest.raises(ValueError, match="no frame has pattern 'first', split val"):
            HypersimDataset(root, "val", "first")
        with pytest.raises(ValueError, match=r"no frame with render_entity_id\.hdf5 .* split val"):
            HypersimDataset(root, "val")

    def test_a_missing_image_is_an_error_or_left_out(self, root):
        (root / SHOTS[1].file(COLOR)).unlink()
        with pytest.raises(ValueError, match=r"1 files .*frame\.0007\.color\.hdf5 is missing"):
            HypersimDataset(root)
        dataset = HypersimDataset(root, strict=False)
        assert len(dataset) == 3
        assert len(dataset.problems) == 1
        assert len(HypersimDataset(root, image="tonemap.jpg")) == 4, "it is not needed for this"

    def test_the_tone_map_and_both_maps_need_the_entities(self, root):
        (root / SHOTS[1].file(ENTITIES)).unlink()
        with pytest.raises(ValueError, match=r"0007\.render_entity_id\.hdf5 is missing"):
            HypersimDataset(root, labels="instances")
        assert len(HypersimDataset(root, labels="instances", image="tonemap.jpg")) == 4

    def test_frames_without_labels_are_left_out_and_listed(self, root):
        """The official archives lack the labels of a few frames (ml-hypersim issue 7)."""
        (root / SHOTS[1].file(ENTITIES)).unlink()
        dataset = HypersimDataset(root)
        assert len(dataset) == 3
        assert dataset.problems == [
            f"{root / SHOTS[1].file(COLOR)} has no {ENTITIES} and is left out"
        ]


class TestSamples:
    def test_entities(self, root):
        sample = HypersimDataset(root)[0]
        np.testing.assert_array_equal(sample.label_maps, np.maximum(entities(), 0)[None])
        assert sample.label_maps.dtype == np.int32
        assert not sample.zero_is_background
        assert sample.parents == {}

    def test_no_geometry_and_no_annotation_are_never_scored(self, root):
        sample = HypersimDataset(root, labels="instances")[0]
        assert [(m, label) for m, label, _ in sample.masks(1)] == [(0, 2)]
        np.testing.assert_array_equal(sample.ignore(0), instances() == -1)

    def test_both(self, root):
        sample = HypersimDataset(root, labels="both")[0]
        expected = [np.maximum(ids, 0) for ids in (entities(), instances())]
        np.testing.assert_array_equal(sample.label_maps, expected)
        assert sample.parents == {(0, 3): (1, 2), (0, 4): (1, 2)}

    def test_the_image_is_tone_mapped(self, root):
        image = HypersimDataset(root)[0].image
        np.testing.assert_array_equal(image, tone_map(light(), entities() > 0))
        assert image.max() == 214, "the 90th percentile of the ramp is 204"

    def test_set_json_chooses_for_the_command_line(self, root):
        (root / "set.json").write_text(
            '{"image": "color.jpg", "pattern": "first", "split": "test", "labels": "instances"}'
        )
        dataset = HypersimDataset(root)
        assert dataset.names == [SHOTS[3].name]
        np.testing.assert_allclose(dataset[0].image, 30, atol=2)
        assert set(np.unique(dataset[0].label_maps)) == {0, 2}
        assert len(HypersimDataset(root, split="train")) == 1  # an argument comes first
        (root / "set.json").write_text("[]")
        with pytest.raises(ValueError, match=r"set\.json must hold a JSON object"):
            HypersimDataset(root)

    @pytest.mark.parametrize(("kind", "grey"), [("tonemap.jpg", 200), ("color.jpg", 30)])
    def test_or_a_preview(self, root, kind, grey):
        image = HypersimDataset(root, image=kind)[0].image
        assert image.shape == (*SIZE, 3)
        np.testing.assert_allclose(image, grey, atol=1)


class TestDamage:
    """Everything that can be wrong with a file ends in a ValueError that names it."""

    @pytest.mark.parametrize("kind", [COLOR, ENTITIES])
    @pytest.mark.parametrize("length", [0, 4, 100, 1000, -200])
    def test_truncated(self, root, kind, length):
        path = root / SHOTS[0].file(kind)
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(ValueError, match=rf"frame\.0000\.{kind} is damaged"):
            HypersimDataset(root)[0]

    def test_damaged_numbers(self, root):
        path = root / SHOTS[0].file(COLOR)
        with h5py.File(path, "r") as file:
            chunk = file["dataset"].id.get_chunk_info(0)
        data = bytearray(path.read_bytes())
        data[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"color\.hdf5 is damaged"):
            HypersimDataset(root)[0]

    @pytest.mark.parametrize(
        ("kind", "array"),
        [
            (COLOR, light()[..., 0]),
            (COLOR, light()[..., :2]),
            (COLOR, light().astype(np.uint8)),
            (COLOR, light()[:0]),
            (ENTITIES, entities().astype(float)),
            (ENTITIES, entities()[..., None]),
            (ENTITIES, entities()[0]),
            (ENTITIES, np.full(SIZE, b"id")),
        ],
    )
    def test_other_arrays(self, root, kind, array):
        path = root / SHOTS[0].file(kind)
        with h5py.File(path, "w") as file:
            file["dataset"] = array
        with pytest.raises(ValueError, match=rf"{kind} must hold .* got"):
            HypersimDataset(root)[0]

    def test_too_many_pixels_are_refused_unread(self, root):
        with h5py.File(root / SHOTS[0].file(ENTITIES), "w") as file:
            file.create_dataset("dataset", (10**6, 10**6), np.int16, chunks=(64, 64))
        with pytest.raises(ValueError, match=r"must hold ids .* got int16 \(1000000, 1000000\)"):
            HypersimDataset(root)[0]

    def test_ids_beyond_int32(self, root):
        write_hdf5(root / SHOTS[0].file(ENTITIES), np.full(SIZE, 2**40))
        with pytest.raises(ValueError, match=rf"has the id {2**40}"):
            HypersimDataset(root)[0]

    def test_another_name_and_a_group(self, root):
        path = root / SHOTS[0].file(ENTITIES)
        for name in ("data", "dataset/inside"):
            with h5py.File(path, "w") as file:
                file[name] = entities()
            with pytest.raises(ValueError, match=r"entity_id\.hdf5 is damaged"):
                HypersimDataset(root)[0]

    def test_a_file_may_not_point_at_other_files(self, root, tmp_path):
        secret = tmp_path / "secret"
        secret.write_bytes(bytes(2 * SIZE[0] * SIZE[1]))
        write_hdf5(tmp_path / "secret.hdf5", entities())
        path = root / SHOTS[0].file(ENTITIES)

        def raw(file):
            file.create_dataset(
                "dataset", SIZE, np.int16, external=[(secret, 0, secret.stat().st_size)]
            )

        def link(file):
            file["dataset"] = h5py.ExternalLink(tmp_path / "secret.hdf5", "dataset")

        def view(file):
            layout = h5py.VirtualLayout(SIZE, np.int16)
            layout[:] = h5py.VirtualSource(tmp_path / "secret.hdf5", "dataset", SIZE)
            file.create_virtual_dataset("dataset", layout)

        for point_elsewhere in (raw, link, view):
            with h5py.File(path, "w") as file:
                point_elsewhere(file)
            with pytest.raises(ValueError, match="refers to other files"):
                HypersimDataset(root)[0]

    def test_all_bad_files_of_a_frame_are_named(self, root):
        dataset = HypersimDataset(root, labels="both")
        write_hdf5(root / SHOTS[0].file(ENTITIES), entities()[:, :-1])
        (root / SHOTS[0].file(INSTANCES)).unlink()
        with pytest.raises(
            ValueError,
            match=r"entity_id\.hdf5 has .*\(24, 31\).*\(24, 32\).*no file .*instance\.hdf5",
        ):
            dataset[0]


class TestToneMap:
    def reference(self, color, valid):
        """Pixel by pixel, as published."""
        brightness = sorted(0.3 * r + 0.59 * g + 0.11 * b for r, g, b in color[valid].tolist())
        position = 0.9 * (len(brightness) - 1)
        low = int(position)
        high = min(low + 1, len(brightness) - 1)
        current = brightness[low] + (position - low) * (brightness[high] - brightness[low])
        scale = 0.0 if current < 0.0001 else 0.8**2.2 / current
        mapped = [min(max(scale * c, 0) ** (1 / 2.2), 1) for c in color.ravel().tolist()]
        return 255 * np.reshape(mapped, color.shape)

    def test_against_the_reference(self, rng):
        for _ in range(5):
            color = rng.exponential(rng.uniform(0.01, 30), (13, 17, 3)).astype(np.float16)
            color[0, 0] = -1
            valid = rng.random((13, 17)) < 0.7
            expected = self.reference(color, valid)
            assert np.abs(tone_map(color, valid) - expected).max() < 0.51

    def test_the_90th_percentile_becomes_four_fifths(self):
        color = np.full((4, 4, 3), 5.0)
        color[0] = 1000  # not valid: windows and lamps outside do not darken the room
        valid = np.ones((4, 4), bool)
        valid[0] = False
        mapped = tone_map(color, valid)
        assert (mapped[1:] == 204).all()
        assert (mapped[0] == 255).all()

    def test_dark_and_empty_images(self):
        color = np.full((4, 4, 3), 0.00005)
        assert tone_map(color, np.ones((4, 4), bool)).max() == 0
        unscaled = tone_map(np.full((4, 4, 3), 0.5), np.zeros((4, 4), bool))
        assert (unscaled == round(255 * 0.5 ** (1 / 2.2))).all()

    def test_what_is_no_number(self):
        color = np.ones((4, 5, 3), np.float16)
        color[0] = np.nan
        color[1, 0], color[1, 1] = np.inf, -np.inf
        mapped = tone_map(color, np.ones((4, 5), bool))
        assert (mapped[0] == 0).all()
        assert (mapped[1, 0] == 255).all()
        assert (mapped[1, 1] == 0).all()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tone_map(np.full((4, 5, 3), 1e300), np.ones((4, 5), bool))


class TestParts:
    def test_both_sides_of_the_threshold(self):
        parts = np.array([[1] * 5 + [2] * 10 + [0] * 5], np.int32)
        wholes = np.zeros_like(parts)
        wholes[0, :4], wholes[0, 5:14] = 7, 8  # exactly 80 % of part 1, 90 % of part 2
        assert parts_in_wholes(parts, wholes) == {(0, 2): (1, 8)}

    def test_what_is_nothing_is_no_part_and_no_whole(self):
        parts, wholes = np.array([[0, 0, 1, 1]], np.int32), np.array([[5, 5, 0, 0]], np.int32)
        assert parts_in_wholes(parts, wholes) == {}

    def test_against_counting(self, rng):
        parts = rng.integers(0, 6, (9, 9)).astype(np.int32) * 400_000_000
        wholes = np.where(rng.random((9, 9)) < 0.85, parts // 800_000_000, 2**31 - 1)
        wholes = wholes.astype(np.int32)
        expected = {
            (0, int(part)): (1, int(whole))
            for part in np.unique(parts[parts > 0])
            for whole in np.unique(wholes[wholes > 0])
            if (wholes[parts == part] == whole).mean() > 0.8
        }
        assert expected
        assert parts_in_wholes(parts, wholes) == expected
