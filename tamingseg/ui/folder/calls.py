"""What the page may ask about the folder that the server shows, and the folder's small pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tamingseg.annotations.document import Label
from tamingseg.session.state import PALETTE
from tamingseg.ui.click.annotated import UNNAMED_LABEL, colours_of
from tamingseg.ui.click.exchange import read_classes
from tamingseg.ui.folder.desk import Desk
from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.folder.thumbs import Thumbs
from tamingseg.ui.wire import Call, answered, check_flag, check_text, check_whole, shorten


def folder_settings(project: FolderProject | None) -> dict[str, Any]:
    """Return what the page's scripts know of the folder from the start."""
    if project is None:
        return {"FOLDER": None}
    place = project.folder.resolve()
    return {"FOLDER": {"name": place.name, "id": str(place), "file": str(project.file)}}


def folder_calls(desk: Desk) -> list[Call]:
    """Make the functions that the page calls; each takes one JSON value to be checked."""
    project = desk.project

    @answered
    def open_in_folder(request: Any) -> dict[str, Any]:
        """Open a photo, see `Desk.open`; with "ahead" see `Desk.open_ahead`."""
        name, page = _name_and_page(request)
        if check_flag(request.get("ahead", False)):
            return desk.open_ahead(name)
        take, again = (check_flag(request.get(key, False)) for key in ("take", "again"))
        return desk.open(name, page, request.get("token"), take, again)

    def news(request: dict[str, Any]) -> dict[str, Any]:
        since = request.get("since")
        steps, rows = project.rows(-1 if since is None else check_whole(since))
        colours = colours_of(project.labels)
        classes = [
            {"name": label.name, "colour": colours[label.name]}
            for label in project.labels
            if label.name != UNNAMED_LABEL or label.key
        ]
        answer = {"run": desk.run, "step": steps, "photos": [asdict(row) for row in rows]}
        locks, notices = desk.locks.listed(_page(request)), desk.notices()
        return answer | {"classes": classes, "locks": locks, "notices": notices}

    @answered
    def look_at_folder(request: Any) -> dict[str, Any]:
        """Tell what changed after step "since"; with the "name" of a photo the page works on it."""
        _page(request)
        elsewhere = None
        if request.get("name") is not None:
            elsewhere = desk.look(*_name_and_page(request))
        return {"elsewhere": elsewhere, **news(request)}

    @answered
    def mark_photo(request: Any) -> dict[str, Any]:
        """Note that a photo is "done", "empty", or "started" again; tell what changed."""
        name, page = _name_and_page(request)
        with _said():
            desk.mark(name, page, request.get("state"))
        return {"state": project.photo(name).state, **news(request)}

    @answered
    def set_classes(request: Any) -> dict[str, Any]:
        """Have these classes, [{name, colour}], in their order; the first nine have keys."""
        known, colours = {one.name: one for one in project.labels}, colours_of(project.labels)
        labels = []
        for number, (name, colour) in enumerate(read_classes(request).items(), 1):
            text = PALETTE[colour] if colours.get(name) != colour else known[name].colour
            labels.append(Label(name, text, str(number) if number < 10 else ""))
        with _said():
            project.set_labels(labels)
        return {}

    @answered
    def rename_class(request: Any) -> dict[str, Any]:
        """Rename a class in all photos but the one of that "name", if any, and those in use."""
        besides = set(desk.locks.listed(_page(request)))
        if request.get("name") is not None:
            besides.add(_name_and_page(request)[0])
        old, new = (check_text(request.get(key)) for key in ("old", "new"))
        with _said():
            return {"photos": project.rename_label(old, new, besides)}

    return [open_in_folder, look_at_folder, mark_photo, set_classes, rename_class]


def folder_routes(desk: Desk) -> list[Route]:
    """Return the routes for small pictures, and for a page that is closed."""
    thumbs = Thumbs(desk.project)

    async def thumb(request: Request) -> Response:
        try:
            content = await run_in_threadpool(thumbs.find, request.query_params.get("name", ""))
        except (ValueError, OSError) as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        headers = {"cache-control": "private, max-age=3600"}
        return Response(content, media_type="image/jpeg", headers=headers)

    async def leave(request: Request) -> Response:
        desk.locks.release((await request.body()).decode("ascii", "replace"))
        return Response(status_code=204)

    return [
        Route("/tamingseg/folder/thumb", thumb),
        Route("/tamingseg/folder/leave", leave, methods=["POST"]),
    ]


@contextmanager
def _said() -> Iterator[None]:
    """Tell the user that the project cannot be written: its message says what to do."""
    try:
        yield
    except OSError as error:
        raise ValueError(str(error)) from error


def _name_and_page(request: Any) -> tuple[str, str]:
    page, name = _page(request), request.get("name")
    if not isinstance(name, str):
        raise ValueError(f"expected the name of a photo, got {shorten(name)}")
    return name, page


def _page(request: Any) -> str:
    page = request.get("page") if isinstance(request, dict) else None
    if not isinstance(page, str) or not 8 <= len(page) <= 64:
        raise ValueError("expected a request with the name that the page gave itself")
    return page
