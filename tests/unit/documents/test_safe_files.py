"""Files that open and still are no good: active PDF, Word and Excel with macros, bombs, undecodable images (K22, K23)."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import openpyxl
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from services.documents.file_checks import JPEG, PDF, PNG
from services.documents.office_files import COMPOUND_FILE, DOCX, ENCRYPTED_PACKAGE, XLSX
from tests.unit.documents.test_file_checks import SAMPLES, reason

# --- PDF


def pdf(change: Callable[[Pdf], None], **saving: Any) -> bytes:
    """The sample, changed and saved."""
    stream = io.BytesIO()
    with pikepdf.open(SAMPLES / "bulletin.pdf") as document:
        change(document)
        document.save(stream, **saving)
    return stream.getvalue()


def _script(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def open_with_script(document: Pdf) -> None:
    document.Root.OpenAction = _script(document)


def script_on_page(document: Pdf) -> None:
    document.pages[0].obj.AA = Dictionary(O=document.make_indirect(_script(document)))


def named_script(document: Pdf) -> None:
    names = Dictionary(Names=Array([String("x"), document.make_indirect(_script(document))]))
    document.Root.Names = Dictionary(JavaScript=names)


def launch(document: Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.Launch, F=String("calc.exe"))


def attached_file(document: Pdf) -> None:
    document.attachments["a.exe"] = pikepdf.AttachedFileSpec(document, b"MZ", filename="a.exe")


def attached_to_page(document: Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]))
    document.pages[0].obj.Annots = Array([note])


def action_inside_an_array(document: Pdf) -> None:
    document.Root.X = Array([Array([Dictionary(Deep=Dictionary(S=Name.Launch))])])


ACTIVE = [
    open_with_script,
    script_on_page,
    named_script,
    launch,
    attached_file,
    attached_to_page,
    action_inside_an_array,
]


@pytest.mark.parametrize("change", ACTIVE, ids=lambda change: change.__name__)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "object streams"])
def test_k22_a_pdf_that_does_something_is_refused(change: Callable[[Pdf], None], packed: bool) -> None:
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    assert reason(pdf(change, object_stream_mode=mode), PDF) == "unsafe"


def test_k22_a_name_written_in_hexadecimal_hides_nothing() -> None:
    content = pdf(open_with_script, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert b"/JavaScript" in content
    hidden = content.replace(b"/JavaScript", b"/J#61vaScr#69pt").replace(b"/JS ", b"/J#53 ")
    assert reason(hidden, PDF) == "unsafe"


def test_k22_links_forms_and_a_view_to_open_are_harmless() -> None:
    def harmless(document: Pdf) -> None:
        link = Dictionary(S=Name.URI, URI=String("https://www.example.org/"))
        note = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=link)
        document.pages[0].obj.Annots = Array([note])
        document.Root.OpenAction = Array([document.pages[0].obj, Name.Fit])
        document.Root.AcroForm = Dictionary(Fields=Array([]))

    assert reason(pdf(harmless), PDF) is None


@pytest.mark.parametrize("user", ["secret", ""])
def test_k22_a_pdf_with_a_password_is_called_encrypted(user: str) -> None:
    content = pdf(lambda document: None, encryption=pikepdf.Encryption(owner="other", user=user))
    assert reason(content, PDF) == "encrypted"


def test_k23_a_pdf_whose_objects_unpack_to_gigabytes_is_refused() -> None:
    bomb = zlib.compress(b" " * 300 * 1024**2, 9)
    body = (SAMPLES / "bulletin.pdf").read_bytes().partition(b"xref\n")[0].replace(b"%PDF-1.4", b"%PDF-1.5")
    entry = b"6 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(bomb)
    places = [body.index(b"%d 0 obj" % number) for number in range(1, 6)] + [len(body)]
    body += entry + bomb + b"\nendstream\nendobj\n"
    rows = b"\0\0\0\0\0\0" + b"".join(b"\1" + place.to_bytes(4, "big") + b"\0" for place in [*places, len(body)])
    rows += b"\2" + (6).to_bytes(4, "big") + b"\0"
    table = b"7 0 obj\n<</Type/XRef/Size 9/W[1 4 1]/Root 1 0 R/Length %d>>\nstream\n" % len(rows)
    content = body + table + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)
    assert len(content) < 400_000
    assert reason(content, PDF) == "unsafe"


@pytest.mark.parametrize(("more", "refused"), [(1_000, False), (50_000, True)])
def test_r17_a_pdf_of_more_objects_than_a_turn_of_the_loop_allows_is_refused(more: int, refused: bool) -> None:
    def add(document: Pdf) -> None:
        document.Root.Many = pikepdf.Array([document.make_indirect(Dictionary(N=number)) for number in range(more)])

    content = pdf(add, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert reason(content, PDF) == ("unsafe" if refused else None)


# --- images


def png(width: int, height: int, packed: bytes) -> bytes:
    """A grey PNG whose chunks are in order, with these compressed pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_k22_an_image_whose_chunks_are_right_and_whose_pixels_are_none_is_refused() -> None:
    assert reason(png(4, 4, zlib.compress(b"\0\1\2\3\4" * 4)), PNG) is None
    assert reason(png(4, 4, b"no compressed pixels"), PNG) == "unreadable"


