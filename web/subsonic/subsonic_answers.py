"""Answers of the OpenSubsonic API, in JSON or XML: one tree of values for both.

A value of a mapping is an attribute in XML; a mapping is an element, a list one element for each of its members, and
`value` is the text of its element. What is None is left out. Answers that fail have the HTTP status 200, too.
"""

import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.exceptions import HTTPException
from starlette.responses import Response

API_VERSION = "1.16.1"
NAMESPACE = "http://subsonic.org/restapi"
GENERIC, MISSING, CLIENT_TOO_OLD, SERVER_TOO_OLD = 0, 10, 20, 30
WRONG_PASSWORD, NO_SUCH_MECHANISM, CONFLICTING, WRONG_KEY = 40, 42, 43, 44
FORBIDDEN, NOT_FOUND = 50, 70
# What XML cannot hold, however it is written; tags of files may.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SubsonicError(HTTPException):
    """A request that fails, with the code that players know."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(404, sentence)
        self.code, self.sentence = code, sentence


def answer(values: Mapping[str, Any], form: str, status: int = 200) -> Response:
    """Answer with values below the element that every answer has; `form` is ``json`` or ``xml``."""
    return _response({"status": "ok", **_SERVER, **values}, form, status)


def failure_answer(error: SubsonicError, form: str, status: int = 200) -> Response:
    """Answer that a request failed, and why."""
    told = {"code": error.code, "message": error.sentence}
    return _response({"status": "failed", **_SERVER, "error": told}, form, status)


_SERVER = {"version": API_VERSION, "type": "earshot", "serverVersion": version("earshot"), "openSubsonic": True}


def _response(values: Mapping[str, Any], form: str, status: int) -> Response:
    if form == "json":
        content = json.dumps({"subsonic-response": _present(values)}, ensure_ascii=False)
        return Response(content, status, media_type="application/json")
    content = _element("subsonic-response", {"xmlns": NAMESPACE, **values})
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{content}', status, media_type="application/xml")


def _present(value: Any) -> Any:
    """A tree without what is None."""
    if isinstance(value, Mapping):
        return {name: _present(one) for name, one in value.items() if one is not None}
    return [_present(one) for one in value] if isinstance(value, list) else value


def _element(name: str, value: Any) -> str:
    """An element of XML, with all that lies below it."""
    if not isinstance(value, Mapping):
        return f"<{name}>{escape(_text(value))}</{name}>"
    attributes, below = [], []
    for key, one in value.items():
        if isinstance(one, list):
            below += [_element(key, each) for each in one]
        elif isinstance(one, Mapping):
            below.append(_element(key, one))
        elif key == "value":
            below.append(escape(_text(one)))
        elif one is not None:
            attributes.append(f" {key}={quoteattr(_text(one))}")
    return f"<{name}{''.join(attributes)}>{''.join(below)}</{name}>"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _NO_XML.sub("\ufffd", str(value))
