"""Look up tracks by path, by id, or by words of title, artist and album."""

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.data.files.path_encoding import path_columns
from earshot.index.library import Library

_MAX_CHOICES = 15


@dataclass(frozen=True)
class TrackRow:
    """Facts of a track for one line of output."""

    id: int
    path: str | None  # None for a catalog track, which has no file
    title: str
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None
    duration: float | None  # seconds
    content_hash: str | None
    path_bytes: bytes | None = None  # where the path is not UTF-8

    @property
    def name(self) -> str:
        return f"{self.artist} - {self.title}" if self.artist else self.title


_SEARCHED = {False: "('embedded')", True: "('embedded', 'catalog')"}  # statuses, without and with the catalog
_COLUMNS = "id, path, title, artist, album, genre, year, duration_s, content_hash, path_bytes"


class AmbiguousError(LookupError):
    """Several tracks fit the words."""

    def __init__(self, words: str, choices: list[TrackRow]) -> None:
        more = " or more" if len(choices) >= _MAX_CHOICES else ""
        super().__init__(f"{words!r} could be any of {len(choices)}{more} tracks")
        self.words, self.choices = words, choices


def track_rows(library: Library, ids: Sequence[int]) -> dict[int, TrackRow]:
    """Rows of embedded and catalog tracks by id; other ids are skipped."""
    among = "id IN (SELECT value FROM json_each(?))"
    query = f"SELECT {_COLUMNS} FROM tracks WHERE status IN {_SEARCHED[True]} AND {among}"
    return {row[0]: TrackRow(*row) for row in library.db.execute(query, [json.dumps(list(ids))])}


def find_track(library: Library, text: str, catalog: bool = False) -> TrackRow | None:
    """Find the one track that `text` means, or None; with `catalog` it may be one without audio.

    A catalog track that is linked with a file stands for the track of the file.

    Raises
    ------
    AmbiguousError
        The words fit several tracks; the error holds the first of them.
    """
    track = _one(library, "path = ?", path_columns(os.path.abspath(text))[0], catalog=catalog)
    if track is None and text.isdecimal() and len(text) < 19:
        stands_for = "id = coalesce((SELECT linked_id FROM tracks WHERE id = ?), ?)"
        track = _one(library, stands_for, int(text), int(text), catalog=catalog)
    if track is not None:
        return track
    choices = search_words(library, text, catalog=catalog) or search_words(library, text, catalog=True)
    exact = [row for row in choices if text.casefold() in (row.title.casefold(), row.name.casefold())]
    fitting = _files_of(library, exact or choices, catalog)
    if len({row.name.casefold() for row in fitting}) > 1:
        raise AmbiguousError(text, fitting)
    return fitting[0] if fitting else None  # several encodings of one recording: any of them


def search_words(library: Library, text: str, limit: int = _MAX_CHOICES, catalog: bool = False) -> list[TrackRow]:
    """Search embedded tracks whose title, artist and album hold all words; the last one may be a prefix.

    Tracks whose title, or artist and title, equal the text come first. With `catalog` also tracks without audio.
    """
    # Bytes that are not UTF-8 as the library shows them; an umlaut as one character, which \w would split.
    text = unicodedata.normalize("NFC", path_columns(text)[0]).strip()
    words = re.findall(r"\w+", text)
    if not words:
        return []
    query = " ".join(f'"{word}"' for word in words) + "*"
    columns = ", ".join(f"t.{column}" for column in _COLUMNS.split(", "))
    rows = library.db.execute(
        f"SELECT {columns} FROM tracks_fts JOIN tracks AS t ON t.id = tracks_fts.rowid"
        f" WHERE tracks_fts MATCH :query AND t.status IN {_SEARCHED[catalog]}"
        " ORDER BY (t.title = :text COLLATE NOCASE OR t.artist || ' - ' || t.title = :text COLLATE NOCASE) DESC,"
        " bm25(tracks_fts), t.id LIMIT :limit",
        {"query": query, "text": text, "limit": limit},
    ).fetchall()
    if not rows and not text.isascii():  # scripts without spaces make one word of a whole title
        rows = library.db.execute(
            f"SELECT {_COLUMNS} FROM tracks WHERE status IN {_SEARCHED[catalog]} AND"
            " (instr(title, :text) OR instr(artist, :text) OR instr(album, :text)) ORDER BY id LIMIT :limit",
            {"text": text, "limit": limit},
        ).fetchall()
    return [TrackRow(*row) for row in rows]


def _files_of(library: Library, rows: list[TrackRow], catalog: bool) -> list[TrackRow]:
    """Replace each linked catalog track by the track of its file; without `catalog` drop the other catalog tracks."""
    query = "SELECT id, linked_id FROM tracks WHERE linked_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    links = dict(library.db.execute(query, [json.dumps([row.id for row in rows])]).fetchall())
    files = track_rows(library, list(links.values()))
    resolved = [files.get(links.get(row.id, row.id), row) for row in rows]
    return list({row.id: row for row in resolved if catalog or row.path is not None}.values())


def _one(library: Library, where: str, *values: object, catalog: bool) -> TrackRow | None:
    query = f"SELECT {_COLUMNS} FROM tracks WHERE status IN {_SEARCHED[catalog]} AND {where}"
    row = library.db.execute(query, list(values)).fetchone()
    return TrackRow(*row) if row else None
