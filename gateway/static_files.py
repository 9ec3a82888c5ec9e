"""The browser's files as they are served: kept for ever, and compressed as they were built."""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)  # not refused by a weight of nought
PACKED = ".gz"  # beside the file of that name, by `gateway.assets_build`


class Unchanging(StaticFiles):
    """Files whose name carries their content's hash: a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, compressed where the browser takes it so and a compressed one is there."""
        response = await self._packed(path, scope) or await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        return response

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        if not GZIP.search(Headers(scope=scope).get("accept-encoding", "")):
            return None
        try:
            response = await super().get_response(path + PACKED, scope)
        except HTTPException as exc:
            if exc.status_code == HTTPStatus.NOT_FOUND:
                return None
            raise
        response.headers["Content-Encoding"] = "gzip"
        return response
