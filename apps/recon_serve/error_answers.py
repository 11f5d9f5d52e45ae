"""Exceptions as answers: a status and one sentence, and no traceback."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from recon_serve.errors import Refusal, content
from recon_serve.worker import INTERNAL, LOG


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse(error.content, error.status, error.headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse(content("HTTPError", str(error.detail)), error.status_code, error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return JSONResponse(content("RequestError", f"{where or 'the body'}: {first['msg']}"), 422)


async def _left(request: Request, error: Exception) -> Response:
    """Nobody reads the answer."""
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse(content(INTERNAL.type, INTERNAL.message), 500)


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    Refusal: _refused,
    HTTPException: _http,
    RequestValidationError: _invalid,
    ClientDisconnect: _left,
    Exception: _failed,
}
"""What answers each exception."""
