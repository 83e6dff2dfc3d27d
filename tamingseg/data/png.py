"""PNG files without what lies beside the pixels.

Photos come with long texts (prompts, histories of edits) and colour profiles. Decoders refuse files
in which these are too large; nothing here needs them.
"""

import io
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_KEPT = (b"tRNS", b"eXIf")
"""What is not critical and still needed: transparency and the orientation."""

_EXIF_TEXT = (b"zTXt", b"tEXt")
"""The orientation may also lie in a text of this name, as ImageMagick writes it."""
_EXIF_NAME = b"Raw profile type exif\0"
_LONGEST_EXIF = 2**16


def only_pixels(file: BinaryIO) -> BinaryIO:
    """Return a PNG file with the chunks that the pixels need.

    A chunk is its length (4 bytes), its type, its data and a checksum (4 bytes); a type that begins
    with a capital letter is critical. What is damaged stays so.
    """
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    kept = [file.read(len(SIGNATURE))]
    while len(head := file.read(8)) == 8:
        kind = head[4:]
        length = min(int.from_bytes(head[:4], "big") + 4, end - file.tell())
        if kind[:1].isupper() or kind in _KEPT:
            kept += [head, file.read(length)]
        elif kind in _EXIF_TEXT and length < _LONGEST_EXIF:
            data = file.read(length)
            kept += [head, data] if data.startswith(_EXIF_NAME) else []
        else:
            file.seek(length, io.SEEK_CUR)
    return io.BytesIO(b"".join(kept))
