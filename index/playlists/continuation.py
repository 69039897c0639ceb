"""Playlist continuation, as a radio does it: the next song is near the last one and near what the session began with.

Of songs that are about as near, those go first that suit the lasting taste of the listener, where it is known.

A session is a few settings and a list of events, so it can be kept as JSON; the same events have the same next song.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from earshot.data.events.event_arrays import LISTEN_MS
from earshot.index.playlists.path_search import angles
from earshot.index.playlists.session_taste import SessionTaste
from earshot.index.playlists.track_pool import TrackPool
from earshot.index.playlists.variety import MAX_VARIETY, chosen_place
from earshot.index.search.filters import TrackFilters

PLAY, SKIP, LIKE, DISLIKE, NEVER = EVENTS = ("play", "skip", "like", "dislike", "never")
_NEAR_LAST = 0.5  # weight of the cosine to the last song; the rest is that to the session's taste
_HEARD = LISTEN_MS / 1_000  # seconds; who skips later has listened
_FILTER_KINDS = {"genre": str, "min_duration": float | int, "max_duration": float | int, "same_artist": bool}
MAX_TASTE = 5.0  # there the seeds hardly count any more
_MAX_ID = 2**63 - 1  # that SQLite and NumPy count to


@dataclass(frozen=True)
class RadioSettings:
    """Settings of a session, fixed when it begins."""

    run_id: int  # of the vectors: an anchor among those of another run would point anywhere
    space: str
    anchor: tuple[float, ...]  # (dim,), of unit length: what the session began with
    left_out: tuple[int, ...]  # recordings that are never played: the seeds and what is a copy of them
    seed: int = 0
    variety: float = 0.0  # the probability that the best song sits out, as each after it
    artist_gap: int = 4  # songs between two of one artist, at least, while there are such
    filters: TrackFilters = field(default_factory=TrackFilters)
    artists: tuple[str, ...] = ()  # keys of the seeds' artists, for the filters
    names: tuple[str, ...] = ()  # of the seeds, as an answer repeats them
    listener: str | None = None  # whose dislikes are left out
    is_novel: bool = False  # leave out what the listener has played, too
    taste_weight: float = 0.5  # of the listener's taste beside the sound; 0 for none
    taste: tuple[float, ...] = ()  # (tower_dim,), among the vectors of the towers; () if nobody knows
    towers_run_id: int = 0  # of these towers


@dataclass(frozen=True)
class RadioSong:
    """A song of a session."""

    recording: int
    from_last: float  # radians from the song before that was not turned down, or the anchor
    from_anchor: float  # radians


@dataclass
class RadioState:
    """All that is to be kept of a session."""

    settings: RadioSettings
    events: list[tuple[str, int]] = field(default_factory=list)  # what happened to which recording, in order

    def to_json(self) -> dict[str, Any]:
        """The state as JSON has it."""
        return {"settings": asdict(self.settings), "events": [list(event) for event in self.events]}

    @classmethod
    def from_json(cls, content: Any) -> "RadioState":
        """Read what `to_json` made.

        Raises
        ------
        ValueError
            It is nothing of the kind.
        """
        try:
            settings = _read_settings(dict(content["settings"]))
            events = [(EVENTS[EVENTS.index(what)], _whole(recording)) for what, recording in content["events"]]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ValueError("this is no state of a radio") from None
        return cls(settings, events)


def _read_settings(content: dict[str, Any]) -> RadioSettings:
    filters = dict(content.pop("filters"))
    for name, kind in _FILTER_KINDS.items():
        if not isinstance(filters[name], kind | None):
            raise TypeError(name)
    filters |= {name: tuple(map(str, filters[name])) for name in ("not_genre", "under")}
    settings = RadioSettings(
        **content
        | {"filters": TrackFilters(**filters), "space": str(content["space"]), "variety": float(content["variety"])}
        | {name: _whole(content[name]) for name in ("run_id", "seed", "artist_gap")}
        | {name: tuple(map(str, content[name])) for name in ("artists", "names")}
        | {"listener": None if content["listener"] is None else str(content["listener"])}
        | {"is_novel": bool(content["is_novel"]), "taste_weight": float(content.get("taste_weight", 0.0))}
        | {
            "taste": tuple(map(float, content.get("taste", ()))),
            "towers_run_id": _whole(content.get("towers_run_id", 0)),
        }
        | {"anchor": tuple(map(float, content["anchor"])), "left_out": tuple(map(_whole, content["left_out"]))}
    )
    is_in_range = 0 <= settings.variety <= MAX_VARIETY and 0 <= settings.taste_weight <= MAX_TASTE
    if not (is_in_range and np.isfinite([*settings.anchor, *settings.taste]).all()):
        raise ValueError("out of range")
    return settings


def _whole(number: Any) -> int:
    if not isinstance(number, int) or not 0 <= number <= _MAX_ID:
        raise ValueError("no whole number of this size")
    return number


class Radio:
    """A session over a pool: an endless list, until every track that may be played was.

    One thread at a time may ask it; the pool may be shared.
    """

    def __init__(
        self, pool: TrackPool, state: RadioState, fitting: np.ndarray, affinity: np.ndarray | None = None
    ) -> None:
        """Go on with a session.

        Parameters
        ----------
        fitting : (n,) bool, the rows of the pool that may be played at all
        affinity : (n,) float32, how well each suits the listener, in standard deviations; None if nobody knows

        Raises
        ------
        ValueError
            The session began with vectors of another space, run or dimension.
        """
        settings = state.settings
        here = pool.space.name, pool.space.run_id, pool.vectors.shape[1]
        if here != (settings.space, settings.run_id, len(settings.anchor)):
            raise ValueError("this radio began with other vectors than the library has now")
        self.pool, self.state = pool, state
        self._anchor = np.array(settings.anchor, dtype=np.float32)
        self._is_open = fitting.copy()
        self._is_open[pool.rows(settings.left_out)] = False
        self._affinity = affinity
        self._played: list[int] = []  # rows
        self._taste = SessionTaste()
        self._never: set[int] = set()  # rows
        for event in state.events:
            self._note(*event)

    def __iter__(self) -> Iterator[RadioSong]:
        """Yield songs while there are any; events may come in between."""
        while (song := self.next_song()) is not None:
            yield song

    @property
    def n_played(self) -> int:
        """The number of songs so far."""
        return len(self._played)

    def play(self, n: int) -> list[RadioSong]:
        """The next n songs, or as many as are left; they count as played."""
        songs = (self.next_song() for _ in range(n))
        return [song for song in songs if song is not None]

    def next_song(self) -> RadioSong | None:
        """Choose the next song, and count it as played; None when no track is left."""
        song = self._choose()
        if song is not None:
            self._happen(PLAY, song.recording)
        return song

    def upcoming(self, n: int) -> list[RadioSong]:
        """The songs that would come next if nothing happened in between; nothing is counted as played."""
        copy = replace(self.state, events=[*self.state.events])
        return Radio(self.pool, copy, self._is_open, self._affinity).play(n)

    def skip(self, recording: int, played_s: float = 0.0) -> None:
        """Turn a song down for now: the next ones are less like it, and go on from the song before it.

        After 30 seconds it was listened to, which is no skip.
        """
        if played_s < _HEARD:
            self._happen(SKIP, recording)

    def like(self, recording: int) -> None:
        """Draw the next songs towards one; it takes back what turned it down."""
        self._happen(LIKE, recording)

    def dislike(self, recording: int) -> None:
        """Turn a song down for the whole session."""
        self._happen(DISLIKE, recording)

    def never(self, recording: int) -> None:
        """Keep a song out of the session, and go on from the one before it; others may be like it."""
        self._happen(NEVER, recording)

    def _happen(self, what: str, recording: int) -> None:
        self.state.events.append((what, recording))
        self._note(what, recording)

    def _note(self, what: str, recording: int) -> None:
        """Bring what is known of the session up to date with an event; of a track that is gone nothing is known."""
        for row in self.pool.rows([recording]).tolist():
            self._is_open[row] &= what == LIKE
            if what == PLAY:
                self._played.append(row)
                self._taste.hear(row, len(self._played))
            elif what == LIKE:
                self._taste.like(row)
            elif what == SKIP:
                self._taste.skip(row, len(self._played))
            elif what == DISLIKE:
                self._taste.dislike(row)
            else:
                self._never.add(row)
                self._taste.forget(row)

    def _choose(self) -> RadioSong | None:
        settings, vectors = self.state.settings, self.pool.vectors
        is_open = self._spaced()
        n_open = int(np.count_nonzero(is_open))
        if n_open == 0:
            return None
        kept = (row for row in reversed(self._played) if row not in self._never and not self._taste.is_turned_down(row))
        last = next((vectors[row] for row in kept), self._anchor)
        query = self._taste.query(vectors, self._anchor, len(self._played))
        scores = vectors @ (_NEAR_LAST * last + (1 - _NEAR_LAST) * query)
        if self._affinity is not None:
            scores += settings.taste_weight * scores.std() * self._affinity
        scores[~is_open] = -np.inf
        place = min(chosen_place(settings.variety, settings.seed, len(self._played)), n_open - 1)
        best = np.argpartition(-scores, place)[: place + 1]
        row = int(best[np.lexsort((best, -scores[best]))[-1]])
        from_last, from_anchor = angles(vectors[row] @ np.stack([last, self._anchor]).T).tolist()
        return RadioSong(int(self.pool.recordings.ids([row])[0]), from_last, from_anchor)

    def _spaced(self) -> np.ndarray:
        """The open rows, (n,) bool, without artists of the last songs; of fewer songs where nothing would be left."""
        gap = self.state.settings.artist_gap
        recent = self._played[-gap:] if gap else []
        while recent:
            is_open = self._is_open.copy()
            is_open[self.pool.artists.sharing(recent)] = False
            if is_open.any():
                return is_open
            recent = recent[1:]
        return self._is_open.copy()
