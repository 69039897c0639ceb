"""Read last.fm's scrobbles as JSON: pages of its API, as lastfm.ghan.nl saves them, and the file of lastfmstats.com."""

from collections.abc import Iterator, Sequence

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, json_text
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_object

_PAGE_MARKS = ('"#text"', '"uts"')
_NEEDED = ("artist", "title")
_STATS_MARKS = ('"scrobbles"', '"albumId"')


def _is_lastfm_json(head: Head) -> bool:
    marks = _PAGE_MARKS if head.text[:1] == "[" else _STATS_MARKS
    return head.is_json and all(mark in head.text for mark in marks)


def read_lastfm_json(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the scrobbles; the file of lastfmstats.com names the listener. The second 0 is an unknown time."""
    with member.open_text() as file:
        is_pages = file.peek(1).lstrip()[:1] == b"["
        facts: Facts = {}
        blocks = json_entries(file, member.title, None if is_pages else "scrobbles", facts)
        if is_pages:
            tracks = ([track for page in pages for track in _tracks(page)] for pages in blocks)
            yield from entry_batches(tracks, _of_page, listener, needed=_NEEDED)
        else:
            yield from entry_batches(blocks, lambda entry: _of_stats(entry, facts), listener, needed=_NEEDED)


def _tracks(page: object) -> Sequence[object]:
    """The tracks of a page, a list of them or the API's whole answer; of one track there is no list."""
    answer = json_object(page)
    tracks = (json_object(answer.get("recenttracks")) or answer).get("track", page)
    return tracks if isinstance(tracks, list) else [tracks]


def _of_page(entry: Facts) -> Facts | str:
    if json_object(entry.get("@attr")).get("nowplaying") or (entry.get("name") and not entry.get("date")):
        return "tracks that were playing"
    artist, album, date = (json_object(entry.get(key)) for key in ("artist", "album", "date"))
    return {
        "artist": artist.get("#text") or artist.get("name"), "title": entry.get("name"), "album": album.get("#text"),
        "mbid": entry.get("mbid"), "time": _time(date.get("uts")),
    }  # fmt: skip


def _of_stats(entry: Facts, facts: Facts) -> Facts:
    names = {"artist": entry.get("artist"), "title": entry.get("track"), "album": entry.get("album")}
    return names | {"time": _time(entry.get("date")), "user": json_text(facts.get("username"))}


def _time(value: object) -> str | None:
    """A time as text, None if it is the second 0; what is missing is no time at all."""
    text = json_text(value) or "missing"
    return None if text == "0" else text


LASTFM_JSON = Reader(
    "lastfm-json",
    _is_lastfm_json,
    lambda members, options: OpenedSource(read_lastfm_json(members[0], options.listener)),
)
