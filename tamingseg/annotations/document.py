"""The work on a set of photos as a value: labels, photos, and the objects of each photo.

Nothing here is ever changed; `dataclasses.replace` makes a new one. Masks are COCO's compressed run
lengths at the photo's full size, see `tamingseg.masks.rle`, so objects may overlap, and documents
compare with `==`. The objects of a photo lie in the order of its tuple, back to front.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from tamingseg.values import MASK_THRESHOLD, Click

MAX_TEXT = 1024
"""Characters in a name."""

MAX_PIXELS = 2**31 - 1
"""Pixels of a photo; more do not fit into the numbers that formats hold."""

State = Literal["new", "started", "done", "empty"]
"""How far the work on a photo is; "empty" means that somebody decided so."""

COLOURS = (
    "#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#d55e00", "#f5f5f5",
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255",
)  # fmt: skip
"""For labels without a colour. They stay apart for colour-blind eyes: Okabe & Ito 2008, white for
their black, then the muted scheme of Tol 2021."""

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Label:
    """A class of objects, its colour as #rrggbb, and the key that chooses it ("" for none)."""

    name: str
    colour: str = COLOURS[0]
    key: str = ""

    def __post_init__(self) -> None:
        check_text(self.name, "the name of a label")
        if not isinstance(self.colour, str) or not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"the colour of a label must be like #56b4e9, got {self.colour!r:.50}")
        if not isinstance(self.key, str) or len(self.key) > 1:
            raise ValueError(f"the key of a label must be one character, got {self.key!r:.50}")


@dataclass(frozen=True, slots=True)
class Made:
    """How the mask of an object was made.

    Attributes
    ----------
    tool
        In a word, such as "clicks", "brush" or "proposal"; "" if nobody knows.
    clicks, click_thresholds, threshold, base
        What a session needs to go on, see `tamingseg.session.state.SegmentedObject`: the clicks,
        the threshold at each of them, the present one, and the mask before the first click as run
        lengths.
    """

    tool: str = ""
    clicks: tuple[Click, ...] = ()
    click_thresholds: tuple[float, ...] = ()
    threshold: float = MASK_THRESHOLD
    base: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An object in a photo.

    Attributes
    ----------
    label
        Name of one of the project's labels.
    mask
        Compressed run lengths at the photo's size.
    name
        What the user calls it; "" for none.
    """

    label: str
    mask: str
    name: str = ""
    hidden: bool = False
    locked: bool = False
    made: Made = Made()

    def __post_init__(self) -> None:
        check_text(self.label, "the label of an object")
        if self.name:
            check_text(self.name, "the name of an object")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and its objects, back to front.

    `name` is its path below the folder of photos, with "/" between folders and with its ending.
    `size` is (height, width) of the upright photo.
    """

    name: str
    size: tuple[int, int]
    objects: tuple[Annotation, ...] = ()
    state: State = "new"

    def __post_init__(self) -> None:
        if photo_name(self.name) != self.name:
            raise ValueError(
                f"a photo must be named by its path below a folder, like day1/a.jpg, got "
                f"{self.name!r:.100}"
            )
        check_size(self.size)
        if self.state not in get_args(State):
            raise ValueError(
                f"the state of a photo must be one of {', '.join(get_args(State))}, got "
                f"{self.state!r:.50}"
            )


@dataclass(frozen=True, slots=True)
class Project:
    """The whole work: the labels in their order, and the photos.

    Raises
    ------
    ValueError
        If two labels or two photos have one name, or an object has a label that is not listed.

    Examples
    --------
    >>> from tamingseg.masks.rle import encode_rle
    >>> import numpy as np
    >>> cell = Annotation("cell", encode_rle(np.eye(4, dtype=bool)))
    >>> project = Project((Label("cell"),), (Photo("a.png", (4, 4), (cell,)),))
    >>> [(photo.name, item.label) for photo, _, item in project.annotations()]
    [('a.png', 'cell')]
    """

    labels: tuple[Label, ...] = ()
    photos: tuple[Photo, ...] = ()

    def __post_init__(self) -> None:
        for what, names in (
            ("labels", [label.name for label in self.labels]),
            ("photos", [photo.name for photo in self.photos]),
        ):
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise ValueError(f"two {what} have the name {twice!r:.100}; rename one of them")
        known = {label.name for label in self.labels}
        for photo, number, item in self.annotations():
            if item.label not in known:
                raise ValueError(
                    f"object {number} of {photo.name} has the label {item.label!r:.100}, which the "
                    "project does not list"
                )

    def annotations(self) -> Iterator[tuple[Photo, int, Annotation]]:
        """Yield (photo, number from 1, object) of every object."""
        for photo in self.photos:
            for number, item in enumerate(photo.objects, 1):
                yield photo, number, item


