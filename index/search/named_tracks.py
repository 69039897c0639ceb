"""Tracks by an exact name: their title, or that of their artist, album or genre.

Of the spellings that are found, those that are most like the text count: letter by letter without case, else with equal
keys (`data.name_matching`), else with equal keys without blanks ("acdc" for AC/DC).
"""

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from earshot.data.name_matching import album_key, artist_key, label_spellings, title_key
from earshot.index.library import Library
from earshot.index.search.selected import Selected
from earshot.index.search.word_search import name_expression, normal_text, rows_where
from earshot.index.tracks.name_resolution import folded
from earshot.index.tracks.track_lookup import STATUSES, TrackRow

T = TypeVar("T")
_MAX_SPELLINGS = 500  # the shortest names that hold all words; an exact one has nothing besides
_ARTICLE = re.compile(r"^\s*the\s+(?=\w)", re.IGNORECASE)
_MIN_KEY_LETTERS = 2  # -M- is not M
_BETWEEN = " - "  # artist and title, or artist and album


def tracks_titled(library: Library, text: str, catalog: bool) -> list[TrackRow]:
    """Tracks whose title is the text, or artist and title with " - " between them."""
    expression = name_expression(text, "title")
    by_name = "t.title = :name" if expression is None else _matching("length(t.title)")
    rows = rows_where(library, by_name, {"name": normal_text(text), "query": expression}, catalog)
    best = _most_like(text, rows, lambda row: row.title, title_key)
    if not best and _BETWEEN in text and (expression := name_expression(text, "title artist")):
        ordered = _matching("length(t.title) + length(t.artist)")
        rows = rows_where(library, ordered, {"query": expression}, catalog)
        best = _most_like(text, rows, lambda row: row.name, _pair_key)
    return best


def artists_named(library: Library, text: str, catalog: bool) -> list[Selected]:
    """The artist of this name, with all tracks under any spelling of it."""
    spellings = _spellings(library, "artist", _ARTICLE.sub("", text), catalog)
    best = _most_like(text, spellings, lambda spelling: spelling[0], artist_key)
    keys = {key for name, _ in best if len(key := artist_key(name)) >= _MIN_KEY_LETTERS}
    ids = [node for name, node in spellings if (name, node) in best or artist_key(name) in keys]
    tracks = _rows_of(library, "artist_id", ids, catalog)
    return [Selected("artist", _usual(track.artist for track in tracks), tracks)] if tracks else []


def artists_holding(library: Library, text: str, catalog: bool, limit: int = 3) -> list[Selected]:
    """The artists whose names hold all words of a text; the last one may be a prefix."""
    spellings = _spellings(library, "artist", text, catalog, prefix=True)
    by_key: dict[str, list[int]] = {}
    for name, node in spellings:
        by_key.setdefault(artist_key(name), []).append(node)
    found = [_rows_of(library, "artist_id", ids, catalog) for ids in list(by_key.values())[:limit]]
    return [Selected("artist", _usual(track.artist for track in tracks), tracks) for tracks in found if tracks]


def albums_named(library: Library, text: str, catalog: bool) -> list[Selected]:
    """The albums of this name, or of "Artist - Album"; one for each artist, but one for a sampler in one folder."""
    spellings = _spellings(library, "album", text, catalog)
    ids = [node for _, node in _most_like(text, spellings, lambda spelling: spelling[0], title_key)]
    tracks = _rows_of(library, "album_id", ids, catalog)
    if not tracks and _BETWEEN in text:
        artist, _, album = text.partition(_BETWEEN)
        named = [choice for choice in albums_named(library, album, catalog) if choice.label.count(_BETWEEN)]
        return [choice for choice in named if artist_key(choice.label.partition(_BETWEEN)[0]) == artist_key(artist)]
    return [_album(group) for group in _together(tracks)]


def genres_named(library: Library, text: str, catalog: bool) -> list[Selected]:
    """The tracks whose genre tag holds this label."""
    cells = library.column("SELECT DISTINCT genre FROM tracks WHERE genre NOT NULL")
    spellings = [(label, cell) for cell in cells for label in label_spellings(cell)]
    best = _most_like(text, spellings, lambda spelling: spelling[0], title_key)
    where = "t.genre IN (SELECT value FROM json_each(:cells)) ORDER BY t.id"
    tracks = rows_where(library, where, {"cells": json.dumps([cell for _, cell in best])}, catalog) if best else []
    return [Selected("genre", best[0][0], tracks)] if tracks else []


