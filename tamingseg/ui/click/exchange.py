"""The objects of many photos as annotation files, and annotation files as objects.

The browser keeps the work on each photo as a document at the size at which the photo is worked on;
annotations are at the photo's own size. Nothing here needs the photos themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tamingseg.annotations.document import (
    Label,
    Photo,
    Project,
    check_size,
    photo_name,
    without_hidden,
)
from tamingseg.annotations.files import Files, from_memory
from tamingseg.annotations.label_lists import read_label_list
from tamingseg.annotations.matching import without_ending
from tamingseg.annotations.reading import read_files
from tamingseg.annotations.report import Note, summary
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import pack
from tamingseg.masks.rle import area_of
from tamingseg.session.state import MAX_NAME, MAX_OBJECTS, PALETTE, State
from tamingseg.ui.click.annotated import (
    UNNAMED_LABEL,
    annotation_of,
    colours_of,
    label_of,
    scale_counts,
    shown_name,
)
from tamingseg.ui.click.document import read_document
from tamingseg.ui.shared.pictures import shrunk_size
from tamingseg.ui.wire import answered, as_text, check_flag, check_text, check_whole, shorten
from tamingseg.ui.workspaces import WORK_PIXELS

MAX_PHOTOS = 5000
"""Most photos of one request."""

MAX_CLASSES = 1000
"""Most classes of one request."""

MAX_LINES = 40
"""Most lines that tell what was lost; one line stands for all losses of a kind."""

_GRAVE = ("mask", "object", "photo", "label", "order")
"""Notes on these fields are told first."""
_ENTRY = re.compile(r"object (\d+)")

Size = tuple[int, int]


def list_formats() -> list[dict[str, Any]]:
    """Describe the formats for the page's menu."""
    return [
        {"name": name, "title": one.title, "words": one.what, "needs": one.needs_photos}
        for name, one in FORMATS.items()
    ]


@answered
def export_work(request: Any, images: Mapping[str, bytes]) -> dict[str, Any]:
    """Give the objects of photos as a file, and say in lines what it does not keep.

    The request has a "format", "visible" (leave out what is hidden), "photos", see `read_photos`,
    and "classes", each with a "name" and a "colour", whose order the labels have; `images` are
    files of photos, for formats that show them.
    """
    if not isinstance(request, dict):
        raise ValueError("expected photos and a format")
    form, works = check_text(request.get("format")), read_photos(request.get("photos"))
    classes = read_classes(request.get("classes", []))
    return packed(project_of(works, classes), form, check_flag(request.get("visible")), images)


