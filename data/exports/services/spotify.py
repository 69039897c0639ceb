"""Read Spotify's streaming history, extended (``Streaming_History_Audio_*.json``, ``endsong_*.json``) or of a year.

The tracks that a person liked lie beside that of a year.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from earshot.data.exports.services.spotify_library import is_spotify_library, read_spotify_library
from earshot.data.listens.event_batch import ME, Batch, json_text, refuse_malformed, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, together
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member

_MARKS = ('"master_metadata_track_name"', '"msPlayed"')
_KEYS = (  # columns of a batch, keys of the extended history, keys of the short one
    ("ended", "ts", "endTime"),
    ("played_ms", "ms_played", "msPlayed"),
    ("title", "master_metadata_track_name", "trackName"),
    ("artist", "master_metadata_album_artist_name", "artistName"),
    ("album", "master_metadata_album_album_name", ""),
    ("user", "username", ""),
)
_OTHER = {"podcasts": ("episode_name", "spotify_episode_uri"), "audiobooks": ("audiobook_title", "audiobook_uri")}


def _is_spotify(head: Head) -> bool:
    return head.is_json and (any(mark in head.text for mark in _MARKS) or is_spotify_library(head))


def _read_files(members: Sequence[Member], listener: str | None) -> Iterator[Batch]:
    """Read every file, whole or not at all; files may overlap, as with an earlier export beside a later one."""
    for part, member in enumerate(members):
        try:
            with member.open_text() as file:
                read = read_spotify_library if file.peek(1).lstrip()[:1] == b"{" else read_spotify
            batches = list(refuse_malformed(read(member, listener), member.title))
        except ValueError as error:
            yield Batch(pl.DataFrame(), errors=(error,))
        else:
            yield from (replace(batch, part=part) for batch in batches)


def read_spotify(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read one file of the history, which says when a track ended; events have the time when it began.

    Without a `listener`, the user of an entry is its `username`, else `ME`.

    Raises
    ------
    ValueError
        The file is not a JSON list, or is nested too deeply.
    """
    ended = pl.coalesce(
        pl.col("ended").str.to_datetime(form, strict=False) for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M")
    ).dt.epoch("s")
    played = pl.col("played_ms").cast(pl.Int64, strict=False)
    columns = {
        "user": pl.lit(listener) if listener else pl.col("user").fill_null(ME),
        "artist": pl.col("artist"), "title": pl.col("title"), "album": pl.col("album"),
        "time_s": ended - played // 1_000, "played_ms": played.cast(pl.Int32, strict=False),
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
    """Tell what an entry is that is no track: podcasts, audiobooks; else None."""
    if entry.get("master_metadata_track_name") or entry.get("trackName"):
        return None
    return next((kind for kind, names in _OTHER.items() if any(entry.get(name) for name in names)), None)


SPOTIFY = Reader(
    "spotify", _is_spotify, lambda members, options: OpenedSource(_read_files(members, options.listener)), together
)
