"""From a template and values to a page: the Jinja environment, its filters, the files with hashed names."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
from espace_contracts.types import Funder
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gateway import flash, free_fields, french, language
from gateway.payment_list import anchor
from gateway.security import SAFE_METHODS
from gateway.session import Stage, Visitor, return_address
from gateway.settings import Settings

HERE = Path(__file__).parent
BUILD = HERE / "static" / "build"
CODE = re.compile(r"`([^`]+)`")
TURN = 0.005  # seconds of drawing before others have theirs


def code_spans(text: str) -> Markup:
    """*text* with what stands in backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped


FILTERS = {
    "code_spans": code_spans,
    "money": french.money,
    "hours": french.hours,
    "detail": free_fields.shown,
    "whole": french.whole,
    "short_day": french.short_day,
    "long_day": french.long_day,
    "full_day": french.full_day,
    "month_name": french.month_name,
    "moment": french.moment,
    "span": french.span,
    "siret": french.siret,
    "phone": french.phone,
    "dialled": french.dialled,
    "size": french.size,
    "local_day": lambda instant: french.full_day(french.local(instant).date()),
    "local_short_day": lambda instant: french.short_day(french.local(instant).date()),
    "seconds_left": lambda instant: max(0, int((instant - datetime.now(UTC)).total_seconds())),
    "local_date": lambda instant: french.local(instant).date(),
    "version_day": lambda version: french.long_day(date.fromisoformat(version)),
    "endings": french.endings,
    "anchor": anchor,
    "json_text": lambda value: orjson.dumps(value).decode(),
}


class AssetsMissing(Exception):
    """The browser's files were not built: run `python -m gateway.assets_build`."""


def read_manifest(folder: Path = BUILD) -> dict[str, str]:
    """Plain name to name with content hash. Raises AssetsMissing."""
    try:
        return json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError as exc:
        raise AssetsMissing("run python -m gateway.assets_build") from exc


def environment(manifest: Mapping[str, str]) -> Environment:
    """Jinja with our filters, the catalogue and `asset()`; a name that a template gets wrong is an error."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,  # a process reads its templates once, as it does its code
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(FILTERS)
    env.globals["described"] = described
    env.globals["asset"] = lambda name: f"/static/build/{manifest[name]}"
    return env


def described(id: str, hint: object = "", error: object = "", rules: bool = False) -> dict[str, str]:
    """Attributes that tie a field to its help, its error and its rules, in their order on the screen."""
    parts = [f"{id}-{name}" for name, is_there in (("aide", hint), ("erreur", error), ("regles", rules)) if is_there]
    attributes = {"aria-describedby": " ".join(parts)} if parts else {}
    return attributes | ({"aria-invalid": "true"} if error else {})


class Pages:
    """Draws the pages of one process."""

    def __init__(self, settings: Settings, manifest: Mapping[str, str]) -> None:
        self._environment = environment(manifest)
        self._settings = settings

    def compile(self) -> None:
        """Every template, before the first request: a page drawn for the first time would hold up the loop for long (R17)."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def draw(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page *template* for the visitor of *request*."""
        return self._answer(request, "".join(self._parts(request, template, values)), status)

    async def draw_in_turns(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """As `draw`, for a page so long that others must have their turn meanwhile (R17)."""
        parts, end_of_turn = [], time.monotonic() + TURN
        for part in self._parts(request, template, values):
            parts.append(part)
            if time.monotonic() >= end_of_turn:
                await asyncio.sleep(0)
                end_of_turn = time.monotonic() + TURN
        return self._answer(request, "".join(parts), status)

    def _parts(self, request: Request, template: str, values: Mapping[str, Any]) -> Iterator[str]:
        visitor: Visitor = request.state.visitor
        return self._environment.get_template(template).generate(
            visitor=visitor,
            session=visitor.session,
            csrf=visitor.csrf,
            funder=self._contact(visitor),
            inside=visitor.stage is Stage.MEMBER,
            said=flash.read(request),
            path=request.url.path,
            return_to=return_address(request),
            is_answer=request.method not in SAFE_METHODS,
            **values,
        )

    def _answer(self, request: Request, body: str, status: int) -> HTMLResponse:
        visitor: Visitor = request.state.visitor
        response = HTMLResponse(body, status_code=status)
        if visitor.is_new:
            cookies = request.app.state.cookies
            cookies.set(response, cookies.visit, visitor.secret)
        flash.drop(request, response)
        return response

    def _contact(self, visitor: Visitor) -> Mapping[str, str]:
        """The contact block (S56): the employer's own funder, before log-in the one of the settings."""
        funder: Funder | None = visitor.session.funder if visitor.session else None
        if funder:
            return {"name": funder.name, "email": funder.email, "phone": funder.phone or ""}
        settings = self._settings
        return {"name": settings.funder_name, "email": settings.funder_email, "phone": settings.funder_phone}


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Draw *template* with the process's `Pages`."""
    pages: Pages = request.app.state.pages
    return pages.draw(request, template, status=status, **values)


async def long_page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """As `page`, for lists of a hundred: others have their turn meanwhile."""
    pages: Pages = request.app.state.pages
    return await pages.draw_in_turns(request, template, status=status, **values)
