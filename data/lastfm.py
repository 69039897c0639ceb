"""Listens from last.fm: the published thousand users, and the CSV that its export tools write."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from data.line_blocks import Member, field_blocks
from data.listen_batches import Batch, numbered, whole_events
from data.tables import read_table, text

_1K = ["user", "time", "artist_mbid", "artist", "track_mbid", "track"]
_TIMES = ("uts", "utc_time", "date", "time", "timestamp")
_MONTHS = "%d %b %Y %H:%M"


def read_lastfm_1k(member: Member) -> Iterator[Batch]:
    """``userid-timestamp-artid-artname-traid-traname.tsv`` of Celma's Last.fm 1K data set, as published.

    Its titles hold quotes that mean nothing, so no quoting is known here. A line without six fields, a name or a time
    is malformed.
    """
    with member.open() as file:
        for first, block in numbered(field_blocks(file, _1K)):
            columns = {
                "user": text("user"),
                "artist": text("artist"),
                "title": text("track"),
                "mbid": text("track_mbid"),
                "time_s": pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False).dt.epoch("s"),
            }
            needed = ("user", "artist", "title", "time_s")
            yield whole_events(block, columns, needed=needed, is_whole=pl.col("surplus").is_null(), first=first)


def read_lastfm_csv(path: Path, listener: str) -> Iterator[Batch]:
    """A CSV of one user's scrobbles, with a header (``uts, artist, album, track, ...``) or as ``artist, album, track,
    date`` without one, the date as in ``31 Dec 2020 23:59``, UTC.

    Raises
    ------
    ValueError
        The file cannot be read as a table, or has a header without times.
    """
    table = read_table(path)
    names = [name.lower() for name in table.columns]
    if "track" in names:
        table = table.rename(dict(zip(table.columns, names, strict=True)))
        time = _time(path, names)
        mbid = text("track_mbid") if "track_mbid" in names else pl.lit(None, pl.String)
        album = text("album") if "album" in names else pl.lit(None, pl.String)
    else:
        # The first line is a scrobble too; polars took it for the header.
        rest = pl.DataFrame([[name] for name in table.columns], schema=table.columns, orient="col")
        table = pl.concat([rest, table])
        table = table.rename(dict(zip(table.columns, ["artist", "album", "track", "date"], strict=False)))
        time, mbid, album = _date("date"), pl.lit(None, pl.String), text("album")
    columns = {
        "user": pl.lit(listener), "artist": text("artist"), "title": text("track"), "album": album, "mbid": mbid,
        "time_s": time,
    }  # fmt: skip
    yield whole_events(table, columns, needed=("user", "artist", "title", "time_s"))


def _time(path: Path, columns: Sequence[str]) -> pl.Expr:
    found = next((name for name in _TIMES if name in columns), None)
    if found is None:
        raise ValueError(f"{path.name} has no column {', '.join(_TIMES)}; it has {', '.join(columns)}")
    return pl.col(found).cast(pl.Int64, strict=False) if found == "uts" else _date(found)


def _date(name: str) -> pl.Expr:
    written = pl.col(name).str.replace(",", "").str.strip_chars()
    return pl.coalesce(
        written.str.to_datetime(form, strict=False) for form in (_MONTHS, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
    ).dt.epoch("s")
