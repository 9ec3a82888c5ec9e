"""Whether a Word or Excel file is only a text or a sheet: no macro, no embedded object, no bomb (K22, K23)."""

import re
import zipfile
import zlib
from typing import IO
from xml.parsers import expat

from espace_contracts.errors import FileRefused

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAIN_PARTS = {DOCX: f"{DOCX}.main+xml", XLSX: f"{XLSX}.main+xml"}
COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Word and Excel before 2007, and whatever is encrypted since
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
MOST_ENTRIES = 2_000
MOST_UNPACKED = 200 * 1024**2  # bytes, of all entries
MOST_XML = 5 * 1024**2  # bytes of a part that we read ourselves
HIGHEST_RATIO, HARMLESS = 200, 1024**2  # unpacked bytes for a packed one; smaller entries may be as packed as they like
CHUNK = 256 * 1024
TYPES = "[Content_Types].xml"
ACTIVE_PART = re.compile(r"vbaproject|vbadata|activex|/embeddings/|oleobject|externallink|/ctrlprops/", re.IGNORECASE)
ACTIVE_TYPE = re.compile(r"macroenabled|vbaproject|activex|oleobject|externallink", re.IGNORECASE)
ACTIVE_RELATION = re.compile(r"/(vbaProject|oleObject|package|externalLink\w*|control|attachedTemplate|frame)$", re.I)


def refuse_compound_file(file: IO[bytes]) -> None:
    """An encrypted file, or one of an older Word or Excel. Raises FileRefused with encrypted or wrong_type."""
    file.seek(0)
    if file.read(len(COMPOUND_FILE)) != COMPOUND_FILE:
        return
    file.seek(0)
    if ENCRYPTED_PACKAGE in file.read():
        raise FileRefused("the file is protected by a password", "encrypted")
    raise FileRefused("a compound file", "wrong_type")


def check_office_file(file: IO[bytes], media_type: str) -> None:
    """A passive document of this type (ECMA-376, part 2).

    CPU work: call it off the hub. Raises FileRefused with encrypted, unsafe, wrong_type or unreadable.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as package:
            _check_entries(package.infolist())
            _unpack_all(package)
            _check_types(package, media_type)
            _check_relations(package)
    # What zipfile raises for a damaged package; NotImplementedError is its word for a compression that it does not know.
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, KeyError, OSError, EOFError, ValueError) as exc:
        raise FileRefused("the file cannot be unpacked", "unreadable") from exc
    except expat.ExpatError as exc:
        raise FileRefused("a part is no XML", "unreadable") from exc


def _unsafe(why: str) -> FileRefused:
    return FileRefused(why, "unsafe")


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """What the directory declares, before anything is unpacked."""
    names = [entry.filename.casefold() for entry in entries]
    if len(entries) > MOST_ENTRIES or len(set(names)) != len(names):
        raise _unsafe("too many entries, or one twice")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise _unsafe("declares too many bytes")
    for entry in entries:
        if entry.flag_bits & 1:
            raise FileRefused("an entry is encrypted", "encrypted")
        if entry.file_size > HARMLESS and entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1):
            raise _unsafe("packed too well to be honest")
        if ".." in entry.filename or entry.filename.startswith("/") or ACTIVE_PART.search("/" + entry.filename):
            raise _unsafe("holds an active or embedded part")


def _unpack_all(package: zipfile.ZipFile) -> None:
    """What is really in it: a directory may lie. Reading to the end also checks each entry's CRC."""
    left = MOST_UNPACKED
    for entry in package.infolist():
        with package.open(entry) as part:
            start = part.read(CHUNK)
            if start.startswith((b"PK\x03\x04", COMPOUND_FILE, b"MZ", b"Rar!", b"7z\xbc\xaf")):
                raise _unsafe("an archive or a program inside")
            left -= len(start)
            while left >= 0 and (chunk := part.read(CHUNK)):
                left -= len(chunk)
        if left < 0:
            raise _unsafe("unpacks to too many bytes")


def _check_types(package: zipfile.ZipFile, media_type: str) -> None:
    types = {attributes.get("ContentType", "") for _, attributes in _elements(package, TYPES)}
    if any(ACTIVE_TYPE.search(each) for each in types):
        raise _unsafe("declares macros or active parts")
    if MAIN_PARTS[media_type] not in types:
        raise FileRefused(f"not a {media_type}", "wrong_type")


def _check_relations(package: zipfile.ZipFile) -> None:
    """A link that a person may click is harmless; whatever Office fetches or runs by itself is not."""
    for name in package.namelist():
        if not name.casefold().endswith(".rels"):
            continue
        for tag, attributes in _elements(package, name):
            kind = attributes.get("Type", "")
            is_link = kind.endswith("/hyperlink")
            is_outside = attributes.get("TargetMode", "").casefold() == "external"
            if tag.endswith("Relationship") and (ACTIVE_RELATION.search(kind) or (is_outside and not is_link)):
                raise _unsafe(f"refers to {kind.rpartition('/')[2]}")


def _elements(package: zipfile.ZipFile, name: str) -> list[tuple[str, dict[str, str]]]:
    """Tags and attributes of a part; a document type, which such parts never have, is refused with its entities."""
    entry = package.getinfo(name)
    if entry.file_size > MOST_XML:
        raise _unsafe("an index of too many bytes")
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append((tag, attributes))
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(package.read(entry), True)
    return found


def _refuse_doctype(*_declared: object) -> None:
    raise _unsafe("a document type inside")
