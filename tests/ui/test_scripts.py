"""What the page's scripts compute, against the package's own answers; run by Chromium."""

from pathlib import Path

import numpy as np
import pytest

from tamingseg.data.mask_files import mask_entries
from tamingseg.partition.paint import paint_masks
from tamingseg.ui import canvas
from tamingseg.values import MaskSet

pytestmark = pytest.mark.browser

SCRIPTS = Path(canvas.__file__).parent


@pytest.fixture(scope="module")
def scripts(chromium):
    """A blank page with the scripts that know nothing of the rest."""
    context = chromium.new_context()
    page = context.new_page()
    for name in ("masks.js", "labels.js", "curve.js"):
        page.add_script_tag(content=(SCRIPTS / name).read_text())
    yield page
    context.close()


def test_the_label_map_is_that_of_the_partition_for_every_number_of_masks(scripts, rng):
    height, width = 21, 34
    rows, cols = np.mgrid[:height, :width]
    masks = []
    for _ in range(12):  # rectangles, some equally large, and noise
        top, left = rng.integers(0, (height - 6, width - 6))
        masks.append((rows >= top) & (rows < top + 6) & (cols >= left) & (cols < left + 6))
        masks.append(rng.random((height, width)) < rng.random())
    masks = MaskSet.from_masks(np.stack(masks))
    counts = list(range(1, len(masks) + 1))
    texts = [entry["segmentation"]["counts"] for entry in mask_entries(masks)]
    found = scripts.evaluate(
        """([counts, size, numbers]) => {
            const labels = new Labels(...size), masks = counts.map(text => {
                const runs = readRuns(text);
                return {runs, area: readMask(text, ...size).area};
            });
            labels.set(masks, masks.map((_, id) => id));
            return numbers.map(n => {
                labels.stack(n);
                return [...labels.map];
            });
        }""",
        [texts, [height, width], counts],
    )
    # There label 1 is what no mask holds, here 0 is; here pixels lie column by column.
    expected = paint_masks(masks, counts) - 1
    found = np.array(found).reshape(len(counts), width, height).transpose(0, 2, 1)
    assert (found == expected).all()


@pytest.mark.parametrize("total", [1, 2, 7, 300, 1000])
def test_every_number_of_masks_has_its_place_on_the_slider(scripts, total):
    found = scripts.evaluate(
        """total => Array.from({length: total}, (_, i) => countAt(shareOf(i + 1, total), total))""",
        total,
    )
    assert found == list(range(1, total + 1))
    ends = scripts.evaluate("t => [countAt(0, t), countAt(1, t)]", total)
    assert ends == [1, total]
