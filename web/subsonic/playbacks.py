"""Songs that players play now, and how much of each was heard, as far as players tell it.

A player either says that it began a song (`scrobble`), or reports every change of its state (`reportPlayback`). From
the reports it is known how much was heard, and so what was skipped.
"""

from dataclasses import dataclass, replace

STARTING, PLAYING, PAUSED, STOPPED = "starting", "playing", "paused", "stopped"
STATES = (STARTING, PLAYING, PAUSED, STOPPED)
_MAX_PLAYBACKS = 1_000
_GRACE_SECONDS = 60.0  # after the end of a song, until the player tells the next one
_PAUSE_SECONDS = 3_600.0


@dataclass(frozen=True)
class Playback:
    """A song as it plays at one player."""

    listener: str
    client: str
    track_id: int
    duration_s: float
    since: float  # seconds since 1970
    told_at: float  # the time of what follows
    state: str = PLAYING
    position_s: float = 0.0
    rate: float = 1.0
    heard_s: float = 0.0
    is_measured: bool = False  # the player reports all it does
    is_kept: bool = True  # as a play, when it is over

    def position_at(self, now: float) -> float:
        """The place in the song, seconds."""
        moved = (now - self.told_at) * self.rate if self.state == PLAYING else 0.0
        return min(self.position_s + max(moved, 0.0), max(self.duration_s, self.position_s))

    def is_over(self, now: float) -> bool:
        """Tell whether nobody can be hearing it any more."""
        left = max(self.duration_s - self.position_s, 0.0) / self.rate
        return now > self.told_at + (left if self.state == PLAYING else _PAUSE_SECONDS) + _GRACE_SECONDS

    def told(self, now: float, state: str, position_s: float, rate: float) -> "Playback":
        """The same playback after a report. A jump is not heard: only the time that passed, or less if it stood."""
        passed = self.position_at(now) - self.position_s
        moved = position_s - self.position_s
        heard = self.heard_s + (moved if 0 <= moved < passed else passed)
        return replace(self, told_at=now, state=state, position_s=position_s, rate=rate, heard_s=heard)


class Playbacks:
    """The songs that play now: one for each player of a listener."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str], Playback] = {}
        self.ended: list[Playback] = []  # measured, and not kept yet

    def begin(self, listener: str, client: str, track_id: int, duration_s: float, now: float) -> None:
        """Note that a player began a song, in place of the one before."""
        known = self._now.get((listener, client))
        if known is None or not known.is_measured or known.is_over(now):  # else it is known better
            self._put(Playback(listener, client, track_id, duration_s, now, now), now)

    def report(self, playback: Playback, now: float) -> None:
        """Take a report of a player: its state and place in a song, in `playback` as one that just began.

        Another song, and the same one from its start, end the playback before.
        """
        key = playback.listener, playback.client
        known = self._now.pop(key, None)
        is_same = known is not None and known.is_measured and known.track_id == playback.track_id
        if known is not None and is_same and playback.state != STARTING and not known.is_over(now):
            moved = known.told(now, playback.state, playback.position_s, playback.rate)
            playback = replace(moved, is_kept=playback.is_kept)
        else:
            self._end(known, now)
        if playback.state == STOPPED:
            self._keep(playback)
        else:
            self._put(replace(playback, is_measured=True), now)

    def playing(self, now: float) -> list[Playback]:
        """All that plays now, the latest first."""
        return sorted((one for one in self._now.values() if not one.is_over(now)), key=lambda one: -one.since)

    def begun(self, listener: str, client: str, track_id: int, now: float) -> float | None:
        """The time, in seconds since 1970, at which a player began the song that it plays; None if it plays another."""
        one = self._now.get((listener, client))
        return one.since if one is not None and one.track_id == track_id and not one.is_over(now) else None

    def _end(self, known: Playback | None, now: float) -> None:
        """End a playback of which nothing more is told: it went on until now, or to its end."""
        if known is not None and known.is_measured:
            self._keep(known.told(now, STOPPED, known.position_at(now), known.rate))

    def _keep(self, playback: Playback) -> None:
        if playback.is_kept and playback.heard_s >= 1 and len(self.ended) < _MAX_PLAYBACKS:
            self.ended.append(playback)

    def _put(self, playback: Playback, now: float) -> None:
        for key in [key for key, one in self._now.items() if one.is_over(now)]:
            self._end(self._now.pop(key), now)
        if len(self._now) < _MAX_PLAYBACKS:
            self._now[playback.listener, playback.client] = playback
