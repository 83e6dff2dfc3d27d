"""What a teacher answers to a grid of clicks on every image of a data set, computed or from disk.

<folder>/<data set>-<fingerprint>-<teacher>-<grid>/
<image>.npy   uint8 (grid * grid, h, w): probabilities times 255 at the teacher's resolution
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.files import open_whole
from tamingseg.prompts.grids import grid_clicks
from tamingseg.values import Click

Teacher = Callable[[np.ndarray, Sequence[Click]], np.ndarray]
"""uint8 RGB (H, W, 3) and clicks -> probabilities (N, h, w), one map per click, of any size."""


class TeacherAnswers:
    """`teacher`'s answers to `grid` x `grid` positive clicks on the images of `dataset`, by index.

    Parameters
    ----------
    name
        Of the teacher, with whatever tells its weights from others; answers in `folder` are taken
        for its answers if the name is the same.
    folder
        Where answers are kept; None computes them anew whenever they are needed.
    """

    def __init__(
        self, dataset: MaskDataset, teacher: Teacher, name: str, grid: int, folder: Path | None
    ):
        self.dataset, self.grid = dataset, grid
        self.teacher: Teacher | None = teacher
        self.folder = None
        if folder is not None:
            self.folder = Path(folder) / f"{dataset.name}-{dataset.fingerprint}-{name}-{grid}"

    def __getstate__(self) -> dict[str, Any]:
        # Processes that read samples need no model where the answers are on disk.
        return vars(self) if self.folder is None else {**vars(self), "teacher": None}

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return uint8 (grid * grid, h, w), probabilities times 255, in the order of the grid."""
        if self.folder is None:
            return self._ask(index)
        file = self.folder / f"{quote(self.dataset.names[index], safe='')}.npy"
        if not file.exists():
            self._keep(file, self._ask(index))
        return np.load(file, mmap_mode="r")  # only the maps that are used are read

    def fill(self) -> None:
        """Ask about every image that is not on disk yet; may be stopped at any time."""
        for index in tqdm(range(len(self)), f"ask the teacher, {self.dataset.name}", unit="image"):
            self[index]

    def points(self, size: tuple[int, int]) -> np.ndarray:
        """Return the clicks on an image of `size` as (row, col): float64 (grid * grid, 2)."""
        return np.array([(click.row, click.col) for click in grid_clicks(self.grid, size)])

    def _ask(self, index: int) -> np.ndarray:
        if self.teacher is None:
            raise RuntimeError(
                f"the answers to {self.dataset.names[index]!r} are missing in {self.folder}, and "
                "another process cannot ask for them; call `fill` before"
            )
        image = self.dataset[index].image
        answers = self.teacher(image, grid_clicks(self.grid, image.shape[:2]))
        return np.rint(answers * 255).astype(np.uint8)

    def _keep(self, file: Path, answers: np.ndarray) -> None:
        with open_whole(file) as opened:
            np.save(opened, answers)
