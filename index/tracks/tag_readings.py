"""Tags as earlier versions read them: letters lost, cut to thirty, only the first of several values."""

import unicodedata

from earshot.data.placeholder_names import is_unknown, is_various

_ID3V1_LETTERS = 30
_REPLACEMENT = "\ufffd"


def is_older_reading(old: object, new: object) -> bool:
    """Tell whether a stored tag is an earlier version's reading of a tag that is now read as `new`.

    >>> is_older_reading("Bj\ufffdrk", "Björk"), is_older_reading("Unknown Artist", None), is_older_reading("B", "A")
    (True, True, False)
    """
    if not isinstance(old, str):
        return False
    if _REPLACEMENT in old or is_unknown(old) or is_various(old):
        return True
    if not isinstance(new, str):
        return False
    if unicodedata.normalize("NFC", old) == new or new.startswith(f"{old}; "):
        return True
    if len(old) >= _ID3V1_LETTERS - 2 and new.startswith(old):
        return True
    return _is_latin_1(old) and not _is_latin_1(new) and not old.isascii() and not new.isascii()


def _is_latin_1(text: str) -> bool:
    """Tell whether a text has only letters as which any byte of an ID3v2 tag was read."""
    return max(text, default="") <= "\xff"
