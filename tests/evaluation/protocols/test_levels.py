"""Levels of one click on images whose true masks lie in each other."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import expit, logit

from tamingseg.evaluation.compare import compare
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.protocols import clicks, levels
from tamingseg.evaluation.protocols.levels import Settings, measure
from tamingseg.evaluation.report import tables
from tamingseg.evaluation.runs import Job, run_jobs
from tamingseg.masks.iou import iou
from tamingseg.metrics.levels import BINS, THRESHOLDS
from tamingseg.prompts.clickers import center_click
from tamingseg.proposals.levels import level_lines
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import MaskSet, Sample

CENTER = Settings(clicker="center")
AREA = 48 * 64
WHOLE, PART = 32 * 40, 16 * 20
RATIO = round(PART / WHOLE, 6)
PART_OF_ALL = round(PART / AREA, 6)


@pytest.fixture
def nested():
    """A part in the middle of a whole, each in a label map of its own."""
    maps = np.zeros((2, 48, 64), np.int32)
    maps[0, 8:40, 12:52] = 1
    maps[1, 16:32, 22:42] = 3
    return Sample(np.zeros((48, 64, 3), np.uint8), maps, "nested")


def knows(sample):
    """A segmentor whose level sets are the part and the whole, wherever the click is."""
    whole, part = sample.label_maps > 0
    answer = np.select([part, whole], [0.92, 0.62], 0.01).astype(np.float32)
    return FunctionSegmentor(lambda image, clicks: answer, "knows")


def field(seed=0):
    """A segmentor that answers every click with another smooth field, fairly sure at the click."""

    def answer(image, clicks):
        (click,) = clicks
        rng = np.random.default_rng([seed, int(click.row), int(click.col)])
        noise = gaussian_filter(rng.standard_normal(image.shape[:2]), 4)
        logits = 2 + 3 * (noise - noise[int(click.row), int(click.col)]) / noise.std()
        return expit(logits).astype(np.float32)

    return FunctionSegmentor(answer, "field")


class Several:
    """A segmentor that answers with candidates of half the image's size, in a fixed order."""

    name = "several"

    def __init__(self, candidates, quality):
        self.candidates, self.quality = candidates, np.array(quality, np.float32)

    def embed(self, image):
        return ImageEmbedding(image, features=None)

    def predict(self, embedding, clicks, full_size=True):
        return np.full((len(clicks), *embedding.size), 0.9, np.float32)

    def predict_candidates(self, embedding, clicks):
        count = len(clicks)
        return np.stack([self.candidates] * count), np.stack([self.quality] * count)


def test_part_and_whole_are_both_in_the_answer(nested):
    facts, (whole, part) = measure(nested, knows(nested), CENTER)
    of_whole = {"best": [1.0] * 7, "any": 1.0}
    of_part = {"best": [RATIO] + [1.0] * 6, "any": 1.0}
    both = [{"map": 0, "label": 1, "area": WHOLE}, {"map": 1, "label": 3, "area": PART}]
    common = {"trial": 0, "offered": 2}
    assert whole == {**both[0], **common, **of_whole, "others": [both[1] | of_part]}
    assert part == {**both[1], **common, **of_part, "others": [both[0] | of_whole]}

    pixels, claimed, found = np.array(facts["reliability"])
    assert pixels.shape == (BINS,)
    shares = np.array([AREA - WHOLE, WHOLE - PART, PART]) / AREA
    np.testing.assert_allclose(pixels[[0, 12, 18]], shares, atol=1e-9)
    np.testing.assert_allclose(claimed[[0, 12, 18]], shares * [0.01, 0.62, 0.92], atol=1e-8)
    np.testing.assert_allclose(found[[0, 12, 18]], shares * [0, 0.5, 1], atol=1e-9)


