"""Bodies of requests that change something: a small JSON object, or the fields of a form."""

import json
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

from earshot.web.security.request_limits import read_form


async def json_of(request: Request) -> dict[str, Any]:
    """The JSON object of a body, whose size the server limits.

    Raises
    ------
    HTTPException
        415: the body is not said to be JSON, as a form of another site would be; 400: it is none, or holds what
        cannot be kept: half a letter, or a number that is none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "This address takes JSON.")
    try:
        body = json.loads(await request.body(), parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False).encode()  # fails at half of a pair of surrogates, which databases refuse
    except (ValueError, RecursionError):
        raise HTTPException(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "The body is no JSON object.")
    return body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


async def values_of(request: Request) -> dict[str, Any]:
    """The values of a form, or of a JSON object, whichever was sent."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return await json_of(request)
    return dict((await read_form(request)).items())


def text_of(values: dict[str, Any], name: str, longest: int = 200) -> str:
    """A text that is there and not too long.

    Raises
    ------
    HTTPException
        400: it is missing, empty, too long or no text.
    """
    value = values.get(name)
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > longest:
        raise HTTPException(400, f"{name} has to be a text of 1 to {longest} letters.")
    return text


def wants_json(request: Request) -> bool:
    """Tell whether a script asks, which reads JSON, or a form without scripts, which is led to a page."""
    return "application/json" in request.headers.get("accept", "")
