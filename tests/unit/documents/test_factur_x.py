"""A Factur-X invoice carries its data as one XML file: let in where it is wanted, and nothing else with it (K22)."""

import io
from collections.abc import Callable

import pikepdf
import pytest
from espace_contracts.errors import FileRefused
from pikepdf import AttachedFileSpec, Dictionary, Name, Pdf

from services.documents.categories import read_file
from services.documents.file_checks import PDF, check_content
from tests.unit.documents.test_safe_files import pdf

NAMESPACE = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
INVOICE = f'<?xml version="1.0" encoding="UTF-8"?><rsm:CrossIndustryInvoice xmlns:rsm="{NAMESPACE}"/>'.encode()
WANTED = next(category for category in read_file().categories if category.key == "invoice").attachments


def carrying(
    content: bytes = INVOICE, *, name: str = "factur-x.xml", shown: str | None = None
) -> Callable[[Pdf], None]:
    """The sample with this file attached, as a PDF/A-3 has it: among its names and as an associated file."""

    def attach(document: Pdf) -> None:
        specification = AttachedFileSpec(document, content, filename=name, mime_type="text/xml")
        specification.obj.F = pikepdf.String(shown or name)
        document.attachments[name] = specification
        document.Root.AF = pikepdf.Array([document.attachments[name].obj])

    return attach


def refusal(content: bytes, attachments: tuple[str, ...] = WANTED) -> str | None:
    """Why the file is refused; None when it is let in."""
    try:
        check_content(io.BytesIO(content), PDF, attachments)
    except FileRefused as refused:
        return refused.fields[0]
    return None


def test_a_factur_x_invoice_is_let_in_among_invoices_alone() -> None:
    content = pdf(carrying())
    assert WANTED == ("factur-x.xml",)
    assert refusal(content) is None
    assert refusal(content, ()) == "unsafe"
    assert [one.key for one in read_file().categories if one.attachments] == ["invoice"]


@pytest.mark.parametrize(
    "change",
    [
        carrying(b"MZ\x90"),
        carrying(b"<html xmlns='http://www.w3.org/1999/xhtml'><script/></html>"),
        carrying(INVOICE.replace(b"?><", b"?><!DOCTYPE x [<!ENTITY a 'b'>]><")),
        carrying(INVOICE + b" " * (5 * 1024**2)),
        carrying(name="factur-x.exe"),
        carrying(shown="setup.exe"),
    ],
    ids=["program", "page", "document type", "too large", "another name", "two names"],
)
def test_k22_whatever_else_is_attached_is_refused(change: Callable[[Pdf], None]) -> None:
    assert refusal(pdf(change)) == "unsafe"


def test_k22_a_second_attachment_and_scripts_are_refused_beside_the_invoice() -> None:
    def two(document: Pdf) -> None:
        carrying()(document)
        document.attachments["a.exe"] = AttachedFileSpec(document, b"MZ", filename="a.exe")

    def scripted(document: Pdf) -> None:
        carrying()(document)
        document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))

    assert (refusal(pdf(two)), refusal(pdf(scripted))) == ("unsafe", "unsafe")