def test_only_masks_that_hold_the_click_are_around_it(nested):
    maps = nested.label_maps.copy()
    maps[1] = 0
    maps[1, 40:48] = 1  # below the whole
    _, results = measure(replace(nested, label_maps=maps), field(), CENTER)
    assert [result["others"] for result in results] == [[], []]


def test_the_same_clicks_as_in_evaluate_clicks(nested):
    for settings in ({"trials": 3, "seed": 4}, {"clicker": "center"}):
        _, ours = measure(nested, field(), Settings(**settings))
        _, theirs = clicks.measure(nested, field(), clicks.Settings(**settings))
        keys = ("map", "label", "area", "trial")
        for result, other in zip(ours, theirs, strict=True):
            assert [result[key] for key in keys] == [other[key] for key in keys]
            assert result["best"][:1] == other["ious"]
        shared = Settings(**settings).recorded()
        assert shared.items() <= clicks.Settings(**settings).recorded().items()


def slow_scores(answer, click, mask, ignore):
    """Compare every mask that is offered, budget by budget, and every level set."""
    point = np.array([[int(click.row), int(click.col)]])
    found = level_lines(logit(answer)[None], point, 6)
    lines = MaskSet(found.packed, mask.shape, found.stability)
    offered = [answer > 0.5]
    for number in range(len(lines)):
        if iou(lines[number], offered[0]) <= 0.9:
            offered.append(lines[number])
    best = [max(iou(one, mask, ignore) for one in offered[:most]) for most in range(1, 8)]
    levels = [iou(answer > level, mask, ignore) for level in THRESHOLDS.astype(np.float32)]
    return {"offered": len(offered), "best": best, "any": max(levels)}


def slow_reliability(answer, mask, ignore):
    known = np.ones_like(mask) if ignore is None else ~ignore
    edges = np.array([-1, *THRESHOLDS, 1], np.float32)
    bins = [(answer > low) & (answer <= high) & known for low, high in pairwise(edges)]
    counts = [[here.sum(), answer[here].sum(), (here & mask).sum()] for here in bins]
    return np.transpose(counts) / known.sum()


@pytest.mark.parametrize("zero_is_background", [True, False])
def test_against_one_comparison_each(nested, zero_is_background):
    sample = replace(nested, zero_is_background=zero_is_background)
    segmentor = field(1)
    facts, results = measure(sample, segmentor, CENTER)
    tables = []
    targets = [(mask, sample.ignore(index)) for index, _, mask in sample.masks()]
    for result, (mask, ignore), around in zip(results, targets, targets[::-1], strict=True):
        click = center_click(mask, np.zeros_like(mask))
        answer = segmentor.predict(segmentor.embed(sample.image), [click])[0]
        for scores, truth in ((result, (mask, ignore)), (result["others"][0], around)):
            expected = slow_scores(answer, click, *truth)
            assert result["offered"] == expected["offered"]
            for key in ("best", "any"):
                assert scores[key] == pytest.approx(expected[key], abs=1e-6)
        tables.append(slow_reliability(answer, mask, ignore))
    np.testing.assert_allclose(facts["reliability"], np.mean(tables, axis=0), atol=1e-6)


@pytest.mark.parametrize(("width", "offered"), [(8, 1), (12, 2)])
def test_what_is_nearly_the_default_mask_takes_no_place(nested, width, offered):
    """The only level line is a disc, of which the default mask has a corner more."""
    rows, cols = np.indices((48, 64))
    disc = np.hypot(rows - 24, cols - 32) < 10
    both = disc | ((rows < 4) & (cols < width))
    assert (iou(disc, both) > 0.9) == (offered == 1)
    answer = np.where(both, 0.7, 0.01).astype(np.float32)
    segmentor = FunctionSegmentor(lambda image, clicks: answer, "disc")
    _, results = measure(nested, segmentor, CENTER)
    assert [result["offered"] for result in results] == [offered] * 2


