"""Guess the encoding of short texts: tags and names, whose bytes name none. For files there is `tables.utf8_text`.

A title and an artist are few letters for a statistical detector, so what is sure comes first: UTF-8 proves itself, the
path may show the same letters, Western words have few letters beyond ASCII, and only Japanese has kana. Of the
encodings of Latin letters, that one is likely whose letters are all of the alphabet of one language.
"""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

# Letters beyond ASCII of the languages that are written in each encoding, one alphabet a language.
_ALPHABETS = {
    "cp1252": (
        "àâæçéèêëîïôùûüÿœ", "äöüßé", "áéíñóúü", "àáâãçéêíóôõú", "åäöé", "æøåéòô", "áæðéíóöúýþ", "áæðíóøúý", "àèéìîòù",
        "àçèéíïòóúü",
    ),
    "cp1250": ("áčďéěíňóřšťúůýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîşţ", "čćđšž", "áäčďéíĺľňóôŕšťúýž"),
    "cp1254": ("çğıöşüâîû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņōŗšūž", "äõöüšž"),
}  # fmt: skip
_LATIN = tuple(_ALPHABETS)
_FREQUENCY = {"cp1257": 0.8}  # of an encoding among such tags; 1 for others
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
_OTHERS = ("cp1253", "cp1255", "cp1256", "cp874")
# Leading bytes of the characters that national standards count as common: levels 1 of JIS X 0208 with kana, GB 2312 and
# Big5, and the syllables of KS X 1001.
_COMMON_LEADS = {
    "cp932": frozenset((*range(0x82, 0x84), *range(0x88, 0x99))),
    "gb18030": frozenset(range(0xB0, 0xD8)),
    "big5hkscs": frozenset(range(0xA4, 0xC7)),
    "cp949": frozenset(range(0xB0, 0xC9)),
}
_FOREIGN = (*_CYRILLIC, *_OTHERS, *_COMMON_LEADS)
_FULL_FIELD = 30  # bytes, of ID3v1
_MIN_MISREAD = 4  # letters; fewer may be Swedish
_MIN_SHOWN = 0.6  # share of the letters beyond ASCII that the path shows too
_MIN_RATIO, _MIN_CONFIDENCE = 1.3, 0.01  # of an Eastern European reading, against the Western one
_ONE_ALPHABET, _ALPHABET_A_FIELD, _NO_ALPHABET = 1.0, 0.9, 0.1  # how far a reading is to be believed
_RARE = 0.3  # for a reading with a letter at a place where the languages of the encoding rarely have it
_RARE_PLACES = {
    "cp1252": re.compile(
        r"ç(?![aouàâãáéóôõú]|\b)|\bð|þ(?![aeiouyáéíóúýæöjrv])|[bcdfghjklmnpqrstvwxz]ë\B|[ðþ]\w*[cqwz]|[cqwz]\w*[ðþ]"
    ),
    "cp1250": re.compile(r"đ(?![aeiou]|\b)"),
}
_MIXED_CASE = re.compile(r"[a-zа-яё][A-ZА-ЯЁ]|[A-ZА-ЯЁ]{2}[a-zа-яё]")  # of Cyrillic read with its cases swapped
_MIXED_WORD = re.compile(r"[A-Za-z][^\W\d_a-zA-Z]|[^\W\d_a-zA-Z][A-Za-z]")  # of letters of two alphabets
_WORD = re.compile(r"[^\W\d_]+")
# Signs between two letters, and signs before a letter, that no language has there.
_SIGN_IN_WORD = re.compile(
    r"[^\W\d_][¡-©«-¶¸¹»-¿×÷‘“”„•†‡ˆ˜‰‹›˛ˇ˘˙˝─-■]+[^\W\d_]"
    r"|[^\W\d_][×÷]|[¢-§©¬®-³¶¸¹¼-¾×÷†‡‰˛ˇ˘˙˝─-■][^\W\d_]"
)
_WORD_OF_LATIN_AND_HAN = re.compile(r"[a-z][\u3000-\uffee]+[a-z]")


