"""Two methods on the same images: which differences are more than the choice of images explains.

Both methods must have been asked for the same masks of the same files. The images that both have
are drawn anew together (paired bootstrap), so that what makes an image hard for both cancels.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tamingseg.evaluation.cells import Format, number_text, to_csv, to_json, to_markdown
from tamingseg.evaluation.figure import generator
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.methods import ABSENT, differing, settings_of, shared_by
from tamingseg.evaluation.protocols.base import Group
from tamingseg.evaluation.records import Record
from tamingseg.metrics.bootstrap import bootstrap_difference

MIN_IMAGES = 10
"""With fewer images there is no verdict: intervals of the percentile method are then too narrow."""

_FREE = ("protocol", "dataset", "data", "model", "weights", "version")
"""What needs not be alike to compare two methods; protocol and data set are looked at before."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far methods A and B are apart in one figure.

    Attributes
    ----------
    figure, unit
        Name of the figure, and what the numbers are in.
    first, second
        Its values for A and B on their common images.
    low, high
        95 % interval of first - second; nan with a single image.
    higher_is_better
        Which of two values is the better one.
    images
        How many images with objects both have.
    """

    figure: str
    unit: str
    first: float
    second: float
    low: float
    high: float
    higher_is_better: bool
    images: int

    @property
    def verdict(self) -> str:
        """Which method is better, if the interval leaves no doubt; none below `MIN_IMAGES`."""
        if self.images < MIN_IMAGES:
            return "too few images"
        if self.low <= 0 <= self.high:
            return "no difference beyond the interval"
        return "A better" if (self.low > 0) == self.higher_is_better else "B better"


@dataclass(frozen=True)
class Comparison:
    """Methods A and B on one data set.

    Attributes
    ----------
    title
        The protocol and the data set, and what else tells it from the other comparisons.
    first, second
        Their records of the images that both have.
    only_first, only_second
        How many images only A or only B has.
    """

    title: str
    first: Group
    second: Group
    only_first: int
    only_second: int

    def differences(self) -> list[Difference]:
        """Compare every figure that both have and that images contribute to.

        NoC and NoF only if both may click equally often and count failures alike. Of regions those
        at one K are left out: ODS has the best of them; of reliability those at one bin, whose
        pixels are not the same.
        """
        theirs = self.second.figures
        same_count = all(
            self.first.method.get(key) == self.second.method.get(key)
            for key in ("clicks", "count_last_click")
        )
        pairs = {
            name: (ours, theirs[name])
            for name, ours in self.first.figures.items()
            if ours.parts is not None
            and name in theirs
            and " at " not in name
            and (same_count or not name.startswith(("NoC", "NoF")))
        }
        parts = [(ours.parts, other.parts) for ours, other in pairs.values()]
        first = np.stack([one[0] for one, _ in parts if one is not None], axis=1)
        second = np.stack([two[0] for _, two in parts if two is not None], axis=1)
        # The masks are the same, and so are the denominators.
        denominators = np.stack([one[1] for one, _ in parts if one is not None], axis=1)
        low, high = bootstrap_difference(first, second, denominators, generator())
        return [
            Difference(
                *(name, ours.unit, ours.value, other.value, *ends, ours.higher_is_better),
                images=len(self.first.records),
            )
            for (name, (ours, other)), ends in zip(
                pairs.items(), zip(low.tolist(), high.tolist(), strict=True), strict=True
            )
        ]


def choose(records: Iterable[Record], wanted: Sequence[str]) -> list[Group]:
    """Group records and keep the groups that none of `wanted`, ``SETTING=VALUE``, speaks against.

    A group without a setting stays: which clicker is wanted says nothing about proposals.
    ``protocol`` and ``dataset`` may be chosen like settings.

    Raises
    ------
    ValueError
        If one of `wanted` is no such text, or no records have them all.
    """
    groups = group_records(records)
    pairs = [text.partition("=") for text in wanted]
    for text, (key, sign, _) in zip(wanted, pairs, strict=True):
        known = dict.fromkeys(name for group in groups for name in _settings(group))
        if not sign or key not in known:
            raise ValueError(
                f"expected SETTING=VALUE with a setting of {', '.join(known)}; got {text!r}"
            )
    chosen = [
        group for group in groups if all(_settings(group).get(key, v) == v for key, _, v in pairs)
    ]
    if not all(any(_settings(group).get(key) == v for group in chosen) for key, _, v in pairs):
        raise ValueError(f"no records have {' and '.join(wanted)}")
    return chosen


def names_of_settings(wanted: Iterable[str]) -> set[str]:
    """Return the settings that texts ``SETTING=VALUE`` are about."""
    return {text.partition("=")[0] for text in wanted}


def compare(
    first: Sequence[Group], second: Sequence[Group], chosen: Collection[str] = ()
) -> tuple[list[Comparison], list[str]]:
    """Pair the groups of A and B by protocol, data set and everything else that is to be alike.

    That is every setting but model, weights, version and the `chosen` ones. What is then left over
    of a protocol and data set is paired too, if it is one method of either side.

    Returns
    -------
    comparisons, left_out
        The comparisons, and a sentence for each that cannot be made: only one side has the method,
        both hold the same results, the files behind the data sets differ, the masks do, or no image
        is common.

    Raises
    ------
    ValueError
        If several methods could be meant, or nothing is left to compare.
    """
    comparisons, left_out = [], []
    for place in dict.fromkeys(_place(group) for group in (*first, *second)):
        sides = [[g for g in side if _place(g) == place] for side in (first, second)]
        pairs = _pairs(sides[0], sides[1], chosen)
        apart = differing([_alike(_either(ours, theirs), chosen) for ours, theirs in pairs])
        for ours, theirs in pairs:
            settings = _alike(_either(ours, theirs), chosen)
            words = [f"{key}={settings[key]}" for key in apart if key in settings]
            title = ", ".join([f"{place[0]} on {place[1]}", *words])
            if ours is None or theirs is None:
                left_out.append(f"{title}: only {'B' if ours is None else 'A'} has it")
            elif isinstance(result := _pair(ours, theirs, title), str):
                left_out.append(f"{title}: {result}")
            else:
                comparisons.append(result)
    if not comparisons:
        raise ValueError(f"nothing to compare; {'; '.join(left_out)}")
    return comparisons, left_out


def comparison_text(
    comparisons: Sequence[Comparison], left_out: Sequence[str], format: Format = "markdown"
) -> str:
    """Write what `compare` found; as CSV or JSON, one flat line per figure."""
    if format != "markdown":
        lines = [line for comparison in comparisons for line in _flat_lines(comparison)]
        return to_csv(lines) if format == "csv" else to_json(lines)
    texts = [_markdown(comparison) for comparison in comparisons]
    texts += [f"Not compared: {sentence}." for sentence in left_out]
    texts.append(
        "A - B with its 95 % interval of a paired bootstrap over images. Each interval stands for "
        "itself: of twenty figures without a true difference, about one is expected to show one. "
        f"Below {MIN_IMAGES} common images with objects there is no verdict."
    )
    return "\n\n".join(texts)


def _place(group: Group) -> tuple[str, str]:
    return group.protocol_name, group.dataset


def _settings(group: Group) -> dict[str, str]:
    where = {"protocol": group.protocol_name, "dataset": group.dataset}
    return where | settings_of(group.method)


def _either(ours: Group | None, theirs: Group | None) -> Group:
    return next(group for group in (ours, theirs) if group is not None)


def _alike(group: Group, chosen: Collection[str]) -> dict[str, str]:
    """Return the settings of a group that those of its partner are to be equal to."""
    return {k: v for k, v in _settings(group).items() if k not in _FREE and k not in chosen}


def _pairs(
    first: Sequence[Group], second: Sequence[Group], chosen: Collection[str]
) -> list[tuple[Group | None, Group | None]]:
    """Pair groups of one protocol and data set; None stands for a missing partner."""
    pairs: list[tuple[Group | None, Group | None]] = []
    left = [list(first), list(second)]
    for group in first:
        wanted = _alike(group, chosen)
        alike = [[g for g in side if _alike(g, chosen) == wanted] for side in left]
        if not all(alike):
            continue  # or it has been paired
        if len(alike[0]) > 1 or len(alike[1]) > 1:
            raise _several(*alike)
        pairs.append((alike[0][0], alike[1][0]))
        for side, (used,) in zip(left, alike, strict=True):
            side.remove(used)
    if all(left):
        if len(left[0]) > 1 or len(left[1]) > 1:
            raise _several(*left)
        return [*pairs, (left[0][0], left[1][0])]
    return [*pairs, *((group, None) for group in left[0]), *((None, group) for group in left[1])]


def _several(first: Sequence[Group], second: Sequence[Group]) -> ValueError:
    """Return the error that says which options tell the groups apart."""
    texts = [[settings_of(group.method) for group in side] for side in (first, second)]
    choices = ", ".join(
        f"--{name} {key}={value}"
        for name, side in zip("ab", texts, strict=True)
        if len(side) > 1
        for key in differing([*texts[0], *texts[1]])
        for value in dict.fromkeys(text[key] for text in side if key in text)
    )
    return ValueError(
        f"{first[0].protocol_name} on {first[0].dataset}: A has {len(first)} and B {len(second)} "
        f"methods that could be compared; choose with some of {choices}"
    )


def _pair(first: Group, second: Group, title: str) -> Comparison | str:
    """Keep only the images that both have; or say why they cannot be compared."""
    if first.method == second.method and first.records == second.records:
        return "both sides hold the same results"
    ours, theirs = first.method.get("data"), second.method.get("data")
    if ours != theirs:
        return f"the files behind the data sets differ (data={ours} and data={theirs})"
    truths, other_truths = _truths(first), _truths(second)
    common = truths.keys() & other_truths.keys()
    for image in sorted(common):
        if truths[image] != other_truths[image]:
            return f"the true masks differ, first in image {image}; was min_area the same"
    if not any(truths[image] for image in common):
        return "no image with objects is common to both"
    return Comparison(
        title,
        _restrict(first, common),
        _restrict(second, common),
        len(truths) - len(common),
        len(other_truths) - len(common),
    )


def _truths(group: Group) -> dict[str, Any]:
    """Return what of each image the results are about: its masks, or the pixels of all regions."""
    truths = {record.image: group.protocol.truth_of(record) for record in group.records}
    return truths | {image: set() for image in group.without_objects}


def _restrict(group: Group, images: set[str]) -> Group:
    return replace(
        group,
        records=[record for record in group.records if record.image in images],
        without_objects=[image for image in group.without_objects if image in images],
    )


def _markdown(comparison: Comparison) -> str:
    first, second = comparison.first, comparison.second
    names = _names(first, second)
    counts = first.counts
    lines = [
        {
            "figure": f"{difference.figure} [{difference.unit}]",
            "A": number_text(difference.first, difference.unit),
            "B": number_text(difference.second, difference.unit),
            "A - B [95 %]": number_text(
                difference.first - difference.second,
                difference.unit,
                None if np.isnan(difference.low) else (difference.low, difference.high),
            ),
            "verdict": difference.verdict,
        }
        for difference in comparison.differences()
    ]
    return "\n\n".join(
        [
            f"## {comparison.title}",
            f"A: {names[0]}\nB: {names[1]}\nBoth: {shared_by([first.method, second.method])}\n"
            f"{counts['images']} common images, {counts['without objects']} of them without "
            f"objects; {comparison.only_first} only in A, {comparison.only_second} only in B.",
            to_markdown(lines),
        ]
    )


def _names(*groups: Group) -> list[str]:
    """Name each method by every setting in which they differ; by the model if there is none."""
    texts = [settings_of(group.method) for group in groups]
    apart = differing(texts) or ["model"]
    return [", ".join(f"{key}={text.get(key, ABSENT)}" for key in apart) for text in texts]


def _flat_lines(comparison: Comparison) -> Iterator[dict[str, Any]]:
    first, second = comparison.first, comparison.second
    names = _names(first, second)
    for difference in comparison.differences():
        yield {
            "protocol": first.protocol_name,
            "dataset": first.dataset,
            "figure": difference.figure,
            "unit": difference.unit,
            "a": difference.first,
            "b": difference.second,
            "difference": difference.first - difference.second,
            "low": None if np.isnan(difference.low) else difference.low,
            "high": None if np.isnan(difference.high) else difference.high,
            "verdict": difference.verdict,
            **{name.replace(" ", "_"): count for name, count in first.counts.items()},
            "only_in_a": comparison.only_first,
            "only_in_b": comparison.only_second,
            "method_a": names[0],
            "method_b": names[1],
            "both": shared_by([first.method, second.method]),
        }
