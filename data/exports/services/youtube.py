"""Read what was played on YouTube Music: ``watch-history.json`` of a Google Takeout, or its ``MyActivity.json``.

https://takeout.google.com: "YouTube and YouTube Music", history, as JSON.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, takewhile

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, json_text
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, together
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_objects

_MARK = re.compile(r'"header"\s*:\s*"YouTube')
_VIDEO = re.compile(r"^https?://(?:\w+\.)?youtube\.com/watch\?")
# The title is a sentence in the language of the account.
_SENTENCE = re.compile(
    r"^(?:(?:Watched|Hai guardato|(?:Vous avez|A) (?:regardé|visionné)|Has visto|(?:Você )?[Aa]ssistiu a|Viu"
    r"|(?:Du )?[Tt]ittade på|(?:Du )?[Ss]å(?: på)?|Obejrzano:?|Просмотрено(?: видео)?:?) "
    r"|(?:已观看|观看了|已觀看) ?)(?P<after>.+)"
    r"|^(?:Du hast |「)?(?P<between>.+?)」? ?(?:angesehen|bekeken|izlendi|を視聴しました|을\(를\) 시청(?:함|했습니다))$"
)
_MIN_TITLES = 10  # different ones, to tell what is the sentence and what a title in an unknown language
_TOPIC = " - Topic"  # ends the name of a channel that YouTube makes of one artist's records
_NOBODY = "Release"  # the topic channel of songs without an artist
_OF_FILMS = "official|video|audio|lyrics?|visuali[sz]er|hd|4k|mv"
_FILM = re.compile(rf"\s*[(\[][^()\[\]]{{0,200}}\b(?:{_OF_FILMS})\b[^()\[\]]{{0,200}}[)\]]", re.I)
_CHANNEL = re.compile(r"(?:VEVO| Official| - Official.*)$", re.I)


def _is_youtube(head: Head) -> bool:
    return head.is_json and _MARK.search(head.text) is not None


def read_youtube(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the songs: what YouTube Music played, and what lies in an artist's topic channel. Other videos are left out.

    The artist of a song is its channel. A video of somebody else's channel that is called "Artist - Title" is that.
    """
    with member.open_text() as file:
        blocks = json_entries(file, member.title)
        first = next(blocks, [])
        sentence, notes = _sentence(json_objects(first))
        pick = partial(_facts, sentence=sentence)
        batches = entry_batches(chain([first], blocks), pick, listener, needed=("title", "time_s"))
        yield from (replace(batch, notes=notes) for batch in batches)


def _sentence(entries: Iterable[Facts]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The words around the titles: well-known ones, else those that all sentences have in common; and notes on them."""
    titles = {str(entry.get("title")) for entry in entries if _is_song(entry) and _VIDEO.match(_address(entry))}
    unknown = sorted(title for title in titles if not _SENTENCE.match(title))
    if len(titles) < _MIN_TITLES or 2 * len(unknown) < len(titles):
        note = f"titles in a language that is not known here are read as they stand: {len(unknown):,}, such as"
        return _SENTENCE, (f"{note} {unknown[0][:100]!r}",) if unknown else ()
    before = _common_start(titles)
    after = _common_start([title[::-1] for title in titles])[::-1]
    before = before[: max((match.end() for match in re.finditer(r"\W", before)), default=0)]  # no part of a word
    if after.isascii():
        after = after[min((match.start() for match in re.finditer(r"\W", after)), default=len(after)) :]
    return re.compile(f"^{re.escape(before)}(?P<after>.+?){re.escape(after)}$|(?P<between>$^)"), ()


def _common_start(texts: Iterable[str]) -> str:
    letters = zip(*texts, strict=False)
    return "".join(column[0] for column in takewhile(lambda column: len(set(column)) == 1, letters))


def _facts(entry: Facts, sentence: re.Pattern[str]) -> Facts | str:
    if not _is_song(entry):
        return "videos that are no music"
    if any(str(detail.get("name")).startswith("From Google Ads") for detail in json_objects(entry.get("details"))):
        return "advertisements"
    channel = _channel(entry)
    if not _VIDEO.match(_address(entry)) or not channel:
        return "visits, and videos that were taken down"
    said = json_text(entry.get("title")) or ""
    match = sentence.match(said)
    title = (match["after"] or match["between"]) if match else said
    if title.startswith("https://"):
        return "visits, and videos that were taken down"
    artist = channel.removesuffix(_TOPIC)
    if artist == channel:
        title = _FILM.sub("", title)
        before, dash, after = title.partition(" - ")
        artist, title = (before, after) if dash else (_CHANNEL.sub("", channel), title)
    return {"artist": None if artist == _NOBODY else artist, "title": title, "time": entry.get("time")}


def _is_song(entry: Facts) -> bool:
    return entry.get("header") == "YouTube Music" or _channel(entry).endswith(_TOPIC)


def _channel(entry: Facts) -> str:
    names = json_objects(entry.get("subtitles"))
    return (json_text(names[0].get("name")) or "") if names else ""


def _address(entry: Facts) -> str:
    return str(entry.get("titleUrl") or "")


def _read_files(members: Sequence[Member], listener: str | None) -> Iterator[Batch]:
    for part, member in enumerate(members):  # an earlier takeout may lie beside a later one
        yield from (replace(batch, part=part) for batch in read_youtube(member, listener))


YOUTUBE = Reader(
    "youtube-music",
    _is_youtube,
    lambda members, options: OpenedSource(_read_files(members, options.listener)),
    together,
)
