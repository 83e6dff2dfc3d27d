"""Image segmentation from one click.

A segmentation is an ordered list of good masks, and a model that answers one click is enough to
make one. `load_segmentor` gives such a model, `Session` combines its answers into a mask,
`propose_masks` lists all masks of an image without a click, and `partition_image` cuts it into K
regions.
Public names are loaded on first use, so that importing the package stays instant.
"""

import importlib

_PUBLIC = {
    "Click": "tamingseg.values",
    "MaskSet": "tamingseg.values",
    "Sample": "tamingseg.values",
    "Session": "tamingseg.session.session",
    "list_segmentors": "tamingseg.segmentors.load",
    "load_segmentor": "tamingseg.segmentors.load",
    "partition_image": "tamingseg.partition.cut",
    "propose_masks": "tamingseg.proposals.generate",
}

__all__ = [
    "Click",
    "MaskSet",
    "Sample",
    "Session",
    "list_segmentors",
    "load_segmentor",
    "partition_image",
    "propose_masks",
]


def __getattr__(name: str) -> object:
    """Load a public name from the file that defines it; `__version__` from the metadata."""
    if name == "__version__":
        from importlib.metadata import version

        return version("tamingseg")
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(
        f"module 'tamingseg' has no attribute {name!r}; it offers {', '.join(__all__)}"
    )


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