def test_an_answer_that_offers_nothing_but_an_empty_mask(nested):
    segmentor = FunctionSegmentor(lambda image, clicks: np.full((48, 64), 0.01), "never")
    _, results = measure(nested, segmentor, CENTER)
    for result in results:
        assert (result["offered"], result["any"]) == (1, 0)
        assert result["best"] == [0] * 7


def candidates_of(sample):
    """The part, the whole, everything and nothing, at half the size."""
    whole, part = sample.label_maps > 0
    masks = np.stack([part, whole, np.ones_like(part), np.zeros_like(part)])
    return np.where(masks, 1, 0).astype(np.float32)[:, ::2, ::2]


def test_candidates_come_by_their_expected_iou(nested):
    candidates = candidates_of(nested)
    _, (whole, part) = measure(nested, Several(candidates, [0.5, 0.6, 0.9, 0.8]), CENTER)
    everything = round(WHOLE / AREA, 6)
    assert whole["offered"] == part["offered"] == 4
    assert whole["best"][:2] == [everything] * 2
    assert whole["any"] == everything
    assert min(whole["best"][2:]) > 0.9  # to half a pixel of the candidates
    assert part["best"][:3] == pytest.approx([PART / AREA] * 2 + [PART / WHOLE], abs=0.02)
    assert part["best"][3] == part["best"][6] > 0.85
    assert min(part["others"][0]["best"][2:]) > 0.9


def test_of_many_candidates_the_first_are_looked_at(nested):
    candidates = np.concatenate([candidates_of(nested)[3:].repeat(7, 0), candidates_of(nested)[:1]])
    _, (_, part) = measure(nested, Several(candidates, [0.5] * 8), CENTER)
    assert (part["offered"], part["best"]) == (7, [PART_OF_ALL] * 7)
    _, (_, part) = measure(nested, Several(candidates, [0.5] * 7 + [0.9]), CENTER)
    assert part["best"][0] == PART_OF_ALL
    assert min(part["best"][1:]) > 0.85


def test_answers_that_are_no_answers(nested):
    candidates = candidates_of(nested)
    for segmentor, message in (
        (FunctionSegmentor(lambda image, clicks: np.full((48, 64), np.nan), "n"), "'n'.*NaN"),
        (Several(candidates * 2, [0.5] * 4), r"'several'.*0 to 2"),
        (Several(candidates, [0.5] * 3), r"'several'.*\(2, 4\), got float32 \(2, 3\)"),
        (Several(candidates, [0.5, 0.5, 7, 0.5]), r"'several'.*0.5 to 7"),
    ):
        with pytest.raises(ValueError, match=message):
            measure(nested, segmentor, CENTER)


def test_no_objects_no_results(nested):
    empty = replace(nested, label_maps=np.zeros_like(nested.label_maps))
    assert measure(empty, field(), CENTER) == ({}, [])


class ListDataset:
    name, fingerprint, partition = "list", "1157", False

    def __init__(self, samples):
        self.samples, self.names = samples, [sample.name for sample in samples]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


@pytest.fixture
def dataset(nested):
    """The nested masks, one of them alone, and nothing."""
    alone = nested.label_maps * np.array([1, 0], np.int32)[:, None, None]
    return ListDataset(
        [
            nested,
            replace(nested, name="alone", label_maps=alone),
            replace(nested, name="empty", label_maps=np.zeros_like(alone)),
        ]
    )


def run(dataset, segmentor, out, limit=None):
    made_by = {"model": segmentor.name, "weights": ""}
    method = levels.from_model(CENTER, segmentor, made_by)
    return run_jobs([Job(levels.PROTOCOL, dataset, method, limit)], out)


