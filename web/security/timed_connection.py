"""Connections that are dropped when nothing comes, when nobody takes what is sent, or when one address has too many."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0  # until all headers of a request are here
MAX_OF_ADDRESS = 160  # connections; a browser has six, and the server places for 256 and files for a thousand
SEND_SECONDS = 120.0  # until what was sent is taken; a paused player asks again for the rest


class TimedConnection(H11Protocol):
    """A connection of HTTP/1.1 with a time limit for the head of each request, and for each part of a response."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self._dropped_after(HEAD_SECONDS)
        addresses = [client and client[0] for client in (getattr(one, "client", None) for one in self.connections)]
        if self.client and addresses.count(self.client[0]) > MAX_OF_ADDRESS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_head_timer()
        self._cancel_send_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        known = self.scope
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._head_timer is None:
            self._head_timer = self._dropped_after(HEAD_SECONDS)
        super().data_received(data)
        if self.scope is not known:  # a whole head came
            self._cancel_head_timer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_timer = self._dropped_after(SEND_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_send_timer()

    def _dropped_after(self, seconds: float) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self.transport.abort)

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cancel_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
