"""Read what was played on Apple Music: ``Apple Music Play Activity.csv`` of https://privacy.apple.com.

The file seldom names artists. The files beside it do: the tracks of the library, and what was played by day.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, json_text, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.listens.listen_times import seconds
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.table_blocks import open_table, stripped
from earshot.data.tables.text_blocks import Member, json_objects
from earshot.data.tables.text_layouts import header_fields

_ACTIVITY = ("Song Name", "Event Type", "Event Start Timestamp")
_DESCRIBED = "Track Description"  # "Artist - Title", as in the next
_OF_DESCRIBED = {"Date Played", "Total plays"}
_TRACK_HISTORY = ("Track Name", "Is User Initiated")
_LIBRARY = ('"Title"', '"Artist"', '"Track Play Count"')
_PLAY = ("PLAY_END", "PLAY", "")  # types of events that end a play; others begin it, or show lyrics
_WHOLE = "NATURAL_END_OF_TRACK"
_RESUMABLE = "PAUSED|SUSPENDED|SCRUB"
_MIN_PLAYED_MS = 30_000  # less is a skip, as for scrobbles, unless the track is over
_SEAM_MS = 2_000  # between the end of one part of a play and the beginning of the next
_USED = (
    *_ACTIVITY, "Artist Name", "Container Artist Name", "Album Name", "Container Album Name", "Event End Timestamp",
    "Play Duration Milliseconds", "Start Position In Milliseconds", "End Position In Milliseconds", "End Reason Type",
)  # fmt: skip
_SKIPS, _UNNAMED = "plays that were skipped within half a minute", "plays of no song"
_DAILY = ("Date Played", "Play Count", _DESCRIBED)


def _is_activity(head: Head) -> bool:
    return not head.is_json and set(_ACTIVITY) <= set(header_fields(head.first_line))


def _names_artists(head: Head) -> bool:
    if head.is_json:
        return head.text[0] == "[" and all(mark in head.text for mark in _LIBRARY)
    return head.member.suffix == ".csv" and _described(header_fields(head.first_line)) is not None


def _described(columns: Sequence[str]) -> str | None:
    """The column of "Artist - Title" in a file beside the plays."""
    if _DESCRIBED in columns and _OF_DESCRIBED.intersection(columns):
        return _DESCRIBED
    return _TRACK_HISTORY[0] if set(_TRACK_HISTORY) <= set(columns) else None


def read_apple_music(member: Member, artists: dict[str, str], listener: str | None) -> Iterator[Batch]:
    """Read the plays, each once however often it was paused; skips, beginnings and shown lyrics are left out.

    A play that did not reach the end of its track counts from half a minute on.

    Parameters
    ----------
    artists : by the key of a title, for plays whose artist the file does not name
    """
    table = open_table(member)
    used = [name for name in _USED if name in table.columns]
    columns = {name: pl.col(name) for name in ("artist", "title", "album", "time_s", "played_ms")}
    columns["user"] = pl.lit(listener or ME)
    for block in table.blocks(used):
        raw, lost = _plays(block, artists)
        table.lost.update(lost)
        yield from valid_events([raw], columns, needed=("title", "time_s"), lost=table.lost)


def _plays(block: pl.DataFrame, artists: dict[str, str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Turn the events of a block into plays; also count what among them is none."""
    missing = [pl.lit(None, pl.String).alias(name) for name in _USED if name not in block.columns]
    ms = {
        ours: pl.col(f"{theirs} Milliseconds").cast(pl.Float64, strict=False)
        for ours, theirs in {"played": "Play Duration", "begin": "Start Position In", "end": "End Position In"}.items()
    }
    title = stripped("Song Name")
    parts = (
        block.with_columns(missing)
        .filter(pl.col("Event Type").fill_null("").is_in(_PLAY))
        .select(
            title=title,
            album=pl.coalesce(stripped("Album Name"), stripped("Container Album Name")),
            artist=pl.coalesce(
                stripped("Artist Name"),
                stripped("Container Artist Name"),
                _key(title).replace_strict(artists, default=None, return_dtype=pl.String),
            ),
            began=seconds(pl.col("Event Start Timestamp"), pl.String()),
            ended=seconds(pl.col("Event End Timestamp"), pl.String()),
            reason=pl.col("End Reason Type").fill_null(_WHOLE),
            **ms,
        )
        .with_columns(played=pl.when(pl.col("played") >= 0).then("played"))
        .with_columns(time_s=pl.coalesce("began", pl.col("ended") - (pl.col("played") / 1_000).floor().cast(pl.Int64)))
        .sort("time_s", nulls_last=True, maintain_order=True)
    )
    is_resumed = (
        (pl.col("title") == pl.col("title").shift(1))
        & pl.col("reason").shift(1).str.contains(_RESUMABLE)
        & (pl.col("begin") > 0)
        & ((pl.col("begin") - pl.col("end").shift(1)).abs() <= _SEAM_MS)
    )
    plays = (
        parts.with_columns(play=(~is_resumed.fill_null(False)).cum_sum())
        .group_by("play", maintain_order=True)
        .agg(
            pl.first("title", "album", "artist", "time_s"), pl.last("reason"),
            pl.when(pl.count("played") > 0).then(pl.sum("played")).alias("played_ms"),
        )
    )  # fmt: skip
    named = plays.filter(pl.col("title").is_not_null())
    is_play = (pl.col("reason") == _WHOLE) | (pl.col("played_ms").fill_null(_MIN_PLAYED_MS) >= _MIN_PLAYED_MS)
    kept = named.filter(is_play).with_columns(pl.col("played_ms").cast(pl.Int32, strict=False))
    lost = {_UNNAMED: len(plays) - len(named), _SKIPS: len(named) - len(kept)}
    return kept, {what: number for what, number in lost.items() if number}


