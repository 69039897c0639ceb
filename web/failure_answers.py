"""Answers to requests that fail: one sentence, as a page for a person and as text for a program."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from earshot.audio.decoding.decode_pool import WorkersLostError
from earshot.index.database_checks import LibraryError, LockedError
from earshot.index.search.selected import AmbiguousError
from earshot.stages.shared.extras import missing_extra
from earshot.stages.shared.reports import StageError
from earshot.web.library_access import is_busy
from earshot.web.pages.page_templates import page

_RETRY_SECONDS = 10
_OF_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
Handler = Callable[[Request, Any], Awaitable[Response]]


def failure(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with a sentence: a page if the request asks for HTML, else text."""
    if "text/html" in request.headers.get("accept", ""):
        return page(request, "failure.html", status=status, headers=headers, sentence=sentence)
    return PlainTextResponse(f"{sentence}\n", status, headers)


async def _http_failure(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers) if error.headers else None
    return failure(request, error.status_code, error.detail, headers)


async def _locked(request: Request, error: LockedError) -> Response:
    sentence = f"{error} Nothing was changed; try again when it has ended."
    return failure(request, 503, sentence, {"Retry-After": str(_RETRY_SECONDS)})


async def _no_answer(request: Request, error: Exception) -> Response:
    """A question without an answer, in words of the stage or the library."""
    return failure(request, 404 if isinstance(error, StageError | AmbiguousError) else 503, str(error))


async def _no_process(request: Request, error: WorkersLostError) -> Response:
    sentence = f"Nothing can be decoded now: {error}."
    return failure(request, 503, sentence, {"Retry-After": str(_RETRY_SECONDS)})


async def _database_failure(request: Request, error: sqlite3.Error) -> Response:
    if is_busy(error):
        sentence = "The library is busy: a command is writing much at once. Try again in a moment."
        return failure(request, 503, sentence, {"Retry-After": str(_RETRY_SECONDS)})
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_DISK:
        return failure(request, 503, f"This cannot be done: {error}. Nothing was changed.")
    raise error


async def _disk_failure(request: Request, error: OSError) -> Response:
    """A disk that is full or does not answer; what is written is written whole or not at all."""
    return failure(request, 503, f"This cannot be done: {error.strerror or error}. Nothing was changed.")


async def _missing_extra(request: Request, error: ImportError) -> Response:
    """A module that this installation was made without."""
    sentence = missing_extra(error)
    if sentence is None:
        raise error
    return failure(request, 503, sentence)


FAILURE_HANDLERS: dict[Any, Handler] = {
    HTTPException: _http_failure,
    LockedError: _locked,
    WorkersLostError: _no_process,
    LibraryError: _no_answer,
    StageError: _no_answer,
    AmbiguousError: _no_answer,
    sqlite3.OperationalError: _database_failure,
    OSError: _disk_failure,
    ImportError: _missing_extra,
}
