"""Measure plays by looking at a player every now and then: what played since when, and how much of it was heard."""

from dataclasses import dataclass, replace

from earshot.data.events.event_arrays import LISTEN_MS

_SKIPPED_S = LISTEN_MS / 1_000  # a song that ends before this, and before its own end, was skipped
_WHOLE = 0.9  # share from which on a song was heard to its end
_LEAST_S = 1.0  # of a play; less is a song that one passes by
_END_S = 1.5  # before the end of a song at which it may begin again
_SLACK_S = 2.0  # by which the clocks of player and computer may differ between two looks


@dataclass(frozen=True)
class Look:
    """The state of a player at a moment."""

    song: str | None  # of the queue: a song that stands in it twice has two names; None if nothing plays
    uri: str = ""
    is_playing: bool = False  # else paused or stopped
    elapsed_s: float = 0.0  # in the song
    length_s: float | None = None


@dataclass(frozen=True)
class Play:
    """A play that has ended."""

    uri: str
    started_at: float  # seconds since 1970
    played_s: float
    length_s: float | None

    @property
    def is_skip(self) -> bool:
        """Whether it was ended soon, and before its end."""
        if self.played_s >= _SKIPPED_S:
            return False
        return self.length_s is None or self.played_s < min(_WHOLE * self.length_s, self.length_s - _SLACK_S)

    @property
    def is_mostly_heard(self) -> bool:
        """Whether half of it was heard; of unknown length, what is no skip."""
        return not self.is_skip if self.length_s is None else 2 * self.played_s >= self.length_s


class PlayMeter:
    """A meter of plays: each look tells it the state of the player, and it tells which plays have ended."""

    def __init__(self) -> None:
        self._look, self._at = Look(None), 0.0
        self._started_at = self._heard_s = 0.0

    def look(self, look: Look, at: float) -> Play | None:
        """Note the state at a time in seconds since 1970; return the play that has ended since the last look."""
        passed = max(at - self._at, 0.0) if self._look.is_playing else 0.0
        if look.song == self._look.song and look.uri == self._look.uri and not self._has_begun_again(look, passed):
            moved = look.elapsed_s - self._look.elapsed_s
            # A jump within the song is nothing that was heard.
            self._heard_s += moved if 0 <= moved <= passed + _SLACK_S else passed
            if look.length_s is None:  # for a moment at the end of a song
                look = replace(look, length_s=self._look.length_s)
            self._look, self._at = look, at
            return None
        left = self._look.length_s - self._look.elapsed_s if self._look.length_s is not None else passed
        self._heard_s += max(min(passed - (look.elapsed_s if look.song else 0.0), left), 0.0)
        ended = self.play()
        self._look, self._at = look, at
        self._started_at, self._heard_s = at - look.elapsed_s, look.elapsed_s
        return ended

    def play(self) -> Play | None:
        """The play so far, if there is one."""
        if self._look.song is None or self._heard_s < _LEAST_S:
            return None
        return Play(self._look.uri, self._started_at, round(self._heard_s, 1), self._look.length_s)

    def _has_begun_again(self, look: Look, passed: float) -> bool:
        """Tell whether the song of the last look came to its end and is played once more."""
        length_s, last_s = self._look.length_s, self._look.elapsed_s
        return length_s is not None and look.elapsed_s < last_s and last_s + passed >= length_s - _END_S
