"""Whether a PDF does anything besides being read: scripts, programs, attached files (K22).

One attachment is wanted: the XML of a Factur-X invoice, the legal French e-invoice (a PDF/A-3 that carries its data).
"""

import re
from collections.abc import Collection
from typing import IO, Any, BinaryIO, cast
from xml.parsers import expat

import pikepdf
from espace_contracts.errors import FileRefused
from pikepdf.settings import set_qpdf_limits

# Listing and freeing them holds the interpreter, about 4 µs each (R17); usual files have hundreds.
MOST_OBJECTS = 50_000
MOST_UNPACKED = 256 * 1024**2  # bytes of one stream; a small file can claim gigabytes (K23)
ACTIVE_ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition", "/RichMediaExecute"}
ACTIVE_ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
ACTIVE_KEYS = ("/JS", "/XFA", "/RichMediaContent")
ATTACHING_KEYS = ("/EmbeddedFiles", "/EF")
MOST_XML = 5 * 1024**2  # bytes of an attached invoice
CROSS_INDUSTRY_INVOICE = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100 CrossIndustryInvoice"
UNSEEN = re.compile(r"limit exceeded|unfilterable")  # qpdf goes on without such objects, another reader may not

set_qpdf_limits(flate_max_memory=MOST_UNPACKED, run_length_max_memory=MOST_UNPACKED)


def check_pdf_safety(file: IO[bytes], attachments: Collection[str] = ()) -> None:
    """Every object of the document is passive (ISO 32000-2, 12.6 and 7.11).

    Only *attachments* of these names may be in it, each an invoice as XML (Factur-X 1.0, 6; UN/CEFACT CII D16B or later).
    CPU work: call it off the hub. Raises FileRefused with encrypted, unsafe or unreadable.
    """
    file.seek(0)
    try:
        with pikepdf.open(cast(BinaryIO, file), suppress_warnings=True) as document:
            _check(document, attachments)
    except pikepdf.PasswordError as exc:
        raise FileRefused("the PDF is protected by a password", "encrypted") from exc
    except (pikepdf.PdfError, ValueError, RuntimeError, UnicodeError, RecursionError) as exc:
        raise FileRefused("the PDF cannot be read", "unreadable") from exc


def _check(document: pikepdf.Pdf, attachments: Collection[str]) -> None:
    if document.is_encrypted:
        raise FileRefused("the PDF is encrypted", "encrypted")
    if not len(document.pages):
        raise FileRefused("the PDF has no page", "unreadable")
    objects = document.objects
    if len(objects) > MOST_OBJECTS:
        raise FileRefused("the PDF has too many objects", "unsafe")
    for each in objects:
        _check_object(each, attachments)
    if any(UNSEEN.search(str(warning)) for warning in document.get_warnings()):
        raise FileRefused("objects of the PDF cannot be unpacked", "unsafe")


def _check_object(value: Any, attachments: Collection[str]) -> None:
    """An indirect object and what is written inside of it; references lead to objects that get their own turn."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, pikepdf.Stream):
            current = current.stream_dict
        if isinstance(current, pikepdf.Dictionary):
            _check_dictionary(current, attachments)
            waiting.extend(part for part in current.as_dict().values() if _is_inside(part))
        elif isinstance(current, pikepdf.Array):
            waiting.extend(part for part in current.as_list() if _is_inside(part))


def _is_inside(part: Any) -> bool:
    return isinstance(part, pikepdf.Dictionary | pikepdf.Array) and not part.is_indirect


def _check_dictionary(entries: pikepdf.Dictionary, attachments: Collection[str]) -> None:
    found = next((key for key in ACTIVE_KEYS if key in entries), None)
    if found is None and not attachments:
        found = next((key for key in ATTACHING_KEYS if key in entries), None)
    if found is None and str(entries.get("/S")) in ACTIVE_ACTIONS:
        found = str(entries.get("/S"))
    if found is None and str(entries.get("/Subtype")) in ACTIVE_ANNOTATIONS:
        found = str(entries.get("/Subtype"))
    if found is not None:
        raise FileRefused(f"the PDF holds {found}", "unsafe")
    if "/EF" in entries:
        _check_attachment(entries, attachments)


def _check_attachment(specification: pikepdf.Dictionary, attachments: Collection[str]) -> None:
    """A file specification (ISO 32000-2, 7.11.3): all its names are wanted, all its files are invoices."""
    names = [str(specification[key]) for key in ("/F", "/UF", "/DOS", "/Mac", "/Unix") if key in specification]
    if not names or not set(names) <= set(attachments):
        raise FileRefused("the PDF holds another attached file than an invoice as XML", "unsafe")
    for file in cast(pikepdf.Dictionary, specification["/EF"]).as_dict().values():
        _check_invoice(cast(pikepdf.Stream, file).read_bytes())


def _check_invoice(content: bytes) -> None:
    """XML without a document type whose root is a Cross Industry Invoice. Raises FileRefused with unsafe."""
    tags: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda tag, _: tags.append(tag)
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(content if len(content) <= MOST_XML else b"", True)
    except expat.ExpatError as exc:
        raise FileRefused("the attached invoice is no XML, or too large", "unsafe") from exc
    if tags[0] != CROSS_INDUSTRY_INVOICE:
        raise FileRefused("the attached XML is no invoice", "unsafe")


def _refuse_doctype(*_declared: object) -> None:
    raise FileRefused("the attached invoice has a document type", "unsafe")
