"""Codes of recordings in one spelling: services write them in several."""


def plain_mbid(code: str | None) -> str | None:
    """A MusicBrainz id, whose letters have no case."""
    return code.lower() if code else None


def plain_isrc(code: str | None) -> str | None:
    """An ISRC as it is meant to be stored.

    >>> plain_isrc("fr-z03-98-00212")
    'FRZ039800212'
    """
    return code.replace("-", "").upper() if code else None
