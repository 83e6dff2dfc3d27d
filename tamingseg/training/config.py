"""What a training run is told: `TrainConfig`, `DistillConfig`, and the presets that fill them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from tamingseg.data.augment import AugmentConfig
from tamingseg.data.training import ClickSampling
from tamingseg.models.clicknet import ClickNetConfig
from tamingseg.models.pixel_embedder import PixelEmbedderConfig
from tamingseg.models.segnext import SegNextConfig

LITE0: dict[str, Any] = {
    "backbone": "tf_efficientnet_lite0",
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
}
"""The encoder of our models, and how its ImageNet weights expect images to be normalised."""


@dataclass(frozen=True)
class RunConfig:
    """What every run is told."""

    data: tuple[Path, ...] = ()
    """Data set folders; a folder that only holds data sets stands for all of them."""
    textures: tuple[Path, ...] = ()
    """Folders of texture photos. Each folder adds a data set of 100,000 mosaics."""
    set_weights: tuple[tuple[str, float], ...] = ()
    """How often images of a data set are drawn, as (name, weight); data sets not named have 1."""
    output: Path = Path("runs/train")
    """Folder of the run. A run of the same configuration in it is continued."""
    losses: tuple[tuple[str, float], ...] = (("soft-iou", 1.0), ("cross-entropy", 1.0))
    """Losses as (name, weight), see `tamingseg.losses`."""
    sampling: ClickSampling = field(default_factory=ClickSampling)
    """How targets and first clicks are drawn."""
    augmentation: AugmentConfig = field(default_factory=AugmentConfig)
    """How images are augmented."""
    sizes: tuple[tuple[float, int], ...] = ((1.0, 256),)
    """Side of the training crop, as (until this share of the run, pixels), in order."""
    steps: int = 10_000
    """Optimiser steps."""
    batch: int = 8
    """Images per step, over all processes together."""
    peak_lr: float = 1e-3
    """Learning rate on the plateau."""
    encoder: Literal["random", "imagenet"] = "random"
    """Weights that the encoder starts from. imagenet: the extra ``train`` holds them for
    tf_efficientnet_lite0, tf_efficientnet_lite1 and tf_efficientnet_lite2; for other backbones
    timm fetches its own."""
    encoder_lr: float = 1.0
    """Learning rate of the encoder, as a share of that of the rest."""
    warmup: int = 300
    """Steps until the plateau."""
    decay_share: float = 0.3
    """Share of the run over which the learning rate falls to zero at the end."""
    weight_decay: float = 0.05
    """Weight decay of AdamW; only matrices and kernels decay."""
    clip: float = 1.0
    """Gradients of a larger norm are scaled down to it."""
    average: float = 0.999
    """Decay per step of the moving average of the weights. The run ends with this average."""
    precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    """Autocast; auto takes bf16 where the hardware computes in it."""
    seed: int = 0
    """Seed of all random numbers."""
    workers: int = 1
    """Processes that prepare samples, per training process."""
    held_out: int = 20
    """Every n-th image of each data set is kept for validation; 0 trains on all."""
    checkpoint_every: int = 500
    """Steps between checkpoints."""
    cache: Path = Path("runs/cache")
    """Folder for decoded images; many runs can share it."""
    cache_side: int = 384
    """Longest side of the images in the cache."""

    def size_of(self, index: int) -> int:
        """Side of the crop of sample `index`, in pixels."""
        share = index // self.batch / self.steps
        return next((size for until, size in self.sizes if share < until), self.sizes[-1][1])


@dataclass(frozen=True)
class TrainConfig(RunConfig):
    """A click model's training. Every field is a flag of `tamingseg train`."""

    model: ClickNetConfig | SegNextConfig = field(default_factory=ClickNetConfig)
    """Which model is trained, and its settings."""
    initial: str | None = None
    """Named weights, such as default, or a file to start from; --model must agree with them. None
    starts from random numbers."""
    extra_clicks: int = 2
    """Iterative training: 0 to this many further clicks on the model's own errors."""
    rated_images: int = 200
    """In the end a ClickNet of one output learns which level of its answers is meant: from at most
    this many images of each data set. 0 leaves it out."""
    cut_previous: float = 0.0
    """Share of further clicks at which the model is told a mask instead of its last answer: that
    answer, thresholded at a random level as a user would."""


