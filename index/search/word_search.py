"""Search titles, artists and albums by words as people type them.

Full-text search compares without case and accents. Here it also finds "C'est" by "cest", "AC/DC" by "acdc", full-width
letters by plain ones, and, by a look through all names, parts of words of scripts without spaces, signs and emoji.
"""

import re
import unicodedata

from earshot.data.files.path_encoding import path_columns
from earshot.index.library import Library
from earshot.index.tracks.track_lookup import COLUMNS, STATUSES, TrackRow

MAX_CHOICES = 15
_APOSTROPHE = "['’‘ʼ`´′]"
_WORD = re.compile(rf"\w+(?:{_APOSTROPHE}\w+)*")
_CUTS = (1, 2, -2, -1)  # where an apostrophe or a hyphen may be left out: l'amour, qu'il, I've, don't
_BESIDE_DIGITS = re.compile(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")  # where a blank may be: blink182
_MANY = 10_000  # tracks that hold what was typed: such as a first letter
_MAX_INITIALS = 5  # T.N.T., R.E.M.
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f]")  # of emoji: the same sign in color or black
_NAMES = "coalesce({0}title, '') || ' ' || coalesce({0}artist, '') || ' ' || coalesce({0}album, '')"


def normal_text(text: str) -> str:
    """A typed text in the letters that names are stored in: composed, and bytes that are not UTF-8 as escapes."""
    return unicodedata.normalize("NFC", path_columns(text)[0]).strip()


def match_expression(text: str, *, prefix: bool = False) -> str | None:
    """The FTS5 expression for tracks that hold all words of a text; None for a text without words.

    With `prefix` the last word may be the beginning of one.
    """
    return _all_words(unicodedata.normalize("NFKC", text), prefix)


def name_expression(text: str, columns: str, *, prefix: bool = False) -> str | None:
    """The same for names in columns such as "title artist"; None for a text without words as it is spelled.

    The words may stand there as they are spelled, too: full-text search tells ² from 2, and passes over ™.
    """
    spelled, compatible = (_all_words(unicodedata.normalize(form, text), prefix) for form in ("NFC", "NFKC"))
    if spelled is None:
        return None
    readings = [spelled] if compatible in (None, spelled) else [f"({spelled})", f"({compatible})"]
    return f"{{{columns}}} : ({' OR '.join(readings)})"


def _all_words(text: str, prefix: bool) -> str | None:
    # An underscore alone is a word of `re`, and none of FTS5.
    words = [word for word in _WORD.findall(text) if word.strip("_")]
    if not words:
        return None
    terms = ["(" + " OR ".join(f'"{spelling}"' for spelling in _spellings(word)) + ")" for word in words]
    if prefix:
        whole, *split = _spellings(words[-1])
        terms[-1] = "(" + " OR ".join([f'"{whole}" *', *(f'"{spelling}"' for spelling in split)]) + ")"
    return " AND ".join(terms)


def _spellings(word: str) -> list[str]:
    """Phrases that mean a word: with an apostrophe here or there, or in full-width letters."""
    pieces = re.split(_APOSTROPHE, word)
    if len(pieces) > 1:
        spellings = [" ".join(pieces), "".join(pieces)]
    else:
        cuts = [] if word.isdecimal() else [cut % len(word) for cut in _CUTS if abs(cut) < len(word)]
        cuts += [match.start() for match in _BESIDE_DIGITS.finditer(word)]
        spellings = [word, *(f"{word[:cut]} {word[cut:]}" for cut in dict.fromkeys(cuts))]
        if cuts and 2 < len(word) <= _MAX_INITIALS:
            spellings.append(" ".join(word))
    if word.isascii():
        spellings.append("".join(chr(ord(letter) + 0xFEE0) for letter in pieces[0]) if len(pieces) == 1 else word)
    return spellings


def search_words(library: Library, text: str, limit: int = MAX_CHOICES, catalog: bool = False) -> list[TrackRow]:
    """Search embedded tracks whose title, artist and album hold all words; the last one may be a prefix.

    Tracks whose title, or artist and title, equal the text come first, then those of which the words say most (BM25),
    or where nearly all hold them, those of the shortest titles. With `catalog` also tracks without audio.
    """
    text = normal_text(text)
    expression = match_expression(text, prefix=True)
    order = "bm25(tracks_fts)" if expression and _is_rare(library, expression) else "length(t.title)"
    equal = "t.title = :text COLLATE NOCASE"
    if " - " in text:
        equal += " OR t.artist || ' - ' || t.title = :text COLLATE NOCASE"
    rows = (
        expression
        and library.db.execute(
            f"SELECT {_columns('t.')} FROM tracks_fts JOIN tracks AS t ON t.id = tracks_fts.rowid"
            f" WHERE tracks_fts MATCH :query AND t.status IN {STATUSES[catalog]}"
            f" ORDER BY ({equal}) DESC, {order}, t.id LIMIT :limit",
            {"query": expression, "text": text, "limit": limit},
        ).fetchall()
    )
    if not rows and (expression is None or not text.isascii()):
        return _search_parts(library, text, limit, catalog)
    return [TrackRow(*row) for row in rows or ()]


def _is_rare(library: Library, expression: str) -> bool:
    """Tell whether so few tracks hold some words that these tell them apart; of all tracks BM25 takes long to rank."""
    query = "SELECT count(*) FROM (SELECT 1 FROM tracks_fts WHERE tracks_fts MATCH ? LIMIT ?)"
    n_found: int = library.value(query, [expression, _MANY])
    return n_found < _MANY


def rows_where(library: Library, where: str, values: dict[str, object], catalog: bool = False) -> list[TrackRow]:
    """Tracks `t` that fit a condition, embedded or, with `catalog`, any; it may ask full-text search `tracks_fts`."""
    tables = "tracks AS t JOIN tracks_fts ON tracks_fts.rowid = t.id" if "tracks_fts" in where else "tracks AS t"
    # The plus: SQLite would search by the status, which nearly all tracks have.
    query = f"SELECT {_columns('t.')} FROM {tables} WHERE +t.status IN {STATUSES[catalog]} AND {where}"
    return [TrackRow(*row) for row in library.db.execute(query, values)]


def _search_parts(library: Library, text: str, limit: int, catalog: bool) -> list[TrackRow]:
    """Tracks whose names hold all parts of a text between its blanks, wherever: one look of SQLite through all names.

    Scripts without spaces make one word of a whole title, and signs make none.
    """
    if len(text) < 2 and text.isascii():
        return []  # half of all titles hold an apostrophe
    parts = [part for part in _VARIATION_SELECTORS.sub("", text).split() if part.strip("-–—")] or text.split()
    conditions: list[str] = []
    values: dict[str, object] = {"limit": limit}
    for n, part in enumerate(parts):
        forms = dict.fromkeys(unicodedata.normalize(form, part) for form in ("NFC", "NFD", "NFKC"))
        places = [f"p{n}_{place}" for place in range(len(forms))]
        conditions.append("(" + " OR ".join(f"names LIKE :{place} ESCAPE '\\'" for place in places) + ")")
        values |= {place: f"%{_escaped(form)}%" for place, form in zip(places, forms, strict=True)}
    if not parts:
        return []
    query = (
        f"SELECT {_columns()} FROM (SELECT *, {_NAMES.format('')} AS names FROM tracks)"
        f" WHERE status IN {STATUSES[catalog]} AND {' AND '.join(conditions)} ORDER BY length(names), id LIMIT :limit"
    )
    return [TrackRow(*row) for row in library.db.execute(query, values)]


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _columns(table: str = "") -> str:
    return ", ".join(table + column for column in COLUMNS.split(", "))
