"""The page: its tabs, its few routes beside gradio's own, and how it is launched."""

import asyncio
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tamingseg.data.base import read_image
from tamingseg.data.sample_images import SAMPLE_IMAGES, load_sample_image
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.allowed import Known
from tamingseg.ui.bodies import file_routes
from tamingseg.ui.click.calls import click_tab
from tamingseg.ui.click.exchange import export_work, import_work
from tamingseg.ui.decoder.calls import decoder_routes, decoder_settings, decoder_weights
from tamingseg.ui.endpoints import add_endpoints
from tamingseg.ui.folder.calls import folder_calls, folder_routes, folder_settings
from tamingseg.ui.folder.desk import Desk
from tamingseg.ui.folder.exchange import folder_exchange
from tamingseg.ui.folder.project import FolderProject, keep_written
from tamingseg.ui.guard import EXPORT_PATH, IMPORT_PATH, UPLOAD_PATH, Guard
from tamingseg.ui.hosts import own_names
from tamingseg.ui.memory import keep_tidy, use_one_heap
from tamingseg.ui.mosaics.calls import mosaic_tab
from tamingseg.ui.mosaics.pictures import Textures, find_textures
from tamingseg.ui.partition.calls import partition_tab
from tamingseg.ui.proposals.calls import Proposer, proposal_tab, propose_on_grid, set_truth
from tamingseg.ui.quick_gradio import gr, no_web_app
from tamingseg.ui.runs import MAX_AT_ONCE, listen_for_runs
from tamingseg.ui.shared.calls import shared_calls
from tamingseg.ui.shared.canvas import Tab, seg_canvas, settings_of
from tamingseg.ui.shared.pictures import thumbnail
from tamingseg.ui.shared.scripts import load_scripts, version_of
from tamingseg.ui.turns import start_encoders
from tamingseg.ui.wire import answered
from tamingseg.ui.workspaces import Gone, Workspaces
from tamingseg.weights.registry import WEIGHTS

_PARTITIONER = "distilled"
"""The model of mosaics, partition and instant proposals: it finds all regions at once."""

MEMORY = 2.0
"""Gigabytes for photos and what is found in them, unless something else is asked for."""

LEAST_MEMORY = 0.1
"""With less not even one large photo could be worked on."""

_DECODED_AT_ONCE = 2
"""Most photos decoded at the same time: a few kilobytes may hold 80 million pixels."""

_FONTS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_CSS = """
.gradio-container > .main, .gradio-container .html-container { padding: 0 !important; }
.gradio-container > .main { max-width: none !important; }
.gradio-container .column { gap: 0 !important; }
"""