def guess_encoding(fields: Sequence[bytes], context: str = "") -> str:
    """Guess the one encoding of all fields of a file.

    Parameters
    ----------
    fields : texts, each perhaps cut within a character at its end
    context : text of known letters that may name the same things, such as the file's path

    Returns
    -------
    str
        The name of a codec of Python; Windows-1252 if nothing speaks for another.
    """
    if all(_fits(field, "utf-8") for field in fields):
        return "utf-8"
    texts = {encoding: "\n".join(decode_field(field, encoding) for field in fields) for encoding in _fitting(fields)}
    if (shown := _shown_in(texts, context)) is not None:
        return shown
    content = b"\n".join(fields)
    latin = {name: texts[name] for name in _LATIN if name in texts}
    if _is_western(decode_field(content, "cp1252")):
        if (best := _best_latin(content, latin)) is not None:
            return best
        if "cp1252" in texts:
            return "cp1252"
    for name in ("cp932", "euc_jp"):
        if _n_kana(texts.get(name, "")) >= 2:
            return name
    fitting = {name: text for name, text in latin.items() if _is_surely_latin(text, name)}
    if (best := _best_latin(content, fitting)) is not None:
        return best
    foreign = [name for name in _FOREIGN if name in texts]
    scores = _scores(content, foreign) if foreign else {}
    likely = {name: scores.get(name, 0) * _plausibility(texts[name], name) for name in foreign}
    return max(likely, key=lambda name: likely[name], default="cp1252")


def possible_encodings(fields: Sequence[bytes]) -> list[str]:
    """The encodings that all fields may be in, the likeliest first."""
    return list(dict.fromkeys([guess_encoding(fields), *_fitting(fields)]))


def bytes_before(text: str) -> bytes | None:
    """The bytes of a text that a program took for Western ones, and stored so: BjÃ¶rk, Êèíî; None for other texts.

    >>> bytes_before("BjÃ¶rk").decode(), bytes_before("Êèíî").decode("cp1251"), bytes_before("Björk")
    ('Björk', 'Кино', None)
    """
    for encoding in () if text.isascii() else ("latin-1", "cp1252"):
        try:
            raw = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        if _fits(raw, "utf-8") or _has_only_odd_words(text):
            return raw
    return None


def _has_only_odd_words(text: str) -> bool:
    """Tell whether each word beyond ASCII has no letter of ASCII, as Cyrillic has when it is taken for Western."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    is_odd = all(letter > "\x7f" for word in words for letter in word)
    return is_odd and sum(map(len, words)) >= _MIN_MISREAD and max(map(len, words)) > 2


def decode_field(field: bytes, encoding: str) -> str:
    """Decode a text without the bytes that are no letter, or half of one."""
    return field.decode(encoding, "ignore")


def _fits(field: bytes, encoding: str) -> bool:
    """Tell whether a text can be decoded, but for a character that is cut at the end of a full field of ID3v1."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(field, final=len(field) != _FULL_FIELD)
    except UnicodeDecodeError:
        return False
    return True


def _fitting(fields: Sequence[bytes]) -> list[str]:
    return [encoding for encoding in (*_LATIN, *_FOREIGN, "euc_jp") if all(_fits(field, encoding) for field in fields)]


def _scores(content: bytes, encodings: Sequence[str]) -> dict[str, float]:
    """The confidence of a statistical detector in each encoding."""
    import chardet  # here: it takes 0.2 s to load, and most files need none

    found = chardet.detect_all(
        content,
        ignore_threshold=True,
        include_encodings=encodings,
        compat_names=False,
        no_match_encoding=encodings[0],
    )
    return {str(one["encoding"]): float(one["confidence"] or 0) for one in found}


def _shown_in(texts: dict[str, str], context: str) -> str | None:
    """The encoding by which the texts have the letters beyond ASCII that the context shows."""
    known = set(_letters_beyond_ascii(context))

    def share(encoding: str) -> float:
        letters = _letters_beyond_ascii(texts[encoding])
        return sum(letter in known for letter in letters) / max(1, len(letters))

    best = max(texts, key=share, default=None) if known else None
    return best if best is not None and share(best) >= _MIN_SHOWN else None


def _letters_beyond_ascii(text: str) -> list[str]:
    return [letter for letter in unicodedata.normalize("NFC", text).casefold() if letter > "\x7f" and letter.isalpha()]


