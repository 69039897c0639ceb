"""A running Music Player Daemon: what it plays, its queue, the opinions in its stickers, and where its music lies."""

import contextlib
import os
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import mpd

from earshot.data.files.path_encoding import path_from_columns
from earshot.index.library import Library
from earshot.index.tracks.track_lookup import TrackRow
from earshot.stages.playing.play_meter import Look
from earshot.stages.shared.chosen_tracks import chosen_tracks, why_nothing
from earshot.stages.shared.reports import StageError

PORT = 6600
_TIMEOUT_S = 10.0
_SAMPLED = 20  # tracks by whose paths the folder of MPD's music is found
_NO_SUCH = "[50@"  # how MPD's answer begins when it does not know a song
_BEST_RATING = 10  # of the sticker `rating`, as players write it
_LIKED, _DISLIKED = 8, 2  # ratings from and up to which it is an opinion: four stars and one


class PlayerError(StageError):
    """MPD does not answer, or refuses; the message says what and what to do."""


class MpdPlayer:
    """A connection to MPD.

    Parameters
    ----------
    host : a name or address, a path of a socket, or either with a password before it: password@host
    music_folder : MPD's `music_directory`; without, MPD is asked, or it is found by songs that both know

    Raises
    ------
    PlayerError
        Nothing answers there, or the password is wrong.
    """

    def __init__(self, host: str = "localhost", port: int = PORT, music_folder: str | None = None) -> None:
        password, _, place = host.rpartition("@") if not host.startswith("@") else ("", "", host)
        self._host, self._port, self._password = place or "localhost", port, password
        self._folder = None if music_folder is None else os.path.abspath(music_folder)
        self._client = mpd.MPDClient()
        self._client.timeout = _TIMEOUT_S
        self.connect()

    def connect(self) -> None:
        """Connect, also anew after MPD was started again."""
        self.close()
        host = f"\0{self._host[1:]}" if self._host.startswith("@") else self._host
        try:
            if host.startswith(("/", "\0")):  # python-mpd2 leaves a socket open on which nothing answers
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(host)
            self._client.connect(host, self._port)
            if self._password:
                self._client.password(self._password)
        except (mpd.MPDError, OSError) as error:
            where = self._host if self._host.startswith(("/", "@")) else f"{self._host}:{self._port}"
            raise PlayerError(
                f"MPD does not answer at {where}: {_reason(error)}.\n\nStart it, or give --host and --port."
            ) from None

    def close(self) -> None:
        """End the connection; MPD plays on."""
        for _ in range(2):  # where what is unsent cannot be sent any more, the first try leaves the socket open
            with contextlib.suppress(mpd.MPDError, OSError):
                self._client.disconnect()

    def look(self) -> Look:
        """The song that plays now, or pauses."""
        with _errors():
            status, song = self._client.status(), self._client.currentsong()
            while status.get("songid") != song.get("id"):  # another has begun between the two answers
                status, song = self._client.status(), self._client.currentsong()
        if status.get("state") == "stop" or not song:
            return Look(None)
        length = song.get("duration") or status.get("duration")  # which may be that of the next song for a moment
        return Look(
            song=song["id"],
            uri=song.get("file", ""),
            is_playing=status.get("state") == "play",
            elapsed_s=float(status.get("elapsed", 0)),
            length_s=float(length) if length else None,
        )

    def n_ahead(self) -> int:
        """The number of songs in the queue after the one that plays, or of all where none does."""
        with _errors():
            status = self._client.status()
        return int(status["playlistlength"]) - (int(status["song"]) + 1 if "song" in status else 0)

    def add(self, uri: str) -> bool:
        """Put a song at the end of the queue; tell whether MPD knows it."""
        try:
            with _errors():
                self._client.addid(uri)
        except PlayerError as error:
            if _NO_SUCH in str(error):
                return False
            raise
        return True

    def play(self, place: int) -> None:
        """Play a place of the queue, from 0."""
        with _errors():
            self._client.play(place)

    def n_queued(self) -> int:
        """The number of songs in the queue."""
        with _errors():
            return int(self._client.status()["playlistlength"])

    def opinions(self) -> dict[str, bool]:
        """Likes and dislikes in the stickers `like` and `rating`, by the address of the song.

        Raises
        ------
        PlayerError
            MPD keeps no stickers.
        """
        told: dict[str, bool] = {}
        for uri, value in self._stickers("rating"):
            if value >= _LIKED or 0 < value <= _DISLIKED:
                told[uri] = value >= _LIKED
        for uri, value in self._stickers("like"):  # as myMPD writes it: 0 dislike, 1 neither, 2 like
            told.pop(uri, None)
            if value != 1:
                told[uri] = value > 1
        return told

    def _stickers(self, name: str) -> Iterator[tuple[str, int]]:
        with _errors():
            found = self._client.sticker_find("song", "", name)
        for one in found:
            text = str(one.get("sticker", "")).partition("=")[2]
            if text.isdigit() and int(text) <= _BEST_RATING:
                yield one["file"], int(text)

    def path_of(self, library: Library, uri: str) -> str | None:
        """The path of a song's file; None of a stream."""
        if "://" in uri:
            return None
        return os.path.join(self.music_folder(library), uri)

    def uri_of(self, library: Library, path: str) -> str | None:
        """The address of a file in MPD; None of one outside its folder."""
        folder = self.music_folder(library)
        for known, inside in ((folder, path), (os.path.realpath(folder), os.path.realpath(path))):
            if inside.startswith(os.path.join(known, "")):
                return os.path.relpath(inside, known)
        return None

    def music_folder(self, library: Library) -> str:
        """The folder that MPD's addresses start from.

        Raises
        ------
        PlayerError
            MPD does not tell, and none of some tracks of the library is known to it.
        """
        if self._folder is None:
            self._folder = self._told_folder() or self._found_folder(library)
        return self._folder

    def _told_folder(self) -> str | None:
        """The folder as MPD tells those that ask by its socket."""
        with contextlib.suppress(PlayerError), _errors():
            told: Any = self._client.config()
            folder = told.get("music_directory") if isinstance(told, dict) else told
            if isinstance(folder, str) and os.path.isabs(folder):
                return folder
        return None

    def _found_folder(self, library: Library) -> str:
        """The folder below which MPD knows most of some tracks of the library."""
        query = "SELECT path FROM tracks WHERE status = 'embedded' AND path_bytes IS NULL ORDER BY random() LIMIT ?"
        found = Counter(filter(None, map(self._folder_above, library.column(query, [_SAMPLED]))))
        if not found:
            raise PlayerError(
                "MPD knows none of the tracks of this library that were tried.\n\n"
                "Give its music_directory by --music, and `mpc update` what it has not seen yet."
            )
        return found.most_common(1)[0][0]

    def _folder_above(self, path: str) -> str | None:
        parts = path.strip("/").split("/")
        for n in range(len(parts)):
            uri = "/".join(parts[n:])
            with contextlib.suppress(PlayerError), _errors():
                if any(one.get("file") == uri for one in self._client.lsinfo(uri)):
                    return "/" + "/".join(parts[:n])
        return None


