"""Rows -> tables, as aligned text that is Markdown at the same time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamingseg.evaluation.records import Row
from tamingseg.metrics.interactive import (
    clicks_to_reach,
    mean_over_images,
    mean_over_masks,
    number_of_failures,
)

NOC_THRESHOLDS = (0.85, 0.9)


def summarise(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One dict per (data set, method), in order of appearance.

    Keys: dataset, method, images, masks, per_image and per_mask (mIoU@1..k, float (K,), as the mean
    over images of the mean over masks and as the mean over all masks), noc and nof (by threshold).
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.dataset, row.method_key), []).append(row)
    summaries = []
    for (dataset, _), group in groups.items():
        ious = np.array([row.ious for row in group])
        images = [row.image for row in group]
        summaries.append(
            {
                "dataset": dataset,
                "method": group[0].method,
                "images": len(set(images)),
                "masks": len(group),
                "per_image": mean_over_images(ious, images),
                "per_mask": mean_over_masks(ious),
                "noc": {t: float(clicks_to_reach(ious, t).mean()) for t in NOC_THRESHOLDS},
                "nof": {t: number_of_failures(ious, t) for t in NOC_THRESHOLDS},
            }
        )
    return summaries


def click_tables(rows: Sequence[Row]) -> str:
    """All figures of `rows` as tables; IoUs in percent.

    The first has one line per (data set, method). The second, if there was more than one click,
    holds mIoU@1..k as the mean over images.
    """
    summaries = summarise(rows)
    if not summaries:
        return "no masks, no figures"
    first = [
        {
            **_method_cells(summary),
            "images": summary["images"],
            "masks": summary["masks"],
            "mIoU@1 per image": _percent(summary["per_image"][0]),
            "mIoU@1 per mask": _percent(summary["per_mask"][0]),
            **_noc_cells(summary),
        }
        for summary in summaries
    ]
    tables = [format_table(first)]
    several = [summary for summary in summaries if summary["method"]["clicks"] > 1]
    if several:
        tables.append("mIoU@k, mean over images:")
        tables.append(
            format_table([{**_method_cells(summary), **_curve(summary)} for summary in several])
        )
    return "\n\n".join(tables)


def format_table(lines: Sequence[dict[str, Any]]) -> str:
    """Write dicts as a Markdown table; columns in order of appearance, missing cells empty."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    cells = [columns] + [[str(line.get(column, "")) for column in columns] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    padded = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def _method_cells(summary: dict[str, Any]) -> dict[str, Any]:
    method = summary["method"]
    return {
        "data": summary["dataset"],
        "model": method["model"],
        "clicker": method["clicker"],
        "fusion": method.get("fusion", "-"),
        "threshold": method["threshold"],
    }


def _noc_cells(summary: dict[str, Any]) -> dict[str, str]:
    """NoC and NoF mean something only where there was a second click to make."""
    if summary["method"]["clicks"] == 1:
        return {}
    cells = {}
    for threshold, clicks in summary["noc"].items():
        cells[f"NoC{threshold * 100:.0f}"] = f"{clicks:.2f}"
        cells[f"NoF{threshold * 100:.0f}"] = str(summary["nof"][threshold])
    return cells


def _curve(summary: dict[str, Any]) -> dict[str, str]:
    return {f"@{k}": _percent(value) for k, value in enumerate(summary["per_image"], 1)}


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"