@dataclass(frozen=True)
class DistillConfig(RunConfig):
    """A distillation: features answer clicks. Every field is a flag of `tamingseg distill`."""

    output: Path = Path("runs/distilled")
    """Folder of the run. A run of the same configuration in it is continued."""
    teacher: str = "default"
    """Any model that `tamingseg evaluate --model` knows."""
    model: PixelEmbedderConfig = field(
        default_factory=lambda: PixelEmbedderConfig(**LITE0, blocks=())
    )
    """The student, and its settings."""
    initial: str | None = "default"
    """Named weights or a file to start from. Tensors of the same name and shape are taken: from a
    ClickNet, its encoder. None starts from random numbers."""
    sampling: ClickSampling = field(
        default_factory=lambda: ClickSampling(sampler="one", queries=16)
    )
    """How clicks on true regions are drawn. As many are drawn from the teacher's grid."""
    teacher_weight: float = 1.0
    """Weight of the loss against the teacher's answers."""
    truth_weight: float = 1.0
    """Weight of the loss against the true regions; 0 trains on the teacher alone."""
    grid: int = 12
    """Clicks per side of the teacher's grid on every image."""
    answers: Path | None = Path("runs/teacher")
    """Folder for the teacher's answers (1 MB per image with the default grid). None asks the
    teacher anew each time."""
    sizes: tuple[tuple[float, int], ...] = ((0.5, 192), (0.85, 256), (1.0, 320))
    """Side of the training crop, as (until this share of the run, pixels), in order."""
    steps: int = 2_000
    """Optimiser steps."""
    batch: int = 12
    """Images per step, over all processes together."""
    peak_lr: float = 7e-4
    """Learning rate on the plateau."""
    warmup: int = 100
    """Steps until the plateau."""


_SEGNEXT = TrainConfig(
    model=SegNextConfig(),
    losses=(("normalized-focal", 1.0),),
    sampling=ClickSampling(sampler="many", queries=1),
    extra_clicks=3,
    augmentation=AugmentConfig(crop_area=(0.6, 1.0), crop_aspect=1.0, saturation=0.0),
    sizes=((1.0, 1024),),
    steps=187_500,  # 100 epochs of 30,000 samples at 16 per step
    batch=16,
    peak_lr=5e-5,
    warmup=0,
    decay_share=0.5,
    weight_decay=0.0,
    average=0.0,
    workers=8,
    held_out=0,
    cache_side=1024,
)
_SEGNEXT_512 = replace(_SEGNEXT, model=SegNextConfig(image_size=512), sizes=((1.0, 512),))
_POSNEG_512 = replace(
    _SEGNEXT_512, sampling=ClickSampling(sampler="posneg", queries=1), extra_clicks=0
)

PRESETS: dict[str, tuple[str, TrainConfig]] = {
    "default-cpu": (
        "ClickNet on two CPU cores, from an encoder that knows ImageNet",
        TrainConfig(
            model=ClickNetConfig(**LITE0),
            encoder="imagenet",
            encoder_lr=0.2,
            sampling=ClickSampling(negative_share=0.15, target="levels"),
            augmentation=AugmentConfig(crop_area=(0.2, 1.0), grey=0.1, invert=0.04, paste=0.25),
            cut_previous=0.15,
            sizes=((0.35, 128), (0.7, 160), (0.9, 224), (1.0, 288)),
            steps=16_000,
            batch=12,
        ),
    ),
    "segnext-small-cpu": (
        "SegNext's design at a size for CPUs, to compare with ClickNet at equal compute",
        TrainConfig(
            model=SegNextConfig(
                image_size=160,
                width=192,
                depth=8,
                heads=3,
                pyramid=(32, 64, 96, 128),
                head_width=64,
                click_radius=3,
            ),
            sampling=ClickSampling(negative_share=0.15, queries=4),
            extra_clicks=0,
            augmentation=AugmentConfig(paste=0.25),
            sizes=((1.0, 160),),
            batch=12,
        ),
    ),
    "segnext-many-1024": ("after SegNext's recipe: ViT-B, 1024 px, many clicks", _SEGNEXT),
    "segnext-many-512": ("the same at 512 px", _SEGNEXT_512),
    "segnext-one-512": (
        "one positive click, 512 px",
        replace(_POSNEG_512, sampling=ClickSampling(sampler="one", queries=1)),
    ),
    "segnext-posneg-512": ("one positive or one negative click, 512 px", _POSNEG_512),
    "segnext-posneg-lovasz-512": (
        "the same with Lovász hinge added",
        replace(_POSNEG_512, losses=(("normalized-focal", 1.0), ("lovasz-hinge", 1.0))),
    ),
}
"""Name -> (what it is, configuration); flags change single fields of it."""
