"""Find what a person means by one argument: a track, or all tracks of an artist, album, genre, folder or playlist.

An argument is, in this order:

* what it says it is: `id:22`, `title:22`, `artist:311`, `album:Queen - Jazz`, `genre:Jazz`;
* the path or `file:` address of a track, a folder or a playlist file;
* a name, without case, accents and apostrophes. Digits are the id of a track too. If several answer, nobody guesses:
  `AmbiguousError` lists them, each with what to type for it;
* words of title, artist and album that fit one recording alone.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of
from earshot.index.search.named_tracks import albums_named, artists_holding, artists_named, genres_named, tracks_titled
from earshot.index.search.places import is_only_a_path, tracks_at
from earshot.index.search.selected import AmbiguousError, Selected
from earshot.index.search.word_search import MAX_CHOICES, normal_text, search_words
from earshot.index.tracks.name_resolution import folded
from earshot.index.tracks.track_lookup import TrackRow, track_rows

Finder = Callable[[Library, str, bool], list[Selected]]
_MAX_ID_DIGITS = 18  # more than SQLite can count


def find_tracks(library: Library, text: str, catalog: bool = False, digits_are_ids: bool = True) -> Selected | None:
    """Find the tracks that a text means, or None; with `catalog` they may be without audio.

    A catalog track that is linked with a file stands for the track of the file. A number alone is an id where it was
    typed (`digits_are_ids`), and none in a table.

    Raises
    ------
    AmbiguousError
        Several answer to the text.
    ValueError, OSError
        A playlist cannot be read.
    """
    if "\0" in text:
        return None
    kind, colon, rest = text.partition(":")
    if colon and kind in _FINDERS and (found := _found(library, [kind], rest, catalog)):
        return _the_only(text, found)
    if kind == "id" and rest.strip().isdecimal():
        return None
    place = tracks_at(library, text)
    if place is not None and (place.kind != "folder" or is_only_a_path(text)):
        return place
    kinds = ["id", "title", "artist", "album", "genre"] if digits_are_ids else ["title", "artist", "album", "genre"]
    found = [*_found(library, kinds, text, catalog), *([place] if place is not None else [])]
    if found:
        return _the_only(text, _distinct(found))
    is_number_of_table = text.strip().isdecimal() and not digits_are_ids
    return None if is_number_of_table else _by_words(library, text, catalog)


def _by_id(library: Library, text: str, catalog: bool) -> list[Selected]:
    text = text.strip()
    if not text.isdecimal() or len(text) > _MAX_ID_DIGITS:
        return []
    tracks = files_of(library, list(track_rows(library, [int(text)]).values()), catalog)
    return [Selected("track", track.name, [track]) for track in tracks]


def _by_title(library: Library, text: str, catalog: bool) -> list[Selected]:
    return _one_per_recording(library, files_of(library, tracks_titled(library, text, catalog), catalog))


_FINDERS: dict[str, Finder] = {
    "id": _by_id,
    "title": _by_title,
    "artist": artists_named,
    "album": albums_named,
    "genre": genres_named,
}


def _found(library: Library, kinds: Sequence[str], text: str, catalog: bool) -> list[Selected]:
    """Ask the finders of some kinds: with audio, else by catalog tracks that are linked with a file."""
    if not text.strip():
        return []
    for is_catalog in dict.fromkeys((catalog, True)):
        found = [choice for kind in kinds for choice in _FINDERS[kind](library, text, is_catalog)]
        resolved = [replace(choice, tracks=files_of(library, choice.tracks, catalog)) for choice in found]
        if resolved := [choice for choice in resolved if choice.tracks]:
            return resolved
    return []


def _distinct(found: Sequence[Selected]) -> list[Selected]:
    """Selections without those of the same tracks as an earlier one.

    An album gives way to its title track, and to the artist of all of it.
    """
    titled = {choice.tracks[0].id for choice in found if choice.kind == "track"}
    artists = [set(choice.ids) for choice in found if choice.kind == "artist"]
    kept: dict[frozenset[int], Selected] = {}
    for choice in found:
        tracks = set(choice.ids)
        of_the_same_name = (len(titled) == 1 and titled <= tracks) or any(tracks <= artist for artist in artists)
        if choice.kind != "album" or not of_the_same_name:
            kept.setdefault(frozenset(tracks), choice)
    return list(kept.values())


def _the_only(text: str, found: Sequence[Selected]) -> Selected:
    if len(found) > 1:
        raise AmbiguousError(text, found[:MAX_CHOICES], more=len(found) > MAX_CHOICES)
    return found[0]


def _by_words(library: Library, text: str, catalog: bool) -> Selected | None:
    """The recording that alone has all words of a text in its names."""
    rows = search_words(library, text, catalog=catalog) or search_words(library, text, catalog=True)
    wanted = folded(normal_text(text))
    exact = [row for row in rows if wanted in (folded(row.title), folded(row.name))]
    tracks = files_of(library, exact or rows, catalog)
    if not tracks:
        return None
    found = _one_per_recording(library, tracks)
    if len(found) > 1:
        artists = [artist for artist in artists_holding(library, text, catalog) if len(artist.tracks) > 1]
        raise AmbiguousError(text, [*artists, *found], more=len(rows) >= MAX_CHOICES)
    return found[0]


def _one_per_recording(library: Library, tracks: Sequence[TrackRow]) -> list[Selected]:
    """One selection for each recording among some tracks, by the first file of it; one with audio goes before.

    An item of the catalog is taken for the file of its name, which `cli link` would link with it.
    """
    tracks = sorted(tracks, key=lambda track: track.path is None)
    found: dict[int, TrackRow] = {}
    for track, recording in zip(tracks, recordings_of(library, [track.id for track in tracks]), strict=True):
        is_named_alike = track.path is None and any(folded(track.name) == folded(row.name) for row in found.values())
        if not is_named_alike:
            found.setdefault(recording, track)
    return [Selected("track", track.name, [track]) for track in found.values()]


def files_of(library: Library, rows: Sequence[TrackRow], catalog: bool) -> list[TrackRow]:
    """Replace each linked catalog track by the track of its file; without `catalog` drop the other catalog tracks."""
    query = "SELECT id, linked_id FROM tracks WHERE linked_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    links = dict(library.db.execute(query, [json.dumps([row.id for row in rows])]).fetchall())
    files = track_rows(library, list(links.values()))
    resolved = [files.get(links.get(row.id, row.id), row) for row in rows]
    return list({row.id: row for row in resolved if catalog or row.path is not None}.values())
