"""Who works on what: one workspace per browser page, found by a token that nobody can guess.

The number of workspaces and their memory are bounded. A workspace that is not used rests: it lets
go of what can be computed again. If that is not enough, whole workspaces are dropped: of the client
who has most, and the longest unused first. Those whose page was closed go soon. No work is lost:
the browser keeps a copy of it, and sends it back when the server says that the workspace is gone.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from tamingseg.data.brightness import PLAIN, Light, relit
from tamingseg.data.sample_images import load_sample_image, load_sample_truth
from tamingseg.partition.build import PartitionMethod, merge_evidence
from tamingseg.partition.evidence import Evidence, find_evidence
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.ui.clients import client
from tamingseg.ui.shared.pictures import jpeg, shrunk
from tamingseg.ui.shared.truth import packed_regions
from tamingseg.ui.turns import Turns, encoders

WORK_PIXELS = 2_000_000
"""Larger photos are segmented at this size and saved at their own. The model sees less detail than
that, and an answer must come at once."""

PICTURE_PIXELS = 12_000_000
"""Larger photos are shown at this size."""

_REMAINS, _REMAINS_BYTES = 200, 20 << 20
"""So many dropped workspaces leave something behind, and so much: the steps that can be undone."""

Encoded = tuple[ImageEmbedding, float]
"""An embedding, and how many milliseconds it took."""


class Slot(Protocol):
    """What one tab keeps of a photo."""

    @property
    def nbytes(self) -> int:
        """Memory it occupies."""
        ...

    def rest(self) -> None:
        """Let go of what can be computed again, at no loss to the user."""
        ...

    def remains(self) -> Any:
        """Return what is kept when the workspace is dropped, with its `nbytes`, or None."""
        ...


class Remains(NamedTuple):
    """What a dropped workspace leaves behind."""

    photo: bytes  # see `Workspace.photo`
    tabs: dict[str, Any]
    nbytes: int


AnySlot = TypeVar("AnySlot", bound=Slot)


class Gone(LookupError):
    """There is no workspace of that token any more."""


class Workspace:
    """One photo being worked on in one browser page.

    Attributes
    ----------
    token
        Proves that a request comes from that page.
    picture
        The photo as JPEG, served under `picture_key`, which gives no right to change anything.
    photo
        A digest of the picture, by which the same photo is known.
    full_size
        (height, width) of the photo as it came; `size` is the one it is worked on at.
    image
        The photo at that size: uint8 RGB, (H, W, 3).
    light
        In which the model of clicks sees it, see `see`.
    truth
        The true regions, packed, see `tamingseg.ui.shared.truth`; None if they are not known.
    partitioner_embedding
        The photo as embedded by the partitioner, if that is another model; None before.
    evidence
        What the partitioner sees in the photo, by which all methods merge; None before.
    hierarchies
        How the photo's superpixels are merged, by the method.
    slots
        What each tab keeps, by the name of the tab.
    client
        Who opened it, see `tamingseg.ui.clients`.
    stopped
        Names of the last runs that were to be stopped.
    keep
        Told of the objects after every step, to keep them elsewhere than in the browser. What it
        raises, ValueError or OSError, is said to the user.
    sequence
        Number of the last request of operations that was carried out.
    used, ends
        When it was used last, and when it may be dropped, by the clock of the `Workspaces`.

    Parameters
    ----------
    embed
        Encodes an image.
    share
        Gives the embedding of the photo as it is, if others work with it too; it is not counted
        here.
    """

    def __init__(
        self,
        name: str,
        image: np.ndarray,
        embed: Callable[[np.ndarray], Encoded],
        share: Callable[[], Encoded] | None = None,
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.picture_key = secrets.token_urlsafe(24)
        self.name = name
        self.picture = jpeg(shrunk(image, PICTURE_PIXELS))
        self.photo = hashlib.blake2b(self.picture, digest_size=16).digest()
        self.full_size = image.shape[:2]
        self.image = shrunk(image, WORK_PIXELS)
        self.size = self.image.shape[:2]
        self.light = PLAIN
        self.truth: np.ndarray | None = None
        self.partitioner_embedding: ImageEmbedding | None = None
        self.evidence: Evidence | None = None
        self.hierarchies: dict[str, Hierarchy] = {}
        self.slots: dict[str, Any] = {}  # of each tab a `Slot` of its own
        self.client = client.get()
        self.stopped: deque[str] = deque(maxlen=64)
        self.keep: Callable[[Any], None] = lambda state: None
        self.sequence = 0
        self.used = self.ends = 0.0
        self._embed = embed
        self._share = share
        self._encoded: Encoded | None = None
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory it occupies."""
        embedding = None if self._encoded is None else self._encoded[0]
        parts = [self.truth, self.partitioner_embedding, self.evidence, *list(self.slots.values())]
        if self._share is None or self.light != PLAIN:
            parts.append(embedding)
        if self._share is None and (embedding is None or embedding.image is not self.image):
            parts.append(self.image)
        return len(self.picture) + sum(part.nbytes for part in parts if part is not None)

    def rest(self) -> None:
        """Let go of what can be computed again."""
        for slot in list(self.slots.values()):
            slot.rest()
        self.partitioner_embedding = None
        if self._lock.acquire(blocking=False):  # or it is encoded just now
            self._encoded = None
            self._lock.release()

    def remains(self) -> Remains:
        """Return what is kept when it is dropped."""
        tabs = {tab: slot.remains() for tab, slot in list(self.slots.items())}
        return Remains(self.photo, tabs, sum(one.nbytes for one in tabs.values() if one))

    def greeting(self) -> dict[str, Any]:
        """Tell what a page needs to begin: its token, where the picture is, and the sizes."""
        return {
            "token": self.token,
            "picture": self.picture_key,
            "name": self.name,
            "size": list(self.size),
            "full_size": list(self.full_size),
            "sequence": self.sequence,
        }

    def see(self, light: Light) -> None:
        """Show the photo to the model of clicks in another light from now on."""
        with self._lock:
            if light != self.light:
                self.light, self._encoded = light, None

    def encoded(self) -> Encoded:
        """Return the embedding of the photo in its light by the model of clicks, computed once."""
        with self._lock:
            if self._encoded is None and self.light != PLAIN:
                self._encoded = self._embed(relit(self.image, self.light))
            elif self._encoded is None:
                self._encoded = self._share() if self._share else self._embed(self.image)
                self.image = self._encoded[0].image  # a copy, of which one is enough
            return self._encoded

    def slot(self, tab: str, make: Callable[[], AnySlot]) -> AnySlot:
        """Return what a tab keeps here; the first time, what `make()` returns."""
        with self._lock:
            if tab not in self.slots:
                self.slots[tab] = make()
            return self.slots[tab]


