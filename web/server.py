"""The server of a library: its socket, the address that opens it, and its end."""

import asyncio
import contextlib
import importlib
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from uvicorn import Config, Server

from earshot.index.library import Library
from earshot.stages.shared.reports import InputError, StageError
from earshot.web.app import ServerSettings, create_app
from earshot.web.pages import sign_in_page
from earshot.web.security.timed_connection import TimedConnection
from earshot.web.sound.byte_ranges import BrokenOffError

_MAX_CONNECTIONS = 256
_IDLE_SECONDS = 20  # of a connection between two requests
_END_SECONDS = 0.2  # for responses in hand, when the server is to end: of the 1.5 that a command has
# What pages import when they are asked for, of which none is torch.
_IMPORTED_LATER = ("earshot.stages.playing.feedback", "earshot.stages.similar")
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # listens everywhere; a browser here opens this


def is_loopback(host: str) -> bool:
    """Tell whether only this computer can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    folder: Path,
    settings: ServerSettings,
    port: int,
    tell: Callable[[str], None],
    tell_players: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve a library until Ctrl-C or SIGTERM.

    Parameters
    ----------
    port : 0 for any that is free
    tell : gets the addresses that open a session, the first when the server answers, and one after each that was used
    tell_players : gets the address to give to music players, when the server answers

    Raises
    ------
    LibraryError
        There is no library.
    StageError
        The address or the port cannot be had. An InputError: others could reach it, and there is no password.
    """
    if not is_loopback(settings.host) and settings.password_hash is None:
        raise InputError(f"Others can reach {settings.host}; a server there needs a password.")
    Library.open(folder).close()
    listener = _listener(settings.host, port)
    address = f"http://{_in_address(settings.host)}:{listener.getsockname()[1]}"

    def tell_address() -> None:
        tell(f"{address}{sign_in_page.PATH}?token={app.state.sessions.new_token()}")

    def tell_addresses() -> None:
        host = socket.gethostname() if settings.host in _ANY else _in_address(settings.host)
        tell_players(f"http://{host}:{listener.getsockname()[1]}")
        tell_address()

    app = create_app(folder, replace(settings, on_sign_in=tell_address))
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_in_one_line)
    config = Config(
        app,
        http=TimedConnection,
        ws="none",
        log_config=None,
        access_log=False,  # it would print tokens and keys of addresses
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    with listener:
        asyncio.run(_serve(_Server(config), listener, tell_addresses))


def _in_one_line(record: logging.LogRecord) -> bool:
    """Say in one line that a sound broke off, of which a traceback tells no more."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, BrokenOffError):
        record.msg, record.args, record.exc_info = "A sound broke off: %s.", (str(error),), None
    return True


class _Server(Server):
    """A server that ends at a signal, and does not send it to itself again: a second one ends the process at once."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for responses in hand, but not for players that pause."""
        asyncio.get_running_loop().call_later(_END_SECONDS, self._drop_connections)
        await super().shutdown(sockets)

    def _drop_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _serve(server: Server, listener: socket.socket, when_ready: Callable[[], None]) -> None:
    """Serve, and call when the first request is answered; the first page then finds imported what it needs."""
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        when_ready()
        for name in _IMPORTED_LATER:
            await asyncio.to_thread(importlib.import_module, name)
    await serving


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise StageError(f"There is no address {host!r}.\n\nGive one of this computer's with --host.") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
        listener.bind(place)
        listener.listen()
    except OSError as error:
        listener.close()
        raise StageError(
            f"{host} cannot be listened at, port {port}: {error.strerror}.\n\nGive another with --port, or 0 for any."
        ) from None
    return listener


def _in_address(host: str) -> str:
    host = _ANY.get(host, host)
    return f"[{host}]" if ":" in host else host
