"""Read the play counts in a Takeout of Google Play Music, in which each track has a small CSV of its own.

``Google Play Music/Tracks/*.csv`` are the tracks of the library. The playlists repeat them, and some more.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from earshot.data.events.interactions import DISLIKE, LIKE
from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, together
from earshot.data.playlists.google_playlists import google_rows
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import header_fields

_COLUMNS = {"Title", "Album", "Artist", "Duration (ms)", "Rating", "Play Count", "Removed"}
_THUMBS = {"5": LIKE, "1": DISLIKE}  # up and down
_PLACE = "Playlist Index"  # a column of playlists alone
_NEVER = "tracks that were never played"
_Names = tuple[str, str, str]  # title, artist and album, without case


def _is_google_play_music(head: Head) -> bool:
    return head.member.suffix == ".csv" and set(header_fields(head.first_line)) >= _COLUMNS


def read_google_play_music(members: Sequence[Member], listener: str | None) -> Iterator[Batch]:
    """Read how often each track was played, and thumbs up as likes, down as dislikes; neither has a time.

    Files of one name in the library are different uploads, whose plays add up. What playlists, or another Takeout,
    say of the same track counts once.
    """
    sums: dict[Path, dict[_Names, Facts]] = {}  # by folder
    for member in members:
        tracks = sums.setdefault(member.location.parent, {})
        for row in google_rows(member):
            track: Facts = {name: row.get(name.title(), "") for name in ("title", "artist", "album", "rating")}
            track["plays"] = _plays(row.get("Play Count", ""))
            _add(tracks, track, math.fsum if _PLACE not in row else max)
    found: dict[_Names, Facts] = {}
    for tracks in sums.values():
        for track in tracks.values():
            _add(found, track, max)
    rows = list(found.values())
    thumbs = [row | {"kind": _THUMBS[row["rating"]]} for row in rows if row["rating"] in _THUMBS]
    yield from entry_batches([rows, thumbs], _facts, listener, needed=("title",))


def _add(tracks: dict[_Names, Facts], track: Facts, total: Callable[[Sequence[float]], float]) -> None:
    """Add a track, or its plays and thumbs to what is known of it."""
    key = (track["title"].casefold(), track["artist"].casefold(), track["album"].casefold())
    known = tracks.setdefault(key, track)
    if known is not track:
        rating = known["rating"] if known["rating"] in _THUMBS else track["rating"]
        tracks[key] = known | {"plays": total([known["plays"], track["plays"]]), "rating": rating}


def _plays(text: str) -> float:
    """A number of plays; negative, and so malformed, if it is none."""
    return float(text) if text.isdecimal() else 0.0 if not text else -1.0


def _facts(track: Facts) -> Facts | str:
    names = {name: track[name] for name in ("title", "artist", "album")}
    if "kind" in track:
        return names | {"kind": track["kind"]}
    return _NEVER if track["plays"] == 0 else names | {"plays": track["plays"]}


GOOGLE_PLAY_MUSIC = Reader(
    "google-play-music",
    _is_google_play_music,
    lambda members, options: OpenedSource(read_google_play_music(members, options.listener)),
    together,
)