@answered
def import_work(request: Any, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Read annotation files as objects of the photos that the browser has.

    Each of the "photos" is told by its "name", "full_size" and how many "objects" it has. With
    "map" the file is a label map of the first one. The answer has for each photo in the same order
    the size at which it is worked on and its new objects; the labels, and lines that say what was
    not taken.
    """
    if not isinstance(request, dict):
        raise ValueError("expected files and photos")
    names, photos = _check_photos(request.get("photos"))
    sizes = {
        name: check_size(photo.get("full_size")) for name, photo in zip(names, photos, strict=True)
    }
    project, notes = read_work(files, sizes, names[0] if request.get("map") else None)
    found = {photo.name: photo for photo in project.photos}
    colours = colours_of(project.labels)
    answers = []
    for name, described in zip(names, photos, strict=True):
        photo = found.get(name, Photo(name, sizes[name]))
        answers.append(describe_new(photo, colours, described.get("objects"), notes))
    return described_import(project, answers, sum(len(one["objects"]) for one in answers), notes)


def packed(
    project: Project, form: str, visible: bool, images: Files | Mapping[str, bytes]
) -> dict[str, Any]:
    """Answer with a project as a file: its bytes, its ending, and what it does not keep."""
    project = without_hidden(project) if visible else project
    count = sum(1 for _ in project.annotations())
    ending, content, notes = pack(project, form, images)
    notes = sorted(_with_names(notes, project), key=lambda note: note.field not in _GRAVE)
    lines = _cut(summary(notes, count))
    photos = len(project.photos)
    file = {"file": as_text(content), "ending": ending}
    return {**file, "objects": count, "photos": photos, "notes": lines}


def read_work(
    files: Mapping[str, bytes], sizes: Mapping[str, Size], mapped: str | None
) -> tuple[Project, list[Note]]:
    """Read annotations of photos of these sizes, or labels; or a label map of photo `mapped`."""
    if not files:
        raise ValueError("expected annotation files")
    if mapped is not None:
        content = next(iter(files.values()))
        ending = ".png" if content.startswith(b"\x89PNG") else ".tif"
        named = {f"{without_ending(mapped)}{ending}": content}
        return read_files(from_memory(named), {mapped: sizes[mapped]}, "label-maps")
    opened = from_memory(files)
    labels = read_label_list(opened)
    return (Project(labels), []) if labels else read_files(opened, sizes)


def described_import(
    project: Project, photos: list[dict[str, Any]], count: int, notes: list[Note]
) -> dict[str, Any]:
    """Answer with what was read: objects of photos, how many there are in all, and the labels."""
    colours = colours_of(project.labels)
    names = [name for name in colours if len(name) <= MAX_NAME]
    classes = [{"name": name, "colour": colours[name]} for name in names]
    lines = _cut(summary(notes))
    return {"photos": photos, "objects": count, "classes": classes, "notes": lines}


Work = tuple[Size, Size, State]
"""Size of the work, size of the photo, and the objects."""


def read_photos(photos: Any) -> dict[str, Work]:
    """Read photos with their documents: name -> work; names that occur twice get a number.

    Each has a "name", its "full_size", and unless nobody worked on it, "size" and "document", see
    `read_document`. Raises ValueError that names the photo that is not sound.
    """
    works: dict[str, Work] = {}
    for name, photo in zip(*_check_photos(photos), strict=True):
        try:
            full_size = check_size(photo.get("full_size"))
            size = shrunk_size(full_size, WORK_PIXELS)
            state = State()
            if photo.get("document") is not None:
                size = check_size(photo.get("size"))
                state = read_document(photo["document"], size)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        works[name] = size, full_size, state
    return works


def project_of(works: Mapping[str, Work], classes: Mapping[str, int]) -> Project:
    """Return the objects as annotations at the photos' own sizes.

    The labels are the classes, name -> colour, and after them other names of objects, each with the
    colour of the first object of that name; objects that nobody named are labelled "object".
    """
    photos = []
    for name, (size, full_size, state) in works.items():
        objects = tuple(annotation_of(item, size, full_size) for item in state.objects if item.mask)
        photos.append(Photo(name, full_size, objects))
    colours = dict(classes)
    for _, _, state in works.values():
        for item in state.objects:
            colours.setdefault(label_of(item), item.colour)
    used = {item.label for photo in photos for item in photo.objects} | classes.keys()
    labels = [Label(name, PALETTE[colour]) for name, colour in colours.items() if name in used]
    return Project(tuple(labels), tuple(photos))


def read_classes(classes: Any) -> dict[str, int]:
    """Read classes, [{name, colour}]: name -> place of the colour in the palette, in order."""
    if not isinstance(classes, list) or len(classes) > MAX_CLASSES:
        raise ValueError(f"expected a list of at most {MAX_CLASSES} classes")
    found: dict[str, int] = {}
    for entry in classes:
        if not isinstance(entry, dict):
            raise ValueError(f"expected a class, got {shorten(entry)}")
        name, colour = check_text(entry.get("name")), check_whole(entry.get("colour"))
        if colour >= len(PALETTE) or not 0 < len(name) <= MAX_NAME:
            raise ValueError(f"expected a class with name and colour, got {shorten(entry)}")
        found[name] = colour
    return found


def _with_names(notes: list[Note], project: Project) -> list[Note]:
    """Name the objects that notes count."""
    photos = {photo.name: photo for photo in project.photos}
    named = []
    for note in notes:
        if note.file in photos and (found := _ENTRY.fullmatch(note.entry)):
            item = photos[note.file].objects[int(found[1]) - 1]
            if item.label != UNNAMED_LABEL:
                note = replace(note, entry=f"{note.entry}, {shown_name(item)}")
        named.append(note)
    return named


def describe_new(
    photo: Photo, colours: Mapping[str, int], had: Any, notes: list[Note]
) -> dict[str, Any]:
    """Describe the objects of a photo as a document has them."""
    room = MAX_OBJECTS - (had if isinstance(had, int) else 0)
    if len(photo.objects) > room:
        lost = (
            f"{len(photo.objects) - room} objects are left out: a photo has at most {MAX_OBJECTS}"
        )
        notes.append(Note(lost, photo.name))
    size, described = shrunk_size(photo.size, WORK_PIXELS), []
    for number, item in enumerate(photo.objects[: max(room, 0)], 1):
        counts = scale_counts(item.mask, photo.size, size)
        if not area_of(counts):
            notes.append(Note("left out: it holds no pixel", photo.name, f"object {number}"))
            continue
        name = shown_name(item)
        if len(name) > MAX_NAME:
            notes.append(Note("its name is cut", photo.name, f"object {number}", "name"))
        described.append({"name": name[:MAX_NAME], "mask": counts, "hidden": item.hidden})
        described[-1]["colour"] = colours[item.label]
    return {"size": list(size), "objects": described}


def _check_photos(photos: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """Return names, each once, and what was said of each photo."""
    if not isinstance(photos, list) or len(photos) > MAX_PHOTOS:
        raise ValueError(f"expected a list of at most {MAX_PHOTOS} photos, got {shorten(photos)}")
    names: list[str] = []
    for photo in photos:
        if not isinstance(photo, dict):
            raise ValueError(f"expected a photo, got {shorten(photo)}")
        name, number = photo_name(check_text(photo.get("name"))), 1
        stem, dot, ending = name.rpartition(".")
        while name in names:
            number += 1
            name = f"{stem} ({number}){dot}{ending}" if stem else f"{ending} ({number})"
        names.append(name)
    return names, photos


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - MAX_LINES
    return lines if more <= 0 else [*lines[:MAX_LINES], f"... and {more} more"]