def _matching(order: str) -> str:
    return f"tracks_fts MATCH :query ORDER BY {order}, t.id LIMIT {_MAX_SPELLINGS}"


def _spellings(
    library: Library, column: str, text: str, catalog: bool, *, prefix: bool = False
) -> list[tuple[str, int]]:
    """Names of artists or albums that hold the words of a text, or are the text or of its key, each with its id."""
    name = normal_text(text)
    key = artist_key(name) if column == "artist" else album_key(name)
    sources = [f"tracks AS t WHERE t.{column}_id IN (SELECT id FROM {column}s WHERE name = :name OR key = :key)"]
    if (expression := name_expression(text, column, prefix=prefix)) is not None:
        sources.append("tracks_fts JOIN tracks AS t ON t.id = tracks_fts.rowid WHERE tracks_fts MATCH :query")
    found: dict[tuple[str, int], None] = {}
    for source in sources:
        rows = library.db.execute(
            f"SELECT DISTINCT t.{column}, t.{column}_id FROM {source} AND +t.status IN {STATUSES[catalog]}"
            f" AND t.{column}_id NOT NULL ORDER BY length(t.{column}) LIMIT {_MAX_SPELLINGS}",
            {"name": name, "key": key, "query": expression},
        )
        found |= dict.fromkeys(rows)
    return list(found)


def _rows_of(library: Library, column: str, ids: Iterable[int], catalog: bool) -> list[TrackRow]:
    where = f"t.{column} IN (SELECT value FROM json_each(:ids)) ORDER BY t.path IS NULL, t.path, t.id"
    wanted = sorted(set(ids))
    return rows_where(library, where, {"ids": json.dumps(wanted)}, catalog) if wanted else []


def _most_like(text: str, candidates: Iterable[T], name: Callable[[T], str], key: Callable[[str], str]) -> list[T]:
    """The candidates whose names are most like a text, of those that mean the same."""
    text = normal_text(text)
    tests = (folded, key, lambda spelling: key(spelling).replace(" ", ""))
    named = [(candidate, name(candidate)) for candidate in candidates]
    for test in tests:
        wanted = test(text)
        if best := [candidate for candidate, spelling in named if wanted and test(spelling) == wanted]:
            return best
    return []


def _pair_key(text: str) -> str:
    artist, _, title = text.partition(_BETWEEN)
    return f"{artist_key(artist)} {title_key(title)}"


def _together(tracks: Sequence[TrackRow]) -> list[list[TrackRow]]:
    """Tracks of one album name as albums: by artist, and joined where a folder holds a sampler."""
    by_folder: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for track in tracks:
        by_folder[os.path.dirname(track.path or "")][artist_key(track.artist or "")] += 1
    # Of a sampler most artists have one track; two that have more have an album each, such as their Greatest Hits.
    samplers = {
        folder for folder, counts in by_folder.items() if folder and 2 * list(counts.values()).count(1) >= len(counts)
    }
    groups: list[tuple[set[object], list[TrackRow]]] = []
    for track in tracks:
        marks: set[object] = {("artist", artist_key(track.artist or ""))}
        if (folder := os.path.dirname(track.path or "")) in samplers:
            marks.add(("folder", folder))
        joined = [group for group in groups if group[0] & marks]
        groups = [group for group in groups if not group[0] & marks]
        members = [member for _, rows in joined for member in rows]
        groups.append((marks.union(*(names for names, _ in joined)), [*members, track]))
    return [rows for _, rows in groups]


def _album(tracks: list[TrackRow]) -> Selected:
    album = _usual(track.album for track in tracks)
    artists = {artist_key(track.artist or "") for track in tracks}
    label = f"{tracks[0].artist}{_BETWEEN}{album}" if len(artists) == 1 and tracks[0].artist else album
    return Selected("album", label, tracks)


def _usual(names: Iterable[str | None]) -> str:
    return Counter(filter(None, names)).most_common(1)[0][0]
