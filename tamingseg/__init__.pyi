# The public names, with their types. `__init__.py` reads this file and loads each on first use.
from .data.base import read_image
from .data.mosaics import make_mosaic
from .data.sample_images import load_sample_image
from .data.texture_formulas import formula_textures
from .evaluation.panels import panels
from .metrics.mosaics import score_mosaic
from .partition.build import MOSAIC_PARTITION, PartitionConfig, build_hierarchy, partition_image
from .partition.hierarchy import Hierarchy
from .proposals.generate import ProposalConfig, propose_masks
from .proposals.levels import level_stack
from .segmentors.base import (
    CandidateSegmentor,
    ImageEmbedding,
    JointSegmentor,
    PixelSegmentor,
    Segmentor,
)
from .segmentors.function import FunctionSegmentor
from .segmentors.load import list_segmentors, load_segmentor
from .session.segment import segment
from .session.session import Session
from .values import MASK_THRESHOLD, Click, MaskSet, Sample
from .viz import (
    colour_features,
    contact_sheet,
    draw_clicks,
    draw_regions,
    heat_map,
    overlay,
    overlay_masks,
)

__all__ = [
    "MASK_THRESHOLD",
    "MOSAIC_PARTITION",
    "CandidateSegmentor",
    "Click",
    "FunctionSegmentor",
    "Hierarchy",
    "ImageEmbedding",
    "JointSegmentor",
    "MaskSet",
    "PartitionConfig",
    "PixelSegmentor",
    "ProposalConfig",
    "Sample",
    "Segmentor",
    "Session",
    "build_hierarchy",
    "colour_features",
    "contact_sheet",
    "draw_clicks",
    "draw_regions",
    "formula_textures",
    "heat_map",
    "level_stack",
    "list_segmentors",
    "load_sample_image",
    "load_segmentor",
    "make_mosaic",
    "overlay",
    "overlay_masks",
    "panels",
    "partition_image",
    "propose_masks",
    "read_image",
    "score_mosaic",
    "segment",
]

__version__: str
