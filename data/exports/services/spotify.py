"""Read Spotify's streaming history, extended (``Streaming_History_Audio_*.json``, ``endsong_*.json``) or of a year.

The tracks that a person liked lie beside that of a year.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from earshot.data.exports.services.spotify_library import is_spotify_library, read_spotify_library
from earshot.data.listens.event_batch import ME, Batch, json_text, refuse_malformed, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, together
from earshot.data.listens.listen_times import seconds
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_value

_MARKS = ('"master_metadata_track_name"', '"msPlayed"')
_KEYS = (  # columns of a batch, keys of the extended history, keys of the short one
    ("ended", "ts", "endTime"),
    ("played_ms", "ms_played", "msPlayed"),
    ("title", "master_metadata_track_name", "trackName"),
    ("artist", "master_metadata_album_artist_name", "artistName"),
    ("album", "master_metadata_album_album_name", ""),
    ("user", "username", ""),
)
_OTHER = {
    "audiobooks": ("audiobook_title", "audiobook_uri", "audiobookName", "chapterName"),
    "podcasts": ("episode_name", "spotify_episode_uri", "podcastName", "episodeName"),
}
_PLACEHOLDERS = ("Unknown Artist", "Unknown Track")  # of what Spotify has no name for, such as files of one's own
_NAMELESS = "streams without a name"
_USER_NAME = re.compile(r'"username"\s*:\s*("(?:[^"\\]|\\.)*")')
_HEAD_BYTES = 65_536


def _is_spotify(head: Head) -> bool:
    return head.is_json and (any(mark in head.text for mark in _MARKS) or is_spotify_library(head))


def _read_files(members: Sequence[Member], listener: str | None) -> Iterator[Batch]:
    """Read every file, whole or not at all; files may overlap, as with an earlier export beside a later one.

    Earlier exports name the user and later ones do not: without a `listener`, the only name there is means all.
    """
    names = set() if listener else {name for member in members for name in _user_names(member)}
    nameless = names.pop() if len(names) == 1 else ME
    for part, member in enumerate(members):
        try:
            with member.open_text() as file:
                is_library = file.peek(1).lstrip()[:1] == b"{"
            if is_library:
                batches = read_spotify_library(member, listener or nameless)
            else:
                batches = read_spotify(member, listener, nameless)
            read = list(refuse_malformed(batches, member.title))
        except ValueError as error:
            yield Batch(pl.DataFrame(), errors=(error,))
        else:
            yield from (replace(batch, part=part) for batch in (read if is_library else _without_copies(read)))


def _user_names(member: Member) -> set[str]:
    """The users that the beginning of a file names; a history names them from its first entry on, or nowhere."""
    with member.open_text() as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    return {name for text in _USER_NAME.findall(head) if (name := json_text(json_value(text)))}


def _without_copies(batches: list[Batch]) -> list[Batch]:
    """Drop streams that a file tells again: of one second, track and duration, as errors of exports are."""
    events = pl.concat([batch.events for batch in batches])
    once = events.unique(["user", "artist", "title", "time_s", "played_ms"], keep="first", maintain_order=True)
    left_out = {"equal lines": len(events) - len(once)} if len(once) < len(events) else {}
    first = replace(batches[0], events=once, left_out={**batches[0].left_out, **left_out})
    return [first, *(replace(batch, events=batch.events.clear()) for batch in batches[1:])]


def read_spotify(member: Member, listener: str | None, nameless: str = ME) -> Iterator[Batch]:
    """Read one file of the history, which says when a track ended; events have the time when it began.

    Without a `listener`, the user of an entry is its `username`, else `nameless`.

    Raises
    ------
    ValueError
        The file is not a JSON list, or is nested too deeply.
    """
    played = pl.col("played_ms").cast(pl.Int64, strict=False)
    columns = {
        "user": pl.lit(listener) if listener else pl.col("user").fill_null(nameless),
        "artist": pl.col("artist"), "title": pl.col("title"), "album": pl.col("album"),
        "time_s": seconds(pl.col("ended"), pl.String()) - played // 1_000,
        "played_ms": played.cast(pl.Int32, strict=False),
    }  # fmt: skip
    needed = ("artist", "title", "time_s", "played_ms")
    lost: Counter[str] = Counter()
    with member.open_text() as file:
        blocks = (_tracks(entries, lost) for entries in json_entries(file, member.title))
        yield from valid_events(blocks, columns, needed=needed, is_valid=played >= 0, lost=lost)


def _tracks(entries: list[object], lost: Counter[str]) -> pl.DataFrame:
    """Tabulate the values of `_KEYS` as text; entries that are no tracks are counted in `lost`."""
    rows = []
    for entry in entries:
        entry = entry if isinstance(entry, dict) else {}
        if kind := _other_kind(entry):
            lost[kind] += 1
        else:
            rows.append({ours: json_text(entry.get(long, entry.get(short))) for ours, long, short in _KEYS})
    return pl.DataFrame(rows, schema={name: pl.String for name, _, _ in _KEYS})


def _other_kind(entry: dict[str, object]) -> str | None:
    """Tell what an entry is that is no track: podcasts, audiobooks, streams without a name; else None."""
    title = entry.get("master_metadata_track_name") or entry.get("trackName")
    artist = entry.get("master_metadata_album_artist_name") or entry.get("artistName")
    if title:
        return _NAMELESS if (artist, title) == _PLACEHOLDERS else None
    if kind := next((kind for kind, names in _OTHER.items() if any(entry.get(name) for name in names)), None):
        return kind
    return _NAMELESS if "master_metadata_track_name" in entry and not artist else None


SPOTIFY = Reader(
    "spotify", _is_spotify, lambda members, options: OpenedSource(_read_files(members, options.listener)), together
)
