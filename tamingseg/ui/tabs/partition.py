"""The fourth tab: the photo in K regions, cut anew in the browser whenever K changes."""

import base64
from collections.abc import Iterator
from typing import Any, get_args

from tamingseg.partition.cut import Method, build_hierarchy
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.segmentors.base import Segmentor
from tamingseg.ui import export
from tamingseg.ui.answers import Call, answered, find_workspace
from tamingseg.ui.canvas import Tab
from tamingseg.ui.labels import pack_labels, read_labels
from tamingseg.ui.queue import Work, carry_out
from tamingseg.ui.runs import Progress
from tamingseg.ui.sessions import Workspace, Workspaces

METHODS = get_args(Method)

_SCRIPTS = ("regions.js", "partition.js", "edit.js")


def partition_tab(workspaces: Workspaces) -> Tab:
    """Describe the tab."""
    return Tab("partition", "Partition", _SCRIPTS, partition_calls(workspaces))


def cut_steps(
    workspaces: Workspaces, segmentor: Segmentor, request: Any
) -> Iterator[dict[str, Any]]:
    """Find the hierarchy of a photo; what is said on the way is as of `queue.carry_out`."""

    def prepare(workspace: Workspace, request: dict[str, Any]) -> Work:
        method = check_method(request.get("method"))

        def work(progress: Progress) -> dict[str, Any]:
            progress(0, 1)
            find_hierarchy(workspaces, workspace, segmentor, method)
            return {"method": method}

        return work

    yield from carry_out(workspaces, request, prepare, "cut")


def find_hierarchy(
    workspaces: Workspaces, workspace: Workspace, segmentor: Segmentor, method: Method
) -> Hierarchy:
    """Return the hierarchy of a photo, which is built for the first who asks."""
    if method not in workspace.hierarchies:
        shared = segmentor is workspaces.segmentor  # then clicks use the same embedding
        image = workspace.embedding(segmentor) if shared else workspace.image
        workspace.hierarchies[method] = build_hierarchy(segmentor, image, method)
    return workspace.hierarchies[method]


def partition_calls(workspaces: Workspaces) -> list[Call]:
    """Make the functions the tab's script calls; each takes one JSON value of a stranger's."""

    @answered
    def hierarchy(request: Any) -> dict[str, Any]:
        """Give what the browser needs to cut at any number of regions by itself.

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
    def export_regions(request: Any) -> dict[str, Any]:
        """Give regions as a file, base64: COCO's run lengths, or a label map as PNG.

        "labels" has the region of every pixel, from 1, packed as by `pack_labels`.
        """
        workspace = find_workspace(workspaces, request)
        write = {"json": export.regions_json, "png": export.regions_png}.get(
            str(request.get("form"))
        )
        if write is None:
            raise ValueError("regions are saved as json or as png")
        file = write(read_labels(request.get("labels"), workspace.size), workspace.full_size)
        return {"file": base64.b64encode(file).decode("ascii")}

    return [hierarchy, export_regions]


def check_method(value: Any) -> Method:
    """Return the name of a method."""
    if not isinstance(value, str) or value not in METHODS:
        raise ValueError(f"a photo is cut by one of {', '.join(METHODS)}")
    return value
