"""Find and store links from catalog tracks to files that hold them under another spelling.

A link names the file's track that stands for a catalog track. No id changes and no listen is rewritten: readers of
listens and lookups follow the link, so that it can be taken back at any time.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from itertools import chain, product

from earshot.data.name_matching import (
    album_core,
    artist_key,
    artist_keys,
    likeness,
    loose_key,
    main_artist_key,
    plain_isrc,
    plain_mbid,
    title_key,
    without_channel,
)
from earshot.data.placeholder_names import is_no_title, is_various
from earshot.index.library import Library, LibraryError
from earshot.index.recordings.recordings import group_recordings, recording_ids, store_same

MIN_LIKENESS = 0.7  # of two keys, for a near miss
_MAX_NEAR = 1_000  # near misses
_ALMOST_ONE = 0.99  # of two names that differ in blanks and signs alone
_MAX_NAMESAKES = 100  # files of one title, among which an artist is looked for
_COMMON_WORDS = frozenset(("the", "and", "of", "dj", "mc", "de", "la", "el", "los", "le", "die", "der", "band"))
_MAX_PAIRS = 2_000  # of tracks in one group; near misses are not searched in larger ones


@dataclass(frozen=True)
class NamedTrack:
    """A track with its names and codes."""

    id: int
    artist: str  # empty if unknown
    title: str
    mbid: str | None
    isrc: str | None
    album: str | None = None
    album_artist: str | None = None

    @property
    def name(self) -> str:
        return f"{self.artist} - {self.title}" if self.artist else self.title

    @cached_property
    def key(self) -> tuple[str, str]:
        return main_artist_key(self.artist), title_key(self.title)

    @cached_property
    def keys(self) -> frozenset[tuple[str, ...]]:
        """One for each artist, and one for all as one name; none if artist or title say nothing: then a code must.

        They have no blanks: some programs write AC/DC and T.N.T. as ACDC and TNT, and 坂本龍一 with a blank.
        """
        artists = artist_keys(self.artist)
        if not artists or is_no_title(self.title):
            return frozenset()
        return frozenset(_unspaced(artist, title_key(self.title)) for artist in artists | {artist_key(self.artist)})

    @cached_property
    def album_core(self) -> str:
        return album_core(self.album)

    def may_be_by(self, artist: str) -> bool:
        """Tell whether a name is another spelling of the artist or the album artist, or one of several."""
        own = [name for name in (self.artist, self.album_artist) if name]
        if is_various(artist):
            return any(map(is_various, own))
        words = _words(artist)
        return any(
            loose_key(name) == loose_key(artist) or _holds(words, _words(name)) or _holds(_words(name), words)
            for name in own
            if not is_various(name)
        )


@dataclass(frozen=True)
class Pair:
    """A catalog track and a file that is, or may be, the same recording."""

    catalog: NamedTrack
    file: NamedTrack
    why: str  # "isrc", "mbid", "name", "album" (and title); for near misses the field that agrees
    likeness: float = 1.0

    def row(self) -> dict[str, str | int | float]:
        return {
            "catalog_id": self.catalog.id, "catalog": self.catalog.name, "track_id": self.file.id,
            "track": self.file.name, "why": self.why, "likeness": round(self.likeness, 3),
        }  # fmt: skip


@dataclass(frozen=True)
class Linkage:
    """Possible links, and doubtful ones for a person to decide."""

    n_catalog: int  # catalog tracks without a link before
    matches: list[Pair]
    near_misses: list[Pair]
    conflicts: list[Pair]  # one for each file that a catalog track could be
    variants: list[Pair]  # a catalog track, and an earlier one whose names have the same key


def find_links(library: Library) -> Linkage:
    """Match catalog tracks with files by ISRC, MBID, or artist and title (`data.name_matching`).

    If several files match by name, those of its album are preferred, else those with the exact spelling. Of files of
    one spelling or of one recording the first is taken; others are a conflict. Without a match, a file of the same
    title and album is one whose artist may be meant (`NamedTrack.may_be_by`); of another album it is a near miss. The
    most alike near misses come first. Catalog tracks of equal names are variants of one recording: "Song" and
    "Song - Remastered 2009", but not "Song (Live)".
    """
    files = list(_named(library, "status = 'embedded'"))
    catalog = list(_named(library, "status = 'catalog' AND linked_id IS NULL"))
    by_name, by_code, by_title, by_album = (defaultdict(list) for _ in range(4))
    for file in files:
        if not is_no_title(file.title):
            by_title[_unspaced(file.key[1])].append(file)
            by_album[_unspaced(file.key[1]), file.album_core].append(file)
        for key in file.keys:
            by_name[key].append(file)
        for code in {file.isrc, file.mbid} - {None}:
            by_code[code].append(file)
    recordings = recording_ids(library)
    matches: list[Pair] = []
    conflicts: list[Pair] = []
    unmatched: list[NamedTrack] = []
    for track in catalog:
        of_name = _likeliest(track, [file for key in track.keys for file in by_name.get(key, ())])
        of_code = [(why, file) for why in ("isrc", "mbid") for file in by_code.get(getattr(track, why), ())]
        candidates = {
            file.id: Pair(track, file, why) for why, file in (*(("name", file) for file in of_name), *of_code)
        }
        if not candidates:
            of_album = by_album.get((_unspaced(track.key[1]), track.album_core), ()) if track.album_core else ()
            candidates = {
                file.id: Pair(track, file, "album")
                for file in of_album
                if is_various(track.artist) or file.may_be_by(track.artist)
            }
        spellings = {(pair.file.artist.casefold(), pair.file.title.casefold()) for pair in candidates.values()}
        if not candidates:
            unmatched.append(track)
        elif len(spellings) == 1 or len({recordings.get(file, file) for file in candidates}) == 1:
            matches.append(candidates[min(candidates)])
        else:
            conflicts += candidates.values()
    pairs = chain(_similar_pairs(unmatched, files), _same_titles(unmatched, by_title))
    best: dict[tuple[int, int], Pair] = {}
    for pair in nsmallest(2 * _MAX_NEAR, pairs, lambda pair: (-pair.likeness, pair.catalog.id, pair.file.id)):
        best.setdefault((pair.catalog.id, pair.file.id), pair)
    near_misses = list(best.values())[:_MAX_NEAR]
    return Linkage(len(catalog), matches, near_misses, conflicts, list(_variants(library)))


def store_links(library: Library, pairs: Iterable[tuple[int, int]], variants: Iterable[tuple[int, int]] = ()) -> int:
    """Link catalog tracks to tracks of files, both by id; return their number. `variants` are pairs of catalog tracks.

    Raises
    ------
    LibraryError
        The first of a pair is no catalog track, or the second has no file.
    """
    pairs = list(pairs)
    with library.transaction():
        for catalog_id, track_id in pairs:
            _require(library, catalog_id, "catalog", "catalog track")
            _require(library, track_id, "embedded", "track with audio")
        library.db.conn.executemany("UPDATE tracks SET linked_id = ? WHERE id = ?", [pair[::-1] for pair in pairs])
        store_same(library, ((one, other, "name", None) for one, other in variants))
        group_recordings(library)
    return len(pairs)


def remove_links(library: Library, catalog_ids: Sequence[int]) -> int:
    """Remove links of catalog tracks with files, and with other catalog tracks; return the number of the former."""
    ids = "SELECT value FROM json_each(?)"
    query = f"UPDATE tracks SET linked_id = NULL WHERE linked_id IS NOT NULL AND id IN ({ids})"
    names = f"DELETE FROM same_recording WHERE why = 'name' AND (track_id IN ({ids}) OR other_id IN ({ids}))"
    with library.transaction():
        n_removed = library.db.execute(query, [json.dumps(list(catalog_ids))]).rowcount
        library.db.execute(names, [json.dumps(list(catalog_ids))] * 2)
        group_recordings(library)
    return n_removed


def _variants(library: Library) -> Iterator[Pair]:
    """Yield catalog tracks with an earlier one of the same key."""
    first: dict[tuple[str, ...], NamedTrack] = {}
    for track in _named(library, "status = 'catalog'"):
        if track.keys and (earlier := first.setdefault(_unspaced(*track.key), track)) is not track:
            yield Pair(track, earlier, "name")


def _named(library: Library, where: str) -> Iterator[NamedTrack]:
    query = f"SELECT id, artist, title, mbid, isrc, album, album_artist FROM tracks WHERE title IS NOT NULL AND {where}"
    for node, artist, title, mbid, isrc, *albums in library.db.execute(f"{query} ORDER BY id"):
        if artist is None and " - " in title:  # known by one name: "Artist - Title"
            artist, _, title = title.partition(" - ")
        yield NamedTrack(node, without_channel(artist or ""), title, plain_mbid(mbid), plain_isrc(isrc), *albums)


def _likeliest(track: NamedTrack, files: Sequence[NamedTrack]) -> Sequence[NamedTrack]:
    """The files of the album of a track, else those with its exact spelling, else all."""
    same_album = [file for file in files if track.album_core and file.album_core == track.album_core]
    same = [file for file in files if file.name.casefold() == track.name.casefold()]
    return same_album or same or files


def _same_titles(
    catalog: Sequence[NamedTrack], files: Mapping[tuple[str, ...], Sequence[NamedTrack]]
) -> Iterator[Pair]:
    """Yield pairs of one title whose artists may be the same."""
    for track in catalog:
        of_title = files.get(_unspaced(track.key[1]), ())
        for file in of_title if len(of_title) <= _MAX_NAMESAKES else ():
            if file.may_be_by(track.artist) and not is_no_title(track.title):
                score = likeness(loose_key(file.artist), loose_key(track.artist))
                yield Pair(track, file, "title", min(max(score, MIN_LIKENESS), _ALMOST_ONE))


def _similar_pairs(catalog: Sequence[NamedTrack], files: Sequence[NamedTrack]) -> Iterator[Pair]:
    """Yield pairs of one artist and almost one title, or the reverse."""
    for place, why in ((0, "artist"), (1, "title")):
        groups: dict[str, tuple[list[NamedTrack], list[NamedTrack]]] = defaultdict(lambda: ([], []))
        for side, tracks in enumerate((files, catalog)):
            for track in tracks:
                (key,) = _unspaced(track.key[place])
                if track.keys and (side == 0 or key in groups):
                    groups[key][side].append(track)
        for group_files, group_tracks in groups.values():
            if len(group_files) * len(group_tracks) > _MAX_PAIRS:
                continue
            for file, track in product(group_files, group_tracks):
                score = likeness(file.key[1 - place], track.key[1 - place])
                if MIN_LIKENESS <= score < 1:
                    yield Pair(track, file, why, score)


def _words(artist: str) -> set[str]:
    return set(artist_key(artist).split()) - _COMMON_WORDS


def _holds(words: set[str], others: set[str]) -> bool:
    return bool(others) and others <= words


def _unspaced(*keys: str) -> tuple[str, ...]:
    return tuple(key.replace(" ", "") for key in keys)


def _require(library: Library, track_id: int, status: str, what: str) -> None:
    if library.value("SELECT status FROM tracks WHERE id = ?", [track_id]) != status:
        raise LibraryError(f"{track_id} is the id of no {what}.\n\nRun `cli link --dry-run`, which shows both ids.")
