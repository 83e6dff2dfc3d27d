"""Image segmentation from clicks, and without any.

A segmentation is an ordered list of good masks, and a model that answers one click is enough to
make one:

- `segment` turns clicks on a photo into a mask, `Session` lets a user change their mind;
- `propose_masks` lists all masks of a photo without a click;
- `partition_image` divides a photo into K regions, `build_hierarchy` into every K at once;
- `load_segmentor` loads a model, `FunctionSegmentor` makes one of your own function.

The public names stand in `__init__.pyi`. Each is loaded on first use, so that importing the package
stays instant.
"""

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """Load a public name from the file that defines it; `__version__` from the metadata."""
    if name == "__version__":
        from importlib.metadata import version

        return version("tamingseg")
    if name not in __all__:
        raise AttributeError(
            f"module 'tamingseg' has no attribute {name!r}; it offers {', '.join(__all__)}"
        )
    return _load(name)
