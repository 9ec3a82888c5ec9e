"""Whether an image can really be drawn, to its last pixel (K22)."""

import struct
from typing import IO

from espace_contracts.errors import FileRefused
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 80_000_000  # an A3 page at 600 dpi has 70 million; each takes up to four bytes of memory
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}

Image.MAX_IMAGE_PIXELS = None  # its limit only warns; ours comes before a pixel is decoded


def check_dimensions(width: int, height: int) -> None:
    """Raises FileRefused with unreadable for an image without any pixel, unsafe for one that fills the memory (K23)."""
    if not width or not height:
        raise FileRefused("the image has no pixel", "unreadable")
    if width * height > MOST_PIXELS:
        raise FileRefused(f"more than {MOST_PIXELS} pixels", "unsafe")


def check_image(file: IO[bytes], media_type: str) -> None:
    """Decode the whole image and forget it. CPU work: call it off the hub. Raises FileRefused."""
    file.seek(0)
    try:
        with Image.open(file, formats=[FORMATS[media_type]]) as image:
            check_dimensions(*image.size)
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error) as exc:
        raise FileRefused("the image cannot be decoded", "unreadable") from exc
