"""Templates of pages, and the files that pages load. Every value is escaped; no page has a script or style within."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_FOLDER = Path(__file__).parent


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
) -> HTMLResponse:
    """Fill in a template of `templates/`; it sees the values and the `request`."""
    content = _templates().get_template(template).render(request=request, **values)
    return HTMLResponse(content, status, headers)


def static_files() -> Mount:
    """The route of the files of `static/`: scripts, styles, pictures."""
    return Mount("/static", StaticFiles(directory=_FOLDER / "static"), name="static")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["clock"] = clock
    environment.filters["code_parts"] = code_parts
    return environment


def code_parts(sentence: str) -> list[tuple[bool, str]]:
    """Split a message of a command or a stage at its backticks: whether a part is code, and its text.

    >>> code_parts("Run `cli link` first.")
    [(False, 'Run '), (True, 'cli link'), (False, ' first.')]
    """
    parts = enumerate(re.split(r"`([^`\n]+)`", str(sentence)))
    return [(number % 2 == 1, text) for number, text in parts if text]


def clock(seconds: float | None) -> str:
    """A length or a moment as people write it; nothing if it is unknown.

    >>> clock(65.9), clock(3_725), clock(None)
    ('1:05', '1:02:05', '')
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