class Page(gr.Blocks):
    """The blocks of the app. They are always launched with the guard and the routes they need."""

    def __init__(
        self,
        segmentor: Segmentor,
        propose: Proposer,
        partitioner: Segmentor,
        textures: Textures,
        memory: float,
        project: FolderProject | None,
    ) -> None:
        super().__init__(
            title="tamingseg · segment an image by clicking",
            analytics_enabled=False,
            delete_cache=(600, 3600),
        )
        self.workspaces = Workspaces(segmentor, int(memory * 1e9))
        self.desk = Desk(self.workspaces, project) if project else None
        self._closed = threading.Event()
        with self:
            tabs = make_tabs(self.workspaces, propose, partitioner, textures)
            self.decoder = decoder_weights(segmentor)
            settings = settings_of(tabs) | folder_settings(project) | decoder_settings(self.decoder)
            self.scripts = load_scripts(settings)
            calls = [
                *shared_calls(self.workspaces),
                *(folder_calls(self.desk) if self.desk else []),
            ]
            canvas = seg_canvas(tabs, calls, self.scripts)
            listen_for_runs(canvas, {name: run for tab in tabs for name, run in tab.runs.items()})
            add_endpoints(self.workspaces, propose, partitioner)
        self.queue(max_size=MAX_AT_ONCE)

    def launch(self, **options: Any) -> Any:  # type: ignore[override]
        """Launch like any gradio page, with the settings that keep this one safe and private."""
        use_one_heap()
        start_encoders()
        if self.desk is None:  # the page begins with a sample photo, whose first click is instant
            name = SAMPLE_IMAGES[0]
            # Loaded in this thread: it sets filters of warnings for a moment, and so does FastAPI.
            sample = (name, load_sample_image(name))
            threading.Thread(target=self.workspaces.embed_sample, args=sample, daemon=True).start()
        tidying = (self.workspaces, self._closed)
        threading.Thread(target=keep_tidy, args=tidying, daemon=True).start()
        write, read = folder_exchange(self.desk) if self.desk else (export_work, import_work)
        routes = _routes(self.workspaces, self.scripts)
        routes += file_routes({EXPORT_PATH: write, IMPORT_PATH: read})
        if self.decoder is not None:
            routes += decoder_routes(self.workspaces, self.decoder)
        if self.desk is not None:
            writing = (self.desk.project, self._closed)
            threading.Thread(target=keep_written, args=writing, daemon=True).start()
            routes += folder_routes(self.desk)
        hosts = own_names() if self.desk else None
        mcp = os.environ.get("GRADIO_MCP_SERVER", "").lower() == "true"
        kept: dict[str, Any] = {
            "app_kwargs": {
                "routes": routes,
                "middleware": [Middleware(Guard, known=self._known(mcp), hosts=hosts)],
            },
            "mcp_server": mcp,
            "theme": gr.themes.Base(font=list(_FONTS), font_mono=["ui-monospace", "monospace"]),
            "css": _CSS,
            "allowed_paths": [],
            "max_threads": MAX_AT_ONCE,
            "max_file_size": "1mb",  # photos come by our own route; nothing else is uploaded
            "footer_links": [],
            "run_history": False,
            "ssr_mode": False,
            "pwa": False,
        }
        return super().launch(**(kept | options))

    def close(self, verbose: bool = True) -> None:
        """Serve no more."""
        self._closed.set()
        super().close(verbose)

    def _known(self, mcp: bool) -> Known:
        """List the functions and the events of the page's components."""
        calls = {
            number: {name for name, f in vars(block).items() if getattr(f, "_is_server_fn", False)}
            for number, block in self.blocks.items()
        }
        return Known(calls, {number: len(run.inputs) for number, run in self.fns.items()}, mcp)


def make_tabs(
    workspaces: Workspaces, propose: Proposer, partitioner: Segmentor, textures: Textures
) -> list[Tab]:
    """Describe the tabs of the page, in their order."""
    return [
        click_tab(workspaces),
        proposal_tab(workspaces, propose, partitioner),
        mosaic_tab(workspaces, partitioner, textures),
        partition_tab(workspaces, partitioner),
    ]


def build_page(
    segmentor: Segmentor,
    propose: Proposer = propose_on_grid,
    partitioner: Segmentor | None = None,
    textures: Textures | None = None,
    memory: float = MEMORY,
    project: FolderProject | None = None,
) -> Page:
    """Build the app around a model and a way to propose; launch it like any `gr.Blocks`.

    Parameters
    ----------
    partitioner
        The model of mosaics and partition, and if it is a `PixelSegmentor`, of instant
        proposals; by default the same model.
    textures
        What mosaics are made of; by default textures by formula.
    memory
        Gigabytes for the photos of all users together, and what is found in them.
    project
        A folder of photos that the page works on; by default photos are opened in the browser.
    """
    textures = textures or find_textures(None)
    with no_web_app():
        return Page(segmentor, propose, partitioner or segmentor, textures, memory, project)


