"""« Mon compte »: who is connected."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()


@router.get("/compte")
async def show_account(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """The facts of the account and of this session."""
    return page(request, "account.html", tab="")
