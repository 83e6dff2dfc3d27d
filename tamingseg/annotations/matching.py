"""Whose objects these are: photos as a file names them -> photos that are there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tamingseg.annotations.document import Project
from tamingseg.annotations.files import Size
from tamingseg.annotations.report import Report


def matched(
    project: Project, sizes: Mapping[str, Size], report: Report, all_there: bool = True
) -> Project:
    """Return the project with the names of photos that are there, without the others.

    A photo is found by its path, else by the end of its path or without its ending, if only one
    photo fits. What belongs to no photo, to one of another size, or to one that has its objects
    already, is left out and noted.

    Parameters
    ----------
    sizes
        Name -> (height, width) of the photos that are there.
    all_there
        Whether no other photos are taken. Else they keep the names they have.
    """
    find = finder(sizes)
    taken: dict[str, str] = {}
    photos = []
    for photo in project.photos:
        name = find(photo.name)
        if name is None and not all_there:
            photos.append(photo)
        elif name is None:
            report.add("left out: there is no such photo", photo.name, field="photo")
        elif photo.size != sizes[name]:
            report.add(
                f"left out: it was made for a photo of (height, width) {photo.size}, but {name} "
                f"has {sizes[name]}; was it turned or resized?",
                photo.name,
                field="photo",
            )
        elif name in taken:
            report.add(
                f"left out: {name} has its objects from {taken[name]}", photo.name, field="photo"
            )
        else:
            taken[name] = photo.name
            photos.append(replace(photo, name=name if all_there else photo.name))
    return replace(project, photos=tuple(photos))


def stems(project: Project, report: Report) -> dict[str, str]:
    """Return photo -> its name without the ending, for formats that name files so.

    Of two photos that differ in their endings only, the second keeps its own, which is noted.
    """
    found: dict[str, str] = {}
    for photo in project.photos:
        stem = without_ending(photo.name)
        if stem in found.values():
            report.add("its file keeps the ending, another photo has the same name", photo.name)
            stem = photo.name
        found[photo.name] = stem
    return found


def finder(names: Iterable[str]) -> Callable[[str], str | None]:
    """Return a function that finds the one of `names` that a path means, or None.

    Examples
    --------
    >>> find = finder(["day1/a.jpg", "day2/a.jpg", "day2/b.png"])
    >>> find("b"), find("images/day1/a.png"), find("a.jpg")
    ('day2/b.png', 'day1/a.jpg', None)
    """
    names = list(names)
    exact = set(names)
    ends: dict[str, set[str]] = {}
    for name in names:
        for end in _ends(name):
            ends.setdefault(end, set()).add(name)

    def find(path: str) -> str | None:
        if path in exact:
            return path
        for end in _ends(path):
            found = ends.get(end, set())
            if len(found) > 1:  # the one that lies in no further folder
                found = {name for name in found if name.count("/") == end.count("/")}
            if len(found) == 1:
                return next(iter(found))
        return None

    return find


def without_ending(name: str) -> str:
    """Return a path without the ending of its last part.

    Examples
    --------
    >>> [without_ending(name) for name in ("a.b/c.d.jpg", "a.b/c", ".a")]
    ['a.b/c.d', 'a.b/c', '.a']
    """
    folder, slash, last = name.rpartition("/")
    stem = last.rpartition(".")[0]
    return folder + slash + (stem or last)


def _ends(name: str) -> list[str]:
    """Return the ends of a path, the longest first: each with its ending, then each without."""
    whole, bare = name.split("/"), without_ending(name).split("/")
    return [
        "/".join(parts[start:]) + mark
        for parts, mark in ((whole, ""), (bare, "\0"), (whole, "\0"))
        for start in range(len(parts))
    ]
