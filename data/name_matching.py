"""Keys of artists, titles, labels and codes, equal where two spellings mean the same."""

import re
import unicodedata
from functools import lru_cache

_BETWEEN_LABELS = re.compile(r"[;|\0]")

_OTHER_RECORDING = "remix|mix|rework|bootleg|edit|live|acoustic|unplugged|demo|instrumental|karaoke|cover|dub|session"
_NOTE_START = r"\s*[-–—/,:;(\[]"  # between a guest and the next note
_BRACKETED_GUEST = r"\s*[(\[]\s*(?:feat|ft|featuring|with)\b[^)\]]*[)\]]"
_GUEST = re.compile(rf"{_BRACKETED_GUEST}|\s(?:feat|ft|featuring)\b\.?\s.*$")
# In a title, the guest ends at a note on another recording.
_TITLE_GUEST = re.compile(
    rf"{_BRACKETED_GUEST}|\s(?:feat|ft|featuring)\b\.?\s.*?"
    rf"(?={_NOTE_START}[^-–—/,:;(\[]*\b(?:{_OTHER_RECORDING})\b|\s(?:{_OTHER_RECORDING})$|$)"
)
# Notes that labels add to the same recording. A live take, a remix or an edit is another recording.
_SAME_RECORDING = (
    r"(?:\d{4}\s+(?:[-–—]\s+)?)?(?:digital(?:ly)?\s+)?re-?master(?:ed)?(?:\s+(?:version|edition))?(?:\s+(?:in\s+)?\d{4})?"
    r"|(?:original\s+)?(?:album|single|lp)\s+version|explicit(?:\s+version)?|bonus\s+track|mono|stereo"
)
_MASTERING_NOTE = re.compile(rf"\s*[(\[]\s*(?:{_SAME_RECORDING})\s*[)\]]|\s+[-–—/]\s+(?:{_SAME_RECORDING})\s*$")
_ARTICLE_LAST = re.compile(r",\s+the$")  # as catalogs sort them: "Beatles, The"
_AND = re.compile(r"\s*&\s*|\s+\+\s+")
_LAST_ACCENTED_SCRIPT = 0x530  # Latin, Greek and Cyrillic come before; Japanese marks make other letters


@lru_cache(maxsize=100_000)
def artist_key(name: str) -> str:
    """Normalize an artist: no case, accents, punctuation, guests or leading article.

    >>> artist_key("The Beyoncé (feat. JAY-Z)") == artist_key("beyonce")
    True
    """
    alone = _GUEST.sub("", " ".join(name.casefold().split()))
    key = _plain(_ARTICLE_LAST.sub("", alone) or name)
    return key.removeprefix("the ") or key


def title_key(title: str) -> str:
    """Normalize a title: no case, accents, punctuation, guests or notes on mastering.

    >>> title_key("Don’t Stop (feat. Somebody) - 2009 Remaster") == title_key("dont stop")
    True
    >>> title_key("Don't Stop (Live)") == title_key("Don't Stop")
    False
    """
    text = " ".join(title.casefold().split())
    shorter = _TITLE_GUEST.sub("", _MASTERING_NOTE.sub("", text))
    return _plain(shorter if shorter.strip() else text)


def likeness(one: str, other: str) -> float:
    """Similarity of two keys by their pairs of neighbouring letters, from 0 to 1 (Dice's coefficient).

    >>> likeness("night", "nacht")  # ni ig gh ht and na ac ch ht share one: 2 * 1 / (4 + 4)
    0.25
    """
    if one == other:
        return 1.0
    pairs, other_pairs = _pairs(one), _pairs(other)
    return 2 * len(pairs & other_pairs) / max(len(pairs) + len(other_pairs), 1)


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _plain(text: str) -> str:
    folded = _AND.sub(" and ", unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", ""))
    if not folded.isascii():
        folded = "".join(_without_accent(character) for character in folded)
    words = " ".join(re.findall(r"\w+", folded))
    return words or " ".join(text.split())  # a band may be called !!!


def _without_accent(character: str) -> str:
    if ord(character) >= _LAST_ACCENTED_SCRIPT or character.isascii():
        return character
    bare = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"}.get(character, bare)


def plain_mbid(code: str | None) -> str | None:
    """Normalize a MusicBrainz id, whose letters have no case."""
    return _reuse_if_equal(code, code.lower()) if code else None


def plain_isrc(code: str | None) -> str | None:
    """Normalize an ISRC: no dashes, upper case.

    >>> plain_isrc("fr-z03-98-00212")
    'FRZ039800212'
    """
    return _reuse_if_equal(code, code.replace("-", "").upper()) if code else None


def _reuse_if_equal(code: str, plain: str) -> str:
    """Return the code itself if it is normal already, so that a million of them are not held twice."""
    return code if code == plain else plain


def split_labels(cell: str | None) -> frozenset[str]:
    """Split a genre tag or a cell of a table into labels without case; see `label_spellings`.

    >>> sorted(split_labels("Pop/Rock; Blues;blues"))
    ['blues', 'pop/rock']
    """
    return frozenset(label.casefold() for label in label_spellings(cell))


def label_spellings(cell: str | None) -> list[str]:
    """Split a genre tag or a cell of a table into labels as they are written, without superfluous blanks.

    Only ``;``, ``|`` and the zero byte of ID3 separate labels: Pop/Rock, R&B and "Folk, World" are each one genre.
    """
    labels = (" ".join(part.split()) for part in _BETWEEN_LABELS.split(cell or ""))
    return [label for label in labels if label]
