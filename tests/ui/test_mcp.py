"""An MCP client drives a running page, if that is switched on."""

import ast
import base64
import io
import json
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image
from pycocotools.mask import decode

pytest.importorskip("mcp", reason="the package mcp is not installed: MCP is not tested")

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

# A process of its own, as for gradio_client.
PROGRAM = """
import ast, asyncio, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

async def ask(address, photo):
    async with streamablehttp_client(address) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            told = {name: [tool.description, tool.inputSchema] for name, tool in tools.items()}
            opened = await session.call_tool("embed", {"photo": photo, "name": "discs.png"})
            token = ast.literal_eval(opened.content[0].text)["token"]
            answers = []
            for clicks in ([[160, 180]], []):
                found = await session.call_tool("segment", {"token": token, "clicks": clicks})
                answers.append([found.isError, found.content[0].text])
            print(json.dumps([told, answers]))

asyncio.run(ask(sys.argv[1], sys.stdin.read()))
"""


@pytest.fixture(scope="module")
def address(chromium, pixel_segmentor, propose_discs, serve):
    """Where a page that lets MCP clients in is served. (Chromium brings the event loop.)"""
    from tamingseg.ui.page import build_page

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_MCP_SERVER", "true")
        page = build_page(pixel_segmentor(), propose_discs)
        yield serve(page)
    page.close(verbose=False)


def test_an_mcp_client_gets_masks(address, discs, discs_image):
    file = io.BytesIO()
    Image.fromarray(discs_image).save(file, "PNG")
    photo = base64.b64encode(file.getvalue()).decode()
    command = [sys.executable, "-c", PROGRAM, f"{address}gradio_api/mcp/"]
    ended = subprocess.run(command, input=photo, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    tools, ((failed, red), (refused, why)) = json.loads(ended.stdout)
    assert tools.keys() == {"embed", "segment", "propose", "partition"}
    for description, schema in tools.values():
        assert description
        assert all("description" in one for one in schema["properties"].values())
    assert not failed
    mask = decode(ast.literal_eval(red)["segmentation"])
    assert np.array_equal(mask.astype(bool), discs == 1)
    assert refused
    assert "1 to 100 clicks" in why


def test_nothing_else_of_it_is_there(address):
    for path in ("sse", "schema", "http", "messages/"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}gradio_api/mcp/{path}")
