"""Whether a PDF does anything besides being read: scripts, programs, attached files (K22)."""

import re
from typing import IO, Any, BinaryIO, cast

import pikepdf
from espace_contracts.errors import FileRefused
from pikepdf.settings import set_qpdf_limits

MOST_OBJECTS = 200_000
MOST_UNPACKED = 256 * 1024**2  # bytes of one stream; a small file can claim gigabytes (K23)
ACTIVE_ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition", "/RichMediaExecute"}
ACTIVE_ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
ACTIVE_KEYS = ("/JS", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent")
UNSEEN = re.compile(r"limit exceeded|unfilterable")  # qpdf goes on without such objects, another reader may not

set_qpdf_limits(flate_max_memory=MOST_UNPACKED, run_length_max_memory=MOST_UNPACKED)


def check_pdf_safety(file: IO[bytes]) -> None:
    """Every object of the document is passive (ISO 32000-2, 12.6 and 7.11).

    CPU work: call it off the hub. Raises FileRefused with encrypted, unsafe or unreadable.
    """
    file.seek(0)
    try:
        with pikepdf.open(cast(BinaryIO, file), suppress_warnings=True) as document:
            _check(document)
    except pikepdf.PasswordError as exc:
        raise FileRefused("the PDF is protected by a password", "encrypted") from exc
    except (pikepdf.PdfError, ValueError, RuntimeError, UnicodeError, RecursionError) as exc:
        raise FileRefused("the PDF cannot be read", "unreadable") from exc


def _check(document: pikepdf.Pdf) -> None:
    if document.is_encrypted:
        raise FileRefused("the PDF is encrypted", "encrypted")
    if not len(document.pages):
        raise FileRefused("the PDF has no page", "unreadable")
    if len(document.objects) > MOST_OBJECTS:
        raise FileRefused("the PDF has too many objects", "unsafe")
    for each in document.objects:
        _check_object(each)
    if any(UNSEEN.search(str(warning)) for warning in document.get_warnings()):
        raise FileRefused("objects of the PDF cannot be unpacked", "unsafe")


def _check_object(value: Any) -> None:
    """An indirect object and what is written inside of it; references lead to objects that get their own turn."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, pikepdf.Stream):
            current = current.stream_dict
        if isinstance(current, pikepdf.Dictionary):
            _check_dictionary(current)
            waiting.extend(part for part in current.as_dict().values() if _is_inside(part))
        elif isinstance(current, pikepdf.Array):
            waiting.extend(part for part in current.as_list() if _is_inside(part))


def _is_inside(part: Any) -> bool:
    return isinstance(part, pikepdf.Dictionary | pikepdf.Array) and not part.is_indirect


def _check_dictionary(entries: pikepdf.Dictionary) -> None:
    found = next((key for key in ACTIVE_KEYS if key in entries), None)
    if found is None and str(entries.get("/S")) in ACTIVE_ACTIONS:
        found = str(entries.get("/S"))
    if found is None and str(entries.get("/Subtype")) in ACTIVE_ANNOTATIONS:
        found = str(entries.get("/Subtype"))
    if found is not None:
        raise FileRefused(f"the PDF holds {found}", "unsafe")
