"""The check of the name under which a request asks for this server.

A page of another site can let its own name lead to 127.0.0.1 (DNS rebinding), and then read what a browser gets from
there. So only names that are known to be ours are answered. An address of numbers is no name, and cannot be rebound.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_MISDIRECTED = 421
_HOST = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::\d*)?", re.ASCII)


class HostCheck:
    """Refuse requests whose Host is neither an address, nor localhost, this computer's name, or one of `names`."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        machine = socket.gethostname().lower()
        known = ("localhost", machine, f"{machine.removesuffix('.local')}.local", *names)
        self._names = frozenset(name.lower().rstrip(".") for name in known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).getlist("host")):
            sentence = "This server is not known by that name; `cli serve --allow-host NAME` adds one.\n"
            await PlainTextResponse(sentence, _MISDIRECTED)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        name = host_name(hosts[0])
        return name in self._names or _is_address(name)


def host_name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> host_name("LocalHost:8765"), host_name("[::1]:8765"), host_name("192.168.1.5")
    ('localhost', '::1', '192.168.1.5')
    """
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower().rstrip(".") if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
