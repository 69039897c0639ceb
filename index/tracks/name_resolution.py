"""Resolve names to the durable ids of tracks, albums and artists, a million at a time.

A node is one of three *levels*. Dictionaries are filled by one query and then searched, because a query per name would
take minutes instead of seconds. Names of each level:

* a track: its path (absolute, relative to the imported file, or an end of it that fits one track only, also as Windows
  or an address writes it), then "Artist - Title", then a title that only one artist has;
* an album: "Artist - Album", then a name that only one artist's album has;
* an artist: the name.

Case and the Unicode form of umlauts are ignored if the exact name is unknown. Numbers are names, too, unless the caller
says that they are ids of the library (`names_are="ids"`).
"""

import json
import os
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, takewhile
from operator import itemgetter

import numpy as np

from earshot.data.files.file_addresses import is_absolute, path_readings
from earshot.data.files.path_encoding import path_columns
from earshot.data.name_matching import artist_names, main_artist_key
from earshot.index.library import Library
from earshot.index.tracks.artist_store import artist_ids_by_key, insert_albums, insert_artists

LEVELS = ("track", "album", "artist")
NAMES_ARE = ("auto", "names", "ids")
UNKNOWN = -1
_MAX_SAMPLE = 1_000  # names from which a level is guessed
_TABLES = {"track": "tracks", "album": "albums", "artist": "artists"}
_AMBIGUOUS = 0  # in place of an id: several nodes have the name; ids of SQLite begin at 1
_TITLES = {  # id, title, artist, whether only the name is known; the last row of a title wins
    # Of several encodings of one recording, the first embedded one.
    "track": "SELECT id, title, artist, status = 'catalog' AND artist IS NULL FROM tracks WHERE title IS NOT NULL"
    " ORDER BY status = 'embedded', id DESC",
    "album": "SELECT b.id, b.name, a.name, a.name IS NULL FROM albums AS b LEFT JOIN artists AS a ON a.id = b.artist_id"
    " ORDER BY b.id DESC",
}
_INSERT_TRIGGERS = {  # on tracks, and what does the same for many rows at once
    "tracks_ai": "INSERT INTO tracks_fts (rowid, title, artist, album) SELECT id, title, artist, album",
    "tracks_after_insert_recording": "INSERT INTO recordings (track_id, recording_id) SELECT id, id",
}
Lookup = Callable[[str], int | None]
ReversedPath = tuple[list[str], int]  # components from the last to the first, and the node


@dataclass(frozen=True)
class NodeMatch:
    """Nodes of names, and their counts."""

    ids: np.ndarray  # (n_names,) int64, UNKNOWN for names that are not known and were not created
    n_nodes: int  # distinct ids
    n_matched: int  # nodes that were known before
    n_with_audio: int  # nodes with an embedded track
    were_ids: bool  # whether the names were taken as ids


def match_nodes(
    library: Library,
    names: Sequence[str],
    level: str,
    *,
    folders: Iterable[str] = (),
    names_are: str = "auto",
    create: bool = True,
) -> NodeMatch:
    """Find or create the node of each name; with `create` the caller holds the transaction.

    A new artist or album is a row with that name. A new track is a 'catalog' track with that title: one without a file,
    found again under the same name.

    Parameters
    ----------
    folders : bases of relative paths
    names_are : "names", "ids" of the library, or "auto": names, since a number in a table is another program's
    create : create nodes for unknown names; otherwise their id is UNKNOWN

    Raises
    ------
    ValueError
        `names_are` is "ids" and a name is none; the message gives the first.
    """
    if level not in LEVELS or names_are not in NAMES_ARE:
        raise ValueError(f"level {level!r} and names_are {names_are!r}; there are {LEVELS} and {NAMES_ARE}")
    lookup = _known_id(library, level) if names_are == "ids" else _lookup(library, level, names, folders)
    nodes = [lookup(name) for name in names]
    unknown = list(dict.fromkeys(name for name, node in zip(names, nodes, strict=True) if node is None))
    created = dict(zip(unknown, _create(library, level, unknown), strict=True)) if create else {}
    ids = np.array(
        [created.get(name, UNKNOWN) if node is None else node for name, node in zip(names, nodes, strict=True)],
        dtype=np.int64,
    )
    unique_ids = np.unique(ids[ids != UNKNOWN])
    n_with_audio = int(np.isin(unique_ids, ids_with_audio(library, level)).sum())
    return NodeMatch(
        ids, len(unique_ids), len(unique_ids) - len(set(created.values())), n_with_audio, names_are == "ids"
    )


