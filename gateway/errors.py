"""From refusals and incidents to what a person or a program sees (K20): a page, or problem+json below /api."""

import secrets
from collections.abc import Awaitable, Callable

import structlog
from espace_contracts import errors
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from gateway.deposit_faults import STATUS as FILE_STATUS
from gateway.files import FilesUnavailable
from gateway.forms import TooLarge
from gateway.problems import problem
from gateway.rendering import page
from gateway.security import Forged, new_token
from gateway.session import LoginRequired, NotYet, Redirected, Stage, Visitor, visitor_of

log = structlog.get_logger()

STATUS: dict[type[errors.Refusal], int] = {
    errors.NotFound: 404,
    errors.LinkInvalid: 404,
    errors.NotAllowed: 403,
    errors.Conflict: 409,
    errors.TooManyAttempts: 429,
    errors.DeadlineExceeded: 503,
    errors.WrongCredentials: 422,
}
RETRY_AFTER = 5  # seconds, when a dependency is away
Handler = Callable[[Request, Exception], Awaitable[Response]]


def is_api(request: Request) -> bool:
    """Whether programs ask."""
    return request.url.path.startswith("/api/")


async def fail(request: Request, status: int, code: str, *, detail: str = "", retry_after: int = 0) -> Response:
    """The page or the problem for *status*, without a word of what happened inside."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    reference = "" if status < 500 else _reference(request)
    if is_api(request):
        return problem(code, status, detail, headers=headers, reference=reference)
    if status >= 500 and getattr(request.state, "visitor", None) is None:
        # Asking identity once more would wait for its deadline once more.
        request.state.visitor = Visitor(Stage.ANONYMOUS, new_token())
    await _known_or_anonymous(request)
    values = {"code": code, "reference": reference, "seconds": retry_after, "error_status": status}
    response = page(request, "error.html", status=status, **values)
    response.headers.update(headers)
    return response


def _reference(request: Request) -> str:
    """A short reference that a person can read out; the log has it beside the trace id."""
    known = getattr(request.state, "reference", "")
    return known or secrets.token_hex(4).upper()


async def _known_or_anonymous(request: Request) -> None:
    """An error page needs a visitor even when identity cannot say who it is."""
    try:
        await visitor_of(request)
    except (errors.Unavailable, errors.Incident):
        request.state.visitor = Visitor(Stage.ANONYMOUS, new_token())


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, errors.Refusal)  # noqa: S101  registered for this class only
    if isinstance(exc, errors.SessionInvalid):
        return await _session_gone(request)
    status = STATUS.get(type(exc), 422)
    if isinstance(exc, errors.FileRefused) and exc.fields:
        status = FILE_STATUS.get(exc.fields[0], 422)
    retry_after = exc.retry_after if isinstance(exc, errors.TooManyAttempts) else RETRY_AFTER * (status == 503)
    if is_api(request):
        headers = {"Retry-After": str(retry_after)} if retry_after else {}
        fields = [] if isinstance(exc, errors.TooManyAttempts) else list(exc.fields)
        return problem(exc.code, status, exc.message, headers=headers, fields=fields)
    return await fail(request, status, exc.code, retry_after=retry_after)


async def _session_gone(request: Request) -> Response:
    cookies, sessions = request.app.state.cookies, request.app.state.sessions
    if token := request.cookies.get(cookies.session):
        sessions.forget(token)
    response = (
        problem("session_invalid", 401, "Log in first.") if is_api(request) else RedirectResponse("/connexion", 303)
    )
    cookies.drop(response, cookies.session)
    return response


async def _unavailable(request: Request, exc: Exception) -> Response:
    log.warning("dependency_unavailable", cause=type(exc).__name__)
    return await fail(request, 503, "unavailable", detail="Try again shortly.", retry_after=RETRY_AFTER)


async def _incident(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, errors.Incident)  # noqa: S101  registered for this class only
    request.state.reference = exc.reference
    log.error("remote_incident", reference=exc.reference)
    return await fail(request, 500, "incident")


async def broken(request: Request, exc: Exception) -> Response:
    """The answer to what nobody foresaw: logged whole, told by its reference."""
    request.state.reference = secrets.token_hex(4).upper()
    log.error("gateway_incident", reference=request.state.reference, exc_info=exc)
    return await fail(request, 500, "incident")


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101  registered for this class only
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}
    response = await fail(request, exc.status_code, codes.get(exc.status_code, "bad_request"))
    response.headers.update(exc.headers or {})
    if exc.status_code == 405:
        response.headers["Allow"] = ", ".join(_allowed(request))
    return response


def _allowed(request: Request) -> list[str]:
    """What this address takes, over all its routes: the router itself names those of the first only."""
    found = []
    for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        scope = dict(request.scope) | {"method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            found.append(method)
    return ["GET", "HEAD", *found[1:]] if found[:1] == ["GET"] else found


async def _invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101  registered for this class only
    if not is_api(request):
        in_path = any(detail["loc"][0] == "path" for detail in exc.errors())
        return await fail(request, 404 if in_path else 422, "not_found" if in_path else "invalid_request")
    fields = [".".join(str(part) for part in detail["loc"][1:]) or "body" for detail in exc.errors()]
    if any(detail["loc"][0] == "path" for detail in exc.errors()):
        return problem("not_found", 404)
    return problem("invalid_request", 422, "Some members are missing or wrong.", fields=fields)


async def _redirected(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Redirected)  # noqa: S101  registered for this class only
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": exc.location})
    return RedirectResponse(exc.location, 303)


async def _login_required(request: Request, exc: Exception) -> Response:
    return problem("session_invalid", 401, "Log in first: POST /api/v1/session.")


async def _not_yet(request: Request, exc: Exception) -> Response:
    return problem("first_login_unfinished", 403, "Finish the first login in the browser.")


async def _forged(request: Request, exc: Exception) -> Response:
    return await fail(request, 403, "forged", detail="The anti-forgery token is missing or stale.")


async def _too_large(request: Request, exc: Exception) -> Response:
    return await fail(request, 413, "too_large")


HANDLERS: dict[type[Exception], Handler] = {
    errors.Refusal: _refused,
    errors.Unavailable: _unavailable,
    errors.Incident: _incident,
    FilesUnavailable: _unavailable,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Redirected: _redirected,
    LoginRequired: _login_required,
    NotYet: _not_yet,
    Forged: _forged,
    TooLarge: _too_large,
}


def install(app: FastAPI) -> None:
    """Answer every exception that can leave a route."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
