"""The page on the library itself: what it holds, what is out of date, what could not be heard."""

import re
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.stages.shared.current_encoder import find_checkpoint
from earshot.web.library_access import library_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.track_cards import PAGE_SIZE, page_number, paging
from earshot.web.pages.training_page import COMMANDS, described, process_of

PATH = "/library"
_STEP = re.compile(r"(?P<command>.*?)   \((?P<why>.*)\)", re.DOTALL)  # a line of `cli status`


async def status_page(request: Request) -> Response:
    """Show the facts of `cli status`."""
    facts = await library_of(request).read(_facts)
    return page(request, "status.html", job=described(process_of(request).state()), **facts)


async def failures_page(request: Request) -> Response:
    """List the files that could not be embedded, each with its reason."""
    number = page_number(request)

    def read(library: Library) -> list[Any]:
        query = "SELECT path, reason FROM failures LIMIT ? OFFSET ?"
        return library.db.execute(query, [PAGE_SIZE + 1, (number - 1) * PAGE_SIZE]).fetchall()

    rows = await library_of(request).read(read)
    return page(request, "failures.html", rows=rows[:PAGE_SIZE], paging=paging(request, len(rows), number))


def _facts(library: Library) -> dict[str, Any]:
    from earshot.index.health.library_status import overview  # polars, for which the server's start does not wait

    checkpoint = find_checkpoint(library)
    facts = asdict(overview(library, None if checkpoint is None else checkpoint.fingerprint))
    return facts | {"steps": [_step(line) for line in facts["next_steps"]]}


def _step(line: str) -> dict[str, str | None]:
    """A line of `cli status` as a sentence, the command for it, and its name if the page can start it."""
    found = _STEP.fullmatch(line)
    command, why = (found["command"], found["why"]) if found else (line, line)
    name = command.removeprefix("cli ")
    return {"why": f"{why[:1].upper()}{why[1:]}.", "command": command, "start": name if name in COMMANDS else None}


routes = [Route(PATH, status_page), Route(f"{PATH}/failures", failures_page)]
