"""Read what was played in DJ programs: Traktor's collection and histories (NML), and XML of rekordbox and VirtualDJ."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO, cast
from xml.etree.ElementTree import Element, iterparse

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.exports.players.player_database import called_by_file, kind_of_stars
from earshot.data.listens.event_batch import Batch, text_number
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.playlists import dj_playlists
from earshot.data.playlists.dj_playlists import MAX_ELEMENTS, traktor_paths, traktor_track
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.xml_files import refuse_unsafe_xml

_A_STAR = 51  # of the 255 of five


def read_traktor(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read a collection, or the plays of a history, each at its time.

    A collection says how often each track was played, at the day of the last play; four stars are a like, one is a
    dislike. Histories have local times, and repeat the counts of their tracks, which are not read.

    Raises
    ------
    ValueError
        The file is damaged.
    """
    tracks: dict[str, Facts] = {}
    plays: list[Facts] = []
    for entry in _elements(member, "ENTRY"):
        if entry.find("LOCATION") is not None:
            key, names = traktor_track(entry)
            info = entry.find("INFO")
            facts: Mapping[str, str] = {} if info is None else info.attrib
            tracks[key] = {
                **names, "path": next(iter(traktor_paths(key)), None), "plays": facts.get("PLAYCOUNT"),
                "rating": facts.get("RANKING"), "time": _midnight(facts.get("LAST_PLAYED", "")),
            }  # fmt: skip
        place, play = entry.find("PRIMARYKEY"), entry.find("EXTENDEDDATA")
        if place is not None and play is not None:
            key = place.get("KEY", "")
            path = next(iter(traktor_paths(key)), None)
            names = {name: tracks.get(key, {}).get(name) for name in ("artist", "title", "album")}
            plays.append(names | {"path": path, **_play(play.attrib)})
    rows = plays or _with_opinions(tracks.values())
    yield from entry_batches([list(rows)], _facts, listener, needed=("title",))


def read_rekordbox(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read how often each track was played, at an unknown time; four stars are a like, one is a dislike.

    Raises
    ------
    ValueError
        The file is damaged.
    """
    tracks = (
        {
            "artist": track.get("Artist") or None, "title": track.get("Name") or None,
            "album": track.get("Album") or None, "path": track.get("Location"), "plays": track.get("PlayCount"),
            "rating": track.get("Rating"),
        }
        for track in _elements(member, "TRACK")
        if track.get("Key") is None
    )  # fmt: skip
    yield from entry_batches([list(_with_opinions(tracks))], _facts, listener, needed=("title",))


def read_virtual_dj(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read how often each track was played, at the time of the last play.

    Raises
    ------
    ValueError
        The file is damaged.
    """
    tracks = []
    for song in _elements(member, "Song"):
        tags, facts = ({} if one is None else one.attrib for one in (song.find("Tags"), song.find("Infos")))
        last = facts.get("LastPlay", "")
        tracks.append(
            {
                "artist": tags.get("Author") or None, "title": tags.get("Title") or None,
                "album": tags.get("Album") or None, "path": song.get("FilePath"), "plays": facts.get("PlayCount"),
                "time": last if last not in ("", "0") else None,
            }
        )  # fmt: skip
    yield from entry_batches([tracks], _facts, listener, needed=("title",))


def _elements(member: Member, tag: str) -> Iterator[Element]:
    with member.open() as opened:
        file = cast(BinaryIO, opened)
        refuse_unsafe_xml(file, member.title, MAX_ELEMENTS)
        for _, element in iterparse(file):
            if element.tag == tag:
                yield element
                element.clear()


def _with_opinions(tracks: Iterable[Facts]) -> Iterator[Facts]:
    """The tracks, and those with an opinion once more."""
    for track in tracks:
        yield track
        rating = text_number(str(track.get("rating") or ""))
        kind = None if rating is None else kind_of_stars(round(rating / _A_STAR))
        if kind is not None:
            yield track | {"kind": kind}


def _facts(track: Facts) -> Facts | str:
    names = called_by_file({name: track.get(name) for name in ("artist", "title", "album", "path")})
    if "kind" in track:
        return names | {"kind": track["kind"]}
    if track.get("is_cued"):
        return "tracks that were only cued"
    plays = text_number(track.get("plays") or "0")
    if plays == 0:
        return "tracks that were never played"
    return names | {"plays": plays, "time": track.get("time"), "played_ms": track.get("played_ms")}


def _play(data: Mapping[str, str]) -> Facts:
    """A play of a history: its day is a number of year, month and day, a byte for each of the latter two."""
    try:
        day, second = int(data.get("STARTDATE", "")), int(data.get("STARTTIME", ""))
        began = datetime(day >> 16, day >> 8 & 255, day & 255) + timedelta(seconds=second)
        time = str(int(began.astimezone().timestamp()))
    except (ValueError, OverflowError, OSError):
        time = "unknown"  # a play without its time is malformed
    try:
        played_ms = round(float(data.get("DURATION", "")) * 1_000)
    except (ValueError, OverflowError):
        played_ms = None
    return {"plays": "1", "time": time, "played_ms": played_ms, "is_cued": data.get("PLAYEDPUBLIC") == "0"}


def _midnight(text: str) -> str | None:
    """The day of the last play, as in 2020/5/9, in seconds since 1970; None if it is none."""
    try:
        year, month, day = map(int, text.split("/"))
        last = date(year, month, day)
    except ValueError:
        return None
    return str(int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp()))


def _begins_with(mark: str) -> Callable[[Head], bool]:
    return lambda head: head.text.startswith("<") and mark in head.text[:4_096]


TRAKTOR = Reader(
    "traktor",
    _begins_with(dj_playlists.TRAKTOR),
    lambda members, options: OpenedSource(read_traktor(members[0], options.listener)),
    is_whole=True,
)
REKORDBOX = Reader(
    "rekordbox",
    _begins_with(dj_playlists.REKORDBOX),
    lambda members, options: OpenedSource(read_rekordbox(members[0], options.listener)),
    is_whole=True,
)
VIRTUAL_DJ = Reader(
    "virtual-dj",
    _begins_with("<VirtualDJ_Database"),
    lambda members, options: OpenedSource(read_virtual_dj(members[0], options.listener)),
    is_whole=True,
)
