"""Follow a Music Player Daemon: keep what it plays and what its listener likes, and fill its queue by a radio."""

import contextlib
import os
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from earshot.data.files.path_encoding import path_columns, path_from_columns
from earshot.index.database_checks import LockedError
from earshot.index.library import Library
from earshot.index.listens.stored_interactions import known_user
from earshot.index.playlists.continuation import Radio
from earshot.index.recordings.recordings import recordings_of
from earshot.index.tracks.track_lookup import track_rows
from earshot.stages.playing.feedback import opinions, record_opinions, record_play
from earshot.stages.playing.mpd_player import MpdPlayer, PlayerError
from earshot.stages.playing.play_meter import Play, PlayMeter
from earshot.stages.radio import next_songs
from earshot.stages.shared.reports import Note

AHEAD = 1  # songs that the radio keeps ready: those after a skip were chosen before it
_LOOK_S = 1.0  # between two looks at the player
_STICKERS_S = 15.0  # between two looks at the stickers
_RECONNECT_S = 3.0
_LAST_S = 10.0  # that plays wait for another process at the end
_MAX_UNKNOWN = 100  # songs of a radio in a row that MPD does not know


@dataclass(frozen=True)
class Heard:
    """A play that was kept."""

    name: str
    played_s: float
    is_skip: bool
    is_news: bool  # else another program has told it before


@dataclass(frozen=True)
class Told:
    """An opinion that was kept."""

    name: str
    is_like: bool


@dataclass(frozen=True)
class Queued:
    """A song that the radio has put into the queue."""

    name: str


Report = Heard | Told | Queued | Note


@dataclass
class _Follower:
    """A player, and the knowledge of it between two looks."""

    folder: Path
    player: MpdPlayer
    listener: str
    radio: Radio | None
    meter: PlayMeter = field(default_factory=PlayMeter)
    unwritten: list[Play] = field(default_factory=list)  # while another process writes to the library
    stickers: dict[str, bool] | None = field(default_factory=dict)  # by address; None where MPD keeps none
    next_stickers: float = 0.0
    has_begun: bool = False  # the radio: it starts a player that is stopped once, and never again


def follow_mpd(
    folder: Path,
    player: MpdPlayer,
    listener: str,
    radio: Radio | None = None,
    *,
    is_ended: Callable[[], bool] = lambda: False,
    look_s: float = _LOOK_S,
) -> Generator[Report, None, None]:
    """Look at a player until it is ended or the generator is closed; yield what was kept and queued.

    Plays are kept as they end; a play that goes on when the generator ends is kept if half of it was heard. While
    another process writes to the library, they wait.

    Parameters
    ----------
    folder : of the library, which is opened for each writing alone
    radio : a session that keeps the queue filled, and heeds skips and opinions
    is_ended : asked between two looks
    look_s : seconds between two looks

    Raises
    ------
    PlayerError
        MPD refuses what is asked of it; if it merely does not answer, it is waited for.
    LockedError
        Another process writes to the library when the generator ends, and plays are lost.
    """
    follower = _Follower(folder, player, listener, radio)
    try:
        while not is_ended():
            try:
                yield from _once(follower)
            except PlayerError as error:
                yield from _reconnected(follower, error, is_ended)
            time.sleep(look_s)
    finally:
        _end(follower)


def _once(follower: _Follower) -> Generator[Report, None, None]:
    """Look at the player once."""
    at = time.time()
    play = follower.meter.look(follower.player.look(), at)
    if play is not None:
        follower.unwritten.append(play)
    yield from _written(follower)
    if follower.stickers is not None and at >= follower.next_stickers:
        follower.next_stickers = at + _STICKERS_S
        yield from _opinions(follower)
    if follower.radio is not None:
        yield from _filled(follower, follower.radio)


def _end(follower: _Follower) -> None:
    """Keep the play that goes on, if half of it was heard, and those that still wait.

    Raises
    ------
    LockedError
        Another process writes to the library all the while.
    """
    play = follower.meter.play()
    if play is not None and play.is_mostly_heard:
        follower.unwritten.append(play)
    until = time.monotonic() + _LAST_S
    with contextlib.suppress(PlayerError):  # without MPD nobody knows its folder
        while follower.unwritten:
            for _ in _written(follower):
                pass
            if follower.unwritten and time.monotonic() > until:
                raise LockedError(f"{len(follower.unwritten):,} plays were not kept: another process is writing.")
            time.sleep(_LOOK_S if follower.unwritten else 0)


