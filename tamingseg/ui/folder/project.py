"""The work on a folder of photos, kept in a project file as it is made.

Every step goes to a journal beside the file before anything else happens, see
`tamingseg.ui.folder.journal`; when nobody has worked for a moment, the file is written anew, whole,
and the journal is removed. Whatever ends the process, at most the step in flight is lost.
"""

import threading
import time
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from tamingseg.annotations.document import Label, Photo, Project, State, merged, photo_name
from tamingseg.annotations.files import Files, Size, open_files
from tamingseg.annotations.formats.project import NAME
from tamingseg.annotations.reading import read_files
from tamingseg.annotations.report import summary
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import write_annotations
from tamingseg.data.base import read_size
from tamingseg.data.files import composed, find_files
from tamingseg.files import cannot_write
from tamingseg.ui.folder.journal import Journal

FILE = "annotations"
"""What the project file is called unless it is named, without its ending."""

REST_SECONDS = 3.0
"""After so long without a step the file is written anew."""

JOURNAL_BYTES = 32 << 20
"""A longer journal is not left to grow on, even if nobody rests."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the list of photos shows of one: how far it is, its objects, and their labels.

    `step` is the number of the last step that changed it.
    """

    name: str
    state: State
    objects: int
    labels: tuple[str, ...]
    step: int


