"""Errors of a library as a whole; each message says what to type."""


class LibraryError(Exception):
    """A library that cannot be used as asked; the message says what to type."""


class LockedError(LibraryError):
    """Somebody else is writing."""