def _reconnected(
    follower: _Follower, error: PlayerError, is_ended: Callable[[], bool]
) -> Generator[Report, None, None]:
    """Wait for a player that went away; one that answers refuses for good."""
    with contextlib.suppress(PlayerError):
        follower.player.connect()
        follower.player.look()
        raise error
    yield Note("MPD does not answer; waiting for it.")
    while not is_ended():
        time.sleep(_RECONNECT_S)
        with contextlib.suppress(PlayerError):
            follower.player.connect()
            yield Note("MPD answers again.")
            return


def _written(follower: _Follower) -> Generator[Report, None, None]:
    """Keep the plays that have ended, as far as nobody else writes to the library."""
    while follower.unwritten:
        play = follower.unwritten[0]
        with Library.open(follower.folder) as library:
            track_id = _track_of(library, follower.player, play.uri)
        if track_id is None:
            follower.unwritten.pop(0)
            yield Note(f"{play.uri} is no track of this library; its play is not kept.")
            continue
        try:
            with Library.open_to_write(follower.folder) as library:
                is_news = record_play(library, follower.listener, track_id, play.started_at, play.played_s)
                name = track_rows(library, [track_id])[track_id].name
                (recording,) = recordings_of(library, [track_id])
        except LockedError:
            return
        follower.unwritten.pop(0)
        if play.is_skip and follower.radio is not None:
            follower.radio.skip(recording, play.played_s)
        yield Heard(name, play.played_s, play.is_skip, is_news)


def _opinions(follower: _Follower) -> Generator[Report, None, None]:
    """Keep opinions in stickers that are new since the last look, and are not the listener's already."""
    try:
        told = follower.player.opinions()
    except PlayerError as error:
        if "sticker" not in str(error).lower() and "unknown command" not in str(error).lower():
            raise
        follower.stickers = None
        yield Note("MPD keeps no stickers, so no likes are read; `sticker_file` in its settings turns them on.")
        return
    assert follower.stickers is not None
    changed = {uri: is_like for uri, is_like in told.items() if follower.stickers.get(uri) != is_like}
    if changed:
        with Library.open(follower.folder) as library:
            tracks = {_track_of(library, follower.player, uri): is_like for uri, is_like in changed.items()}
            news = _news(library, follower.listener, {one: like for one, like in tracks.items() if one is not None})
            rows = track_rows(library, list(news))
            recordings = dict(zip(news, recordings_of(library, list(news)), strict=True))
        try:
            if news:
                with Library.open_to_write(follower.folder) as library:
                    record_opinions(library, follower.listener, news)
        except LockedError:
            return  # the next look finds them again
        for track_id, is_like in news.items():
            if follower.radio is not None:
                (follower.radio.like if is_like else follower.radio.dislike)(recordings[track_id])
            yield Told(rows[track_id].name, is_like)
    follower.stickers = told


def _news(library: Library, listener: str, told: dict[int, bool]) -> dict[int, bool]:
    """The opinions that are not the listener's already."""
    if known_user(library, listener) is None:
        return told
    known = {one.track_id: one.is_like for one in opinions(library, listener)}
    recordings = dict(zip(told, recordings_of(library, list(told)), strict=True))
    return {one: is_like for one, is_like in told.items() if known.get(recordings[one]) != is_like}


def _filled(follower: _Follower, radio: Radio) -> Generator[Report, None, None]:
    """Keep some songs of the radio ready in the queue, and play them if nothing does."""
    player = follower.player
    n_unknown = 0
    begins = not follower.has_begun and player.look().song is None
    follower.has_begun = True
    while begins or player.n_ahead() < AHEAD:
        with Library.open(follower.folder) as library:
            songs = next_songs(library, radio)
            if not songs:
                follower.radio = None
                yield Note("The library has no more songs for this radio.")
                return
            track = songs[0].track
            uri = player.uri_of(library, path_from_columns(str(track.path), track.path_bytes))
        place = player.n_queued()
        if uri is None or not player.add(uri):
            n_unknown += 1
            if n_unknown == _MAX_UNKNOWN:
                raise PlayerError(
                    f"MPD does not know {n_unknown} songs of the radio in a row, the last one {track.path}.\n\n"
                    "`mpc update` lets it look; --under FOLDER keeps the radio to a folder that it has."
                )
            continue
        n_unknown = 0
        if begins:
            player.play(place)
            begins = False
        yield Queued(track.name)


def _track_of(library: Library, player: MpdPlayer, uri: str) -> int | None:
    """The track of a song of MPD; None if it is none of the library."""
    path = player.path_of(library, uri)
    if path is None:
        return None
    for spelling in (path, os.path.realpath(path)):
        track_id: int | None = library.value("SELECT id FROM tracks WHERE path = ?", [path_columns(spelling)[0]])
        if track_id is not None:
            return track_id
    return None
