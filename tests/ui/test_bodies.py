"""Requests with files."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tamingseg.ui.bodies import file_routes


def test_files_arrive_as_they_were_sent():
    routes = file_routes({"/a": lambda request, files: {"got": request["x"], "n": len(files["b"])}})
    client = TestClient(Starlette(routes=routes))
    body = b'{"x": 3, "files": [["a", 0], ["b", 4]]}\n\n\n\xff\x00'
    assert client.post("/a", content=body).json() == {"got": 3, "n": 4}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]\n",
        b'{"files": 3}\n',
        b'{"files": [["a"]]}\n',
        b'{"files": [["a", -1]]}\n',
        b'{"files": [["a", true]]}\n',
        b'{"files": [[3, 0]]}\n',
        b'{"files": [["a", 2]]}\nx',
        b'{"files": [["a", 0]]}\nx',
    ],
)
def test_bodies_that_are_not_sound_are_refused(body):
    client = TestClient(Starlette(routes=file_routes({"/a": lambda request, files: {}})))
    answer = client.post("/a", content=body).json()
    assert answer["error"]
    assert "failed" not in answer["error"]
