"""The memory of a server on its players: their keys, what plays now, and what is read once for many requests."""

import asyncio
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from earshot.index.library import Library
from earshot.web.security.player_keys import PlayerKeys
from earshot.web.subsonic.listener_facts import ListenerFacts, read_facts, state_of_facts
from earshot.web.subsonic.playbacks import Playbacks
from earshot.web.subsonic.player_requests import FAILURES_AT_ONCE

_MAX_LISTENERS = 64  # whose facts are kept


@dataclass
class PlayerState:
    """The memory of one server; facts may be asked for by several threads at the same time."""

    keys: PlayerKeys = field(default_factory=PlayerKeys)
    playbacks: Playbacks = field(default_factory=Playbacks)
    failures: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FAILURES_AT_ONCE))
    _facts: dict[str, tuple[Any, ListenerFacts]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def facts(self, library: Library, listener: str) -> ListenerFacts:
        """The opinions and plays of a listener, read anew where there are new ones."""
        state = state_of_facts(library)
        known = self._facts.get(listener)
        if known is None or known[0] != state:
            known = state, read_facts(library, listener)
            with self._lock:
                if len(self._facts) >= _MAX_LISTENERS:
                    self._facts.clear()
                self._facts[listener] = known
        return known[1]
