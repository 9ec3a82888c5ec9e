"""`/api/v1`: the same space for programs; JSON in, JSON out, problem+json on refusal."""

from typing import Any

from fastapi import Depends
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from gateway.api import deposits, documents, dossiers, payments, session
from gateway.routing import Section, is_api
from gateway.session import API_EVERYBODY, Visitor

PREFIX = "/api/v1"
router = Section(is_api, prefix=PREFIX)
for module in (session, payments, documents, deposits, dossiers):
    router.include_router(module.router)


def schema() -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes."""
    return get_openapi(
        title="Espace Employeur",
        version="1",
        openapi_version="3.1.0",
        summary="Payments, documents and dossiers of one employer.",
        description=(
            "Log in with `POST /api/v1/session`, keep its cookie, and send the `csrf_token` of the answer as "
            "`X-CSRF-Token` with every request that changes something. Errors are `application/problem+json`."
        ),
        routes=router.routes,
    )


@router.get("/openapi.json", include_in_schema=False)
async def openapi(visitor: Visitor = Depends(API_EVERYBODY)) -> Response:
    """What this API offers, for programs."""
    return JSONResponse(schema())
