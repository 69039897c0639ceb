"""A problem of a library, and the command that fixes it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A part of a library that is damaged, out of date, or was never made."""

    what: str
    fix: str  # what to type, safe for a shell
    changed_path: str | None = None  # of a track whose file has changed since it was embedded
    is_new: bool = False  # the part was never made

    def __str__(self) -> str:
        return f"{self.fix}   ({self.what})"
