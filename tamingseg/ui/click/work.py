"""The clicked objects of one photo: a session, and which requests it has carried out."""

import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from tamingseg.data.brightness import Light
from tamingseg.segmentors.base import ImageEmbedding, JointSegmentor, Segmentor
from tamingseg.session.answers import default_fusion
from tamingseg.session.session import Session
from tamingseg.session.state import History, State
from tamingseg.ui.click.document import (
    apply_operation,
    check_light,
    check_operations,
    describe_changes,
    describe_state,
    read_document,
)
from tamingseg.ui.turns import clicks_at_once
from tamingseg.ui.wire import check_whole
from tamingseg.ui.workspaces import Workspace
from tamingseg.values import Click

Found = TypeVar("Found")


class ClickWork:
    """What the tab Click keeps of a photo. Safe to use from several threads."""

    def __init__(
        self, workspace: Workspace, segmentor: Segmentor, state: State | None = None
    ) -> None:
        # The workspace refers to this object. A circle of references would keep a dropped workspace
        # until Python looks for circles, which it does rarely.
        self._workspace = weakref.proxy(workspace)
        self._clock = _Clock(segmentor)
        self._fusion = default_fusion(segmentor)
        self._session: Session | None = None
        self._history = (
            None if state is None else History(state)
        )  # of the session, while the work rests
        self._history_bytes = 0
        self._told: dict[int, tuple[State, Light]] = {}  # by the number of the request
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory it occupies beside the photo's embedding."""
        session = self._session
        return self._history_bytes if session is None else session.work_bytes

    @property
    def state(self) -> State:
        """The objects as they are."""
        session = self._session
        history = self._history or History()
        return history.present if session is None else session.state

    def rest(self) -> None:
        """Let go of what can be computed again, unless a request is being answered."""
        if self._lock.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._lock.release()

    def remains(self) -> History | None:
        """Return the steps that can be undone."""
        session = self._session
        return self._history if session is None else session.history

    def answer(self, request: dict[str, Any], earlier: History | None = None) -> dict[str, Any]:
        """Carry out the operations of a request and describe the session after them.

        Requests are numbered. One that comes twice, because its answer got lost, is carried out
        once. The first one encodes the image and may carry a document to begin with; the steps to
        undo come from `earlier`, if they lead to what the document says. An operation that is
        refused ends the request; what was done before it stays, and the answer says why. If the
        photo's light changes, the photo is encoded anew; masks stay.

        "known" is the number of the last request whose answer the browser has. If that is known
        here, the answer has "since", this number, and holds only what changed, see
        `describe_changes`; else "since" is None, and it holds all objects.
        """
        sequence = check_whole(request.get("sequence"))
        operations = check_operations(request.get("operations"))
        light = check_light(request.get("light"))
        with self._lock:
            if sequence > self._workspace.sequence and light != self._workspace.light:
                self._workspace.see(light)
                self._let_go()
            _, encode_ms = self._workspace.encoded()
            error = None
            session = self._begun()
            self._clock.decode_ms = 0.0
            if sequence > self._workspace.sequence:
                try:
                    if request.get("document") is not None and self._workspace.sequence == 0:
                        state = read_document(request["document"], self._workspace.size)
                        session = self._begin(_with_steps(state, earlier))
                    for operation in operations:
                        apply_operation(session, operation)
                except ValueError as refusal:
                    error = str(refusal)
                self._workspace.sequence = sequence
                if operations or request.get("document") is not None:
                    error = self._keep(session.state) or error
            answer = self._describe(session.state, sequence, request.get("known"))
        answer |= {"can_undo": session.can_undo, "can_redo": session.can_redo}
        answer |= {"sequence": sequence, "encode_ms": encode_ms}
        answer |= {"decode_ms": self._clock.decode_ms, "error": error}
        return answer

    def _describe(self, state: State, sequence: int, known: Any) -> dict[str, Any]:
        """Tell the browser of a state, or of what it does not know of it yet."""
        light, told = self._workspace.light, self._told
        earlier = told.get(known) if isinstance(known, int) else None
        self._told = {sequence: (state, light)}
        if earlier is None or earlier[1] != light:
            return {"since": None, **describe_state(state, light)}
        self._told[known] = earlier  # the answer may get lost
        return {"since": known, **describe_changes(state, earlier[0], light)}

    def _let_go(self) -> None:
        """Drop the session with its answers; its steps stay."""
        if self._session is not None:
            self._history = self._session.history
            self._history_bytes = self._history.nbytes
            self._session = None

    def read(self, look: Callable[[Session], Found]) -> Found:
        """Return what `look` finds in the session, while no request changes it."""
        with self._lock:
            return look(self._begun())

    def _keep(self, state: State) -> str | None:
        """Have the objects kept outside the page; returns why that was not possible."""
        try:
            self._workspace.keep(state)
        except (ValueError, OSError) as error:
            return str(error)
        return None

    def _begun(self) -> Session:
        return self._session or self._begin(self._history)

    def _begin(self, state: State | History | None) -> Session:
        embedding = self._workspace.encoded()[0]
        self._session = Session(self._clock, embedding, fusion=self._fusion, state=state)
        self._history = None
        return self._session


def find_click_work(workspace: Workspace, segmentor: Segmentor) -> ClickWork:
    """Return the clicked objects of a workspace's photo; none at first."""
    return workspace.slot("click", lambda: ClickWork(workspace, segmentor))


def begin_click_work(workspace: Workspace, segmentor: Segmentor, state: State) -> None:
    """Begin the work on a workspace's photo with objects that were made before."""
    workspace.slot("click", lambda: ClickWork(workspace, segmentor, state))


def _with_steps(state: State, earlier: History | None) -> State | History:
    """Return the history that led to a state, if it is that of the same work.

    It may have gone on from there: the answer to the last request got lost.
    """
    while earlier is not None and earlier.present.objects != state.objects:
        earlier = earlier.undo() if earlier.past else None
    return state if earlier is None else earlier


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
        assert isinstance(self._segmentor, JointSegmentor)  # or the fusion is another
        return self._timed(self._segmentor.predict_jointly, embedding, clicks, previous)

    def _timed(self, predict: Callable[..., np.ndarray], *arguments: Any) -> np.ndarray:
        with clicks_at_once:  # what asks no model, such as a step back, waits for nobody
            start = time.perf_counter()
            answer = predict(*arguments)
            self.decode_ms += 1e3 * (time.perf_counter() - start)
        return answer
