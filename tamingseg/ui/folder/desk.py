"""Photos of the folder as pages open them: what is shown, who may change it, and what is kept.

A page is told by a name that it made up when it was loaded. What it does on a photo goes to the
project with every answer, unless another page works on that photo, or did so in between.
"""

import secrets
import threading
import weakref
from collections import OrderedDict
from dataclasses import replace
from typing import Any, get_args

from tamingseg.annotations.document import Annotation, Label, Photo
from tamingseg.annotations.document import State as Progress
from tamingseg.data.base import read_image
from tamingseg.session.state import MAX_OBJECTS, PALETTE, SegmentedObject, State
from tamingseg.ui.click.annotated import (
    annotation_of,
    colour_of,
    colours_of,
    is_unnamed,
    label_of,
    object_of,
)
from tamingseg.ui.click.document import describe_state
from tamingseg.ui.click.work import begin_click_work, find_click_work
from tamingseg.ui.clients import client
from tamingseg.ui.folder.locks import Locks
from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.workspaces import Gone, Workspace, Workspaces

_KNOWN = 10_000
"""Of so many pages and photos it is remembered what they saw of each other."""


class Desk:
    """The folder's photos as they are worked on. Safe to use from several threads."""

    def __init__(self, workspaces: Workspaces, project: FolderProject) -> None:
        self.project, self.locks = project, Locks()
        self.run = secrets.token_urlsafe(8)  # steps are counted anew in every run of the server
        self._told = len(project.notices)  # when the server was started
        self._workspaces = workspaces
        self._opened: weakref.WeakKeyDictionary[Workspace, OpenPhoto] = weakref.WeakKeyDictionary()
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()
        self.stepping = threading.RLock()  # no page looks between a step and the note of it

    def notices(self) -> list[str]:
        """Return what users should know that was not told when the server was started."""
        lines = [*self.project.notices[self._told :], self.project.trouble]
        return list(filter(None, lines))

    def open_ahead(self, name: str) -> dict[str, Any]:
        """Open a photo that will be wanted soon; nobody works on it yet."""
        return self._open_workspace(name).greeting()

    def open(
        self, name: str, page: str, token: Any = None, take: bool = False, again: bool = False
    ) -> dict[str, Any]:
        """Open a photo for a page: `Workspace.greeting` and more.

        "elsewhere" is who else works on it, or None; "resumed" whether the page goes on with the
        session that it had; "document" has the objects.

        Parameters
        ----------
        token
            Of a workspace that the page has of this photo, if it has one.
        take
            Whether the page goes on with it whoever works on it.
        again
            Whether the page goes on with what it knows of the photo, for the server forgot it.
        """
        workspace = self._find_workspace(name, token) or self._open_workspace(name)
        photo, step = self.project.photo(name), self.project.step_of(name)
        known = self._opened.get(workspace)
        if known is not None:
            self.locks.release(known.page)  # the same page before it was loaded anew
        other = self.locks.take(name, page, client.get() or "?", force=take)
        if other is None and again and self._seen.get((page, name), step) != step:
            self.locks.release(page)
            other = "?"
        resumed = known is not None and known.seen == step
        if known is not None and not resumed:
            workspace, known = self._open_workspace(name), None
        if known is None:
            known = self._opened[workspace] = OpenPhoto(self, photo, workspace.size)
            workspace.keep = known.keep
            begin_click_work(workspace, self._workspaces.segmentor, known.state)
        known.page = page
        if other is None:
            self.note(page, name)
        work = find_click_work(workspace, self._workspaces.segmentor)
        return {
            **workspace.greeting(),
            "elsewhere": other,
            "resumed": resumed,
            "document": describe_state(work.state),
        }

    def mark(self, name: str, page: str, state: Any) -> None:
        """Note how far a photo is that a page works on, see `FolderProject.mark`."""
        if state not in get_args(Progress):
            raise ValueError(f"expected one of {', '.join(get_args(Progress))}, got {state!r:.40}")
        self.check(name, page)
        with self.stepping:
            self.project.mark(name, state)
            self.note(page, name)
        for known in list(self._opened.values()):
            if (known.page, known.name) == (page, name):
                known.seen = self.project.step_of(name)

    def note(self, page: str, name: str) -> None:
        """Remember that a page knows a photo as it is now."""
        self._seen[page, name] = self.project.step_of(name)
        self._seen.move_to_end((page, name))
        if len(self._seen) > _KNOWN:
            self._seen.popitem(last=False)

    def look(self, name: str, page: str) -> str | None:
        """Return who else works on a photo that a page believes to be its own, None if nobody."""
        other = self.locks.take(name, page, client.get() or "?")
        with self.stepping:
            if other is None and self._seen.get((page, name)) != self.project.step_of(name):
                self.locks.release(page)
                return "?"
        return other

    def check(self, name: str, page: str) -> None:
        """Raise ValueError if somebody else works on a photo, or changed it in between."""
        if self.look(name, page) is not None:
            raise ValueError(
                "Somebody else works on this photo now. What you do here is not kept; open the "
                "photo once more."
            )

    def _find_workspace(self, name: str, token: Any) -> Workspace | None:
        try:
            workspace = self._workspaces.resume(token)
        except Gone:
            return None
        fits = workspace.name == name and workspace.full_size == self.project.size(name)
        return workspace if fits else None

    def _open_workspace(self, name: str) -> Workspace:
        image = read_image(self.project.path(name))
        self.project.measured(name, image.shape[:2])
        return self._workspaces.open_image(name, image)


