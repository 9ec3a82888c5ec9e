"""Draws a remittance advice: one page of PDF, the same bytes for the same facts."""

import textwrap
import unicodedata
from datetime import date
from decimal import Decimal

from espace_contracts.payments import PaymentState
from espace_contracts.types import Funder, Hours, Message, Money, Period, Person

INK, SOFT, PETROL = "0.11 0.15 0.18", "0.38 0.43 0.47", "0.05 0.35 0.42"
REGULAR, BOLD = "F1", "F2"
LEFT, VALUES = 56, 220
LINE_LENGTH = 58


class AdviceFacts(Message):
    """What stands on the page."""

    payment_number: str
    state: PaymentState
    dossier_number: str
    beneficiary: Person
    training_title: str
    amount: Money
    paid_hours: Hours
    periods: tuple[Period, ...]
    paid_on: date
    transfer_reference: str
    funder: Funder | None = None


def draw(facts: AdviceFacts) -> bytes:
    """The page as a PDF of standard fonts; letters beyond Windows-1252 lose their accents."""
    page = _Page()
    page.rectangle(0, 822, 595, 20, PETROL)
    y = _draw_funder(page, facts.funder, 780)
    page.text(LEFT, y - 40, f"Avis de virement n° {facts.payment_number}", size=20, font=BOLD)
    page.text(LEFT, y - 78, french_amount(facts.amount), size=26, font=BOLD, colour=PETROL)
    movement = "virés" if facts.amount > 0 else "repris"
    page.text(LEFT, y - 98, f"{movement} le {french_day(facts.paid_on)}", colour=SOFT)
    if facts.state == "cancelled":
        page.text(VALUES + 120, y - 78, "RÈGLEMENT ANNULÉ", size=14, font=BOLD, colour="0.70 0.12 0.12")
    _draw_rows(page, _rows(facts), y - 140)
    return _file(page.content())


def _draw_funder(page: "_Page", funder: Funder | None, y: float) -> float:
    lines = [funder.name if funder else "Transitions Pro"]
    if funder:
        lines += [line for line in (funder.address, funder.email, funder.phone) if line]
    for place, line in enumerate(lines):
        page.text(LEFT, y, line, size=13 if place == 0 else 10, font=REGULAR if place else BOLD)
        y -= 15
    return y


def _rows(facts: AdviceFacts) -> list[tuple[str, str]]:
    periods = [f"du {french_day(period.start)} au {french_day(period.end)}" for period in facts.periods]
    return [
        ("Dossier", facts.dossier_number),
        ("Bénéficiaire", f"{facts.beneficiary.last_name} {facts.beneficiary.first_name}"),
        ("Formation", facts.training_title),
        ("Période" if len(periods) == 1 else "Périodes", ", ".join(periods)),
        ("Heures payées", f"{facts.paid_hours:.2f}".replace(".", ",")),
        ("Référence du virement", facts.transfer_reference),
    ]


def _draw_rows(page: "_Page", rows: list[tuple[str, str]], y: float) -> None:
    for label, value in rows:
        page.rectangle(LEFT, y + 16, 595 - 2 * LEFT, 0.5, "0.80 0.83 0.85")
        page.text(LEFT, y, label, colour=SOFT)
        for line in textwrap.wrap(value, LINE_LENGTH, max_lines=12, placeholder=" …") or [""]:
            page.text(VALUES, y, line)
            y -= 15
        y -= 12


def french_amount(amount: Decimal) -> str:
    """`2 764,94 €` with no-break spaces."""
    return f"{amount:,.2f} €".replace(",", "\u00a0").replace(".", ",").replace(" ", "\u00a0")


def french_day(day: date) -> str:
    """`11/12/2019`."""
    return f"{day:%d/%m/%Y}"


class _Page:
    """Collects the operators of one content stream (ISO 32000-2, 8 and 9)."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def text(self, x: float, y: float, text: str, *, size: int = 11, font: str = REGULAR, colour: str = INK) -> None:
        """One line whose first letter stands at *x*, *y* points from the lower left corner."""
        escaped = _windows_1252(text).replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        self._parts.append(f"BT {colour} rg /{font} {size} Tf {x:g} {y:g} Td (".encode() + escaped + b") Tj ET")

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        self._parts.append(f"{colour} rg {x:g} {y:g} {width:g} {height:g} re f".encode())

    def content(self) -> bytes:
        """The stream."""
        return b"\n".join(self._parts)


def _windows_1252(text: str) -> bytes:
    return b"".join(_byte(char) for char in unicodedata.normalize("NFC", text))


def _byte(char: str) -> bytes:
    plain = "\u00a0" if char == "\u202f" else char
    for form in (plain, unicodedata.normalize("NFKD", plain)[:1]):
        encoded = form.encode("cp1252", errors="ignore")
        if encoded:
            return encoded
    return b"?"


def _file(stream: bytes) -> bytes:
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream",
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
    ]
    document, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, item in enumerate(objects, start=1):
        places.append(len(document))
        document += b"%d 0 obj\n" % number + item + b"\nendobj\n"
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(document))
    return document + b"xref\n0 %d\n" % count + table + trailer
