"""The memory of a server on its players: their keys, what plays now, and what is read once for many requests."""

import asyncio
from dataclasses import dataclass, field
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any

from earshot.index.library import Library
from earshot.web.security.player_keys import PlayerKeys
from earshot.web.subsonic.player_requests import FAILURES_AT_ONCE

if TYPE_CHECKING:
    from earshot.web.subsonic.listener_facts import ListenerFacts

_MAX_PLAYING = 1_000
_MAX_LISTENERS = 64  # whose facts are kept
_GRACE_SECONDS = 60.0  # after the end of a song, until the player tells the next one


@dataclass(frozen=True)
class NowPlaying:
    """A song that a player said it had begun."""

    listener: str
    client: str
    track_id: int
    since: float  # seconds since 1970
    until: float


@dataclass
class PlayerState:
    """The memory of one server; threads may use it at the same time."""

    keys: PlayerKeys = field(default_factory=PlayerKeys)
    failures: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FAILURES_AT_ONCE))
    _playing: dict[tuple[str, str], NowPlaying] = field(default_factory=dict)
    _facts: dict[str, tuple[Any, "ListenerFacts"]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, listener: str, client: str, track_id: int, duration: float | None) -> None:
        """Note that a player began a song, in place of the one before."""
        with self._lock:
            now = time()
            self._playing = {key: one for key, one in self._playing.items() if one.until > now}
            if len(self._playing) < _MAX_PLAYING:
                until = now + (duration or 0) + _GRACE_SECONDS
                self._playing[listener, client] = NowPlaying(listener, client, track_id, now, until)

    def playing(self) -> list[NowPlaying]:
        """The songs that play now, the latest first."""
        now = time()
        return sorted((one for one in self._playing.values() if one.until > now), key=lambda one: -one.since)

    def begun(self, listener: str, client: str, track_id: int) -> float | None:
        """The time, in seconds since 1970, at which a player began the song that it plays; None if it plays another."""
        one = self._playing.get((listener, client))
        return one.since if one is not None and one.track_id == track_id and one.until > time() else None

    def facts(self, library: Library, listener: str) -> "ListenerFacts":
        """The opinions and plays of a listener, read anew where there are new ones."""
        from earshot.web.subsonic.listener_facts import read_facts, state_of_facts

        state = state_of_facts(library)
        known = self._facts.get(listener)
        if known is None or known[0] != state:
            known = state, read_facts(library, listener)
            with self._lock:
                if len(self._facts) >= _MAX_LISTENERS:
                    self._facts.clear()
                self._facts[listener] = known
        return known[1]
