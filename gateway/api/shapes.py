"""Shapes that the API adds to those of the contracts: lists, the session, problems."""

from typing import Any, Generic, TypeVar

from espace_contracts import identity
from espace_contracts.types import Id, Instant, Siret
from fastapi import Request, Response
from pydantic import BaseModel, Field

ItemT = TypeVar("ItemT")
PROBLEM_JSON = "application/problem+json"


class Page(BaseModel, Generic[ItemT]):
    """A part of a list; *next_cursor* fetches the following part."""

    items: list[ItemT]
    next_cursor: str | None = None


class Problem(BaseModel):
    """Why something was refused (RFC 9457)."""

    type: str = Field(examples=["/problems/not_found"], description="stable, to decide by")
    title: str = Field(description="the same in words")
    status: int = Field(description="that of the answer")
    detail: str | None = Field(default=None, description="more words")
    fields: list[str] | None = Field(default=None, description="the members or parameters that are wrong")
    reference: str | None = Field(default=None, description="of an incident: to be quoted to the operators")


class OpenedSession(BaseModel):
    """The session behind the cookie, and the token to send back as `X-CSRF-Token`."""

    csrf_token: str
    account_id: Id
    siret: Siret
    legal_name: str
    identifier: str
    state: identity.AccountState
    policy_accepted: bool
    idle_expires_at: Instant
    absolute_expires_at: Instant


def name_next(request: Request, response: Response, cursor: str | None) -> None:
    """Name the following part of a list in the header `Link` (RFC 8288)."""
    if cursor:
        url = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented refusals of a route."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": "Refused", "content": {PROBLEM_JSON: {"schema": schema}}} for status in statuses}
