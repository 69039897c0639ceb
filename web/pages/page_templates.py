"""Templates of pages, and the files that pages load. Every value is escaped; no page has a script or style within."""

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
    return environment
