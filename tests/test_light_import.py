"""Importing the package is instant; what is heavy is loaded by who needs it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "accelerate",
    "cv2",
    "gradio",
    "matplotlib",
    "networkx",
    "numpy",
    "scipy",
    "skimage",
    "timm",
    "torch",
    "transformers",
    "tyro",
}


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh Python holds after `statement`."""
    code = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ("import tamingseg; dir(tamingseg); tamingseg.__all__", set()),
        ("from tamingseg import Click, Sample", {"numpy"}),
        ("from tamingseg import Session", {"cv2", "numpy", "scipy"}),
        ("import tamingseg.segmentors.base", {"numpy"}),
        ("import tamingseg.weights.registry", {"numpy"}),
    ],
)
def test_light_import(statement, needed):
    assert loaded_by(statement) & HEAVY <= needed


def test_unknown_names_list_the_public_ones():
    import tamingseg

    with pytest.raises(
        AttributeError, match=r"no attribute 'sam'; it offers CandidateSegmentor, Click"
    ):
        tamingseg.sam  # noqa: B018