def _is_western(text: str) -> bool:
    """Tell whether a text, read as Windows-1252, is made of words with few letters beyond ASCII."""
    for word in _WORD.findall(text):
        n_beyond = sum(letter > "\x7f" for letter in word)
        if n_beyond > max(2, len(word) / 2) or n_beyond == len(word) == 2:
            return False
    n_signs = sum("\xa0" < sign < "\xc0" and not sign.isalpha() for sign in text) + sum(
        sign in "‚ƒ†‡ˆ‰" for sign in text
    )
    return n_signs <= len(_letters_beyond_ascii(text))


def _best_latin(content: bytes, texts: dict[str, str]) -> str | None:
    """The likeliest of some encodings of Latin letters; None if none is likely."""
    if not texts:
        return None
    scores = _scores(content, list(texts))
    likely = {name: scores.get(name, 0) * _FREQUENCY.get(name, 1) * _belief(text, name) for name, text in texts.items()}
    best = max(likely, key=lambda name: likely[name])
    if len(texts) == 1 and _is_surely_latin(texts[best], best):
        return best
    return best if likely[best] >= max(_MIN_CONFIDENCE, _MIN_RATIO * likely.get("cp1252", 0)) else None


def _belief(text: str, encoding: str) -> float:
    """A factor from 0 to 1: 1 for a reading whose letters beyond ASCII are all in one alphabet of the encoding."""
    words = _WORD.findall(text)
    if _SIGN_IN_WORD.search(text) or any(len(word) > 2 and _is_beyond(word) for word in words):
        return 0.0
    if any(word[:1].islower() and _is_raised(word) for word in words):
        return _NO_ALPHABET * _NO_ALPHABET

    def is_spelt(part: str) -> bool:
        letters = {
            letter for letter in unicodedata.normalize("NFC", part.lower()) if letter > "\x7f" and letter.isalpha()
        }
        return any(letters <= set(alphabet) for alphabet in _ALPHABETS[encoding])

    if encoding in _RARE_PLACES and _RARE_PLACES[encoding].search(text.lower()):
        return _RARE
    if is_spelt(text):
        return _ONE_ALPHABET
    return _ALPHABET_A_FIELD if all(map(is_spelt, text.split("\n"))) else _NO_ALPHABET


def _is_surely_latin(text: str, encoding: str) -> bool:
    """Tell whether a reading is wholly spelt in one alphabet, and more than a bare syllable is."""
    has_word = any(len(word) > 2 and not word.isascii() for word in _WORD.findall(text))
    return has_word and _belief(text, encoding) == _ONE_ALPHABET


def _is_beyond(word: str) -> bool:
    return all(letter > "\x7f" for letter in word)


def _is_raised(word: str) -> bool:
    """Tell whether a word goes on with a capital letter beyond ASCII after a small one: žíŽeň."""
    return any(before.islower() and letter > "\x7f" and letter.isupper() for before, letter in pairwise(word))


def _n_kana(text: str) -> int:
    """The number of kana in a text whose characters beyond ASCII are all Japanese, else 0."""
    beyond = [letter for letter in text if letter > "\x7f"]
    is_japanese = all(
        "\u3000" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" or letter > "\uff00" for letter in beyond
    )
    return sum("\u3040" <= letter <= "\u30ff" for letter in beyond) if is_japanese else 0


def _plausibility(text: str, encoding: str) -> float:
    """A factor from 0 to 1: small for words of two alphabets or of mixed case, and for rare East Asian characters."""
    if encoding not in _COMMON_LEADS and (_MIXED_WORD.search(text) or _SIGN_IN_WORD.search(text)):
        return 0.01
    if encoding in _CYRILLIC:
        return 0.1 if _MIXED_CASE.search(text) else 1.0
    if encoding in _OTHERS:
        # Of one alphabet taken for another, Cyrillic is the commonest, and the others have few words of one letter.
        return 0.7 if max(map(len, _WORD.findall(text)), default=0) > 2 else 0.05
    if _WORD_OF_LATIN_AND_HAN.search(text):
        return 0.01
    leads = [letter.encode(encoding, "replace")[0] for letter in text if letter > "\x7f"]
    return (sum(lead in _COMMON_LEADS[encoding] for lead in leads) / max(1, len(leads))) ** 4