def likeliest_level(library: Library, names: Sequence[str], folders: Iterable[str] = ()) -> str:
    """Guess the level on which most of a sample of names have audio or are known; tracks if none is."""
    sample = names[:: max(1, len(names) // _MAX_SAMPLE)]

    def known(level: str) -> tuple[int, int]:
        match = match_nodes(library, sample, level, folders=folders, names_are="names", create=False)
        return match.n_with_audio, match.n_nodes

    return max(("track", "artist", "album"), key=known)


def ids_with_audio(library: Library, level: str) -> np.ndarray:
    """The nodes with an embedded track, shape (n,) int64, rising."""
    column, distinct = ("v.track_id", "") if level == "track" else (f"t.{level}_id", "DISTINCT")
    query = f"SELECT {distinct} {column} FROM current_vectors AS v JOIN tracks AS t ON t.id = v.track_id"
    return np.sort(library.ids(f"{query} WHERE t.status = 'embedded' AND v.space = 'audio' AND {column} NOT NULL"))


def node_names(library: Library, level: str, ids: Sequence[int] | np.ndarray) -> list[str]:
    """Names of nodes in the order of `ids`: "Artist - Title", "Artist - Album", or the name of the artist.

    A track is called as the best file of its recording that names an artist.
    """
    among = "IN (SELECT value FROM json_each(?))"
    queries = {
        "track": "SELECT r.track_id, CASE WHEN t.artist IS NULL THEN t.title ELSE t.artist || ' - ' || t.title END,"
        " min(2 * (t.artist IS NULL) + NOT f.is_best) FROM recordings AS r JOIN recordings AS f USING (recording_id)"
        f" JOIN tracks AS t ON t.id = f.track_id WHERE r.track_id {among} GROUP BY r.track_id",
        "album": "SELECT b.id, CASE WHEN a.name IS NULL THEN b.name ELSE a.name || ' - ' || b.name END"
        f" FROM albums AS b LEFT JOIN artists AS a ON a.id = b.artist_id WHERE b.id {among}",
        "artist": f"SELECT id, name FROM artists WHERE id {among}",
    }
    wanted = [int(node) for node in ids]
    names = {node: name for node, name, *_ in library.db.execute(queries[level], [json.dumps(wanted)])}
    return [names.get(node) or f"{level} {node}" for node in wanted]


def _lookup(library: Library, level: str, names: Sequence[str], folders: Iterable[str]) -> Lookup:
    if level == "artist":
        return _artist_names(library)
    by_title = _titles(library, level)
    if level == "album":
        return by_title
    by_path = _track_paths(library, names, folders)
    return lambda name: by_path(name) or by_title(name)


def _artist_names(library: Library) -> Lookup:
    by_key = artist_ids_by_key(library)  # of several spellings the oldest
    unnamed = dict(library.db.execute("SELECT name, id FROM artists WHERE key = '' OR key IS NULL").fetchall())
    return lambda name: by_key.get(main_artist_key(name)) or unnamed.get(name)


def _titles(library: Library, level: str) -> Lookup:
    """Look up tracks or albums by "Artist - Title", then by a title that one artist has, then by a name alone."""
    full: dict[str, int] = {}
    bare: dict[str, int] = {}
    artists: dict[str, str | None] = {}  # of the node that `bare` holds
    names_alone: dict[str, int] = {}  # made from a graph that named no artist
    for node, title, artist, is_name in library.db.execute(_TITLES[level]):
        title, artist = folded(title), artist and folded(artist)
        if is_name:
            names_alone[title] = node
            continue
        if artist is not None:
            full[f"{artist} - {title}"] = node
        is_alone = title not in bare or (bare[title] != _AMBIGUOUS and artists[title] == artist)
        bare[title] = node if is_alone else _AMBIGUOUS
        artists[title] = artist

    def find(name: str) -> int | None:
        found = (by_name.get(folded(name), _AMBIGUOUS) for by_name in (full, bare, names_alone))
        return next((node for node in found if node != _AMBIGUOUS), None)

    return find


def _track_paths(library: Library, names: Sequence[str], folders: Iterable[str]) -> Lookup:
    """Look up tracks by path, or by the end of a path, in whole components, that only one track has.

    An absolute path from another machine must agree in its folder too, a relative one in all its components.
    """
    if library.value("SELECT NOT EXISTS (SELECT 1 FROM tracks WHERE path IS NOT NULL)"):
        return lambda name: None  # millions of names are not read as paths for nothing
    readings = {name: paths for name in names if (paths := path_readings(name)) != [name]}  # of one in ten at most
    wanted = {os.path.basename(folded(path)) for path in chain(names, *readings.values())}
    exact: dict[str, int] = {}
    by_ending: dict[str, list[ReversedPath]] = {}
    for node, path in library.db.execute("SELECT id, path FROM tracks WHERE path IS NOT NULL"):
        ending = os.path.basename(folded(path))
        if ending in wanted:
            exact[path] = node
            by_ending.setdefault(ending, []).append((_composed(path).split("/")[::-1], node))
    bases = [os.path.abspath(folder) for folder in folders]

    @cache
    def sorted_paths(ending: str, *, with_case: bool) -> list[ReversedPath]:
        paths = by_ending.get(ending, [])
        return sorted(paths if with_case else (([part.casefold() for part in path], node) for path, node in paths))

    def find(name: str) -> int | None:
        if name not in readings:
            return at(path_columns(name)[0])
        return next((node for path in readings[name] if (node := at(path_columns(path)[0]))), None)

    def at(text: str) -> int | None:
        ending = os.path.basename(folded(text))
        if ending not in by_ending:
            return None
        for base in (*bases, "/"):
            if (node := exact.get(os.path.normpath(os.path.join(base, text)))) is not None:
                return node
        components = [part for part in _composed(text).split("/") if part not in ("", ".", "..")][::-1]
        needed = 2 if is_absolute(text) else len(components)
        if (found := _longest(components, sorted_paths(ending, with_case=True), needed)) is not None:
            return found
        lower = [part.casefold() for part in components]
        return _longest(lower, sorted_paths(ending, with_case=False), needed)

    return find


def _longest(components: list[str], paths: list[ReversedPath], needed: int) -> int | None:
    """The only node whose path ends like a reversed one in the most components, at least `needed`.

    Thousands of files are called 01.mp3. Of sorted paths those that agree the longest stand next to each other.
    """
    place = bisect_left(paths, components, key=itemgetter(0))
    lengths = [(_n_agreeing(components, path), node) for path, node in paths[max(place - 2, 0) : place + 2]]
    longest = max(length for length, _ in lengths)
    best = [node for length, node in lengths if length == longest]
    return best[0] if longest >= needed and len(best) == 1 else None


def _composed(text: str) -> str:
    """Compose umlauts to one character: playlists written on a Mac have two."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(name: str) -> str:
    """A name for comparison, without case and with composed umlauts."""
    return _composed(name).casefold()


def _n_agreeing(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _known_id(library: Library, level: str) -> Lookup:
    """Look up names that are ids; one that is none is a ValueError."""
    known = set(library.column(f"SELECT id FROM {_TABLES[level]}"))

    def find(name: str) -> int:
        if not (name.isdecimal() and len(name) < 19 and int(name) in known and name == str(int(name))):
            raise ValueError(f"{name!r} is the id of no {level} in this library")
        return int(name)

    return find


def _create(library: Library, level: str, names: list[str]) -> list[int]:
    """Create nodes with ids after the greatest one; one for names that differ only in case, or for an artist's key."""
    if not names:
        return []
    table = _TABLES[level]
    first = next_id(library, table)
    rows: dict[str, tuple[int, str]] = {}
    keys = [(main_artist_key(name) if level == "artist" else "") or folded(name) for name in names]
    for key, name in zip(keys, names, strict=True):
        rows.setdefault(key, (first + len(rows), name))
    if level == "track":
        insert_catalog_tracks(library, first, "id, title", rows.values(), len(rows))
    elif level == "artist":
        insert_artists(library, ((node, (*artist_names(name), name)[0]) for node, name in rows.values()))
    else:
        insert_albums(library, ((node, name, None) for node, name in rows.values()))
    return [rows[key][0] for key in keys]


def next_id(library: Library, table: str) -> int:
    """The id for the next row; for tracks one that was never used."""
    greatest = library.value(f"SELECT max(id) FROM {table}") or 0
    last_used = library.value("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]) or 0
    return int(max(greatest, last_used)) + 1


def insert_catalog_tracks(
    library: Library, first: int, columns: str, rows: Iterable[Sequence[object]], n_rows: int
) -> None:
    """Insert many catalog tracks, with ids from `first` on; the caller holds the transaction.

    A million takes 13 s, and 40 s if triggers update full-text search and recordings for each. Where they are most of
    the tracks, their indexes are made afterwards, in a third of the time.
    """
    kept = [("TRIGGER", name) for name in _INSERT_TRIGGERS]
    if n_rows > library.value("SELECT count(*) FROM tracks"):
        query = "SELECT name FROM sqlite_master WHERE tbl_name = 'tracks' AND type = 'index' AND sql NOT NULL"
        kept += [("INDEX", name) for name in library.column(query)]
    made_again = [library.value("SELECT sql FROM sqlite_master WHERE name = ?", [name]) for _, name in kept]
    for kind, name in kept:
        library.db.execute(f"DROP {kind} {name}")
    marks = ", ".join("?" * len(columns.split(",")))
    library.db.conn.executemany(f"INSERT INTO tracks ({columns}, status) VALUES ({marks}, 'catalog')", rows)
    for fill in _INSERT_TRIGGERS.values():
        library.db.execute(f"{fill} FROM tracks WHERE id >= ?", [first])
    for sql in made_again:
        library.db.execute(sql)
