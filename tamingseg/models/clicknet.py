"""ClickNet: a small click model for CPUs.

A hierarchical timm backbone and a light feature pyramid encode the image once. A click then costs
a few million multiplications, in two stages that share all image features between clicks:

1. at stride 16, a handful of small convolutions see the click, its similarity to every place, and
   the previous mask; they decide roughly which region is meant and gather its mean feature;
2. at stride 4, a one-hidden-layer network decides every pixel. Its weights are not learned but
   computed for this click from the features under the click and of the region (dynamic weights as
   in CondInst, Tian et al., ECCV 2020), so one click is one tiny network.

Coordinates are offsets to the click divided by sqrt(height * width): the same object at another
resolution gives the same input.

A click can mean several masks. With more than one output the click's network decides as many maps,
and what is known of the click says which IoU with the wanted mask to expect of each (as in Segment
Anything, Kirillov et al., ICCV 2023).
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tamingseg.models.backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Deviation,
    channels_of,
    hierarchical_backbone,
    strides_of,
)
from tamingseg.models.config import check_config
from tamingseg.models.rating import LevelRating
from tamingseg.models.upsample import UpsamplingWeights, upsample

CLICK_RADIUS = 0.03
"""Standard deviation of the blob that marks a click, in units of sqrt(height * width)."""

COARSE_GROUPS = 4
"""Groups of channels that the coarse convolutions normalise together."""

_DECODED = 8
"""So many of the features are for the decoder; what follows them is for `ClickNet.enlarge`."""

PADDING = -1
"""Sign of an empty click slot."""


@dataclass(frozen=True)
class ClickNetConfig:
    """What a ClickNet is built from; raises ValueError if a field is out of its range."""

    backbone: str = "resnet18"  # any timm model with features at strides 4, 8, 16 and 32
    pyramid: tuple[int, int, int, int] = (64, 96, 128, 128)  # channels at strides 4, 8, 16, 32
    query: int = 192  # channels of what is known about one click
    coarse: int = 32  # channels of the per-click convolutions at stride 16
    fine: int = 16  # hidden units of the per-click network at stride 4
    heads: int = 4  # similarities between a click and a place, at either stride
    head_width: int = 16  # channels each similarity is a scalar product of
    image_size: int = 384  # longest side that the model is used at
    outputs: int = 1  # masks per click; several are trained by the best of them
    finer: bool = False  # learned upsampling of the answers from stride 4 to stride 2
    rated: bool = False  # says which level of an answer is meant
    mean: tuple[float, float, float] = IMAGENET_MEAN  # of the images, RGB in [0, 1]
    std: tuple[Deviation, Deviation, Deviation] = IMAGENET_STD  # and their standard deviation

    def __post_init__(self) -> None:
        check_config(self)
        if self.coarse % COARSE_GROUPS:
            raise ValueError(f"coarse must be a multiple of {COARSE_GROUPS}, got {self.coarse}")


class ClickNet(nn.Module):
    """Encode images once, answer any number of queries about them.

    `stride_multiple` is what the sides of the input must be divisible by.
    """

    stride_multiple = 32

    def __init__(self, config: ClickNetConfig = ClickNetConfig()):
        super().__init__()
        self.config = config
        self.backbone = hierarchical_backbone(config.backbone)
        channels = channels_of(self.backbone)
        self.pyramid = Pyramid(channels[-4:], config.pyramid)
        stride4, _, stride16, _ = config.pyramid
        keys = config.heads * config.head_width
        # Shared by all clicks of an image; computed once in `encode`.
        self.fine_features = nn.Conv2d(stride4, config.fine, 1)
        self.fine_keys = nn.Conv2d(stride4, keys, 1)
        self.coarse_features = nn.Conv2d(stride16, config.coarse, 1)
        self.coarse_keys = nn.Conv2d(stride16, keys, 1)
        self.decoder = ClickDecoder(config)
        if config.outputs > 1:
            self.expected_iou = nn.Linear(config.query, config.outputs)
        if config.finer:
            if strides_of(self.backbone)[:-4] != [2]:
                raise ValueError(
                    f"finer answers need features at stride 2, which {config.backbone!r} does not "
                    "give; choose another backbone, or --model.no-finer"
                )
            self.upsampling = UpsamplingWeights(stride4, channels[0])
        if config.rated:
            self.rating = LevelRating()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(config.mean).view(3, 1, 1), False)
        self.register_buffer("std", torch.tensor(config.std).view(3, 1, 1), False)

    def encode(self, images: Tensor) -> tuple[Tensor, ...]:
        """RGB in [0, 1], (B, 3, H, W) -> the features `decode` reads.

        Raises
        ------
        ValueError
            If a side is not divisible by 32: features and clicks would not lie on each other.
        """
        if any(side % self.stride_multiple for side in images.shape[2:]):
            raise ValueError(
                f"the sides of the input must be multiples of {self.stride_multiple}, got "
                f"{tuple(images.shape[2:])}; pad it, or choose another size"
            )
        images = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        found = self.backbone(images)
        levels = self.pyramid(found[-4:])
        features = (
            *levels,
            self.fine_features(levels[0]),
            self.fine_keys(levels[0]),
            self.coarse_features(levels[2]),
            self.coarse_keys(levels[2]),
        )
        return (*features, self.upsampling(levels[0], found[0])) if self.config.finer else features

    def decode(
        self, features: tuple[Tensor, ...], clicks: Tensor, previous: Tensor | None = None
    ) -> Tensor:
        """Answer N queries per image.

        Parameters
        ----------
        features
            What `encode` gave for B images.
        clicks
            (B, N, K, 3): up to K clicks per query in the order they were made, as (row, col, sign)
            in input pixels; sign 1 positive, 0 negative, -1 for the empty slots at the end.
        previous
            (B, N, h, w) probabilities before the last click, at any resolution; None for none.

        Returns
        -------
        Logits (B, N, H/4, W/4); of several outputs, those of the highest expected IoU.
        """
        logits, query = self.decoder(features[:_DECODED], clicks, previous)
        return self._wanted(logits, query)

    def _wanted(self, logits: Tensor, query: Tensor) -> Tensor:
        """Of all outputs (B, N, outputs, H/4, W/4), those of the highest expected IoU."""
        if self.config.outputs == 1:
            return logits[:, :, 0]
        return best_candidates(logits, self.expected_iou(query).float().sigmoid())

    def rate(self, log_areas: Tensor) -> Tensor:
        """Expect the IoU with the wanted mask of each level of N answers.

        Returns float32 (N, 15) in [0, 1]. For `log_areas`, (N, 15), see `tamingseg.masks.rated`.
        Only of a model that is `rated`.
        """
        return self.rating(log_areas).float().sigmoid()

    def decode_coarse(self, features: tuple[Tensor, ...], clicks: Tensor) -> tuple[Tensor, Tensor]:
        """Do the first stage of `decode` for N queries per image, nearly half of the work.

        Parameters as in `decode`. Returns maps (B, N, C, H/16, W/16), of which the first is logits
        of a rough answer, and what is known of each query so far, (B, N, query).
        """
        return self.decoder.coarse(features[:_DECODED], clicks, None)

    def decode_fine(
        self, features: tuple[Tensor, ...], clicks: Tensor, maps: Tensor, query: Tensor
    ) -> Tensor:
        """Do what is left of `decode` after `decode_coarse`, which gave `maps` and `query`."""
        logits, query = self.decoder.fine(features[:_DECODED], clicks, None, maps, query)
        return self._wanted(logits, query)

    def enlarge(self, logits: Tensor, features: tuple[Tensor, ...]) -> Tensor:
        """Logits (B, N, H/4, W/4) -> as fine as the model knows outlines.

        That is (B, N, H/2, W/2) of a model that is configured to be ``finer``, and unchanged else.
        """
        return upsample(logits, features[_DECODED]) if self.config.finer else logits

    def decode_candidates(
        self, features: tuple[Tensor, ...], clicks: Tensor, previous: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Answer N queries per image with all outputs; parameters as in `decode`.

        Returns
        -------
        Logits (B, N, outputs, H/4, W/4), and float32 (B, N, outputs) in [0, 1], the IoU with the
        wanted mask that is expected of each.

        Raises
        ------
        ValueError
            If the model has one output: it was never taught how good its masks are.
        """
        if self.config.outputs == 1:
            raise ValueError("candidates need a model of several outputs, this has one; use decode")
        logits, query = self.decoder(features[:_DECODED], clicks, previous)
        return logits, self.expected_iou(query).float().sigmoid()

    def at_size(self, image_size: int) -> "ClickNet":
        """Return the same model for images of another longest side; weights know no size."""
        return self.changed(image_size=image_size)

    def changed(self, **fields: Any) -> "ClickNet":
        """Return the same model with other fields of its configuration, such as ``finer=True``.

        Parts that are new have fresh weights: bilinear ones where answers become `finer`.
        """
        model = ClickNet(replace(self.config, **fields))
        model.load_state_dict(self.state_dict(), strict=False)
        return model.to(self.mean.device).train(self.training)