class FolderProject:
    """A folder of photos and the work on it. Safe to use from several threads.

    Attributes
    ----------
    folder, file
        The photos, and where the work is kept.
    names
        The photos that are there, by their paths below the folder, in order.
    notices
        What the user should know: files that were passed over, work on photos that are not there.
    trouble
        Why the file cannot be written just now; "" if it can.

    Raises
    ------
    ValueError
        If there is no photo, the file is of another kind, or it holds something that would be lost
        by writing it anew.
    OSError
        If a folder or file cannot be read or written, or another process works with the file.
    """

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self.folder, self.file = folder, file or folder / (FILE + whole_endings()[0])
        self.notices: list[str] = []
        self.trouble = ""
        self._paths = self._find_photos()
        self.names = list(self._paths)
        self._check_file()
        self._alone = self._take_file()
        self._lock = threading.RLock()
        self._journal = Journal(self.file.with_name(self.file.name + ".journal"))
        self._labels: tuple[Label, ...] = ()
        self._photos: dict[str, Photo] = {}
        self._sizes: dict[str, Size] = {}
        self._changed: dict[str, int] = {}  # number of the last step of a photo
        self._steps, self._last = 0, time.monotonic()
        self._seen: tuple[int, ...] | None = None  # the file as it was last read or written
        try:
            self._read()
        except BaseException:
            self._alone.release()
            raise

    # --- what is there ----------------------------------------------------------------------------

    @property
    def project(self) -> Project:
        """The labels, and all photos that somebody worked on or decided about."""
        with self._lock:
            return Project(self._labels, tuple(self._photos.values()))

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels in their order."""
        return self._labels

    def path(self, name: str) -> Path:
        """Return where a photo lies; raises ValueError if there is none of that name."""
        if name not in self._paths:
            raise ValueError(f"there is no photo {name!r:.100} in the folder")
        return self._paths[name]

    def size(self, name: str) -> Size:
        """Return (height, width) of a photo; raises ValueError or OSError if it is none."""
        if name not in self._sizes:
            self._sizes[name] = read_size(self.path(name))
        return self._sizes[name]

    def measured(self, name: str, size: Size) -> None:
        """Take note of the size of a photo that was read; another file may be there by now."""
        self._sizes[name] = size

    def photo(self, name: str) -> Photo:
        """Return the work on a photo; raises ValueError if it was made for one of another size."""
        size = self.size(name)
        with self._lock:
            found = self._photos.get(name, Photo(name, size))
        if found.size != size:
            raise ValueError(
                f"the work on {name} was made for a photo of (height, width) {found.size}, but the "
                f"one in the folder has {size}; bring the old one back, or rename the new one"
            )
        return found

    def rows(self, since: int = -1) -> tuple[int, list[Row]]:
        """Return the number of the last step, and what the steps after `since` changed.

        Before the first step these are all photos.
        """
        with self._lock:
            names = (
                self.names if since < 0 else [n for n, at in self._changed.items() if at > since]
            )
            return self._steps, [self._row(name) for name in names if name in self._paths]

    def step_of(self, name: str) -> int:
        """Return the number of the last step that changed a photo; 0 before the first one."""
        return self._changed.get(name, 0)

    def images(self) -> Files:
        """Return the files of the photos."""
        return Files(
            {name: path.read_bytes for name, path in self._paths.items()}, str(self.folder)
        )

    # --- what changes -----------------------------------------------------------------------------

    def put(self, photo: Photo, labels: Iterable[Label] = ()) -> None:
        """Keep the work on a photo, and its labels, which replace those of the same names.

        A photo that was done or empty is in progress again if its objects changed. Raises OSError
        if the journal cannot be written.
        """
        self.path(photo.name)
        with self._lock:
            before = self._photos.get(photo.name, Photo(photo.name, photo.size))
            photo = replace(photo, state=_state_after(before, photo))
            all_labels = {label.name: label for label in (*self._labels, *labels)}
            changed = Project(tuple(all_labels.values()), (photo,))
            if (photo, changed.labels) != (before, self._labels):
                self._step(changed)

    def mark(self, name: str, state: State) -> None:
        """Note that a photo is done, empty, or not done after all.

        Raises
        ------
        ValueError
            If it is said to be done and holds nothing, or to be empty and holds something.
        """
        photo = self.photo(name)
        if state == "done" and not photo.objects:
            raise ValueError(
                "There is no object in this photo. If that is right, mark it as empty (Shift+A)."
            )
        if state == "empty" and photo.objects:
            raise ValueError("There are objects in this photo; delete them before it is empty.")
        self.put(replace(photo, state=state))

    def set_labels(self, labels: Iterable[Label]) -> None:
        """Have these labels, in this order; those of objects that are there stay at the end."""
        with self._lock:
            labels = tuple({label.name: label for label in labels}.values())
            names = {label.name for label in labels}
            used = {item.label for photo in self._photos.values() for item in photo.objects}
            kept = (one for one in self._labels if one.name in used - names)
            labels = (*labels, *kept)
            if labels != self._labels:
                self._step(Project(labels))

    def rename_label(self, old: str, name: str, besides: Container[str] = ()) -> int:
        """Give a label and its objects another name, if need be that of another label.

        How far photos are stays as it is. Returns how many photos were changed; those `besides`
        keep the old label.
        """
        with self._lock:
            having = [
                photo
                for photo in self._photos.values()
                if any(item.label == old for item in photo.objects)
            ]
            changed = [
                _relabelled(photo, old, name) for photo in having if photo.name not in besides
            ]
            names = {label.name for label in self._labels}
            labels = [
                replace(label, name=name) if label.name == old else label
                for label in self._labels
                if label.name != old or name not in names
            ]
            if len(changed) < len(having):
                labels += [label for label in self._labels if label.name == old]
            if changed or tuple(labels) != self._labels:
                self._step(Project(tuple(labels), tuple(changed)))
            return len(changed)

    def add(self, more: Project) -> None:
        """Add labels and objects made elsewhere in front of those that are there.

        Photos must be there and of the same size. Those that get objects are in progress again.
        """
        with self._lock:
            whole = merged(self.project, more)
            names = {photo.name for photo in more.photos}
            if whole == self.project:
                return
            changed = [photo for photo in whole.photos if photo.name in names]
            known = [self._photos.get(photo.name, photo) for photo in changed]
            states = map(_state_after, known, changed)
            photos = (replace(p, state=state) for p, state in zip(changed, states, strict=True))
            self._step(Project(whole.labels, tuple(photos)))

    def tidy(self, at_once: bool = False) -> None:
        """Write the file anew if steps wait in the journal and nobody works just now.

        Raises OSError if that cannot be; the journal stays then.
        """
        with self._lock:
            waiting = self._journal.nbytes
            rests = time.monotonic() - self._last >= REST_SECONDS
            if not waiting or not (at_once or rests or waiting > JOURNAL_BYTES):
                return
            self._set_aside()
            try:
                write_annotations(self.project, self.file, "project")
            finally:  # also if Ctrl-C comes when it is written: else it is taken for another's
                self._seen = _facts(self.file)
            self._journal.remove()

    def close(self) -> None:
        """Write the file, and let others work with it."""
        try:
            self.tidy(at_once=True)
        finally:
            self._alone.release()

    # --- inside -----------------------------------------------------------------------------------

    def _row(self, name: str) -> Row:
        photo = self._photos.get(name)
        if photo is None:
            return Row(name, "new", 0, (), 0)
        labels = sorted({item.label for item in photo.objects})
        return Row(name, photo.state, len(photo.objects), tuple(labels), self.step_of(name))

    def _step(self, changed: Project) -> None:
        self._journal.append(changed)
        self._take(changed)
        self._last = time.monotonic()

    def _take(self, changed: Project) -> None:
        """Take over a step: its labels, and its photos as they are now."""
        self._steps += 1
        self._labels = changed.labels
        for photo in changed.photos:
            self._photos[photo.name] = photo
            self._changed[photo.name] = self._steps

    def _find_photos(self) -> dict[str, Path]:
        if not self.folder.is_dir():
            raise ValueError(f"{self.folder} is no folder; name the folder with the photos")
        paths: dict[str, Path] = {}
        for path in find_files(self.folder).files:
            name = composed(path.relative_to(self.folder).as_posix())
            try:
                if photo_name(name) != name or name in paths:
                    raise ValueError("another file has the same name")
                paths[name] = path
            except ValueError as error:
                self.notices.append(f"{path} is passed over: {error}")
        if not paths:
            raise ValueError(f"there is no photo in {self.folder}")
        return paths

    def _check_file(self) -> None:
        if self.file.suffix.lower() not in whole_endings():
            raise ValueError(
                f"{self.file} cannot keep the work: only a file that ends in "
                f"{' or '.join(whole_endings())} holds everything. Files of other formats are "
                "exported from the page, and made such a file by `tamingseg convert`"
            )

    def _take_file(self) -> BaseFileLock:
        alone = FileLock(self.file.with_name(f".{self.file.name}.lock"))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            alone.acquire(blocking=False)
        except Timeout as error:
            raise OSError(
                f"another tamingseg app works with {self.file}; open its address instead, or end it"
            ) from error
        except OSError as error:
            raise cannot_write(self.file, error) from error
        return alone

    def _read(self) -> None:
        """Read the file, then the steps that it does not hold yet."""
        if self.file.exists():
            files = open_files(self.file)
            found, notes = read_files(files, name="project")
            strange = sorted(set(files) - {NAME})
            lost = [f"it holds {strange[0]}, which would be lost"] if strange else summary(notes)
            if lost:
                raise ValueError(
                    f"{self.file} is not written to, for a part of it would be lost: {lost[0]}. "
                    f"`tamingseg convert {self.file} --to project --output NEW"
                    f"{whole_endings()[0]}` makes a file of what can be read"
                )
            self._take(found)
            self._seen = _facts(self.file)
        for step in self._journal.read():
            self._take(step)
        self._changed.clear()
        self.tidy(at_once=True)
        gone = [name for name in self._photos if name not in self._paths]
        if gone:
            self.notices.append(
                f"{len(gone)} photos of {self.file.name} are not in the folder, such as {gone[0]}; "
                "the work on them stays in the file"
            )

    def _set_aside(self) -> None:
        """Keep the file under another name if another program changed it."""
        if not self.file.exists() or _facts(self.file) == self._seen:
            return
        number = 1
        while (aside := self.file.with_stem(f"{self.file.stem}-other-{number}")).exists():
            number += 1
        self.file.rename(aside)
        self.notices.append(
            f"another program changed {self.file.name}; its version is kept as {aside.name}"
        )


def keep_written(project: FolderProject, ended: threading.Event, seconds: float = 1.0) -> None:
    """Write the file whenever nobody works, until `ended` is set."""
    while not ended.wait(seconds):
        try:
            project.tidy()
            project.trouble = ""
        except OSError as error:  # the journal has it all; it is tried again
            project.trouble = str(error)


def whole_endings() -> list[str]:
    """Return how files end whose format keeps everything, so that work can be kept in them.

    Examples
    --------
    >>> whole_endings()
    ['.tamingseg']
    """
    everything = frozenset().union(*(one.keeps for one in FORMATS.values()))
    return [one.extension for one in FORMATS.values() if one.keeps == everything and one.extension]


def _state_after(before: Photo, photo: Photo) -> State:
    """Return how far a photo is that was just changed; nobody has looked at the change yet."""
    if photo.objects and photo.state in ("new", "empty"):
        return "started"
    if not photo.objects and photo.state in ("started", "done"):
        return "new"
    if before.state == photo.state == "done" and _content(before) != _content(photo):
        return "started"
    return photo.state


def _relabelled(photo: Photo, old: str, name: str) -> Photo:
    """Return a photo with another name for one of the labels of its objects."""
    items = (replace(one, label=name) if one.label == old else one for one in photo.objects)
    return replace(photo, objects=tuple(items))


def _content(photo: Photo) -> list[tuple[str, str, str]]:
    """Return what an annotator decides about the objects, not how they are shown."""
    return [(item.label, item.name, item.mask) for item in photo.objects]


def _facts(path: Path) -> tuple[int, ...]:
    with suppress(OSError):
        stat = path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size
    return ()
