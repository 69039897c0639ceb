"""Codes of recordings in one spelling: services write them in several."""


def plain_mbid(code: str | None) -> str | None:
    """A MusicBrainz id, whose letters have no case."""
    return _same(code, code.lower()) if code else None


def plain_isrc(code: str | None) -> str | None:
    """An ISRC as it is meant to be stored.

    >>> plain_isrc("fr-z03-98-00212")
    'FRZ039800212'
    """
    return _same(code, code.replace("-", "").upper()) if code else None


def _same(code: str, plain: str) -> str:
    """The code itself where it is plain already, so that a million of them are not held twice."""
    return code if code == plain else plain
