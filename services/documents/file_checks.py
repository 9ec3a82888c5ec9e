"""What a file really is: by its first bytes and by its structure, never by its name or what a browser says (K22)."""

import re
import struct
import zlib
from collections.abc import Callable, Collection
from functools import partial
from typing import IO

from espace_contracts.errors import FileRefused

from services.documents.image_decoding import check_dimensions, check_image
from services.documents.office_files import DOCX, XLSX, check_office_file, refuse_compound_file
from services.documents.pdf_safety import check_pdf_safety

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
MEDIA_TYPES = {".pdf": PDF, ".jpg": JPEG, ".jpeg": JPEG, ".png": PNG, ".docx": DOCX, ".xlsx": XLSX}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start-of-frame markers: they carry the dimensions
_JPEG_SCAN = 0xDA
_PDF_TAIL = 65_536
_PDF_TABLE = 8_000_000  # bytes of cross-reference table to read at most: 400,000 objects


def check_content(file: IO[bytes], media_type: str, attachments: Collection[str] = ()) -> None:
    """The seekable *file* is a readable *media_type* (one of the values of MEDIA_TYPES).

    A PDF may carry *attachments* of these names: invoices as XML.

    CPU work: call it off the hub. Raises FileRefused with empty, wrong_type, unreadable, encrypted or unsafe.
    """
    file.seek(0)
    start = file.read(16)
    if not start:
        raise FileRefused("the file is empty", "empty")
    signature, checks = _CHECKS[media_type]
    if media_type in (DOCX, XLSX):
        refuse_compound_file(file)
    if not start.startswith(signature):
        raise FileRefused(f"does not begin as {media_type} does", "wrong_type")
    for check in checks:
        file.seek(0)
        check(file)
    if media_type == PDF:
        check_pdf_safety(file, attachments)


def _unreadable(why: str) -> FileRefused:
    return FileRefused(why, "unreadable")


def _check_pdf(file: IO[bytes]) -> None:
    """A trailer that names the document's root and no encryption (ISO 32000-2, 7.5.5 and 7.5.8)."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _PDF_TAIL))
    tail = file.read()
    starts = re.findall(rb"startxref\s+(\d{1,12})\s", tail)
    if not starts or b"%%EOF" not in tail:
        raise _unreadable("the PDF is cut off")
    trailer = _pdf_trailer_at(file, int(starts[-1])) or _pdf_last_trailer(tail)
    if trailer is None or b"/Root" not in trailer:
        raise _unreadable("the PDF has no trailer")
    if b"/Encrypt" in trailer:
        raise FileRefused("the PDF is protected by a password", "encrypted")


def _pdf_trailer_at(file: IO[bytes], offset: int) -> bytes | None:
    file.seek(offset)
    section = file.read(_PDF_TABLE)
    if re.match(rb"\s*xref\s", section):
        _, found, trailer = section.partition(b"trailer")
        return trailer.partition(b"startxref")[0] if found else None
    if re.match(rb"\s*\d+\s+\d+\s+obj\b", section):
        head, found, _ = section.partition(b"stream")
        return head if found and b"/XRef" in head else None
    return None


def _pdf_last_trailer(tail: bytes) -> bytes | None:
    """Some scanners write a wrong offset; every reader then looks for the last trailer, and so do we."""
    _, found, trailer = tail.rpartition(b"trailer")
    return trailer.partition(b"startxref")[0] if found else None


def _check_png(file: IO[bytes]) -> None:
    """Signature, then chunks with right check sums from IHDR to IEND (PNG, third edition, 5)."""
    file.seek(len(_PNG_SIGNATURE))
    kind, header = _png_chunk(file)
    if kind != b"IHDR" or len(header) != 13:
        raise _unreadable("the PNG does not begin with its header")
    check_dimensions(*struct.unpack(">II", header[:8]))
    has_image = False
    while kind != b"IEND":
        kind, _ = _png_chunk(file)
        has_image = has_image or kind == b"IDAT"
    if not has_image:
        raise _unreadable("the PNG holds no image")


def _png_chunk(file: IO[bytes]) -> tuple[bytes, bytes]:
    head = file.read(8)
    if len(head) < 8:
        raise _unreadable("the PNG is cut off")
    length, kind = struct.unpack(">I4s", head)
    data = file.read(length)
    if len(data) != length or file.read(4) != struct.pack(">I", zlib.crc32(kind + data)):
        raise _unreadable("the PNG is damaged")
    return kind, data


def _check_jpeg(file: IO[bytes]) -> None:
    """Segments up to the first scan, one of them a frame with dimensions (ITU-T T.81, B.1)."""
    file.seek(2)
    framed, marker = False, 0
    while marker != _JPEG_SCAN:
        marker, data = _jpeg_segment(file)
        if marker in _JPEG_FRAMES and len(data) >= 6:
            height, width = struct.unpack(">HH", data[1:5])
            check_dimensions(width, height)
            framed = True
    if not framed or len(file.read(2)) < 2:
        raise _unreadable("the JPEG holds no image")


def _jpeg_segment(file: IO[bytes]) -> tuple[int, bytes]:
    if file.read(1) != b"\xff":
        raise _unreadable("the JPEG is damaged")
    code = file.read(1)
    while code == b"\xff":  # fill bytes are allowed before a marker
        code = file.read(1)
    length = file.read(2)
    if not code or len(length) < 2:
        raise _unreadable("the JPEG is cut off")
    wanted = struct.unpack(">H", length)[0] - 2
    data = file.read(max(wanted, 0))
    if wanted < 0 or len(data) != wanted:
        raise _unreadable("the JPEG is damaged")
    return code[0], data


_Check = Callable[[IO[bytes]], None]
_CHECKS: dict[str, tuple[bytes, tuple[_Check, ...]]] = {
    PDF: (b"%PDF-", (_check_pdf,)),
    JPEG: (b"\xff\xd8\xff", (_check_jpeg, partial(check_image, media_type=JPEG))),
    PNG: (_PNG_SIGNATURE, (_check_png, partial(check_image, media_type=PNG))),
    DOCX: (b"PK\x03\x04", (partial(check_office_file, media_type=DOCX),)),
    XLSX: (b"PK\x03\x04", (partial(check_office_file, media_type=XLSX),)),
}
