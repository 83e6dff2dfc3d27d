"""The work on a folder as files of any format, and annotation files as work on the folder."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tamingseg.annotations.document import Photo, Project
from tamingseg.annotations.report import Note
from tamingseg.session.state import MAX_OBJECTS
from tamingseg.ui.bodies import Answer
from tamingseg.ui.click.annotated import UNNAMED_LABEL, colours_of
from tamingseg.ui.click.exchange import describe_new, described_import, packed, read_work
from tamingseg.ui.folder.desk import Desk
from tamingseg.ui.wire import answered, check_flag, check_text, check_whole


def folder_exchange(desk: Desk) -> tuple[Answer, Answer]:
    """Return what answers requests to export and to import, as `export_work` and `import_work`."""
    project = desk.project

    @answered
    def export_folder(request: Any, images: Mapping[str, bytes]) -> dict[str, Any]:
        """Give a file of the photo "name", or of all that are not new; in a "format".

        With "finished", of all that are done or empty.
        """
        form, name = check_text(request.get("format")), request.get("name")
        states = {"done", "empty"}
        if not check_flag(request.get("finished", False)):
            states.add("started")
        whole = project.project
        if name is not None:
            whole = replace(whole, photos=(project.photo(name),))
        else:
            photos = [photo for photo in whole.photos if photo.state in states]
            whole = replace(whole, photos=tuple(photos))
        shown = _without_numbers(whole)
        return packed(shown, form, check_flag(request.get("visible")), project.images())

    @answered
    def import_folder(request: Any, files: Mapping[str, bytes]) -> dict[str, Any]:
        """Read annotation files; the answer has the new objects of the photo "name" alone.

        It has "objects" already, and gets the new ones as any step of the user. All others are kept
        in the project, but for those that are "known" there; photos on which somebody else works
        are left out. "in_photos" counts the other photos that have new ones.
        """
        page, name = request.get("page"), request.get("name")
        if not isinstance(page, str) or not isinstance(name, str):
            raise ValueError("expected a page and the name of the photo that it shows")
        count = check_whole(request.get("objects"))
        sizes = {name: project.size(name)}
        for other in project.names:
            with suppress(ValueError, OSError):  # damaged: whoever opens it is told
                sizes[other] = project.size(other)
        found, notes = read_work(files, sizes, name if request.get("map") else None)
        mine, others, taken = Photo(name, sizes[name]), [], desk.locks.listed(page)
        known = 0
        for photo in found.photos:
            if photo.name == name:
                mine = photo
            elif photo.name in taken:
                notes.append(Note("left out: somebody works on it", photo.name))
            else:
                had = {(item.label, item.mask) for item in project.photo(photo.name).objects}
                new = tuple(one for one in photo.objects if (one.label, one.mask) not in had)
                known += len(photo.objects) - len(new)
                others.append(replace(photo, objects=new, state="new"))
        try:
            is_empty = notes and not any(photo.objects for photo in found.photos)
            project.add(Project(() if is_empty else found.labels, tuple(others)))
        except OSError as error:
            raise ValueError(str(error)) from error
        for photo in others:
            if len(project.photo(photo.name).objects) > MAX_OBJECTS:
                text = f"more than {MAX_OBJECTS} objects; they are kept, but not opened here"
                notes.append(Note(text, photo.name))
        described = describe_new(mine, colours_of(project.labels), count, notes)
        total = known + len(described["objects"]) + sum(len(photo.objects) for photo in others)
        answer = described_import(found, [described], total, notes)
        in_photos = sum(bool(photo.objects) for photo in others)
        return {**answer, "known": known, "in_photos": in_photos}

    return export_folder, import_folder


def _without_numbers(project: Project) -> Project:
    """Leave out the names that the page gave to objects of no class, such as "Object 3"."""
    photos = []
    for photo in project.photos:
        objects = tuple(
            replace(item, name="") if item.label == UNNAMED_LABEL else item
            for item in photo.objects
        )
        photos.append(replace(photo, objects=objects))
    return replace(project, photos=tuple(photos))