def chosen_to_queue(library: Library, texts: Iterable[str]) -> list[TrackRow]:
    """The tracks with a file that some texts mean, in their order.

    Raises
    ------
    AmbiguousError
        Several answer to a text.
    StageError
        Nothing answers to it.
    """
    tracks: list[TrackRow] = []
    for text in texts:
        selected = chosen_tracks(library, text, catalog=False)
        if selected is None:
            raise StageError(why_nothing(library, text))
        tracks += selected.tracks
    return tracks


def queue_tracks(library: Library, player: MpdPlayer, tracks: Iterable[TrackRow]) -> list[TrackRow]:
    """Put tracks at the end of the queue, in order, and play them if nothing does; return those that MPD lacks."""
    lacking, place, n_added = [], player.n_queued(), 0
    for track in tracks:
        path = None if track.path is None else path_from_columns(track.path, track.path_bytes)
        uri = None if path is None else player.uri_of(library, path)
        if uri is not None and player.add(uri):
            n_added += 1
        else:
            lacking.append(track)
    if n_added and player.look().song is None:
        player.play(place)
    return lacking


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turn what goes wrong with MPD into a PlayerError of one sentence."""
    try:
        yield
    except (mpd.MPDError, OSError, UnicodeError) as error:
        raise PlayerError(f"MPD refuses or does not answer: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
