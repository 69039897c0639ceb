"""Keys of artists, titles, labels and codes, equal where two spellings mean the same."""

import re
import unicodedata
from functools import lru_cache

from earshot.data.placeholder_names import is_no_artist, is_unknown

_BETWEEN_LABELS = re.compile(r"[;|\0]")

_OTHER_RECORDING = "remix|mix|rework|bootleg|edit|live|acoustic|unplugged|demo|instrumental|karaoke|cover|dub|session"
_NOTE_START = r"\s*[-–—/,:;(\[]"  # between a guest and the next note
# No note in brackets is longer than 200 letters: a search for its end after each of many brackets would take hours.
_BRACKETED_GUEST = r"\s*[(\[（［]\s*(?:feat|ft|featuring|with|w/)(?:\b|(?<=/))[^)\]）］]{0,200}[)\]）］]"
_GUEST = re.compile(rf"{_BRACKETED_GUEST}|\s(?:feat|ft|featuring)\b\.?\s.*$", re.IGNORECASE)
_COMPANY = re.compile(r"\swith\s.*$", re.IGNORECASE)  # a guest, or part of a name: Man with a Mission
# In a title, the guest ends at a note on another recording.
_TITLE_GUEST = re.compile(
    rf"{_BRACKETED_GUEST}|\s(?:feat|ft|featuring)\b\.?\s.*?"
    rf"(?={_NOTE_START}[^-–—/,:;(\[]*\b(?:{_OTHER_RECORDING})\b|\s(?:{_OTHER_RECORDING})$|$)"
)
# Notes that labels add to the same recording. A live take, a remix or an edit is another recording.
_SAME_RECORDING = (
    r"(?:\d{4}\s+(?:[-–—]\s+)?)?(?:digital(?:ly)?\s+)?re-?master(?:ed)?(?:\s+(?:version|edition))?(?:\s+(?:in\s+)?\d{4})?"
    r"|(?:original\s+)?(?:album|single|lp|mono|stereo)\s+version|original\s+mix|explicit(?:\s+version)?"
    r"|bonus\s+track|mono|stereo|official\s+(?:audio|(?:music\s+|lyric\s+)?video|visuali[sz]er)|lyrics?\s+video"
    r"|(?:super\s+)?(?:deluxe|expanded|anniversary|special)(?:\s+(?:edition|version))?"
)
_SAME_NOTES = rf"(?:{_SAME_RECORDING})(?:\s*[/,;]\s*(?:{_SAME_RECORDING}))*"
_MASTERING_NOTE = re.compile(rf"\s*[(\[]\s*{_SAME_NOTES}\s*[)\]]|\s+[-–—/]\s+{_SAME_NOTES}\s*$")
_EDITION = (
    r"(?:deluxe|expanded|special|limited|anniversary|collector'?s|legacy|bonus|edition|version|explicit|clean"
    r"|re-?master(?:ed)?|re-?issue|mono|stereo|\d{4}\s+mix)"
)
_EDITION_NOTE = re.compile(
    rf"\s*[(\[][^)\]]{{0,200}}\b{_EDITION}\b[^)\]]{{0,200}}[)\]]\s*$"
    rf"|\s+[-–—]\s+[^-–—]{{0,200}}\b{_EDITION}\b[^-–—]{{0,200}}$"
)
# What separates artists in one tag: formats write a semicolon or a zero byte, ID3v2.3 a slash.
_BETWEEN_ARTISTS = re.compile(r"\s*(?:[;\0|、；]|\\\\|\s/\s)\s*")
_ONE_ARTIST = re.compile(r"(?!.*\s(?:feat|ft))[^;\0|、；\\/(\[（［]*", re.IGNORECASE | re.DOTALL)
_SHORT_NAME = re.compile(r"[^\u3040-\u9fff\uac00-\ud7a3/ ]{1,2}")  # AC/DC is one artist
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´′\u00ad\u200b\u200c\u200d\u200e\u200f\ufeff")  # and invisible signs
_VERSION_NOTE = re.compile(
    rf"[(\[][^)\]]{{0,200}}\b(?:{_OTHER_RECORDING})\b[^)\]]{{0,200}}[)\]]"
    rf"|\s[-–—/]\s.{{0,200}}\b(?:{_OTHER_RECORDING})\b"
)
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
    return (key.removeprefix("the ") or key) if len(key) > 1 else alone or key  # -M- is not M


