"""Other programs drive a running page through `gradio_client`."""

import base64
import io
import json
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image
from pycocotools.mask import decode

from tamingseg.ui.endpoints import MAX_CLICKS

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE, GREY = (160, 180), (300, 440), (20, 600)

# A process of its own: gradio_client leaves sockets open, which would fail other tests here.
PROGRAM = """
import json, sys
from gradio_client import Client

client = Client(sys.argv[1], verbose=False)
answers, token = [], None
for endpoint, arguments in json.load(sys.stdin):
    if endpoint != "/embed":
        arguments = {"token": token} | arguments
    try:
        answers.append(client.predict(**arguments, api_name=endpoint))
        token = answers[-1]["token"] if endpoint == "/embed" else token
    except Exception as error:
        answers.append(str(error))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def ask(chromium, app):
    """`ask((endpoint, arguments), ...)`: what a program gets; a text is a message of an error.

    Gradio leaves event loops open if it builds a page where none runs; Chromium brings one.
    """

    def run(*calls):
        command = [sys.executable, "-c", PROGRAM, app.address]
        ended = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


def in_base64(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def mask_of(entry):
    return decode(entry["segmentation"]).astype(bool)


def test_a_program_gets_masks(ask, discs, discs_image, disc_masks):
    opened, red, both, proposed, regions = ask(
        ("/embed", {"photo": in_base64(discs_image), "name": "discs.png"}),
        ("/segment", {"clicks": [RED]}),
        ("/segment", {"clicks": [RED, [*BLUE, 1], [*GREY, 0]]}),
        ("/propose", {"count": 3}),
        ("/partition", {"regions": 3}),
    )
    assert (opened["height"], opened["width"]) == discs.shape
    assert np.array_equal(mask_of(red), discs == 1)
    assert red["area"] == (discs == 1).sum()
    assert np.array_equal(mask_of(both), (discs == 1) | (discs == 2))
    assert [entry["score"] for entry in proposed] == [0.9, 0.8, 0.7]
    for number, entry in enumerate(proposed):
        assert np.array_equal(mask_of(entry), disc_masks[number])
    masks = np.stack([mask_of(entry) for entry in regions])
    assert len(masks) == 3
    assert (masks.sum(axis=0) == 1).all()  # every pixel is in one region
    assert any((mask == (discs == 1)).mean() > 0.99 for mask in masks)


def test_a_large_photo_is_answered_at_its_own_size(ask):
    large = np.zeros((1500, 3000, 3), np.uint8)
    large[:, 1500:] = 255
    _, found = ask(("/embed", {"photo": in_base64(large)}), ("/segment", {"clicks": [[700, 2500]]}))
    assert (mask_of(found) == (large[..., 0] > 0)).mean() > 0.999


def test_what_is_wrong_is_said(ask, discs_image):
    wrong = [
        ("/embed", {"photo": "%%%"}, "a photo is its file in base64"),
        ("/embed", {"photo": base64.b64encode(b"no photo").decode()}, "image"),
        ("/segment", {"token": "nobody's", "clicks": [[1, 1]]}, "session has ended"),
        ("/segment", {"clicks": []}, f"1 to {MAX_CLICKS} clicks"),
        ("/segment", {"clicks": [[1]]}, "[row, col]"),
        ("/segment", {"clicks": [[1, 1, 7]]}, "positive is 1 or 0"),
        ("/segment", {"clicks": [[1e9, 1]]}, "outside"),
        ("/propose", {"grid": 7}, "a grid has 16, 32, 64"),
        ("/propose", {"token": None}, "session has ended"),
        ("/partition", {"method": "best"}, "greedy"),
        ("/partition", {"regions": 0}, "regions"),
    ]
    opening = ("/embed", {"photo": in_base64(discs_image)})
    _, *messages = ask(opening, *(call[:2] for call in wrong))
    for (endpoint, _, expected), message in zip(wrong, messages, strict=True):
        assert expected in message, endpoint


def test_every_endpoint_is_described_with_types(app, ask):
    with urllib.request.urlopen(f"{app.address}gradio_api/info") as answer:
        endpoints = json.load(answer)["named_endpoints"]
    assert endpoints.keys() == {"/embed", "/segment", "/propose", "/partition"}
    for endpoint in endpoints.values():
        assert endpoint["description"]
        assert all(argument["type"] for argument in endpoint["parameters"])
