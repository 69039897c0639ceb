"""Read a ListenBrainz export: a zip of JSON lines, its files, or the older JSON file with a list of listens."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from earshot.data.events.interactions import KINDS
from earshot.data.listens.event_batch import ME, Batch, json_number, json_text, valid_events
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_blocks, json_object, json_objects, json_value

_COLUMNS = {name: pl.String for name in ("user", "artist", "title", "album", "mbid", "isrc")} | {
    "time_s": pl.Int64,
    "ms": pl.Int64,
    "kind": pl.UInt8,
    "is_unnamed": pl.Boolean,
}
_MARKS = ('"track_metadata"', '"recording_mbid"', '"recording_msid"')
_LIKES = {1: KINDS.index("like"), -1: KINDS.index("dislike")}
_HEAD_BYTES = 1024 * 1024  # more than user.json takes
_USER, _FEEDBACK = "user.json", "feedback.jsonl"
Row = dict[str, Any]


def _is_listenbrainz(head: Head) -> bool:
    return head.is_json and (any(mark in head.text for mark in _MARKS) or head.member.title == _USER)


def read_listenbrainz(members: Sequence[Member], listener: str | None) -> Iterator[Batch]:
    """Read the listens of one export, then its loves and hates, whose recordings are named by the listens.

    The user is `listener`, else the one in each listen, else the one in `user.json`.
    """
    by_title = {member.title: member for member in members}
    owner = pl.lit(listener) if listener else pl.col("user").fill_null(_user_name(by_title.get(_USER)) or ME)
    names: dict[str, tuple[str, str]] = {}  # artist and title of each MBID
    listens = [member for member in members if member.title not in (_USER, _FEEDBACK)]
    for part, member in enumerate(listens):  # in their order: going back in a packed archive unpacks it again
        for batch in _batches(member, partial(_listen, names=names), owner):
            yield replace(batch, part=part)
    if _FEEDBACK in by_title:
        yield from _batches(by_title[_FEEDBACK], partial(_feedback, names=names), owner)


def exports(members: Sequence[Member]) -> list[list[Member]]:
    """Group the files of listens by export: the files beside a user.json and below it, zipped or not.

    Pins, liked artists, and a user.json without listens are left out.
    """
    roots = {member.location.parent for member in members if member.title == _USER}
    by_root: dict[Path | None, list[Member]] = {}
    for member in members:
        archive = member.path if member.name else None
        root = next((folder for folder in member.location.parents if folder in roots), archive)
        by_root.setdefault(root, []).append(member)
    groups = [_of_listens(root, export) for root, export in by_root.items()]
    return [export for export in groups if any(member.title != _USER for member in export)]


def _of_listens(root: Path | None, export: list[Member]) -> list[Member]:
    if root is None:
        return export
    listens = [member for member in export if "listens" in member.location.relative_to(root).parts[:-1]]
    beside = [member for member in export if member.title in (_USER, _FEEDBACK)]
    return [*listens, *beside] if listens else export


def _batches(member: Member, pick: Callable[[Row], Row], user: pl.Expr) -> Iterator[Batch]:
    columns = {name: pl.col(name) for name in ("artist", "title", "album", "mbid", "isrc", "time_s", "kind")}
    columns |= {"user": user, "played_ms": pl.col("ms").cast(pl.Int32, strict=False)}
    lost: Counter[str] = Counter()
    blocks = (_named([pick(row) for row in rows], lost) for rows in _rows(member, lost))
    yield from valid_events(blocks, columns, needed=("artist", "title", "time_s"), lost=lost)


def _named(rows: list[Row], lost: Counter[str]) -> pl.DataFrame:
    """Tabulate the rows but those of feedback on an unknown recording, which are counted in `lost`."""
    raw = pl.DataFrame(rows, schema=_COLUMNS, strict=False, orient="row")
    named = raw.filter(~pl.col("is_unnamed"))
    if len(named) < len(raw):
        lost["loves and hates of recordings that were never listened to"] += len(raw) - len(named)
    return named


def _rows(member: Member, lost: Counter[str]) -> Iterator[list[Row]]:
    are_lines = member.title.endswith((".jsonl", ".ndjson", ".listens"))
    with member.open_text() as file:
        is_list = not are_lines and file.peek(_HEAD_BYTES).lstrip()[:1] == b"["
        for values in json_entries(file, member.title) if is_list else json_blocks(file, lost):
            yield [row for value in values for row in _listens(json_object(value))]


def _listens(row: Row) -> list[Row]:
    """The row itself, or the listens in an answer of the API."""
    listens = json_object(row.get("payload")).get("listens")
    return json_objects(listens) if isinstance(listens, list) else [row]


def _listen(row: Row, names: dict[str, tuple[str, str]]) -> Row:
    track = json_object(row.get("track_metadata"))
    info, mapping = json_object(track.get("additional_info")), json_object(track.get("mbid_mapping"))
    artist, title = json_text(track.get("artist_name")), json_text(track.get("track_name"))
    mbid = json_text(mapping.get("recording_mbid") or info.get("recording_mbid"))
    if mbid and artist and title:
        names.setdefault(mbid, (artist, title))
    for key in (row.get("recording_msid"), info.get("recording_msid")):  # feedback may name a recording by it alone
        if isinstance(key, str) and artist and title:
            names.setdefault(key, (artist, title))
    return {
        "user": json_text(row.get("user_name")), "artist": artist, "title": title,
        "album": json_text(track.get("release_name")), "mbid": mbid, "isrc": json_text(info.get("isrc")),
        "time_s": json_number(row.get("listened_at", row.get("timestamp"))),
        "ms": json_number(info.get("duration_played"), 1_000), "kind": 0, "is_unnamed": False,
    }  # fmt: skip


def _feedback(row: Row, names: dict[str, tuple[str, str]]) -> Row:
    track = json_object(row.get("track_metadata"))
    keys = (row.get("recording_mbid"), row.get("recording_msid"))
    known = next((names[key] for key in keys if isinstance(key, str) and key in names), (None, None))
    artist = json_text(track.get("artist_name")) or known[0]
    title = json_text(track.get("track_name")) or known[1]
    score, created = json_number(row.get("score")) or 0, json_number(row.get("created"))
    is_valid = score in _LIKES and created is not None and any(isinstance(key, str) for key in keys)
    return {
        "user": json_text(row.get("user_name")), "artist": artist, "title": title, "album": None,
        "mbid": json_text(keys[0]), "isrc": None, "time_s": created if is_valid else None, "ms": None,
        "kind": _LIKES.get(score), "is_unnamed": is_valid and not (artist and title),
    }  # fmt: skip


def _user_name(member: Member | None) -> str | None:
    if member is None:
        return None
    with member.open_text() as file:
        facts = json_object(json_value(file.read(_HEAD_BYTES)))
    return json_text(facts.get("username") or facts.get("user_name"))


LISTENBRAINZ = Reader(
    "listenbrainz",
    _is_listenbrainz,
    lambda members, options: OpenedSource(read_listenbrainz(members, options.listener)),
    exports,
)