class Workspaces:
    """All workspaces of a server, and the embeddings of the sample photos, which all of them share.

    Parameters
    ----------
    segmentor
        The model that answers.
    max_bytes
        Most memory that they occupy; one workspace is always kept.
    max_count, max_per_client
        Most workspaces, and most of one client.
    rest_seconds
        A workspace that was not used for this long rests.
    idle_seconds
        A workspace that was not used for this long is dropped.
    leave_seconds
        A workspace is dropped this long after its page was closed; a reload comes back earlier.
    clock
        Tells the time in seconds.
    """

    def __init__(
        self,
        segmentor: Segmentor,
        max_bytes: int = 2 * 10**9,
        max_count: int = 500,
        max_per_client: int = 100,
        rest_seconds: float = 45,
        idle_seconds: float = 3600,
        leave_seconds: float = 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.segmentor = segmentor
        self.turns = Turns()
        self._max_bytes = max_bytes
        self._max_count = max_count
        self._max_per_client = max_per_client
        self._rest_seconds = rest_seconds
        self._idle_seconds = idle_seconds
        self._leave_seconds = leave_seconds
        self._clock = clock
        self._workspaces: OrderedDict[str, Workspace] = OrderedDict()
        self._sizes: dict[str, int] = {}  # by token, as they were when last looked at
        self._samples: dict[str, Encoded] = {}
        self._is_tidy = True
        self._remains: OrderedDict[str, Remains] = OrderedDict()  # by the token
        self._lock = threading.Lock()
        self._sample_lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._workspaces)

    @property
    def nbytes(self) -> int:
        """Memory that they occupy together."""
        with self._lock:
            self._look_at_all()
            return self._used()

    def tidy(self) -> bool:
        """Drop those that ended, and let those rest that are not used.

        Returns whether memory may have become free: by this, or because anything was used since the
        last time.
        """
        with self._lock:
            self._look_at_all()
            before = self._used()
            self._drop_ended()
            now = self._clock()
            for workspace in self._workspaces.values():
                if workspace.used + self._rest_seconds < now:
                    workspace.rest()
            self._look_at_all()
            self._make_room()
            was_tidy, self._is_tidy = self._is_tidy, True
            return not was_tidy or self._used() < before

    def open_image(self, name: str, image: np.ndarray) -> Workspace:
        """Begin to work on an image, uint8 RGB (H, W, 3)."""
        return self._add(Workspace(name, image, self._embed))

    def open_sample(self, name: str) -> Workspace:
        """Begin to work on one of the sample photos; raises ValueError for another name."""
        image = load_sample_image(name)
        workspace = Workspace(
            name, image, self._embed, share=lambda: self.embed_sample(name, image)
        )
        workspace.truth = packed_regions(load_sample_truth(name))
        return self._add(workspace)

    def find_embedding(self, workspace: Workspace, partitioner: Segmentor) -> ImageEmbedding:
        """Return a workspace's photo, as it is, as embedded by the partitioner; computed once."""
        if partitioner is self.segmentor and workspace.light == PLAIN:
            return workspace.encoded()[0]
        embedding = workspace.partitioner_embedding  # which the workspace may let go of meanwhile
        if embedding is None:
            embedding = workspace.partitioner_embedding = partitioner.embed(workspace.image)
        return embedding

    def find_hierarchy(
        self, workspace: Workspace, partitioner: Segmentor, method: PartitionMethod
    ) -> Hierarchy:
        """Return the hierarchy of a workspace's photo, which is built for the first who asks."""
        if method not in workspace.hierarchies:
            if workspace.evidence is None:
                embedding = self.find_embedding(workspace, partitioner)
                workspace.evidence = find_evidence(partitioner, embedding)
            workspace.hierarchies[method] = merge_evidence(workspace.evidence, method)
        return workspace.hierarchies[method]

    def embed_sample(self, name: str, image: np.ndarray) -> Encoded:
        """Return the embedding of a sample photo, computed for the first who asks."""
        with self._sample_lock:
            if name not in self._samples:
                self._samples[name] = self._embed(image)
            return self._samples[name]

    def find(self, token: Any) -> Workspace:
        """Return the workspace of a token, which counts as used now; raises Gone if it ended."""
        with self._lock:
            return self._find(token)

    def resume(self, token: Any) -> Workspace:
        """Give the workspace back to a page that was reloaded, under a new token.

        The old token becomes void. So if two pages have a copy of it, one goes on here, and the
        other begins a workspace of its own.
        """
        with self._lock:
            workspace = self._find(token)
            self._forget(token)
            workspace.token = secrets.token_urlsafe(24)
            self._touch(workspace)
            return workspace

    def leave(self, token: Any) -> None:
        """Note that a page was closed."""
        with self._lock:
            if isinstance(token, str) and token in self._workspaces:
                self._workspaces[token].ends = self._clock() + self._leave_seconds

    def remains(self, token: Any, tab: str, workspace: Workspace) -> Any:
        """Return what is left of a tab of a dropped workspace, if it was of the same photo as this.

        None if nothing is.
        """
        with self._lock:
            found = self._remains.get(token) if isinstance(token, str) else None
            return found.tabs.get(tab) if found and found.photo == workspace.photo else None

    def keep_remains(self, workspace: Workspace) -> None:
        """Note what was done in a workspace that was dropped meanwhile."""
        with self._lock:
            if workspace.token in self._remains:
                self._leave_behind(workspace)

    def picture(self, key: str) -> bytes:
        """Return the JPEG under an unguessable key; raises Gone if there is none."""
        with self._lock:
            for workspace in self._workspaces.values():
                if secrets.compare_digest(workspace.picture_key.encode(), key.encode()):
                    return workspace.picture
        raise Gone("there is no such picture any more")

    def _find(self, token: Any) -> Workspace:
        self._drop_ended()
        workspace = self._workspaces.get(token) if isinstance(token, str) else None
        if workspace is None:
            raise Gone("this page's session has ended on the server")
        self._touch(workspace)
        self._make_room()  # those in use have grown by their answers
        return workspace

    def _embed(self, image: np.ndarray) -> Encoded:
        """Encode an image in a thread that lets clicks go first."""

        def encode() -> Encoded:
            start = time.perf_counter()
            embedding = self.segmentor.embed(image)
            return embedding, 1e3 * (time.perf_counter() - start)

        return encoders.submit(encode).result()

    def _add(self, workspace: Workspace) -> Workspace:
        with self._lock:
            self._drop_ended()
            self._touch(workspace)
            own = [one for one in self._workspaces.values() if one.client == workspace.client]
            if len(own) > self._max_per_client:
                self._drop(min(own[:-1], key=_is_worked_on).token)
            self._make_room()
        return workspace

    def _touch(self, workspace: Workspace) -> None:
        self._workspaces[workspace.token] = workspace
        self._workspaces.move_to_end(workspace.token)
        self._sizes[workspace.token] = workspace.nbytes
        workspace.used = self._clock()
        workspace.ends = workspace.used + self._idle_seconds
        self._is_tidy = False

    def _make_room(self) -> None:
        """Let the longest unused rest, and then drop some, but never the one touched last."""
        for workspace in list(self._workspaces.values())[:-1]:
            if not self._is_full():
                return
            workspace.rest()
            self._sizes[workspace.token] = workspace.nbytes
        while len(self._workspaces) > 1 and self._is_full():
            self._drop(self._least_missed().token)

    def _least_missed(self) -> Workspace:
        """Return the longest unused of the client who has most, first one without work."""
        *others, _ = self._workspaces.values()
        shares: dict[str, int] = defaultdict(int)
        for workspace in others:
            shares[workspace.client] += self._sizes[workspace.token]
        most = max(shares, key=shares.__getitem__)
        return min((one for one in others if one.client == most), key=_is_worked_on)

    def _is_full(self) -> bool:
        return len(self._workspaces) > self._max_count or self._used() > self._max_bytes

    def _used(self) -> int:
        samples = sum(embedding.nbytes for embedding, _ in list(self._samples.values()))
        return samples + sum(self._sizes.values()) + self._remains_bytes()

    def _look_at_all(self) -> None:
        for token, workspace in self._workspaces.items():
            self._sizes[token] = workspace.nbytes

    def _drop(self, token: str) -> None:
        self._leave_behind(self._workspaces[token])
        self._forget(token)

    def _leave_behind(self, workspace: Workspace) -> None:
        self._remains[workspace.token] = workspace.remains()
        while len(self._remains) > _REMAINS or self._remains_bytes() > _REMAINS_BYTES:
            self._remains.popitem(last=False)

    def _remains_bytes(self) -> int:
        return sum(one.nbytes for one in self._remains.values())

    def _forget(self, token: str) -> None:
        del self._workspaces[token]
        del self._sizes[token]

    def _drop_ended(self) -> None:
        now = self._clock()
        for workspace in [one for one in self._workspaces.values() if one.ends < now]:
            self._drop(workspace.token)


def _is_worked_on(workspace: Workspace) -> bool:
    return bool(workspace.slots)