def read_daily(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read ``Apple Music - Play History Daily Tracks.csv``: how often what was played on a day."""
    table = open_table(member)
    names = pl.col(_DESCRIBED).str.splitn(" - ", 2).struct
    columns = {
        "user": pl.lit(listener or ME),
        "artist": names.field("field_0").str.strip_chars(),
        "title": names.field("field_1").str.strip_chars(),
        "time_s": pl.col(_DAILY[0]).str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("us")).dt.epoch("s"),
        "plays": pl.col(_DAILY[1]).cast(pl.Float32, strict=False),
    }
    for block in table.blocks(_DAILY):
        played = block.filter(columns["plays"].fill_null(1) > 0)
        if n_skips := len(block) - len(played):
            table.lost["days on which a song was only skipped"] += n_skips
        yield from valid_events([played], columns, needed=("artist", "title", "time_s", "plays"), lost=table.lost)


def artists_of_titles(members: Iterable[Member]) -> dict[str, str]:
    """Collect from the files beside the plays the artist of each title that only one artist has."""
    artists: dict[str, set[str]] = {}
    for member in members:
        for artist, title in _named_tracks(member):
            artists.setdefault(_plain(title), set()).add(artist)
    return {title: names.pop() for title, names in artists.items() if len(names) == 1}


def _named_tracks(member: Member) -> Iterator[tuple[str, str]]:
    if member.suffix == ".csv":
        table = open_table(member)
        column = _described(table.columns)
        assert column is not None, member  # it was detected by that
        for block in table.blocks([column]):
            for text in block[column].drop_nulls().unique():
                artist, dash, title = (part.strip() for part in text.partition(" - "))
                if dash and artist and title:
                    yield artist, title
        return
    with member.open_text() as file:
        for entries in json_entries(file, member.title):
            for entry in json_objects(entries):
                artist, title = json_text(entry.get("Artist")), json_text(entry.get("Title"))
                if artist and title:
                    yield artist, title


def _plain(title: str) -> str:
    return title.strip().lower()


def _key(title: pl.Expr) -> pl.Expr:
    """The same as `_plain`, of a column."""
    return title.str.to_lowercase()


def _open(members: Sequence[Member], listener: str | None) -> OpenedSource:
    plays, *beside = members
    if _DAILY[0] in open_table(plays).columns:
        return OpenedSource(read_daily(plays, listener))
    return OpenedSource(read_apple_music(plays, artists_of_titles(beside), listener))


def _group(members: Sequence[Member]) -> list[list[Member]]:
    """Import each file of plays by itself, with the files of its folder that name artists; else the days."""
    by_folder: dict[Path, list[Member]] = {}
    for member in members:
        by_folder.setdefault(member.location.parent, []).append(member)
    groups: list[list[Member]] = []
    for files in by_folder.values():
        columns = {member: open_table(member).columns for member in files if member.suffix == ".csv"}
        plays = [member for member, names in columns.items() if _ACTIVITY[0] in names]
        days = [member for member, names in columns.items() if set(_DAILY) <= set(names)]
        groups += [[member, *(file for file in files if file not in plays)] for member in plays]
        groups += [] if plays else [[member] for member in days]
    return groups


APPLE_MUSIC = Reader(
    "apple-music",
    lambda head: _is_activity(head) or _names_artists(head),
    lambda members, options: _open(members, options.listener),
    _group,
)
