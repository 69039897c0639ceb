"""Tracks as people write them, one a line: with numbers, times and labels around artist and title.

A line has several *texts*, as it stands and with ever less around the names, and each text has *readings* as artist
and title. Nothing is looked up here: whoever knows the tracks takes the first reading that is one of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from earshot.data.playlists.playlist import Entry

MAX_LINE_LETTERS = 1_000  # more is prose
_MAX_MARKS = 4  # such as a bullet, a number and a time
_MAX_READINGS = 6  # of one text
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # hyphens, en and em dash, bar, minus
_CLOCK = r"(?:\d{1,3}:)?\d{1,3}:\d\d"
_TIME = rf"(?:[\[(]\s*(?:{_CLOCK}|[?:]{{1,8}})\s*[\])]\s*|{_CLOCK}\s+)(?:[{_DASHES}|:]\s+)?"
_NUMBER = r"(?:#\d{1,3}[.):]?\s+|\d{1,3}\s?[.):](?!\d)\s*|[\[(]\d{1,3}[\])]\s*|0\d{1,2}\s+|\d{1,3}(?:\t\s*|\s*\|\s+))"
_SIDE = rf"[A-H]\d{{1,2}}[.):]?\s+(?![{_DASHES}]\s)"  # of a record; D12 - Fight Music is by D12
_BULLET = rf"(?:[{_DASHES}\u2022\u00b7*+\u25aa\u25ba\u25b6\u2192>~]+|[wW]/)\s+"
_MARK = re.compile(rf"(?:{_TIME}|{_NUMBER}|{_SIDE}|{_BULLET})(?=\S)")
# A number and a dash, if artist and title come after it: "65 - Song" may be by a band called 65.
_NUMBER_BEFORE_PAIR = re.compile(rf"\d{{1,3}}\s+[{_DASHES}]\s+(?=.*\S\s+[{_DASHES}]\s+\S)")
_NUMBERED = re.compile(r"#\d{1,3}[.):]?\s+\S")  # no comment
_LENGTH_AT_END = re.compile(rf"\s+(?:[\[(]\s*{_CLOCK}\s*[\])]|(?:[{_DASHES}|]\s+)?{_CLOCK})\s*$")
_BRACKETS_AT_END = re.compile(r"(?<=\S)\s*\[([^\[\]]*)\]\s*$")
_OF_A_VERSION = re.compile(  # in brackets: another recording or another piece, and no label
    r"\b(?:remix|mix|rework|re-?edit|bootleg|edit|live|acoustic|unplugged|demo|instrumental|karaoke|cover|dub|session|"
    r"version|vip|mash-?up|flip|refix|extended|part|pt|vol|no|reprise|intro|outro|interlude|skit|a\s?cap+ella|take|"
    r"alternate|orchestral|piano|remake|slowed|sped|[ivx]+|\d{1,2})\b",
    re.IGNORECASE,
)
_OF_A_VIDEO = re.compile(  # on YouTube
    r"\s*[(\[]\s*(?:official\s+)?(?:(?:music|lyrics?|hd|4k)\s+)?(?:video|audio|visuali[sz]er|clip)\s*[)\]]\s*$",
    re.IGNORECASE,
)
_SPACED_DASH = re.compile(rf"\s+(?:[{_DASHES}~|]+|::|//)\s+")
_ANY_DASH = re.compile(r"\s*[\u2012-\u2015\t]\s*|\s-|-\s")  # where no spaced one is
_BY = re.compile(r"(.+?)\s+(?:by|von|par)\s+(.+)", re.IGNORECASE)
_QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f'
_QUOTED = re.compile(rf"([^{_QUOTES}]*)[{_QUOTES}]([^{_QUOTES}]+)[{_QUOTES}]([^{_QUOTES}]*)")
_AROUND = f" \t,:{_DASHES}|~"
_WITH = re.compile(r"\s+w/\s+")
_UNKNOWN = re.compile(r"(?:id\s*\d{0,2}|unknown|unidentified|unreleased|tb[ac])\s*\??|[?/.\\_=#*&+-]*", re.IGNORECASE)


@dataclass(frozen=True)
class TrackLine:
    """A track of a list: the line as it stands, and what may be meant by it, the least changed text first."""

    text: str
    texts: tuple[str, ...]
    is_marked: bool  # whether a number, a time or a bullet came first

    @property
    def names_none(self) -> bool:
        """Whether it is a heading, prose, or one of those that a tracklist calls ID - ID."""
        if len(self.text) > MAX_LINE_LETTERS:
            return "/" not in self.text and "\\" not in self.text
        if self.texts[-1].endswith(":"):
            return True
        parts = _SPACED_DASH.split(self.texts[-1])
        return all(_UNKNOWN.fullmatch(part.strip(_AROUND)) for part in parts)


def track_lines(lines: list[str]) -> list[TrackLine]:
    """Read the lines of a list, without empty ones and comments; two tracks played at once (``w/``) are two."""
    kept = (line for line in map(str.strip, lines) if line and (not line.startswith("#") or _NUMBERED.match(line)))
    return [track_line(part) for line in kept for part in _played_at_once(line)]


def track_line(line: str) -> TrackLine:
    """Read one line.

    >>> track_line("03. [12:34] Air – Sexy Boy [Source]").texts[-1]
    'Air – Sexy Boy'
    """
    texts = [line]
    if len(line) > MAX_LINE_LETTERS:
        return TrackLine(line, (line,), is_marked=False)
    for _ in range(_MAX_MARKS):
        mark = _MARK.match(texts[-1]) or _NUMBER_BEFORE_PAIR.match(texts[-1])
        if mark is None:
            break
        texts.append(texts[-1][mark.end() :])
    n_marks = len(texts) - 1
    while shorter := _without_end(texts[-1]):
        texts.append(shorter)
    return TrackLine(line, tuple(texts), is_marked=n_marks > 0)


def readings(text: str) -> list[Entry]:
    """Artist and title in a text, the likeliest first; none where nothing parts them.

    >>> [entry.name for entry in readings('Sexy Boy by Air')], [entry.name for entry in readings('Air "Sexy Boy"')]
    (['Air - Sexy Boy'], ['Air - Sexy Boy'])
    """
    return list(islice(_readings(text), _MAX_READINGS))


def swapped(text: str) -> list[Entry]:
    """The same with the title before the dash; only a whole list tells that it is written so."""
    pairs = islice(_pairs(text), _MAX_READINGS)
    return [Entry(artist=title, title=artist) for artist, title in pairs]


def _readings(text: str) -> Iterator[Entry]:
    for artist, title in _pairs(text):
        yield Entry(artist=artist, title=title)
    if by := _BY.fullmatch(text):
        yield Entry(artist=by[2].strip(_AROUND), title=by[1].strip(_AROUND))
    if quoted := _QUOTED.fullmatch(text):
        before, title, after = (part.strip(_AROUND) for part in quoted.groups())
        if before:
            yield Entry(artist=before, title=f"{title} {after}".strip())
        elif after:
            yield Entry(artist=after.removeprefix("by ").strip(), title=title)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield both sides of each dash; a hyphen without blanks is part of a name."""
    fields = [field.strip(_AROUND) for field in text.split("\t")]
    if len(fields) > 1 and fields[0] and fields[1]:  # what comes behind them is an album
        yield fields[0], fields[1]
    for sign in (_SPACED_DASH, _ANY_DASH):
        places = list(sign.finditer(text))
        for place in places:
            artist, title = text[: place.start()].strip(_AROUND), text[place.end() :].strip(_AROUND)
            if artist and title:
                yield artist, title
        if places:
            return


def _without_end(text: str) -> str | None:
    """A text without a length, a label or what calls it a video at its end; None if there is none of these."""
    if end := _LENGTH_AT_END.search(text) or _OF_A_VIDEO.search(text):
        return text[: end.start()]
    brackets = _BRACKETS_AT_END.search(text)
    return text[: brackets.start()] if brackets and not _OF_A_VERSION.search(brackets[1]) else None


def _played_at_once(line: str) -> list[str]:
    parts = _WITH.split(line) if len(line) <= MAX_LINE_LETTERS else [line]
    return parts if all(_SPACED_DASH.search(part) for part in parts) else [line]