@lru_cache(maxsize=100_000)
def artist_names(text: str) -> tuple[str, ...]:
    """Split the artists of one tag, as they are written; without guests, and without what names no artist.

    >>> artist_names("Anna Amber/Ben Bright (feat. Carl); AC/DC; Unknown Artist")
    ('Anna Amber', 'Ben Bright', 'AC/DC')
    """
    if _ONE_ARTIST.fullmatch(text):  # nine of ten
        return () if is_no_artist(text) else (text.strip(),)
    names: dict[str, str] = {}
    for value in _BETWEEN_ARTISTS.split(text):
        for part in _at_slashes(value):
            name = _GUEST.sub("", part).strip()
            if name and not is_no_artist(name):
                names.setdefault(artist_key(name), name)
    return tuple(names.values())


def _at_slashes(value: str) -> list[str]:
    """Split Anna/Ben, the way of ID3v2.3, and AC/DC/Queen into two, but neither AC/DC nor De/Vision."""
    parts: list[str] = []
    for part in value.split("/"):
        is_short = _SHORT_NAME.fullmatch(part.strip()) is not None
        if parts and is_short and _SHORT_NAME.fullmatch(parts[-1].rpartition("/")[2].strip()):
            parts[-1] += f"/{part}"
        else:
            parts.append(part)
    is_clear = " " in value or not any(_SHORT_NAME.fullmatch(part.strip()) for part in parts)
    return parts if is_clear and all(part.strip() for part in parts) else [value]


@lru_cache(maxsize=100_000)
def artist_keys(text: str | None) -> frozenset[str]:
    """Keys of all artists in one tag; none if it names none.

    >>> sorted(artist_keys("The Beatles; Billy Preston")), artist_keys("Various Artists")
    (['beatles', 'billy preston'], frozenset())
    """
    names = artist_names(text or "")
    return frozenset(artist_key(name) for one in names for name in {one, _COMPANY.sub("", one)})


def main_artist_key(text: str | None) -> str:
    """The key of the first artist in one tag, empty if it names none."""
    names = artist_names(text or "")
    return artist_key(names[0]) if names else ""


def album_key(name: str | None) -> str:
    """Normalize an album: no case, accents or punctuation; empty for an unknown one.

    >>> album_key("Café Bleu") == album_key("cafe bleu"), album_key("Unknown Album")
    (True, '')
    """
    return "" if name is None or is_unknown(name) else _plain(" ".join(name.casefold().split()))


@lru_cache(maxsize=100_000)
def album_core(name: str | None) -> str:
    """The key of an album without notes on its edition; empty for an unknown one.

    >>> album_core("Watch the Throne (Deluxe)"), album_core("Abbey Road - 2019 Mix [Super Deluxe Edition]")
    ('watch the throne', 'abbey road')
    >>> album_core("Funhouse: Live (Deluxe)")
    'funhouse live'
    """
    text = " ".join((name or "").casefold().split())
    shorter = _EDITION_NOTE.sub("", text)
    while shorter != text:
        text, shorter = shorter, _EDITION_NOTE.sub("", shorter)
    return album_key(shorter.strip() or name)


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


_CHANNEL = re.compile(r"\s+-\s+topic\s*$|(?<=\w)vevo\s*$", re.IGNORECASE)  # what YouTube adds to artists
_SIGN_FOR_A_LETTER = {"!": re.compile(r"(?<=\w)!(?=\w)"), "$": re.compile(r"\$(?=\w)|(?<=\w)\$")}


def without_channel(artist: str) -> str:
    """An artist without what YouTube calls the channel of one.

    >>> without_channel("Air - Topic"), without_channel("AdeleVEVO"), without_channel("Topic")
    ('Air', 'Adele', 'Topic')
    """
    return _CHANNEL.sub("", artist) or artist


def loose_key(name: str) -> str:
    """A key without any blanks, and with letters for the signs that stand for them: equal names, or almost.

    >>> loose_key("AC/DC"), loose_key("T.N.T."), loose_key("P!nk"), loose_key("A$AP Rocky")
    ('acdc', 'tnt', 'pink', 'asaprocky')
    """
    plain = _SIGN_FOR_A_LETTER["$"].sub("s", _SIGN_FOR_A_LETTER["!"].sub("i", name))
    return artist_key(plain).replace(" ", "")


def is_other_version(title: str) -> bool:
    """Tell whether a title says that this is a live take, a remix or another version of a song.

    >>> is_other_version("Song (Live in Rome)"), is_other_version("Song - Remastered"), is_other_version("Live Forever")
    (True, False, False)
    """
    return bool(_VERSION_NOTE.search(_MASTERING_NOTE.sub("", title.casefold())))


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
    folded = _AND.sub(" and ", unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold())
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
    return [label for label in labels if label and not is_unknown(label)]
