"""Text that other programs wrote, in the letters that they meant."""

import codecs
from pathlib import Path

_BLOCK = 16 * 1024 * 1024  # bytes that are looked at together
_LOST = "\ufffd"  # stands where bytes are no letter


def is_utf8(path: Path) -> bool:
    """Whether every byte of a file is UTF-8.

    Raises
    ------
    OSError
        It cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def decoded(content: bytes) -> str:
    """UTF-8; or UTF-16, which says so at its beginning; or what Windows wrote before either, in western languages.

    Of UTF-8 that is damaged only the damaged letters are lost.

    >>> decoded("Björk".encode("cp1252")), decoded("Björk".encode("utf-16"))
    ('Björk', 'Björk')
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    text = content.decode("utf-8-sig", "replace")
    n_lost = text.count(_LOST)
    n_beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if n_lost > n_beyond_ascii / 2:  # hardly two letters of another encoding look like one of UTF-8
        return content.decode("cp1252", "replace")
    return text
