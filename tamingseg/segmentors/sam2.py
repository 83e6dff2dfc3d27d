"""SAM 2.1 behind the `Segmentor` protocol, through transformers (the extra ``[sam2]``).

The image is stretched to a square, the aspect ratio given up, and normalised with the mean and
spread of ImageNet. That is two lines of torch here: the library's processor rounds the resized
image to whole grey values, which SAM 2's own code does not, and it would be one more configuration
file to fetch.

SAM speaks of points as (x, y), and this is the only file where that order exists.

Sources: Ravi et al., "SAM 2: Segment Anything in Images and Videos", arXiv:2408.00714, and
github.com/facebookresearch/sam2, ``sam2/sam2_image_predictor.py`` and ``sam2/modeling``.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tamingseg.checks import check_image
from tamingseg.frame import Frame
from tamingseg.segmentors.base import ImageEmbedding, check_clicks, check_previous
from tamingseg.values import Click
from tamingseg.weights.registry import HUB_FILES

try:
    from transformers import Sam2Config, Sam2Model
except ImportError as error:
    raise ImportError(
        "SAM 2 runs through transformers (5.0 or newer), which cannot be imported here "
        f"({error}); install it with: pip install 'tamingseg[sam2]'"
    ) from error

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)

_PIXELS_AT_ONCE = 16 * 1024 * 1024
"""Clicks times pixels (of the square or of the answer) that are worked on together."""

_LOGIT_EPS = 1e-6
"""Logits of a previous answer end at +-13.8: float32 probabilities know no more."""


class Sam2Segmentor:
    """A `transformers.Sam2Model` as a segmentor.

    The model is put on `device` and in evaluation mode, and is not changed afterwards, so one
    segmentor may serve several threads. It is a `CandidateSegmentor`: three masks per click.
    """

    def __init__(self, model: Sam2Model, name: str, device: str | torch.device = "cpu") -> None:
        # (The types of transformers know neither devices nor this model's parts.)
        self.model = cast(Any, model).to(device).eval()
        self.name = name
        self.device = torch.device(device)
        side = self.model.config.prompt_encoder_config.image_size
        self._canvas = (side, side)

    @torch.inference_mode()
    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        check_image(image)
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(self.device)
        pixels = pixels.permute(2, 0, 1)[None].float() / 255
        pixels = F.interpolate(pixels, self._canvas, mode="bilinear", antialias=True)
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (_MEAN, _STD))
        features = tuple(self.model.get_image_embeddings((pixels - mean) / std))
        return ImageEmbedding(image, features, sum(tensor.nbytes for tensor in features))

    @torch.inference_mode()
    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`: of the three masks per click, the one of best predicted IoU.

        The model's own resolution is a quarter of its square, 256x256 for SAM 2.1, whatever the
        image's shape. A negative click is handed on as SAM's label 0; SAM was never trained with a
        negative click alone, so expect little of that answer.
        """
        points, labels = self._prompts(clicks, embedding.size)
        size = embedding.size if full_size else self._own_size
        answers = np.empty((len(points), *size), np.float32)
        for part in self._parts(len(points), size):
            logits, quality = self._decode(embedding, points[part, None], labels[part, None])
            best = quality.argmax(dim=1)
            logits = logits[torch.arange(len(best), device=best.device), best]
            answers[part] = _probabilities(logits, size)
        return answers

    @torch.inference_mode()
    def predict_candidates(
        self, embedding: ImageEmbedding, clicks: Sequence[Click]
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `CandidateSegmentor.predict_candidates`; K is 3."""
        points, labels = self._prompts(clicks, embedding.size)
        count = self.model.config.mask_decoder_config.num_multimask_outputs
        answers = np.empty((len(points), count, *self._own_size), np.float32)
        qualities = np.empty((len(points), count), np.float32)
        for part in self._parts(len(points), self._own_size):
            logits, quality = self._decode(embedding, points[part, None], labels[part, None])
            answers[part] = logits.sigmoid().cpu().numpy()
            qualities[part] = quality.cpu().numpy()
        return answers, qualities

    @torch.inference_mode()
    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """See `JointSegmentor.predict_jointly`: all clicks are one prompt.

        As SAM 2 itself is used click after click: a first click is ambiguous and gets the best of
        three masks, which is what `predict` answers; from then on the one mask for unambiguous
        prompts is taken (SAM falls back on the best of three where that one is unstable), and
        `previous`, as logits at the model's own resolution, goes in as the mask prompt.
        """
        if len(clicks) == 0:
            raise ValueError("a joint answer needs at least one click, got none")
        known = None if previous is None else self._mask_prompt(previous, embedding.size)
        points, labels = self._prompts(clicks, embedding.size)
        first = len(clicks) == 1 and known is None
        logits, quality = self._decode(embedding, points[None], labels[None], known, first)
        return _probabilities(logits[0, quality[0].argmax()][None], embedding.size)[0]

    def _prompts(self, clicks: Sequence[Click], size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Clicks of the image -> points (N, 2) as (x, y) of the square, labels (N,) 1 or 0.

        SAM counts pixels by index and adds half a pixel of the square to get to the centre. Our
        clicks are places already, so that half is taken off: a click on the centre of an image's
        pixel is then exactly where the stretched pixel's centre is, for every image size.
        """
        rows = check_clicks(clicks, size)
        points = Frame.stretch(size, self._canvas).to_canvas(rows[:, :2])[:, ::-1] - 0.5
        return (
            torch.from_numpy(points).float().to(self.device),
            torch.from_numpy(rows[:, 2]).long().to(self.device),
        )

    def _mask_prompt(self, previous: np.ndarray, size: tuple[int, int]) -> Tensor:
        """Probabilities of the image -> logits (1, 1, h, w) at the model's own resolution."""
        values = torch.from_numpy(check_previous(previous, size)).to(self.device)
        logits = values.logit(eps=_LOGIT_EPS)[None, None]
        return F.interpolate(logits, self._own_size, mode="bilinear", antialias=True)

    @property
    def _own_size(self) -> tuple[int, int]:
        """(height, width) of the decoder's masks and of a mask prompt."""
        return self.model.prompt_encoder.mask_input_size

    def _decode(
        self,
        embedding: ImageEmbedding,
        points: Tensor,
        labels: Tensor,
        known: Tensor | None = None,
        several: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Q questions of n points each, (Q, n, 2) -> logits (Q, K, h, w), predicted IoU (Q, K).

        K is 3 with `several` masks per question, else 1.
        """
        output = self.model(
            image_embeddings=list(embedding.features),
            input_points=points[None],
            input_labels=labels[None],
            input_masks=known,
            multimask_output=several,
        )
        return output.pred_masks[0], output.iou_scores[0]

    def _parts(self, total: int, size: tuple[int, int]) -> Iterator[slice]:
        """Split range(total) so that neither the decoding nor the answers of a part get large."""
        pixels = max(self._canvas[0] * self._canvas[1], size[0] * size[1])
        step = max(1, _PIXELS_AT_ONCE // pixels)
        return (slice(start, start + step) for start in range(0, total, step))


def load_sam2(folder: Path, name: str, device: str | torch.device = "cpu") -> Sam2Segmentor:
    """Read a SAM 2 model, as transformers stores it, from a folder; float32, nothing is executed.

    The configuration may be that of the video model (``sam2_video``), which is how SAM 2.1 is
    published; what only videos need is left out.

    Raises
    ------
    FileNotFoundError
        If ``config.json`` or ``model.safetensors`` is missing.
    ValueError
        If the folder holds another kind of model, or the files are damaged or incomplete.
    """
    for file in HUB_FILES:
        if not (folder / file).is_file():
            raise FileNotFoundError(
                f"a folder with a SAM 2 model holds {' and '.join(HUB_FILES)}, "
                f"but there is no {folder / file}"
            )
    config = _read_config(folder)
    try:
        loaded: Any = Sam2Model.from_pretrained(
            folder,
            config=Sam2Config(**config),
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    # What a damaged file raises is the business of three libraries, and changes with them.
    except Exception as error:
        raise ValueError(
            f"{folder}: this is no SAM 2 model that transformers can read, "
            f"{type(error).__name__}: {error}"
        ) from error
    model, report = loaded
    if missing := sorted(report["missing_keys"]):
        raise ValueError(
            f"{folder}: {len(missing)} tensors are missing from {HUB_FILES[1]}, {missing[0]} first"
        )
    return Sam2Segmentor(model, name, device)


def _read_config(folder: Path) -> dict[str, Any]:
    """Return the three parts of the configuration that the image model has."""
    path = folder / HUB_FILES[0]
    try:
        config = json.loads(path.read_bytes())
        model_type = config["model_type"]
        if model_type not in ("sam2", "sam2_video"):
            raise ValueError(f"expected the model type sam2 or sam2_video, got {model_type!r}")
        parts = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
        return {part: config[part] for part in parts}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: not the configuration of a SAM 2 model: {error}") from error


def _probabilities(logits: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Logits (N, h, w) over the image -> probabilities (N, *size), enlarged as SAM 2 does it."""
    return F.interpolate(logits[None], size, mode="bilinear")[0].sigmoid_().cpu().numpy()