class OpenPhoto:
    """A photo of the folder in a page: its objects as the page has them, and as they are kept.

    What the page does not change is kept as it was, also what a session knows nothing of: labels
    beside names, and masks that were finer than the size of the work.
    """

    def __init__(self, desk: Desk, photo: Photo, size: tuple[int, int]) -> None:
        self._desk, self._photo, self._size = desk, photo, size
        self.name, self.page, self.seen = photo.name, "", desk.project.step_of(photo.name)
        if len(photo.objects) > MAX_OBJECTS:
            raise ValueError(
                f"{photo.name} has {len(photo.objects)} objects; the page works on at most "
                f"{MAX_OBJECTS} in a photo. They stay in the file"
            )
        colours = colours_of(desk.project.labels)
        objects = [
            object_of(item, number, colour_of(item, number, colours), size, photo.size)
            for number, item in enumerate(photo.objects, 1)
        ]
        self.state = State(tuple(objects), next_id=len(objects) + 1)
        self._before = {
            item.id: (item, kept) for item, kept in zip(objects, photo.objects, strict=True)
        }
        self._last = dict(self._before)

    def keep(self, state: State) -> None:
        """Keep the objects in the project.

        Raises
        ------
        ValueError
            If another page works on the photo.
        OSError
            If the file cannot be written.
        """
        name, desk = self.name, self._desk
        desk.check(name, self.page)
        last: dict[int, tuple[SegmentedObject, Annotation]] = {}
        labels = []
        for item in state.objects:
            known = self._last.get(item.id)
            if known is not None and known[0] is item:
                last[item.id] = known
            elif item.mask:
                last[item.id] = item, self._annotation(item)
                labels.append(self._label(item))
        photo = desk.project.photo(name)
        objects = tuple(made for _, made in last.values())
        with desk.stepping:
            desk.project.put(Photo(name, photo.size, objects, photo.state), labels)
            self.seen = desk.project.step_of(name)
            desk.note(self.page, name)
        self._last = last

    def _label(self, item: SegmentedObject) -> Label:
        """Return the label of an object, in its colour if the user gave it another one."""
        name, colour = label_of(item), PALETTE[item.colour]
        known = next((one for one in self._desk.project.labels if one.name == name), None)
        if known is None:
            return Label(name, colour)
        last, _ = self._last.get(item.id, (item, None))
        is_changed = last.name == item.name and last.colour != item.colour
        return replace(known, colour=colour) if is_changed and not is_unnamed(item) else known

    def _annotation(self, item: SegmentedObject) -> Annotation:
        before, kept = self._before.get(item.id, (None, None))
        if before == item:
            assert kept is not None
            return kept
        made = annotation_of(item, self._size, self._photo.size)
        name, label = item.name if is_unnamed(item) else "", made.label
        mask, how = made.mask, made.made
        if before is not None and kept is not None:
            if before.name == item.name:
                name, label = kept.name, kept.label
            if before.mask == item.mask:
                mask = kept.mask
                how = kept.made if before.clicks == item.clicks else how
        return Annotation(label, mask, name, item.hidden, item.locked, how)
