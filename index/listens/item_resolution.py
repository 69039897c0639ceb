"""Resolve the items of listens to durable ids: 1.5 million tracks by artist and title in seconds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from earshot.data.listens.event_collector import Items
from earshot.data.name_matching import album_core, album_key, artist_names, plain_isrc, plain_mbid
from earshot.index.library import Library
from earshot.index.tracks.artist_store import insert_albums
from earshot.index.tracks.name_resolution import (
    UNKNOWN,
    NodeMatch,
    folded,
    ids_with_audio,
    insert_catalog_tracks,
    match_nodes,
    next_id,
)

Key = tuple[str, str]  # artist and title, folded


def match_items(
    library: Library, items: Items, level: str, *, folders: Iterable[str] = (), names_are: str = "auto"
) -> NodeMatch:
    """Find or create the track or artist of each item; the caller holds the transaction.

    An item with a path of a file of the library is that file. One with an artist is the track of that artist and title
    (of several files the one of its album), else the track with its MBID or ISRC, which another item may have brought,
    else a new 'catalog' track. An item without artist is looked up by name
    (`index.tracks.name_resolution.match_nodes`).
    """
    items = replace(items, mbids=[*map(plain_mbid, items.mbids)], isrcs=[*map(plain_isrc, items.isrcs)])
    titled = np.array([artist is not None for artist in items.artists], dtype=bool)
    if not titled.any() and not items.paths:
        return match_nodes(library, items.titles, level, folders=folders, names_are=names_are)
    ids = np.full(len(items), UNKNOWN, dtype=np.int64)
    first = next_id(library, "tracks")
    if items.paths:
        rows = [row for row, path in enumerate(items.paths) if path is not None]
        paths = [str(items.paths[row]) for row in rows]
        ids[rows] = match_nodes(library, paths, level, folders=folders, names_are="names", create=False).ids
    if (rest := titled & (ids == UNKNOWN)).any():
        ids[rest] = _match_titled(library, items, np.flatnonzero(rest).tolist())
    if (rest := ids == UNKNOWN).any():
        names = [items.titles[row] for row in np.flatnonzero(rest).tolist()]
        ids[rest] = match_nodes(library, names, level, folders=folders, names_are=names_are).ids
    nodes = np.unique(ids)
    n_with_audio = int(np.isin(nodes, ids_with_audio(library, level)).sum())
    return NodeMatch(ids, len(nodes), int((nodes < first).sum()), n_with_audio, were_ids=False)


def _match_titled(library: Library, items: Items, rows: Sequence[int]) -> list[int]:
    known, by_code, by_album = _known_tracks(library, items.title_is_key)
    first = next_id(library, "tracks")
    keys = [_key("" if items.title_is_key else items.artists[row], items.titles[row]) for row in rows]
    # Before any new track, so that the owner of a code does not depend on the order of items.
    for row, key in zip(rows, keys, strict=True):
        if key in known:
            _add_codes(by_code, items, row, known[key])
    nodes: list[int] = []
    new: list[int] = []  # the item row of each new track
    for row, key in zip(rows, keys, strict=True):
        codes = (items.mbids[row], items.isrcs[row])
        node = by_album.get((key, album_core(items.albums[row]))) if by_album else None
        node = node or known.get(key) or next((by_code[code] for code in codes if code in by_code), None)
        if node is None:
            node = known[key] = first + len(new)
            new.append(row)
            _add_codes(by_code, items, row, node)
        nodes.append(node)
    _fill_missing(library, items, [(row, node) for row, node in zip(rows, nodes, strict=True) if node < first])
    artist_ids = _artist_ids(library, [str(items.artists[row]) for row in new])
    album_ids = _album_ids(library, [items.albums[row] for row in new], artist_ids)
    columns = "id, title, artist, album, mbid, isrc, artist_id, album_id"
    new_rows = (
        (node, items.titles[row], items.artists[row], items.albums[row], items.mbids[row], items.isrcs[row], *ids)
        for node, (row, *ids) in enumerate(zip(new, artist_ids, album_ids, strict=True), start=first)
    )
    insert_catalog_tracks(library, first, columns, new_rows, len(new))
    return nodes


def _key(artist: str | None, title: str) -> Key:
    return folded(str(artist)), folded(title)


def _add_codes(by_code: dict[str, int], items: Items, row: int, node: int) -> None:
    """Map the codes of an item to its track, unless they belong to another track."""
    for code in (items.mbids[row], items.isrcs[row]):
        if code is not None:
            by_code.setdefault(code, node)


def _known_tracks(
    library: Library, title_is_key: bool
) -> tuple[dict[Key, int], dict[str, int], dict[tuple[Key, str], int]]:
    """Tracks by artist and title, and by MBID and ISRC; of several one with audio, then the oldest.

    Also the files among those that share artist and title, by their album.
    """
    known: dict[Key, int] = {}
    by_code: dict[str, int] = {}
    albums: dict[Key, list[tuple[str | None, int]]] = defaultdict(list)  # of files
    query = (
        "SELECT id, title, artist, mbid, isrc, album, status = 'embedded' FROM tracks WHERE title IS NOT NULL"
        " ORDER BY status = 'embedded', id DESC"
    )
    for node, title, artist, mbid, isrc, album, has_audio in library.db.execute(query):
        if title_is_key:
            artist = ""
        elif artist is None:  # a playlist or a graph may hold both in one name
            artist, _, title = title.partition(" - ")
        key = _key(artist, title)
        known[key] = node
        by_code.update((code, node) for code in (plain_mbid(mbid), plain_isrc(isrc)) if code is not None)
        if has_audio:
            albums[key].append((album, node))
    several = {key: files for key, files in albums.items() if len(files) > 1}
    by_album = {
        (key, core): node for key, files in several.items() for album, node in files if (core := album_core(album))
    }
    return known, by_code, by_album


def _fill_missing(library: Library, items: Items, pairs: Sequence[tuple[int, int]]) -> None:
    """Fill the missing MBID and ISRC of known tracks, and the artist of tracks that were known by title alone."""
    codes = [(items.mbids[row], items.isrcs[row], node) for row, node in pairs if items.mbids[row] or items.isrcs[row]]
    library.db.conn.executemany(
        "UPDATE tracks SET mbid = coalesce(mbid, ?), isrc = coalesce(isrc, ?) WHERE id = ?", codes
    )
    if not items.title_is_key:
        return
    without_artist = set(library.column("SELECT id FROM tracks WHERE artist IS NULL"))
    pairs = [(row, node) for row, node in pairs if node in without_artist]
    artist_ids = _artist_ids(library, [str(items.artists[row]) for row, _ in pairs])
    album_ids = _album_ids(library, [items.albums[row] for row, _ in pairs], artist_ids)
    library.db.conn.executemany(
        "UPDATE tracks SET artist = ?, artist_id = ?, album = ?, album_id = ? WHERE id = ?",
        [
            (items.artists[row], artist_id, items.albums[row], album_id, node)
            for (row, node), artist_id, album_id in zip(pairs, artist_ids, album_ids, strict=True)
        ],
    )


def _artist_ids(library: Library, names: Sequence[str]) -> list[int | None]:
    """Find or create the artist of each name; None where it names none, like Various Artists."""
    named = [name for name in dict.fromkeys(names) if artist_names(name)]
    ids = match_nodes(library, named, "artist", names_are="names").ids.tolist() if named else []
    id_of = dict(zip(named, ids, strict=True))
    return [id_of.get(name) for name in names]


def _album_ids(library: Library, names: Sequence[str | None], artist_ids: Sequence[int | None]) -> list[int | None]:
    """Find or create the album of each name and artist; None where either is not known."""
    if not any(names):
        return [None] * len(names)
    query = "SELECT key, artist_id, id FROM albums WHERE artist_id IS NOT NULL ORDER BY id DESC"
    known = {(key, artist): node for key, artist, node in library.db.execute(query)}
    first = next_id(library, "albums")
    new: list[tuple[int, str, int | None]] = []
    ids: list[int | None] = []
    for name, artist in zip(names, artist_ids, strict=True):
        key = (album_key(name), artist)
        if name is None or artist is None or not key[0]:
            ids.append(None)
            continue
        if key not in known:
            known[key] = first + len(new)
            new.append((known[key], name, artist))
        ids.append(known[key])
    insert_albums(library, new)
    return ids
