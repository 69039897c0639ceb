"""The page on the library itself: what it holds, by which encoder, and what to type next."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.stages.shared.current_encoder import find_checkpoint
from earshot.web.library_access import library_of
from earshot.web.pages.page_templates import page

PATH = "/library"


async def status_page(request: Request) -> Response:
    """Show the facts of `cli status`."""
    facts = await library_of(request).read(_facts)
    return page(request, "status.html", **facts)


async def first_page(request: Request) -> Response:
    return RedirectResponse(PATH, 303)


def _facts(library: Library) -> dict[str, Any]:
    from earshot.index.health.library_status import overview  # polars, for which the server's start does not wait

    checkpoint = find_checkpoint(library)
    return asdict(overview(library, None if checkpoint is None else checkpoint.fingerprint))


routes = [Route("/", first_page), Route(PATH, status_page)]
