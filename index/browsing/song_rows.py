"""Facts of songs, which are files that can be played, for lists that people browse."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.data.name_matching import label_spellings
from earshot.index.library import Library
from earshot.index.search.word_search import search_words

# Songs without an album are one of their artist's; its key is negative, and tells the artist.
ALBUM_KEY = "coalesce(t.album_id, -1 - coalesce(t.artist_id, 0))"
_FIELDS = (
    "t.id, r.recording_id, t.title, t.artist, t.artist_id, artists.name, t.album, t.album_artist, "
    f"{ALBUM_KEY}, albums.artist_id, owners.name, t.genre, t.year, t.track_number, t.duration_s, t.size, "
    "t.sample_rate, t.channels, t.codec, t.path, t.mtime_ns, t.mbid, t.isrc"
)
_SONGS = f"""
    SELECT {_FIELDS} FROM tracks AS t
    JOIN recordings AS r ON r.track_id = t.id
    LEFT JOIN artists ON artists.id = t.artist_id
    LEFT JOIN albums ON albums.id = t.album_id
    LEFT JOIN artists AS owners ON owners.id = albums.artist_id
    WHERE +t.status = 'embedded'
"""
IN_ORDER = "t.track_number IS NULL, t.track_number, t.path"  # of an album
ONE_FILE = "r.is_best"  # of several files of a recording


@dataclass(frozen=True)
class Song:
    """A file of music as lists show it."""

    id: int
    recording_id: int
    title: str
    artist: str | None  # as the tag has it: perhaps several
    artist_id: int | None  # of the first
    first_artist: str | None
    album: str | None
    album_artist: str | None
    album_key: int  # the id of its album; negative if it has none
    album_artist_id: int | None
    album_owner: str | None
    genre: str | None
    year: int | None
    track_number: int | None
    duration_s: float | None
    size: int | None  # bytes
    sample_rate: int | None  # Hz
    channels: int | None
    codec: str | None  # by FFmpeg's name
    path: str
    mtime_ns: int | None
    mbid: str | None
    isrc: str | None


def songs_where(
    library: Library, condition: str, values: Sequence[object] = (), order: str = "t.id", n: int = -1, offset: int = 0
) -> list[Song]:
    """Songs that fit a condition on the tables `t` (tracks) and `r` (recordings), at most n from an offset on."""
    query = f"{_SONGS} AND {condition} ORDER BY {order} LIMIT ? OFFSET ?"
    return [Song(*row) for row in library.db.execute(query, [*values, n, offset])]


def songs_by_id(library: Library, track_ids: Sequence[int]) -> list[Song]:
    """Songs in the order of their ids, each as often as it is asked for; ids that are none are skipped."""
    found = songs_where(library, "t.id IN (SELECT value FROM json_each(?))", [json.dumps(list(track_ids))])
    songs = {song.id: song for song in found}
    return [songs[track_id] for track_id in track_ids if track_id in songs]


def songs_of_recordings(library: Library, recording_ids: Sequence[int]) -> list[Song]:
    """The best song of each recording, in their order; recordings without a file are skipped."""
    among = "r.recording_id IN (SELECT value FROM json_each(?))"
    songs: dict[int, Song] = {}
    for song in songs_where(library, among, [json.dumps(list(recording_ids))], "r.is_best DESC, t.id"):
        songs.setdefault(song.recording_id, song)
    return [songs[one] for one in recording_ids if one in songs]


def songs_of_album(library: Library, album_key: int) -> list[Song]:
    """The songs of an album in their order; of none, if the key is that of an artist's songs without an album."""
    if album_key > 0:
        return songs_where(library, "t.album_id = ?", [album_key], IN_ORDER)
    artist = -1 - album_key
    condition = "t.album_id IS NULL AND coalesce(t.artist_id, 0) = ?"
    return songs_where(library, condition, [artist], IN_ORDER)


def songs_by_words(library: Library, text: str, n: int, offset: int = 0) -> list[Song]:
    """Songs whose title, artist and album hold all words of a text, the best first; without a word all, by id."""
    if not text:
        return songs_where(library, "1", n=n, offset=offset)
    found = search_words(library, text, offset + n) if n else []
    return songs_by_id(library, [row.id for row in found[offset:]])


def songs_of_genre(library: Library, genre: str, n: int, offset: int = 0) -> list[Song]:
    """Songs of which a genre is this one, without regard to case; each recording once."""
    among = f"{ONE_FILE} AND {OF_GENRE}"
    return songs_where(library, among, [json.dumps(genre_cells(library, genre))], "t.id", n, offset)


OF_GENRE = "t.genre IN (SELECT value FROM json_each(?))"  # with the cells of `genre_cells`


def genre_cells(library: Library, genre: str) -> list[str]:
    """The genre tags of the library of which a part is this genre."""
    wanted = " ".join(genre.split()).casefold()
    cells = library.column("SELECT DISTINCT genre FROM tracks WHERE genre IS NOT NULL")
    return [cell for cell in cells if any(label.casefold() == wanted for label in label_spellings(cell))]