def best_candidates(logits: Tensor, expected: Tensor) -> Tensor:
    """Of candidates (B, N, K, h, w), those of the highest expected IoU (B, N, K): (B, N, h, w)."""
    best = expected.argmax(2)[..., None, None, None]
    return logits.gather(2, best.expand(-1, -1, 1, logits.shape[3], logits.shape[4]))[:, :, 0]


class Pyramid(nn.Module):
    """Top-down feature pyramid (Lin et al., CVPR 2017) with its own width at every stride."""

    def __init__(self, inputs: list[int], outputs: tuple[int, ...]):
        super().__init__()
        self.lateral = nn.ModuleList(
            nn.Conv2d(i, o, 1) for i, o in zip(inputs, outputs, strict=True)
        )
        self.down = nn.ModuleList(
            nn.Conv2d(a, o, 1) for a, o in zip(outputs[1:], outputs[:-1], strict=True)
        )
        self.smooth = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)
            )
            for o in outputs
        )
        # What the whole image is about reaches every place through its mean.
        self.context = nn.Linear(inputs[-1], outputs[-1])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Features at strides 4 to 32 -> as many, each informed by all coarser ones."""
        context = self.context(features[-1].mean((2, 3)))[:, :, None, None]
        level = self.smooth[-1](self.lateral[-1](features[-1]) + context)
        levels = [level]
        for index in range(len(features) - 2, -1, -1):
            # A fixed factor: ONNX Runtime enlarges by it without rearranging memory.
            coarser = F.interpolate(self.down[index](level), scale_factor=2, mode="bilinear")
            level = self.smooth[index](self.lateral[index](features[index]) + coarser)
            levels.insert(0, level)
        return levels


class ClickDecoder(nn.Module):
    """The two stages that answer a click; everything here is computed once per query."""

    prompt_channels = 5  # offset (2), positive blob, negative blob, previous mask
    coarse_shared = 8  # channels that the coarse stage hands to the fine one

    def __init__(self, config: ClickNetConfig):
        super().__init__()
        self.heads, self.hidden, self.outputs = config.heads, config.fine, config.outputs
        keys = config.heads * config.head_width
        self.sign = nn.Embedding(2, config.query)
        self.query = nn.Sequential(
            nn.Linear(sum(config.pyramid), config.query),
            nn.ReLU(inplace=True),
            nn.Linear(config.query, config.query),
        )
        self.coarse_query = nn.Linear(config.query, keys + config.coarse)
        self.coarse_input = nn.Conv2d(config.heads + self.prompt_channels, config.coarse, 1)
        self.coarse_layers = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(COARSE_GROUPS, config.coarse),
                nn.ReLU(),
                nn.Conv2d(config.coarse, config.coarse, 3, padding=dilation, dilation=dilation),
            )
            for dilation in (1, 2, 4)
        )
        self.coarse_output = nn.Conv2d(config.coarse, 1 + self.coarse_shared, 1)
        self.region = nn.Sequential(
            nn.Linear(config.query + config.pyramid[2], config.query),
            nn.ReLU(inplace=True),
            nn.Linear(config.query, config.query),
        )
        # One linear layer writes the weights of the click's own network.
        self.fine_inputs = config.fine + config.heads + self.coarse_shared + self.prompt_channels
        self.fine_query = nn.Linear(config.query, keys)
        self.fine_numbers = [
            self.fine_inputs * config.fine,  # weights and biases of the hidden layer
            config.fine,
            config.fine * config.outputs,  # and of the output
            config.outputs,
        ]
        self.fine_weights = nn.Linear(config.query, sum(self.fine_numbers))
        nn.init.normal_(self.fine_weights.weight, std=0.01)
        nn.init.normal_(self.fine_weights.bias, std=0.1)

    def forward(
        self, features: tuple[Tensor, ...], clicks: Tensor, previous: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Parameters as in `ClickNet.decode`.

        Returns logits (B, N, outputs, H/4, W/4), and what is known of each click in the end,
        (B, N, query).
        """
        return self.fine(features, clicks, previous, *self.coarse(features, clicks, previous))

    def fine(
        self,
        features: tuple[Tensor, ...],
        clicks: Tensor,
        previous: Tensor | None,
        coarse: Tensor,
        query: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Stage 2, stride 4: every pixel, by the click's own network, given what `coarse` found.

        Parameters and what is returned as in `forward`.
        """
        *levels, fine_features, fine_keys, _, _ = features
        batch, queries = clicks.shape[:2]
        last, input_size = _last(clicks), _input_size(fine_features)

        # What the region looks like completes what the click alone can know.
        weight = coarse[:, :, 0].flatten(2).float().sigmoid()
        weight = weight / (weight.sum(2, keepdim=True) + 1e-3)
        mean_feature = torch.matmul(weight, levels[2].flatten(2).float().transpose(1, 2))
        query = query + self.region(torch.cat([query, mean_feature.to(query.dtype)], 2))

        size = fine_features.shape[2], fine_features.shape[3]
        similarity = _similarity(self.fine_query(query), fine_keys, self.heads)
        prompts = _prompt_maps(clicks, last, previous, size, input_size)
        rough, known = (
            F.interpolate(part.flatten(0, 1), size, mode="bilinear").unflatten(0, (batch, queries))
            for part in coarse.split([1, self.coarse_shared], dim=2)
        )
        own = torch.cat([similarity, known, *prompts], 2).flatten(3)
        shared = fine_features.flatten(2)
        shared = torch.cat([shared, torch.ones_like(shared[:, :1])], 1)  # what a bias is added to
        weights, bias, output, output_bias = self.fine_weights(query).split(
            self.fine_numbers, dim=2
        )
        weights = weights.unflatten(2, (self.hidden, self.fine_inputs))
        of_shared, of_own = weights.split([self.hidden, own.shape[2]], dim=3)
        of_shared = torch.cat([of_shared, bias[..., None]], 3)
        # The image features are the same for all queries: multiply them without copying them. Each
        # sum goes where it is already being written: memory is what this stage waits for.
        hidden = torch.matmul(of_shared.flatten(1, 2), shared).view(
            batch * queries, self.hidden, -1
        )
        hidden = torch.baddbmm(hidden, of_own.flatten(0, 1), own.flatten(0, 1))
        logits = torch.baddbmm(
            (rough.flatten(3) + output_bias[..., None]).flatten(0, 1),
            output.unflatten(2, (self.outputs, self.hidden)).flatten(0, 1),
            hidden.relu_(),
        )
        return logits.view(batch, queries, self.outputs, *size), query

    def coarse(
        self, features: tuple[Tensor, ...], clicks: Tensor, previous: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Stage 1, stride 16: which region is meant? Parameters as in `ClickNet.decode`.

        Returns maps (B, N, 1 + coarse_shared, H/16, W/16), the first of which are logits, and what
        is known of each click, (B, N, query).
        """
        *levels, fine_features, _, coarse_features, coarse_keys = features
        batch, queries = clicks.shape[:2]
        last, input_size = _last(clicks), _input_size(fine_features)
        query = self.query(_features_at(levels, last, input_size)) + self.sign(last[..., 2].long())
        keys, shift = self.coarse_query(query).split(
            [coarse_keys.shape[1], coarse_features.shape[1]], dim=2
        )
        size = coarse_features.shape[2], coarse_features.shape[3]
        similarity = _similarity(keys, coarse_keys, self.heads)
        prompts = _prompt_maps(clicks, last, previous, size, input_size)
        hidden = self.coarse_input(torch.cat([similarity, *prompts], 2).flatten(0, 1))
        hidden = hidden + (coarse_features[:, None] + shift[..., None, None]).flatten(0, 1)
        for layer in self.coarse_layers:
            hidden = hidden + layer(hidden)
        return self.coarse_output(hidden).unflatten(0, (batch, queries)), query


def _last(clicks: Tensor) -> Tensor:
    """Return the last click of each query, (B, N, 3)."""
    place = (clicks[..., 2] != PADDING).sum(2).clamp(min=1) - 1
    return clicks.gather(2, place[..., None, None].expand(-1, -1, 1, 3))[:, :, 0]


def _input_size(fine_features: Tensor) -> tuple[int, int]:
    return 4 * fine_features.shape[2], 4 * fine_features.shape[3]


def _features_at(levels: list[Tensor], points: Tensor, input_size: tuple[int, int]) -> Tensor:
    """Bilinear samples of all levels at points (B, N, >=2) in input pixels -> (B, N, channels)."""
    height, width = input_size
    grid = torch.stack([points[..., 1] * 2 / width - 1, points[..., 0] * 2 / height - 1], -1)
    samples = [
        F.grid_sample(
            level.float(), grid[:, :, None], padding_mode="border", align_corners=False
        ).squeeze(3)
        for level in levels
    ]
    return torch.cat(samples, 1).transpose(1, 2)


def _similarity(query: Tensor, keys: Tensor, heads: int) -> Tensor:
    """Scaled scalar products of (B, N, heads * D) and (B, heads * D, h, w): (B, N, heads, h, w)."""
    height, width = keys.shape[2], keys.shape[3]
    query, keys = query.unflatten(2, (heads, -1)), keys.flatten(2).unflatten(1, (heads, -1))
    scale = query.shape[3] ** -0.5
    products = torch.matmul((query * scale).transpose(1, 2), keys).transpose(1, 2)
    return products.unflatten(3, (height, width))


def _prompt_maps(
    clicks: Tensor,
    last: Tensor,
    previous: Tensor | None,
    size: tuple[int, int],
    input_size: tuple[int, int],
) -> list[Tensor]:
    """Draw what the user said: offset to the last click (2), blobs (2), previous mask.

    Returns these five maps, each (B, N, 1, h, w).
    """
    height, width = size
    scale = (input_size[0] * input_size[1]) ** 0.5
    rows = (torch.arange(height, device=clicks.device) + 0.5) * (input_size[0] / height / scale)
    cols = (torch.arange(width, device=clicks.device) + 0.5) * (input_size[1] / width / scale)
    offset = [
        (rows[:, None] - last[..., 0, None, None] / scale).expand(-1, -1, -1, width),
        (cols[None, :] - last[..., 1, None, None] / scale).expand(-1, -1, height, -1),
    ]
    # A Gaussian is a product of one over rows and one over columns; each click needs both only.
    by_row = _gaussian(rows - clicks[..., 0, None] / scale)
    by_col = _gaussian(cols - clicks[..., 1, None] / scale)
    blobs = [
        torch.matmul((by_row * (clicks[..., 2, None] == sign)).transpose(2, 3), by_col)
        for sign in (1, 0)
    ]
    if previous is None:
        mask = torch.zeros_like(blobs[0])
    else:
        mask = F.interpolate(previous.float(), size, mode="bilinear", antialias=True)
        mask = mask.expand_as(blobs[0])
    return [drawn[:, :, None] for drawn in (*offset, *blobs, mask)]


def _gaussian(distance: Tensor) -> Tensor:
    return torch.exp(-0.5 * (distance / CLICK_RADIUS) ** 2)
