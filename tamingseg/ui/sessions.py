"""Who is working on what: one workspace per browser page, found by a token nobody can guess.

There is room for so many workspaces and bytes; the longest unused go first, and those whose page
was closed go soon. Nothing is lost thereby: the browser keeps a copy of the user's work and brings
it back when it is told that its workspace is gone.
"""

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamingseg.data.sample_images import load_sample_image, load_sample_truth
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.session.session import Session, default_fusion
from tamingseg.ui import handlers
from tamingseg.ui.mosaics import Pictures
from tamingseg.ui.pictures import jpeg, shrunk
from tamingseg.ui.proposals import ProposalList
from tamingseg.ui.truth import packed_regions
from tamingseg.values import Click, MaskSet

WORK_PIXELS = 2_000_000
"""Larger photos are segmented at this size and saved at their own: the edge of a mask is set by
the model, which sees less than that, and an answer must come at once."""

PICTURE_PIXELS = 12_000_000
"""Larger photos are shown at this size."""


Encoded = tuple[ImageEmbedding, float]
"""An embedding, and how many milliseconds it took."""


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
    proposals
        What was proposed for the photo; None before a run.
    image
        The photo at that size: uint8 RGB, (H, W, 3).
    truth
        The true regions, packed, see `tamingseg.ui.truth`; None if nobody knows them.
    pictures
        What was last drawn of a mosaic or of the photo; None before that.
    hierarchies
        The photo's superpixels and how they are joined, by the method.
    stopped
        Names of the last runs that were to be stopped.
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
        self._embed = embed
        self._embedding: ImageEmbedding | None = None
        self._session: Session | None = None
        self._clock: _Clock | None = None
        self._sequence = 0
        self._encode_ms = 0.0
        self._lock = threading.Lock()
        self.proposals: ProposalList | None = None
        self.truth: np.ndarray | None = None
        self.pictures: Pictures | None = None
        self.hierarchies: dict[str, Hierarchy] = {}
        self.stopped: deque[str] = deque(maxlen=64)
        self.ends = float("inf")

    @property
    def nbytes(self) -> int:
        """Memory it occupies."""
        cells = [hierarchy.superpixels for hierarchy in list(self.hierarchies.values())]
        parts = (self.image, self._session, self.proposals, self.truth, self.pictures, *cells)
        return len(self.picture) + sum(part.nbytes for part in parts if part is not None)

    def propose(self, masks: MaskSet) -> None:
        """Keep the masks of a run, the best first, in place of those of an earlier one."""
        self.proposals = ProposalList(masks, self.truth)

    def compare(self, truth: np.ndarray) -> None:
        """Measure proposals by these true regions from now on."""
        self.truth = truth
        if self.proposals is not None:
            self.proposals.compare(truth)

    def inherit(self, earlier: "Workspace") -> None:
        """Take over what was found about the same photo in an earlier workspace."""
        if self.proposals is None and self.picture == earlier.picture:
            self.proposals, self.truth = earlier.proposals, earlier.truth
            self.hierarchies = dict(earlier.hierarchies)

    def greeting(self) -> dict[str, Any]:
        """Tell what a page needs to begin: its token, where the picture is, and the sizes."""
        return {
            "token": self.token,
            "picture": self.picture_key,
            "name": self.name,
            "size": list(self.size),
            "full_size": list(self.full_size),
            "sequence": self._sequence,
        }

    def answer(self, segmentor: Segmentor, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out the operations of a request and describe the session after them.

        Requests are numbered; one that was answered before, and is sent again because the answer
        got lost, is not carried out twice. The first one encodes the image, and may carry a
        document to begin with. An operation that is refused ends the request; what was done
        before it stays, and the answer says why.
        """
        sequence = handlers.check_whole(request.get("sequence"))
        operations = handlers.check_operations(request.get("operations"))
        with self._lock:
            error = None
            self._begin(segmentor)
            self._clock.decode_ms = 0.0
            if sequence > self._sequence:
                try:
                    if request.get("document") is not None and self._sequence == 0:
                        self._restore(request["document"])
                    for operation in operations:
                        handlers.apply_operation(self._session, operation)
                except ValueError as refusal:
                    error = str(refusal)
                self._sequence = sequence
            answer = handlers.describe(self._session, request.get("known"))
        answer |= {"sequence": sequence, "encode_ms": self._encode_ms}
        answer |= {"decode_ms": self._clock.decode_ms, "error": error}
        return answer

    def embedding(self, segmentor: Segmentor) -> ImageEmbedding:
        """Return the embedding of the photo, which is computed once, for whatever needs it."""
        return self.read(segmentor, lambda _: self._embedding)

    def read(self, segmentor: Segmentor, look: Callable[[Session], Any]) -> Any:
        """Return what `look` finds in the session, while no request changes it."""
        with self._lock:
            self._begin(segmentor)
            return look(self._session)

    def _begin(self, segmentor: Segmentor) -> None:
        if self._session is not None:
            return
        self._embedding, self._encode_ms = self._embed(self.image)
        self._clock = _Clock(segmentor)
        self._fusion = default_fusion(segmentor)
        self._session = Session(self._clock, self._embedding, fusion=self._fusion)

    def _restore(self, document: Any) -> None:
        state = handlers.read_document(document, self.size)
        self._session = Session(self._clock, self._embedding, fusion=self._fusion, state=state)


class _Clock:
    """A segmentor that notes how long its answers took."""

    def __init__(self, segmentor: Segmentor) -> None:
        self._segmentor = segmentor
        self.name = segmentor.name
        self.decode_ms = 0.0

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        return self._segmentor.embed(image)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        return self._timed(self._segmentor.predict, embedding, clicks, full_size)

    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        return self._timed(self._segmentor.predict_jointly, embedding, clicks, previous)

    def _timed(self, predict: Callable[..., np.ndarray], *arguments: Any) -> np.ndarray:
        start = time.perf_counter()
        answer = predict(*arguments)
        self.decode_ms += 1e3 * (time.perf_counter() - start)
        return answer


class Workspaces:
    """All workspaces of a server, and the embeddings of the sample photos, which all share.

    Parameters
    ----------
    segmentor
        The model that answers.
    max_count, max_bytes
        What there is room for; one workspace is always kept.
    idle_seconds
        A workspace unused for so long is dropped.
    leave_seconds
        So much later a workspace is dropped whose page was closed; a reload comes back earlier.
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

    def embed_sample(self, name: str, image: np.ndarray) -> Encoded:
        """Return the embedding of a sample photo, computed for the first who asks."""
        with self._sample_lock:
            if name not in self._samples:
                self._samples[name] = self._embed(image)
            return self._samples[name]

    def find(self, token: Any) -> Workspace:
        """Find a token's workspace, which counts as used now; raises Gone if there is none."""
        with self._lock:
            return self._find(token)

    def resume(self, token: Any) -> Workspace:
        """Give the workspace back to a page that was reloaded, under a new token.

        The old token is void, so that of two pages with a copy of it only one goes on here, and
        the other begins a workspace of its own.
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