def without_hidden(project: Project) -> Project:
    """Return the project without the objects that are hidden."""
    photos = (
        replace(photo, objects=tuple(item for item in photo.objects if not item.hidden))
        for photo in project.photos
    )
    return replace(project, photos=tuple(photos))


def merged(project: Project, more: Project) -> Project:
    """Return `project` with everything of `more` added.

    Nothing of `project` changes: in photos of both, the objects of `more` come in front. Photos of
    one name must have one size, see `tamingseg.annotations.matching`.
    """
    photos = {photo.name: photo for photo in project.photos}
    for photo in more.photos:
        mine = photos.get(photo.name)
        if mine is None:
            photos[photo.name] = photo
            continue
        if mine.size != photo.size:
            raise ValueError(
                f"{photo.name} has (height, width) {mine.size}, but its new objects were made for "
                f"{photo.size}"
            )
        state: State = "started" if mine.state == "new" and photo.objects else mine.state
        photos[photo.name] = replace(mine, objects=mine.objects + photo.objects, state=state)
    known = {label.name for label in project.labels}
    labels = (*project.labels, *(label for label in more.labels if label.name not in known))
    return Project(labels, tuple(photos.values()))


def make_labels(names: Iterable[str]) -> tuple[Label, ...]:
    """Return labels of these names, each once, in colours that differ.

    Examples
    --------
    >>> [(label.name, label.colour) for label in make_labels(["cell", "dirt", "cell"])]
    [('cell', '#56b4e9'), ('dirt', '#e69f00')]
    """
    return tuple(
        Label(name, COLOURS[number % len(COLOURS)])
        for number, name in enumerate(dict.fromkeys(names))
    )


def read_colour(value: object, index: int) -> str:
    """Return the colour that a file gives a label, as #rrggbb, or else that of label `index`.

    Examples
    --------
    >>> read_colour([255, 0, 16], 0), read_colour("#FF0010", 0), read_colour(None, 1)
    ('#ff0010', '#ff0010', '#e69f00')
    """
    if isinstance(value, str) and _COLOUR.fullmatch(value.lower()):
        return value.lower()
    if isinstance(value, list) and len(value) == 3 and {*map(type, value)} == {int}:
        return "#" + bytes(min(max(part, 0), 255) for part in value).hex()
    return COLOURS[index % len(COLOURS)]


def check_text(text: object, what: str) -> str:
    """Return a name if it is text of 1 to `MAX_TEXT` characters that can be printed."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT or _has_controls(text):
        raise ValueError(
            f"{what} must be text of 1 to {MAX_TEXT} printable characters, got {text!r:.100}"
        )
    return text


def tidy(text: object) -> str:
    r"""Return the name that somebody else's file gives an object; "" if it is no text.

    Examples
    --------
    >>> tidy("a\nb"), tidy(None)
    ('a b', '')
    """
    if not isinstance(text, str):
        return ""
    return "".join(" " if _has_controls(char) else char for char in text)[:MAX_TEXT]


def check_size(size: object) -> tuple[int, int]:
    """Return (height, width) if they are whole positive numbers of no absurd product."""
    if not isinstance(size, tuple | list) or len(size) != 2 or {*map(type, size)} != {int}:
        raise ValueError(
            f"expected height and width in pixels, two whole numbers, got {size!r:.50}"
        )
    height, width = size
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ValueError(f"a photo cannot have {height} x {width} pixels")
    return height, width


def photo_name(text: object) -> str:
    r"""Return what a photo is called whose path a file tells: never a path out of a folder.

    Backslashes become "/". Of a path from the root of a disk, or out of the folder, only the last
    part is taken.

    Raises
    ------
    ValueError
        If nothing is left, or it is no text.

    Examples
    --------
    >>> [photo_name(path) for path in ("day1/a.jpg", r"C:\day1\a.jpg", "../a.jpg", "./a.jpg")]
    ['day1/a.jpg', 'a.jpg', 'a.jpg', 'a.jpg']
    """
    name = unicodedata.normalize("NFC", check_text(text, "the name of a photo")).replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or any(":" in part for part in parts[:1]):
        parts = parts[-1:]
    if not parts or parts == [".."]:
        raise ValueError(f"{text!r:.100} names no photo")
    return "/".join(parts)


def _has_controls(text: str) -> bool:
    return any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in "\ufffe\uffff"
        for character in text
    )
