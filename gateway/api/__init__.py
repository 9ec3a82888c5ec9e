"""`/api/v1`: the same space for programs; JSON in, JSON out, problem+json on refusal."""

from functools import cache
from typing import Any

from fastapi import Depends, Request
from starlette.responses import JSONResponse, Response

from gateway.api import account, deposits, documents, dossiers, payments, session
from gateway.api.description import describe
from gateway.api.reference import chapters
from gateway.rendering import page
from gateway.routing import Section, is_api
from gateway.session import API_EVERYBODY, Visitor

PREFIX = "/api/v1"
router = Section(is_api, prefix=PREFIX, generate_unique_id_function=lambda route: route.name)
for module in (session, account, payments, documents, deposits, dossiers):
    router.include_router(module.router, generate_unique_id_function=lambda route: route.name)


@cache  # the routes of a process do not change, and drawing them up takes longer than any page
def schema(cookie: str = "__Host-session") -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes; *cookie* is the name of the session's."""
    return describe(router.routes, cookie=cookie)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request, visitor: Visitor = Depends(API_EVERYBODY)) -> Response:
    """What this API offers, for programs."""
    return JSONResponse(schema(request.app.state.cookies.session))


@router.get("/docs", include_in_schema=False)
async def reference(request: Request, visitor: Visitor = Depends(API_EVERYBODY)) -> Response:
    """The same for people."""
    document = schema(request.app.state.cookies.session)
    return page(request, "api_docs.html", tab="", document=document, chapters=chapters(document))
