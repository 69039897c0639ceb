"""Names that are like a misspelt one, to offer in place of it."""

import contextlib
import re
from collections.abc import Iterator

from earshot.data.name_matching import artist_key, label_spellings, likeness, title_key
from earshot.index.library import Library
from earshot.index.tracks.track_lookup import STATUSES

_MIN_LIKENESS = 0.5  # of a word to one of the library, and of a name to the text
_MAX_OTHER_LETTERS = 2  # by which two words that are meant to be one differ in length
_WORDS_PER_WORD = 8
_MAX_CANDIDATES = 200


def near_misses(library: Library, text: str, limit: int = 3) -> list[str]:
    """Titles with their artists, artists, albums and genres that are most like a text, the best first.

    Words of the text are replaced by the most similar ones that the library has; of the tracks that hold any of these,
    the names are compared with the text as a whole, and so are all genres.
    """
    words = re.findall(r"\w+", title_key(text))
    if not words:
        return []
    with _vocabulary(library):
        alike = {word: _words_like(library, word) for word in words}
    terms = {term for found in alike.values() for term in found}
    genres = library.column("SELECT DISTINCT genre FROM tracks WHERE genre NOT NULL")
    scores = {
        label: likeness(title_key(text), title_key(label)) for genre in genres for label in label_spellings(genre)
    }
    query = (
        "SELECT t.title, t.artist, t.album FROM tracks_fts JOIN tracks AS t ON t.id = tracks_fts.rowid"
        f" WHERE tracks_fts MATCH ? AND t.status IN {STATUSES[True]} ORDER BY bm25(tracks_fts) LIMIT ?"
    )
    expression = " OR ".join(f'"{term}"' for term in sorted(terms))
    for title, artist, album in library.db.execute(query, [expression, _MAX_CANDIDATES]) if terms else ():
        for name, score in _scored(text, title, artist, album):
            scores[name] = max(score, scores.get(name, 0.0))
    best = sorted((name for name, score in scores.items() if score >= _MIN_LIKENESS), key=lambda name: -scores[name])
    return best[:limit]


def _scored(text: str, title: str, artist: str | None, album: str | None) -> Iterator[tuple[str, float]]:
    """Yield the names of a track that may be typed instead of a text, and how like it each is."""
    wanted = title_key(text)
    name = f"{artist} - {title}" if artist else title
    yield (
        name,
        max(likeness(wanted, title_key(title)), likeness(wanted, f"{artist_key(artist or '')} {title_key(title)}")),
    )
    if artist:
        yield artist, likeness(artist_key(text), artist_key(artist))
    if album:
        yield album, likeness(wanted, title_key(album))


def _words_like(library: Library, word: str) -> list[str]:
    """The words of titles, artists and albums that are most like one."""
    query = "SELECT term FROM temp.search_vocabulary WHERE length(term) BETWEEN ? AND ?"
    lengths = [len(word) - _MAX_OTHER_LETTERS, len(word) + _MAX_OTHER_LETTERS]
    scored = [(likeness(word, term), term) for (term,) in library.db.execute(query, lengths)]
    return [term for score, term in sorted(scored, reverse=True)[:_WORDS_PER_WORD] if score >= _MIN_LIKENESS]


@contextlib.contextmanager
def _vocabulary(library: Library) -> Iterator[None]:
    """All words of full-text search, as a temporary table, which a library that is open to read has to allow."""
    was_query_only = library.value("PRAGMA query_only")
    library.db.execute("PRAGMA query_only = OFF")
    try:
        library.db.execute("CREATE VIRTUAL TABLE temp.search_vocabulary USING fts5vocab('main', 'tracks_fts', 'row')")
        yield
    finally:
        library.db.execute("DROP TABLE IF EXISTS temp.search_vocabulary")
        library.db.execute(f"PRAGMA query_only = {int(was_query_only)}")
