"""Reading a form: never more bytes than allowed, and only from our own pages (K17, K21)."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import Message, Receive

from gateway.security import Forged, csrf_matches
from gateway.session import visitor_of

LARGEST_TYPED_FORM = 1_000_000  # bytes
DRAINED = 4  # an answer is read only once the browser has sent all: so many times the limit are read and dropped


class TooLarge(Exception):
    """More bytes than *limit* were sent."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


def limited(receive: Receive, limit: int) -> Receive:
    """*receive* that raises TooLarge as soon as more than *limit* bytes have come."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            await _drain(receive, message, limit * DRAINED - seen)
            raise TooLarge(limit)
        return message

    return counted


async def _drain(receive: Receive, message: Message, left: int) -> None:
    while message.get("more_body") and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))


async def read_form(request: Request) -> FormData:
    """The fields of a form that was sent; who takes a file closes the form. Raises Forged, TooLarge."""
    is_upload = request.headers.get("content-type", "").startswith("multipart/form-data")
    limit = request.app.state.settings.largest_upload + LARGEST_TYPED_FORM if is_upload else LARGEST_TYPED_FORM
    reader = Request(request.scope, limited(request.receive, limit))
    form = await reader.form(max_files=1, max_fields=2000)
    if not csrf_matches(text(form, "csrf"), await own_secrets(request)):
        await form.close()
        raise Forged
    return form


async def own_secrets(request: Request) -> tuple[str, ...]:
    """The cookie values that a token may belong to: a form may be older than the session."""
    visitor = await visitor_of(request)
    return visitor.secret, request.cookies.get(request.app.state.cookies.visit, "")


def text(form: FormData, name: str) -> str:
    """The typed text of a field, as typed; empty when it is missing or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """All values of a repeated field."""
    return [value for value in form.getlist(name) if isinstance(value, str)]