def launch(
    port: int | None = None,
    host: str | None = None,
    model: str = "default",
    open_browser: bool = True,
    textures: Path | None = None,
    memory: float = MEMORY,
    project: FolderProject | None = None,
) -> None:
    """Load a model, serve the app until interrupted, and say its address.

    Parameters
    ----------
    port
        None takes the first free one from 7860, or from GRADIO_SERVER_PORT.
    host
        None takes GRADIO_SERVER_NAME, or serves this machine alone.
    model
        Name of a segmentor, or a checkpoint file. Beside the default, `distilled` serves mosaics,
        partition and instant proposals; any other model does everything by itself.
    open_browser
        Show the page in the browser; a hosted demo, which has none, never does.
    textures
        Folder of photos of textures for mosaics, besides those by formula.
    memory
        Gigabytes for the photos of all users together, and what is found in them.
    project
        A folder of photos that the page works on; by default photos are opened in the browser.

    Raises
    ------
    OSError
        If the port is in use, or the host is none of this machine's addresses.
    FileNotFoundError, ValueError
        If there is no such folder of textures, or no photo in it, or too little memory.
    """
    if not memory >= LEAST_MEMORY:
        raise ValueError(f"--memory is at least {LEAST_MEMORY:g} GB, got {memory:g}")
    _check_address(host or os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), port)
    found = find_textures(textures)
    segmentor = load_segmentor(model)
    partitioner = load_segmentor(_PARTITIONER) if _takes_partitioner(model) else segmentor
    page = build_page(
        segmentor, partitioner=partitioner, textures=found, memory=memory, project=project
    )
    is_hosted = "SPACE_ID" in os.environ
    page.launch(server_name=host, server_port=port, inbrowser=open_browser and not is_hosted)


def _takes_partitioner(model: str) -> bool:
    """Whether `distilled` is loaded beside the model of clicks: only beside the default."""
    return model == "default" and _PARTITIONER in WEIGHTS and WEIGHTS[_PARTITIONER].bundled


def _check_address(host: str, port: int | None) -> None:
    """Refuse an address that cannot be used. Gradio would try a hundred, five seconds each."""
    if port is not None and not 0 < port < 2**16:
        raise ValueError(f"a port is a number from 1 to {2**16 - 1}, got {port}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port or 0)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will do
            probe.bind(address)
    except OSError as error:
        where = host if port is None else f"{host}, port {port}"
        raise OSError(
            f"the page cannot be served at {where} ({error.strerror}); choose another, or leave "
            "--port and --host out"
        ) from error


def _routes(workspaces: Workspaces, scripts: Mapping[str, bytes]) -> list[Route]:
    """Return the routes for photos, pictures and scripts. All else are calls of the canvas."""
    version = version_of(scripts)
    decoding = asyncio.Semaphore(_DECODED_AT_ONCE)

    @answered
    def open_photo(name: str, content: bytes) -> dict[str, Any]:
        return workspaces.open_image(name, read_image(content)).greeting()

    async def photo(request: Request) -> Response:
        content = await request.body()
        name = request.query_params.get("name", "")[:200]
        async with decoding:
            return JSONResponse(await run_in_threadpool(open_photo, name, content))

    @answered
    def take_truth(token: str, content: bytes) -> dict[str, Any]:
        return set_truth(workspaces, token, content)

    async def truth(request: Request) -> Response:
        content = await request.body()
        token = request.headers.get("x-tamingseg-token", "")
        async with decoding:
            return JSONResponse(await run_in_threadpool(take_truth, token, content))

    async def leave(request: Request) -> Response:
        workspaces.leave((await request.body()).decode("ascii", "replace"))
        return Response(status_code=204)

    def picture(request: Request) -> Response:
        try:
            content = workspaces.picture(request.path_params["key"])
        except Gone as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        headers = {"cache-control": "private, no-store"}
        return Response(content, media_type="image/jpeg", headers=headers)

    def sample(request: Request) -> Response:
        try:
            content = thumbnail(load_sample_image(request.path_params["name"]))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        headers = {"cache-control": "public, max-age=86400"}
        return Response(content, media_type="image/jpeg", headers=headers)

    async def script(request: Request) -> Response:
        content = scripts.get(request.path_params["path"])
        if content is None or request.path_params["version"] != version:
            return JSONResponse({"error": "there is no such script"}, status_code=404)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(content, media_type="text/javascript", headers=headers)

    return [
        Route(UPLOAD_PATH, photo, methods=["POST"]),
        Route("/tamingseg/truth", truth, methods=["POST"]),
        Route("/tamingseg/leave", leave, methods=["POST"]),
        Route("/tamingseg/picture/{key}", picture),
        Route("/tamingseg/scripts/{version}/{path:path}", script),
        Route("/tamingseg/samples/{name}", sample),
    ]