def test_figures_by_hand(dataset, nested, tmp_path):
    records = run(dataset, knows(nested), tmp_path / "rows.jsonl")
    (group,) = group_records(records)
    assert group.counts == {"images": 3, "without objects": 1, "masks": 3}
    values = {name: figure.value for name, figure in group.figures.items()}
    ratio = PART / WHOLE
    for name, number in {
        "default": ((1 + ratio) / 2 + 1) / 2,
        "default per mask": (2 + ratio) / 3,
        "best of 2": 1,
        "best of 7 per mask": 1,
        "any level": 1,
        # Either click of the first image is in both masks.
        "around default": ((1 + ratio) / 2 + 1) / 2,
        "around default per mask": ((1 + ratio) + 1) / 3,
        "around best of 2": 1,
        "claimed at 18": 0.92,
        "found at 18": 1,
        "found at 12": 0.75,  # half of the first image, all of the second
        "found at 0": 0,
        "pixels at 18": PART / AREA,
    }.items():
        assert values[name] == pytest.approx(100 * number, abs=1e-4), name
    assert (values["offered"], values["masks around"]) == (2, 5 / 3)
    assert not {"best of 1", "best of 8"} & values.keys()
    gaps = 0.01 * (AREA - WHOLE) + 0.13 * (WHOLE - PART) + 0.08 * PART
    assert values["ECE"] == pytest.approx(100 * gaps / AREA, abs=1e-4)
    assert not group.figures["ECE"].higher_is_better


def test_a_run_goes_on_where_it_stopped(dataset, nested, tmp_path):
    run(dataset, knows(nested), tmp_path / "once.jsonl")
    run(dataset, knows(nested), tmp_path / "twice.jsonl", limit=1)
    run(dataset, knows(nested), tmp_path / "twice.jsonl")
    once, twice = ((tmp_path / f"{name}.jsonl").read_bytes() for name in ("once", "twice"))
    assert once == twice
    never = FunctionSegmentor(lambda image, clicks: 1 / 0, "knows")
    assert len(run(dataset, never, tmp_path / "once.jsonl")) == 3  # nothing is asked again


def test_tables_and_comparison(dataset, nested, tmp_path):
    records = [
        record
        for segmentor in (knows(nested), field())
        for record in run(dataset, segmentor, tmp_path / "rows.jsonl")
    ]
    text = tables(records)
    assert "## Levels of one click" in text
    assert "best of 1 " not in text
    assert text.count("| best of 7 ") == 2
    assert "100.00 [100.00, 100.00]" in text
    first, second = group_records(records)
    ((comparison,), left_out) = compare([first], [second])
    assert not left_out
    differences = {difference.figure: difference for difference in comparison.differences()}
    assert differences["any level"].first == 100 > differences["any level"].second
    assert differences["ECE"].first < differences["ECE"].second
    assert {"default", "best of 7 per mask", "around any level"} <= differences.keys()
    assert not [name for name in differences if " at " in name]


def test_one_mask_at_a_click_needs_no_second_table(dataset, nested, tmp_path):
    dataset = ListDataset(dataset.samples[1:])
    text = tables(run(dataset, knows(nested), tmp_path / "rows.jsonl"))
    assert text.count("| best of 7 ") == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: r.results[0].update(best=[1.5] * 7), "expected numbers from 0 to 1"),
        (lambda r: r.results[0].update(best=[0.5] * 6), r"shape \(8,\), got \(7,\)"),
        (lambda r: r.results[0].update(any="0.5"), "expected numbers, got"),
        (lambda r: r.results[0].update(offered=None), "expected numbers, got"),
        (lambda r: r.results[0].pop("others"), "KeyError"),
        (lambda r: r.results[0].update(others=[3]), "TypeError"),
        (lambda r: r.facts.pop("reliability"), "KeyError"),
        (lambda r: r.facts["reliability"].pop(), r"shape \(3, 20\)"),
    ],
)
def test_damaged_records_are_named(dataset, nested, tmp_path, damage, message):
    records = run(dataset, knows(nested), tmp_path / "rows.jsonl")
    damage(records[0])
    with pytest.raises(ValueError, match=f"levels on list, image nested is damaged.*{message}"):
        tables(records)
