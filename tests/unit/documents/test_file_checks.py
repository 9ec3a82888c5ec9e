"""What a file really is, shown on real files and on damaged copies of them."""

import io
import zlib
from pathlib import Path

import pytest
from espace_contracts.errors import FileRefused
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from services.documents.file_checks import JPEG, MEDIA_TYPES, PDF, PNG, check_content

SAMPLES = Path(__file__).parents[2] / "samples"
REAL = {PDF: "bulletin.pdf", JPEG: "photo.jpg", PNG: "tampon.png"}


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def reason(content: bytes, media_type: str) -> str | None:
    """Why *content* is refused; None when it is accepted."""
    try:
        check_content(io.BytesIO(content), media_type)
    except FileRefused as refusal:
        return refusal.fields[0]
    return None


@pytest.mark.parametrize("media_type", REAL)
def test_k22_real_files_are_accepted(media_type: str) -> None:
    assert reason(sample(REAL[media_type]), media_type) is None


@pytest.mark.parametrize("media_type", REAL)
@pytest.mark.parametrize("other", [*REAL.values(), "texte-renomme.pdf"])
def test_k22_a_lying_ending_is_found_out(media_type: str, other: str) -> None:
    if other != REAL[media_type]:
        assert reason(sample(other), media_type) == "wrong_type"


@pytest.mark.parametrize("media_type", REAL)
def test_an_empty_file_is_called_empty(media_type: str) -> None:
    assert reason(sample("vide.pdf"), media_type) == "empty"


@pytest.mark.parametrize("media_type", [PDF, PNG])
def test_k22_a_file_cut_off_anywhere_is_refused(media_type: str) -> None:
    content = sample(REAL[media_type]).rstrip()
    assert all(reason(content[:length], media_type) is not None for length in range(len(content) - 4))


def test_k22_a_jpeg_cut_off_before_its_image_is_refused() -> None:
    content = sample("photo.jpg")
    image = content.index(b"\xff\xda") + 10
    assert all(reason(content[:length], JPEG) is not None for length in range(image))


@given(st.data())
def test_k22_no_byte_of_a_png_can_change_unnoticed(data: st.DataObject) -> None:
    content = bytearray(sample("tampon.png"))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert reason(bytes(content), PNG) is not None


@given(st.sampled_from(list(REAL)), st.binary(max_size=300))
def test_k22_anything_behind_a_signature_is_accepted_or_refused_and_never_breaks(media_type: str, junk: bytes) -> None:
    signature = {PDF: b"%PDF-", JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n"}[media_type]
    assert reason(signature + junk, media_type) in {None, "unreadable"}


def test_k22_a_pdf_with_a_password_is_refused() -> None:
    writer = PdfWriter(clone_from=PdfReader(SAMPLES / "bulletin.pdf"))
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    assert reason(stream.getvalue(), PDF) == "encrypted"


def test_k22_a_pdf_with_a_wrong_offset_is_read_as_every_reader_does() -> None:
    content = sample("bulletin.pdf")
    head, _, _ = content.rpartition(b"startxref")
    assert reason(head + b"startxref\n12\n%%EOF\n", PDF) is None


def xref_stream_pdf(extra: bytes = b"") -> bytes:
    """The same page with the cross-reference table as a stream, as PDF 1.5 allows."""
    body = sample("bulletin.pdf").partition(b"xref\n")[0].replace(b"%PDF-1.4", b"%PDF-1.5")
    offsets = [body.index(b"%d 0 obj" % number) for number in range(1, 6)]
    rows = b"\0\0\0\0\xff" + b"".join(b"\1" + place.to_bytes(3, "big") + b"\0" for place in [*offsets, len(body)])
    packed = zlib.compress(rows)
    entry = b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 3 1] /Root 1 0 R /Filter /FlateDecode %s/Length %d >>\nstream\n" % (
        extra,
        len(packed),
    )
    return body + entry + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def test_k22_a_pdf_with_a_cross_reference_stream_is_accepted() -> None:
    content = xref_stream_pdf()
    assert "Bulletin" in PdfReader(io.BytesIO(content), strict=True).pages[0].extract_text()
    assert reason(content, PDF) is None
    assert reason(xref_stream_pdf(b"/Encrypt 5 0 R "), PDF) == "encrypted"


def test_k23_an_image_of_impossible_dimensions_is_refused() -> None:
    content = bytearray(sample("tampon.png"))
    content[16:24] = b"\x00\x01\x00\x00" * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    assert reason(bytes(content), PNG) == "unsafe"


def test_every_ending_leads_to_a_check() -> None:
    for media_type in set(MEDIA_TYPES.values()):
        assert reason(b"", media_type) == "empty"
        assert reason(b"no document of any kind", media_type) == "wrong_type"