def test_k23_an_image_bomb_is_refused_before_it_is_decoded() -> None:
    assert reason(png(30_000, 30_000, b""), PNG) == "unsafe"


def test_k22_a_jpeg_cut_off_in_its_pixels_is_refused() -> None:
    stream = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(stream, "JPEG")
    content = stream.getvalue()
    assert reason(content, JPEG) is None
    assert reason(content[: len(content) // 2], JPEG) == "unreadable"


# --- Word and Excel

TYPES = '<?xml version="1.0"?><Types><Override PartName="/word/document.xml" ContentType="{}"/></Types>'
LINKS = '<?xml version="1.0"?><Relationships><Relationship Id="r1" Type="http://x/{}" Target="{}"{}/></Relationships>'
MAIN = f"{DOCX}.main+xml"


def docx(*, types: str = TYPES.format(MAIN), **parts: str | bytes) -> bytes:
    """A small Word file; a part's name is written with __ for / and _dot_ for a dot."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", types)
        package.writestr("_rels/.rels", LINKS.format("officeDocument", "word/document.xml", ""))
        package.writestr("word/document.xml", "<w:document/>")
        for name, content in parts.items():
            package.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return stream.getvalue()


def related(kind: str, target: str = "x", *, outside: bool = False) -> bytes:
    mode = ' TargetMode="External"' if outside else ""
    return docx(word___rels__document_dot_rels=LINKS.format(kind, target, mode))


def xlsx() -> bytes:
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["Libellé", 12])
    book.active["A2"].hyperlink = "https://www.example.org/"
    book.save(stream)
    return stream.getvalue()


def test_k22_a_plain_word_and_a_plain_excel_file_are_accepted() -> None:
    assert reason(docx(), DOCX) is None
    assert reason(xlsx(), XLSX) is None
    assert reason(related("hyperlink", "https://www.example.org/", outside=True), DOCX) is None


def test_trap_11_k22_an_excel_file_named_as_word_is_found_out() -> None:
    assert reason(xlsx(), DOCX) == "wrong_type"
    assert reason(docx(), XLSX) == "wrong_type"


def test_k22_a_docm_renamed_docx_is_refused() -> None:
    macro = TYPES.format("application/vnd.ms-word.document.macroEnabled.main+xml")
    assert reason(docx(types=macro), DOCX) == "unsafe"
    assert reason(docx(word__vbaProject_dot_bin=b"x"), DOCX) == "unsafe"


@pytest.mark.parametrize(
    "content",
    [
        docx(word__embeddings__oleObject1_dot_bin=b"x"),
        docx(word__media__photo_dot_png=COMPOUND_FILE + b"x"),
        docx(word__media__photo_dot_png=b"MZ program"),
        docx(word__media__photo_dot_png=docx()),
        docx(word__activeX__activeX1_dot_xml="<x/>"),
        docx(xl__externalLinks__externalLink1_dot_xml="<x/>"),
        related("oleObject"),
        related("vbaProject"),
        related("attachedTemplate", "http://evil.example/x.dotm", outside=True),
        related("image", "http://evil.example/x.png", outside=True),
    ],
    ids=["ole", "ole as image", "program", "archive", "activex", "external book", "ole link", "vba link", "template",
         "fetched image"],
)  # fmt: skip
def test_k22_an_office_file_with_active_or_embedded_or_fetched_parts_is_refused(content: bytes) -> None:
    assert reason(content, DOCX) == "unsafe"


def test_k22_an_encrypted_office_file_says_so_and_an_old_one_is_of_another_type() -> None:
    assert reason(COMPOUND_FILE + b"\0" * 600 + ENCRYPTED_PACKAGE, DOCX) == "encrypted"
    assert reason(COMPOUND_FILE + b"\0" * 600, XLSX) == "wrong_type"
    content = bytearray(docx())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert reason(bytes(content), DOCX) == "encrypted"


def test_k23_bombs_are_counted() -> None:
    assert reason(docx(word__bomb_dot_xml=b" " * (30 * 1024**2)), DOCX) == "unsafe"
    assert reason(docx(**{f"word__part{number}": b"x" for number in range(2100)}), DOCX) == "unsafe"


def test_k23_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    content = bytearray(docx(word__bomb_dot_xml=b" " * (30 * 1024**2)))
    entry = content.rindex(b"word/bomb.xml") - 46  # its header in the directory, which holds the declared size
    content[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert reason(bytes(content), DOCX) in ("unreadable", "unsafe")


def test_k23_entities_and_cut_archives_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><Types>&a;</Types>'
    assert reason(docx(types=bomb), DOCX) == "unsafe"
    assert reason(docx(types="<Types>"), DOCX) == "unreadable"
    content = docx()
    assert all(reason(content[:length], DOCX) is not None for length in range(0, len(content), 7))


def test_k22_the_check_never_breaks_with_anything_but_a_refusal() -> None:
    content = bytearray(docx())
    for place in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        assert reason(bytes(damaged), DOCX) in (None, "encrypted", "unsafe", "unreadable", "wrong_type")
