"""`tamingseg data download hypersim` from a server on this machine, up to the open data set."""

import http.server
import io
import threading
import zipfile

import h5py
import numpy as np
import pytest

from tamingseg.cli.main import main
from tamingseg.data.catalog import open_dataset
from tamingseg.data.hypersim_frames import COLOR, ENTITIES, SPLIT_FILE, Shot

SHOTS = {
    Shot("ai_001_001", "cam_00", 0): "train",
    Shot("ai_001_001", "cam_00", 5): "train",
    Shot("ai_001_002", "cam_00", 0): "test",
    Shot("ai_001_003", "cam_01", 0): "val",
}


def hdf5(array):
    file = io.BytesIO()
    with h5py.File(file, "w") as stored:
        stored["dataset"] = array
    return file.getvalue()


def archive(shots):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for shot in shots:
            packed.writestr(shot.file(COLOR), hdf5(np.ones((20, 30, 3), np.float16)))
            packed.writestr(shot.file(ENTITIES), hdf5(np.full((20, 30), 3, np.int16)))
    return file.getvalue()


@pytest.fixture
def site(monkeypatch):
    """A web server for a dictionary path -> bytes, which it returns with its address."""
    files = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            self.send_response(206 if "Range" in self.headers else 200)
            if "Range" in self.headers:
                first, last = self.headers["Range"].removeprefix("bytes=").split("-")
                start = int(first) if first else max(len(data) - int(last), 0)
                stop = min(int(last) + 1, len(data)) if first else len(data)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
                data = data[start:stop]
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("tamingseg.data.download.PAUSE", 0.0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", files
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hypersim(site, tmp_path):
    """Call the command with further flags: data of three scenes, downloaded to `root`."""
    url, files = site
    columns = "scene_name,camera_name,frame_id,included_in_public_release,exclude_reason,"
    lines = [f"{s.scene},{s.camera},{s.frame},True,,{split}" for s, split in SHOTS.items()]
    files["/split.csv"] = "\n".join([columns + "split_partition_name", *lines]).encode()
    for scene in {shot.scene for shot in SHOTS}:
        files[f"/scenes/{scene}.zip"] = archive(shot for shot in SHOTS if shot.scene == scene)

    def call(*flags, kinds=(COLOR, ENTITIES)):
        command = ["data", "download", "hypersim", "--root", str(tmp_path / "hypersim")]
        command += ["--base-url", f"{url}/scenes", "--split-url", f"{url}/split.csv"]
        return main([*command, "--files", *kinds, *flags])

    call.files, call.root, call.url = files, tmp_path / "hypersim", url
    return call


def test_the_frames_that_the_note_scores(hypersim, capsys):
    assert hypersim() == 0
    out = capsys.readouterr().out
    assert "2 frames of 2 scenes into" in out
    assert "4 files downloaded" in out
    dataset = open_dataset(hypersim.root)
    assert dataset.names == ["ai_001_001/cam_00/0000", "ai_001_002/cam_00/0000"]
    assert np.unique(dataset[0].label_maps) == [3]
    assert main(["data", "check", str(hypersim.root)]) == 0
    assert "hypersim: 2 images with masks, 2 regions" in capsys.readouterr().out


def test_all_frames_of_a_split_or_of_scenes(hypersim, capsys):
    assert hypersim("--pattern", "all", "--split", "train") == 0
    assert len(open_dataset(hypersim.root)) == 2
    del hypersim.files["/split.csv"]  # which is there now
    assert hypersim("--pattern", "all", "--scenes", "ai_001_001", "ai_001_003") == 0
    assert "2 files downloaded" in capsys.readouterr().out
    assert len(open_dataset(hypersim.root)) == 3


def test_what_is_there_is_kept(hypersim, capsys):
    hypersim()
    capsys.readouterr()
    assert hypersim() == 0
    assert "0 files downloaded (0.0 MB), 4 were there, 0 failed" in capsys.readouterr().out


def test_what_failed_is_listed_and_the_rest_is_there(hypersim, capsys):
    del hypersim.files["/scenes/ai_001_002.zip"]
    assert hypersim(kinds=(COLOR, ENTITIES, "tonemap.jpg")) == 1
    out = capsys.readouterr().out
    assert "2 files downloaded" in out
    assert "4 failed" in out
    missing = Shot("ai_001_002", "cam_00", 0)
    assert f"{hypersim.url}/scenes/ai_001_002.zip is not to be had: HTTP 404 Not Found:\n" in out
    assert all(f"  {missing.file(kind)}\n" in out for kind in (COLOR, ENTITIES, "tonemap.jpg"))
    assert f"not in {hypersim.url}/scenes/ai_001_001.zip:\n  ai_001_001/images/scene_cam_00" in out
    assert open_dataset(hypersim.root).names == ["ai_001_001/cam_00/0000"]


def test_long_lists_are_shortened(hypersim, capsys):
    shots = [Shot("ai_001_004", "cam_00", frame) for frame in range(8)]
    rows = [f"{s.scene},{s.camera},{s.frame},True,,val" for s in shots]
    hypersim.files["/split.csv"] += "\n".join(["", *rows]).encode()
    assert hypersim("--pattern", "all", "--scenes", "ai_001_004") == 1
    out = capsys.readouterr().out
    assert out.count("frame.000") == 10
    assert "  and 6 more\n" in out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--pattern", "all"], "name --split or --scenes"),
        (["--scenes", "ai_009_009"], "there is no scene ai_009_009"),
        (["--split", "val"], "no frame has pattern 'first', split val"),
        (["--files", "depth.hdf5"], "file must be one of color.hdf5"),
        (["--split-url", "file:///etc/passwd"], "begins with http:// or https://"),
        (["--connections", "0"], "connections must be at least 1"),
    ],
)
def test_refusals(hypersim, flags, message, capsys):
    assert hypersim(*flags) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error
    assert not list(hypersim.root.glob("ai_*"))


def test_a_split_file_that_is_none(hypersim, capsys):
    hypersim.files["/split.csv"] = b"<html>moved</html>\nto nowhere\n"
    assert hypersim() == 2
    assert f"{SPLIT_FILE} is no frame of HyperSim" in capsys.readouterr().err


def test_help(capsys):
    assert main(["data", "download"]) == 0
    assert "hypersim" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main(["data", "download", "hypersim", "--help"])
    assert stop.value.code == 0
    assert "CC BY-SA 3.0" in capsys.readouterr().out
