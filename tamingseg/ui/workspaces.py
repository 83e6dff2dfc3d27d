"""Who works on what: one workspace per browser page, found by a token that nobody can guess.

The number of workspaces and their memory are bounded. The longest unused go first, and those whose
page was closed go soon. No work is lost: the browser keeps a copy of it, and sends it back when the
server says that the workspace is gone.
"""

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np

from tamingseg.data.sample_images import load_sample_image, load_sample_truth
from tamingseg.partition.build import PartitionMethod, merge_evidence
from tamingseg.partition.evidence import Evidence, find_evidence
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.ui.shared.pictures import jpeg, shrunk
from tamingseg.ui.shared.truth import packed_regions

WORK_PIXELS = 2_000_000
"""Larger photos are segmented at this size and saved at their own. The model sees less detail than
that, and an answer must come at once."""

PICTURE_PIXELS = 12_000_000
"""Larger photos are shown at this size."""

Encoded = tuple[ImageEmbedding, float]
"""An embedding, and how many milliseconds it took."""


class Slot(Protocol):
    """What one tab keeps of a photo; `nbytes` is the memory it occupies."""

    @property
    def nbytes(self) -> int: ...  # noqa: D102


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
    full_size
        (height, width) of the photo as it came; `size` is the one it is worked on at.
    image
        The photo at that size: uint8 RGB, (H, W, 3).
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
    stopped
        Names of the last runs that were to be stopped.
    sequence
        Number of the last request of operations that was carried out.
    ends
        When it may be dropped, by the clock of the `Workspaces`.
    """

    def __init__(
        self, name: str, image: np.ndarray, embed: Callable[[np.ndarray], Encoded]
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.picture_key = secrets.token_urlsafe(24)
        self.name = name
        self.picture = jpeg(shrunk(image, PICTURE_PIXELS))
        self.full_size = image.shape[:2]
        self.image = shrunk(image, WORK_PIXELS)
        self.size = self.image.shape[:2]
        self.truth: np.ndarray | None = None
        self.partitioner_embedding: ImageEmbedding | None = None
        self.evidence: Evidence | None = None
        self.hierarchies: dict[str, Hierarchy] = {}
        self.slots: dict[str, Any] = {}  # of each tab a `Slot` of its own
        self.stopped: deque[str] = deque(maxlen=64)
        self.sequence = 0
        self.ends = float("inf")
        self._embed = embed
        self._encoded: Encoded | None = None
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory it occupies."""
        embedding = None if self._encoded is None else self._encoded[0]
        models = (embedding, self.partitioner_embedding, self.evidence)
        parts = (self.image, self.truth, *models, *list(self.slots.values()))
        return len(self.picture) + sum(part.nbytes for part in parts if part is not None)

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

    def encoded(self) -> Encoded:
        """Return the photo's embedding by the model of clicks, which is computed once."""
        with self._lock:
            if self._encoded is None:
                self._encoded = self._embed(self.image)
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
    max_count, max_bytes
        Most workspaces, and most bytes they occupy; one workspace is always kept.
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
        max_count: int = 64,
        max_bytes: int = 2 << 30,
        idle_seconds: float = 3600,
        leave_seconds: float = 120,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.segmentor = segmentor
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._leave_seconds = leave_seconds
        self._clock = clock
        self._workspaces: OrderedDict[str, Workspace] = OrderedDict()
        self._samples: dict[str, Encoded] = {}
        self._lock = threading.Lock()
        self._sample_lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._workspaces)

    def open_image(self, name: str, image: np.ndarray) -> Workspace:
        """Begin to work on an image, uint8 RGB (H, W, 3)."""
        return self._add(Workspace(name, image, self._embed))

    def open_sample(self, name: str) -> Workspace:
        """Begin to work on one of the sample photos; raises ValueError for another name."""
        image = load_sample_image(name)
        workspace = Workspace(name, image, lambda image: self.embed_sample(name, image))
        workspace.truth = packed_regions(load_sample_truth(name))
        return self._add(workspace)

    def find_embedding(self, workspace: Workspace, partitioner: Segmentor) -> ImageEmbedding:
        """Return a workspace's photo as embedded by the partitioner, for the first who asks."""
        if partitioner is self.segmentor:
            return workspace.encoded()[0]
        if workspace.partitioner_embedding is None:
            workspace.partitioner_embedding = partitioner.embed(workspace.image)
        return workspace.partitioner_embedding

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
            del self._workspaces[token]
            workspace.token = secrets.token_urlsafe(24)
            self._touch(workspace)
            return workspace

    def leave(self, token: Any) -> None:
        """Note that a page was closed."""
        with self._lock:
            if isinstance(token, str) and token in self._workspaces:
                self._workspaces[token].ends = self._clock() + self._leave_seconds

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
        start = time.perf_counter()
        embedding = self.segmentor.embed(image)
        return embedding, 1e3 * (time.perf_counter() - start)

    def _add(self, workspace: Workspace) -> Workspace:
        with self._lock:
            self._drop_ended()
            self._touch(workspace)
            self._make_room()
        return workspace

    def _touch(self, workspace: Workspace) -> None:
        self._workspaces[workspace.token] = workspace
        self._workspaces.move_to_end(workspace.token)
        workspace.ends = self._clock() + self._idle_seconds

    def _make_room(self) -> None:
        """Drop the longest unused, but never the one touched last."""
        while len(self._workspaces) > 1 and self._is_full():
            self._workspaces.popitem(last=False)

    def _is_full(self) -> bool:
        used = sum(workspace.nbytes for workspace in self._workspaces.values())
        return len(self._workspaces) > self._max_count or used > self._max_bytes

    def _drop_ended(self) -> None:
        now = self._clock()
        for workspace in [one for one in self._workspaces.values() if one.ends < now]:
            del self._workspaces[workspace.token]
