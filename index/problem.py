"""One thing that is wrong with a library, and its cure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What `cli check` tells."""

    what: str
    mend: str  # what to type, safe for a shell
    changed_id: int | None = None  # of a track whose file is no longer what was heard
