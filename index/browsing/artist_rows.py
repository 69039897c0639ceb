"""Artists and genres as people browse them: those of the files that can be played."""

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.data.name_matching import artist_key, label_spellings
from earshot.index.browsing.song_rows import ALBUM_KEY
from earshot.index.library import Library
from earshot.index.search.word_search import name_expression, normal_text

_ARTISTS = f"""
    WITH pairs AS (
        SELECT artist_id, {ALBUM_KEY} AS album_key FROM tracks AS t
        WHERE +status = 'embedded' AND artist_id IS NOT NULL {{of_track}}
        UNION
        SELECT a.artist_id, a.id FROM albums AS a WHERE a.artist_id IS NOT NULL {{of_album}}
        AND EXISTS (SELECT 1 FROM tracks AS t WHERE t.album_id = a.id AND +t.status = 'embedded')
    )
    SELECT artists.id, artists.name, count(*) FROM pairs JOIN artists ON artists.id = pairs.artist_id
    GROUP BY artists.id ORDER BY artists.name COLLATE NOCASE, artists.id LIMIT ? OFFSET ?
"""
_AMONG = "AND {0}.artist_id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True)
class Artist:
    """An artist of songs or albums."""

    id: int
    name: str
    n_albums: int  # of theirs, or with songs of theirs


@dataclass(frozen=True)
class Genre:
    """A genre as tags spell it most often."""

    name: str
    n_songs: int
    n_albums: int


def artists(library: Library, n: int = -1, offset: int = 0) -> list[Artist]:
    """All artists by name, at most n from an offset on."""
    query = _ARTISTS.format(of_track="", of_album="")
    return [Artist(*row) for row in library.db.execute(query, [n, offset])]


def artists_by_id(library: Library, artist_ids: Sequence[int]) -> list[Artist]:
    """Artists in the order of their ids; ids that are none are skipped."""
    query = _ARTISTS.format(of_track=_AMONG.format("t"), of_album=_AMONG.format("a"))
    ids = json.dumps(list(artist_ids))
    found = {row[0]: Artist(*row) for row in library.db.execute(query, [ids, ids, -1, 0])}
    return [found[one] for one in dict.fromkeys(artist_ids) if one in found]


def artists_by_words(library: Library, text: str, n: int, offset: int = 0) -> list[Artist]:
    """Artists whose name holds all words of a text, those of that name first; without a word all, by name."""
    if not text:
        return artists(library, n, offset)
    return artists_by_id(library, artist_ids_by_words(library, text, n, offset))


def artist_ids_by_words(library: Library, text: str, n: int, offset: int = 0) -> list[int]:
    """Ids of the artists whose name holds all words of a text: first those of that name, then those with most tracks.

    The last word may be the beginning of one.
    """
    expression = name_expression(normal_text(text), "artist", prefix=True)
    if expression is None or not n:
        return []
    query = (
        "SELECT id FROM (SELECT t.artist_id AS id, count(*) AS n_tracks FROM tracks_fts JOIN tracks AS t"
        " ON t.id = tracks_fts.rowid WHERE tracks_fts MATCH :words AND +t.status = 'embedded' GROUP BY t.artist_id)"
        " JOIN artists USING (id) ORDER BY name = :text COLLATE NOCASE DESC,"
        " instr(lower(name), lower(:text)) > 0 DESC, n_tracks DESC, id LIMIT :n OFFSET :offset"
    )
    values = {"words": expression, "text": text, "n": n, "offset": offset}
    return [one for (one,) in library.db.execute(query, values)]


def artist_named(library: Library, name: str) -> int | None:
    """The id of the artist of a name, by any of its spellings; None if there is none."""
    query = "SELECT id FROM artists WHERE key = ? AND key <> '' ORDER BY name = ? DESC, id LIMIT 1"
    found: int | None = library.value(query, [artist_key(name), name])
    return found


def by_initial(found: Sequence[Artist]) -> dict[str, list[Artist]]:
    """Artists below the letter that they are looked for under, without The and accents; # for other signs."""
    below: dict[str, list[tuple[str, Artist]]] = defaultdict(list)
    for artist in found:
        plain = unicodedata.normalize("NFKD", artist_key(artist.name) or artist.name)
        below[plain[0].upper() if plain[0].isalpha() else "#"].append((plain, artist))
    return {letter: [one for _, one in sorted(below[letter], key=_by_name)] for letter in sorted(below)}


def genres(library: Library) -> list[Genre]:
    """All genres by name; a song of several counts for each."""
    query = (
        f"SELECT genre, {ALBUM_KEY}, count(*) FROM tracks AS t WHERE status = 'embedded' AND genre > '' GROUP BY 1, 2"
    )
    n_songs: Counter[str] = Counter()
    album_keys: dict[str, set[int]] = defaultdict(set)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for cell, key, n in library.db.execute(query):
        for spelling in dict.fromkeys(label_spellings(cell)):
            label = spelling.casefold()
            n_songs[label] += n
            album_keys[label].add(key)
            spellings[label][spelling] += n
    return [Genre(spellings[one].most_common(1)[0][0], n_songs[one], len(album_keys[one])) for one in sorted(n_songs)]


def _by_name(pair: tuple[str, Artist]) -> tuple[str, int]:
    return pair[0], pair[1].id
