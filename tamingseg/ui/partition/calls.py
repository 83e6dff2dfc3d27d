"""What the tab Partition may call on the server, and its run: the hierarchy of a photo's regions.

The browser cuts the hierarchy at any number of regions by itself.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, get_args

import numpy as np

from tamingseg.partition.build import PartitionMethod
from tamingseg.segmentors.base import Segmentor
from tamingseg.ui import export
from tamingseg.ui.runs import Progress, Work, carry_out
from tamingseg.ui.shared.canvas import Tab
from tamingseg.ui.shared.truth import compare_partitions
from tamingseg.ui.wire import (
    Call,
    answered,
    as_text,
    find_workspace,
    pack_labels,
    read_labels,
)
from tamingseg.ui.workspaces import Workspace, Workspaces

COMPARED = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""Numbers of regions that are compared with the truth."""

METHODS = get_args(PartitionMethod)

_TITLES: dict[PartitionMethod, tuple[str, str]] = {
    "greedy": ("Greedy", "Merges one pair of neighbours after the other"),
    "normalised-cut": ("Normalised cut", "Separates regions that have least in common"),
    "multicut": ("Multicut", "Chooses the number of regions itself"),
}
"""What the page calls each method, and how it explains it."""


def partition_tab(workspaces: Workspaces, partitioner: Segmentor) -> Tab:
    """Describe the tab; `partitioner` finds the regions."""
    runs = {"partition": partial(partition_steps, workspaces, partitioner)}
    methods = [
        {"name": name, "title": title, "words": words} for name, (title, words) in _TITLES.items()
    ]
    return Tab("partition", "Partition", partition_calls(workspaces), runs, {"METHODS": methods})


def partition_steps(
    workspaces: Workspaces, segmentor: Segmentor, request: Any
) -> Generator[dict[str, Any], None, None]:
    """Find the hierarchy of a photo; yields what `runs.carry_out` yields."""

    def prepare(workspace: Workspace, request: dict[str, Any]) -> Work:
        method = check_method(request.get("method"))

        def work(progress: Progress) -> dict[str, Any]:
            progress(0, 1)
            workspaces.find_hierarchy(workspace, segmentor, method)
            return {"method": method}

        return work

    yield from carry_out(workspaces, request, prepare, "partition")


def partition_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions that the tab's scripts call; each takes one JSON value to be checked."""

    @answered
    def hierarchy(request: Any) -> dict[str, Any]:
        """Give what the browser needs to cut the hierarchy at any number of regions by itself.

        "cells" has the superpixel of every pixel, from 0, see `pack_labels`; "merges" is as in
        `Hierarchy`; "regions" is the number that multicut chose.
        """
        method = check_method(request.get("method") if isinstance(request, dict) else None)
        found = find_workspace(workspaces, request).hierarchies.get(method)
        if found is None:
            raise ValueError("the server has no regions of this photo any more; find them again")
        return {
            "cells": pack_labels(found.superpixels - 1),
            "merges": found.merges.tolist(),
            "regions": found.regions_at(0) if method == "multicut" else None,
        }

    @answered
    def compare_regions(request: Any) -> dict[str, Any]:
        """Compare the hierarchy, cut at several numbers of regions, with the true regions.

        "rows", see `compare_partitions`, are None if no truth is known.
        """
        method = check_method(request.get("method") if isinstance(request, dict) else None)
        workspace = find_workspace(workspaces, request)
        found = workspace.hierarchies.get(method)
        if found is None:
            raise ValueError("the server has no regions of this photo any more; find them again")
        if workspace.truth is None:
            return {"rows": None}
        cuts = [found.cut(number) for number in COMPARED if number <= found.count]
        return {"rows": [list(row.values()) for row in compare_partitions(cuts, workspace.truth)]}

    @answered
    def export_regions(request: Any) -> dict[str, Any]:
        """Give regions as a file, base64: a COCO file, or a label map as PNG.

        "labels" has the region of every pixel, from 1, packed as by `pack_labels`.
        """
        workspace = find_workspace(workspaces, request)
        as_json = partial(export.regions_json, name=workspace.name)
        writers: dict[str, Callable[[np.ndarray, tuple[int, int]], bytes]] = {
            "json": as_json,
            "png": export.regions_png,
        }
        write = writers.get(str(request.get("form")))
        if write is None:
            raise ValueError("regions are saved as json or as png")
        file = write(read_labels(request.get("labels"), workspace.size), workspace.full_size)
        return {"file": as_text(file)}

    return [hierarchy, compare_regions, export_regions]


def check_method(value: Any) -> PartitionMethod:
    """Return the name of a method."""
    for method in METHODS:
        if value == method:
            return method
    raise ValueError(f"the method of a partition is one of {', '.join(METHODS)}")
