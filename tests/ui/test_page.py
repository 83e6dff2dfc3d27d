"""How the page is launched: where, and whether a browser opens."""

import runpy
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tamingseg.cli.main import main
from tamingseg.ui import page
from tamingseg.ui.shared.scripts import version_of
from tamingseg.ui.workspaces import Workspaces

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def launched(monkeypatch):
    """What the page is launched with; nothing is served."""
    options = {}
    served = SimpleNamespace(launch=lambda **given: options.update(given))
    monkeypatch.setattr(page, "load_segmentor", lambda name: None)
    monkeypatch.setattr(page, "build_page", lambda segmentor, **more: served)
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME"):
        monkeypatch.delenv(name, raising=False)
    return options


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_by_default_gradio_looks_for_a_port_and_opens_the_browser(launched):
    page.launch()
    assert launched == {"server_name": None, "server_port": None, "inbrowser": True}


def test_no_browser_opens_on_request_and_in_a_hosted_demo(launched, monkeypatch):
    page.launch(open_browser=False)
    assert not launched["inbrowser"]
    monkeypatch.setenv("SPACE_ID", "someone/demo")
    page.launch()
    assert not launched["inbrowser"]


def test_app_py_starts_the_app_with_its_flags(launched, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["app.py", "--no-open-browser"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(APP), run_name="__main__")
    assert stop.value.code == 0
    assert launched == {"server_name": None, "server_port": None, "inbrowser": False}


def test_an_address_that_is_not_to_be_had_is_one_line_before_the_model_is_loaded(
    launched, monkeypatch, capsys, busy_port
):
    monkeypatch.setattr(page, "load_segmentor", lambda name: 1 / 0)
    for flags, message in [
        (["--port", str(busy_port)], f"port {busy_port} (Address already in use"),
        (["--port", "70000"], "a port is a number from 1 to 65535, got 70000"),
        (["--host", "203.0.113.7"], "cannot be served at 203.0.113.7"),  # of no machine
    ]:
        assert main(["app", *flags]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not launched


@pytest.mark.parametrize(
    ("flags", "bundled", "loaded"),
    [
        ([], True, ["default", "distilled"]),
        ([], False, ["default"]),
        (["--model", "mine"], True, ["mine"]),
    ],
)
def test_the_default_model_is_joined_by_the_distilled_one(
    launched, monkeypatch, flags, bundled, loaded
):
    asked = []
    monkeypatch.setattr(page, "load_segmentor", lambda name: asked.append(name) or name)
    monkeypatch.setattr(page, "WEIGHTS", {"distilled": SimpleNamespace(bundled=bundled)})
    assert main(["app", *flags]) == 0
    assert asked == loaded


def test_a_folder_without_textures_is_one_line_before_the_model_is_loaded(
    launched, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(page, "load_segmentor", lambda name: 1 / 0)
    for folder, message in [
        (tmp_path / "none", "there is no folder"),
        (tmp_path, "holds no texture photo"),
    ]:
        assert main(["app", "--textures", str(folder)]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not launched


@pytest.mark.parametrize("memory", ["0", "-1", "nan"])
def test_too_little_memory_is_one_line_before_the_model_is_loaded(
    launched, monkeypatch, capsys, memory
):
    monkeypatch.setattr(page, "load_segmentor", lambda name: 1 / 0)
    assert main(["app", "--memory", memory]) == 2
    assert "--memory is at least 0.1 GB" in capsys.readouterr().err
    assert not launched


def test_the_memory_asked_for_is_that_of_the_workspaces(launched, monkeypatch):
    built = {}
    served = SimpleNamespace(launch=lambda **given: None)
    monkeypatch.setattr(page, "build_page", lambda *_, **given: built.update(given) or served)
    assert main(["app", "--memory", "0.5"]) == 0
    assert built["memory"] == 0.5


def test_scripts_are_served_under_an_address_that_changes_with_them():
    scripts = {"shared/main.js": b"export const one = 1;", "click/tab.js": b""}
    client = TestClient(Starlette(routes=page._routes(Workspaces(None), scripts)))
    version = version_of(scripts)
    answer = client.get(f"/tamingseg/scripts/{version}/shared/main.js")
    assert answer.content == scripts["shared/main.js"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    other = version_of({**scripts, "click/tab.js": b"1"})
    assert other != version
    for path in (
        f"{other}/shared/main.js",
        f"{version}/shared/none.js",
        f"{version}/shared/../page.py",
        f"{version}/%2e%2e/page.py",
        f"{version}//etc/passwd",
    ):
        assert client.get(f"/tamingseg/scripts/{path}").status_code == 404


def test_a_folder_is_opened_with_its_file_and_let_go_at_the_end(
    launched, monkeypatch, capsys, tmp_path
):
    built = {}
    served = SimpleNamespace(launch=lambda **given: None)
    monkeypatch.setattr(page, "build_page", lambda *_, **given: built.update(given) or served)
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    file = tmp_path / "work.tamingseg"
    for _ in range(2):  # the second time it is free again
        assert main(["app", str(tmp_path), "--annotations", str(file)]) == 0
        assert built["project"].names == ["a.png"]
    assert (
        capsys.readouterr().out.splitlines()[0] == f"1 photos; the work on them is kept in {file}"
    )


def test_a_folder_that_cannot_be_worked_on_is_one_line_before_the_model_is_loaded(
    launched, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(page, "load_segmentor", lambda name: 1 / 0)
    (tmp_path / "none").mkdir()
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    for flags, message in [
        ([tmp_path / "none"], "there is no photo in"),
        ([tmp_path / "missing"], "is no folder"),
        ([tmp_path, "--annotations", tmp_path / "a.json"], "only a file that ends in .tamingseg"),
        (["--annotations", tmp_path / "a.tamingseg"], "goes with a folder of photos"),
    ]:
        assert main(["app", *map(str, flags)]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not launched
