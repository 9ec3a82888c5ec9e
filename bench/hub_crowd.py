"""Who uses the portal in `bench.hub`: each person does one kind of work over and over, and all kinds go on together."""

import asyncio
import io
import itertools
import random
import secrets
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pikepdf
from PIL import Image

from bench.soak_people import People
from services.documents.office_files import DOCX, MAIN_PARTS

KINDS = 4
PAUSE = 0.2  # seconds between two things that one person does
EXPORTS: tuple[dict[str, Any], ...] = (
    {"format": "xlsx", "search": {"paid_from": "2015-01-01"}},  # within the call
    {"format": "csv", "search": {"paid_to": "2014-12-31"}},
    {"format": "xlsx"},  # so long that it is a job
)
PLACES = ("/api/v1/payments", "/reglements", "/documents", "/accueil")
PAGES, PARTS, PAGE_BYTES = 300, 10, 10_000  # of the PDF, of a page
SIDE = 2500  # pixels of the photograph
PARAGRAPHS = 50_000  # of the text

Step = Callable[[], Awaitable[None]]


class Crowd(People):
    """A person's number says what it does; KINDS of them do everything."""

    async def _live(self, session: aiohttp.ClientSession, number: int) -> None:
        steps = itertools.cycle(self._steps(session, number % KINDS))
        while not self._enough.is_set():
            await next(steps)()
            await asyncio.sleep(PAUSE)

    def _steps(self, session: aiohttp.ClientSession, kind: int) -> list[Step]:
        if kind == 0:
            return [lambda: self._log_in(session)]
        if kind == 1:
            return [lambda wanted=wanted: self._take_away(session, wanted) for wanted in EXPORTS]
        if kind == 2:
            files = {"numerisation.pdf": scan(), "photo.jpg": photograph(), "courrier.docx": text()}
            return [lambda file=file: self._deposit(session, *file) for file in zip(files.values(), files, strict=True)]
        return [lambda place=place: self._look(session, place) for place in PLACES]

    async def _take_away(self, session: aiohttp.ClientSession, wanted: dict[str, Any]) -> None:
        key = {"Idempotency-Key": secrets.token_hex(16)}
        await self._ask(session, "POST", "/api/v1/payments/exports", what="exports", json=wanted, headers=key)


def scan() -> bytes:
    """A PDF of many pages and objects, with bytes that nothing packs."""
    made, target = pikepdf.Pdf.new(), io.BytesIO()
    for _ in range(PAGES):
        page = made.add_blank_page()
        page.Contents = made.make_stream(random.randbytes(PAGE_BYTES))
        page.obj.Parts = pikepdf.Array([made.make_indirect(pikepdf.Dictionary(N=part)) for part in range(PARTS)])
    made.save(target)
    return target.getvalue()


def photograph() -> bytes:
    """A JPEG as a telephone takes it."""
    target = io.BytesIO()
    Image.effect_noise((SIDE, SIDE), 60).convert("RGB").save(target, "JPEG")
    return target.getvalue()


def text() -> bytes:
    """A Word file of many paragraphs; the intake reads no more of it than this."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", f'<Types><Override ContentType="{MAIN_PARTS[DOCX]}"/></Types>')
        package.writestr("word/document.xml", "".join(f"<p>{random.random()}</p>" for _ in range(PARAGRAPHS)))
    return target.getvalue()
