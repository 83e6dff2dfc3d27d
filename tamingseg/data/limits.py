"""How large photos may be; larger ones are refused from their header, before they are decoded."""

MAX_PIXELS = 80_000_000
"""240 MB as RGB."""

MAX_SIDE = 65_500
"""No JPEG has a longer side, and as a JPEG the page shows every photo."""

MIN_SIDE = 2
"""A photo with a shorter side holds nothing to segment."""

MAX_BYTES = 2**30
"""Channels of more than 8 bits may take so much memory together."""


def check_size(width: int, height: int, name: str, pixel_bytes: int = 1) -> None:
    """Check the size of a photo, called `name`, with so many bytes per pixel.

    Raises
    ------
    ValueError
        If it is too small or too large; the message says what to do.
    """
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"{name} is {width} x {height} pixels, at most {MAX_PIXELS} can be read; "
            "make it smaller first"
        )
    if max(width, height) > MAX_SIDE:
        raise ValueError(
            f"{name} is {width} x {height} pixels, a side can have at most {MAX_SIDE}; "
            "divide it into parts or make it smaller first"
        )
    if min(width, height) < MIN_SIDE:
        raise ValueError(
            f"{name} is {width} x {height} pixels; there is nothing to segment in less than "
            f"{MIN_SIDE} x {MIN_SIDE}"
        )
    if width * height * pixel_bytes > MAX_BYTES:
        raise ValueError(
            f"{name} takes {pixel_bytes} bytes for each of {width} x {height} pixels, which is "
            "more than 1 GB; save it with 8 bits per channel, or make it smaller first"
        )
