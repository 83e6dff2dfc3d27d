"""A network that runs in ONNX Runtime, on the CPU: it is there in a moment, without torch."""

import os
from typing import Any

import numpy as np
import onnxruntime

from tamingseg.threads import usual_threads
from tamingseg.weights.graphs import Graphs, feature_name

_NO_MASK = np.zeros((1, 1, 1, 1), np.float32)
"""No previous answer: one zero, which the graph enlarges to any size."""

_OF_A_QUERY = ("decode", "decode_coarse", "decode_fine", "decode_candidates", "enlarge", "rate")
"""Graphs that run in one thread: their steps are too small to be divided, so whole queries are."""


class OnnxNetwork:
    """See `Network`; of exported graphs, see `tamingseg.weights.graphs`.

    Parameters
    ----------
    threads
        CPU threads that encoding may use, and how many of the queries about an image are answered
        at the same time, by a thread each; by default $OMP_NUM_THREADS, else one for each core.
    """

    precision = "float32"
    device = "cpu"
    pixels_at_once = 2**21

    def __init__(self, graphs: Graphs, threads: int | None = None) -> None:
        self.image_size = graphs.image_size
        self.stride_multiple = graphs.stride_multiple
        self.outputs = graphs.outputs
        self.rated = "rate" in graphs.graphs
        self._dim = graphs.dim
        self.workers = threads or usual_threads()
        self.graphs, self._threads = graphs, threads
        self._sessions: dict[tuple[int, str], onnxruntime.InferenceSession] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return OnnxNetwork, (self.graphs, self._threads)

    def encode(self, canvas: np.ndarray) -> tuple[Any, int]:
        """See `Network.encode`."""
        features = self._run("encode", canvas=canvas)
        return tuple(features), sum(part.nbytes for part in features)

    def decode(
        self, features: Any, points: np.ndarray, previous: np.ndarray | None, finest: bool
    ) -> np.ndarray:
        """See `Network.decode`."""
        mask = _NO_MASK if previous is None else previous
        logits = self._ask("decode", features, points=points[None], previous=mask)[0]
        if finest and "enlarge" in self.graphs.graphs:
            logits = self._ask("enlarge", features, logits=logits)[0]
        return logits[0]

    def decode_coarse(
        self, features: Any, points: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """See `Network.decode_coarse`."""
        if "decode_fine" not in self.graphs.graphs:
            return None
        maps, query = self._ask("decode_coarse", features, points=points[None])
        return maps[0], query[0]

    def decode_fine(
        self, features: Any, points: np.ndarray, maps: np.ndarray, query: np.ndarray
    ) -> np.ndarray:
        """See `Network.decode_fine`."""
        given = {"points": points[None], "maps": maps[None], "query": query[None]}
        return self._ask("decode_fine", features, **given)[0][0]

    def decode_candidates(self, features: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Network.decode_candidates`."""
        logits, expected = self._ask(
            "decode_candidates", features, points=points[None], previous=_NO_MASK
        )
        return logits[0], expected[0]

    def rate(self, log_areas: np.ndarray) -> np.ndarray:
        """See `Network.rate`."""
        return self._run("rate", log_areas=log_areas)[0]

    def pixel_features(self, features: Any) -> np.ndarray:
        """See `Network.pixel_features`."""
        return np.concatenate(features, 1)[0]

    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """See `Network.affinity`."""
        dim = self._dim
        return self._run("affinity", first=first[:, :dim], second=second[:, -dim:])[0]

    def _ask(self, name: str, features: Any, **arrays: np.ndarray) -> list[np.ndarray]:
        named = {feature_name(place): part for place, part in enumerate(features)}
        return self._run(name, **named, **arrays)

    def _run(self, name: str, **arrays: np.ndarray) -> list[np.ndarray]:
        """Run a graph on those of the arrays that it takes."""
        session = self._session(name)
        wanted = (node.name for node in session.get_inputs())
        return session.run(None, {key: np.ascontiguousarray(arrays[key]) for key in wanted})

    def _session(self, name: str) -> onnxruntime.InferenceSession:
        """Open a graph when it is first needed, and again in a process that was forked off."""
        key = os.getpid(), name  # the threads of a session stay behind in the parent
        if key not in self._sessions:
            graph, needed = self.graphs.graphs[name]
            weights = {key: self.graphs.weights[key] for key in needed}
            threads = 1 if name in _OF_A_QUERY else self.workers
            self._sessions[key] = _open(graph, weights, threads)
        return self._sessions[key]


def _open(
    graph: bytes, weights: dict[str, np.ndarray], threads: int
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; they come as exceptions too
    options.intra_op_num_threads = threads
    # An arena would keep the most memory that any photo ever took, and is no faster here: see
    # `_reuse_large_blocks` in `segmentors.click`.
    options.enable_cpu_mem_arena = False
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
