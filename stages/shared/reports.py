"""Progress that every stage reports, and the error of a stage that cannot go on."""

import contextlib
from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class StageError(Exception):
    """A stage cannot do its work; the message says why and, after an empty line, what to type."""


class InputError(StageError):
    """An argument of a stage is wrong, and nothing was changed."""


@contextlib.contextmanager
def as_stage_error() -> Iterator[None]:
    """Raise a `ValueError` of the block as a `StageError`: its message says what cannot be done."""
    try:
        yield
    except ValueError as error:
        raise StageError(str(error)) from None


class Note(str):
    """A sentence for the caller of a stage: what the stage leaves out, and why."""


class Progress(NamedTuple):  # not a dataclass: a walk makes one for each file, and those take five times as long
    """The state of one phase of a stage."""

    phase: str
    done: int
    total: int | None  # None while it is unknown
    unit: str  # of `done` and `total`, in the singular
    detail: str = ""

    def __str__(self) -> str:
        """``looking: 3 files``, ``embedding: 1 of 18 tracks, 1 failed``."""
        of_total = "" if self.total is None else f" of {self.total:,}"
        detail = f", {self.detail}" if self.detail else ""
        return f"{self.phase}: {self.done:,}{of_total} {self.unit}{'' if self.total == 1 else 's'}{detail}"


def collected(
    items: Iterable[T], phase: str, unit: str, total: int | None = None
) -> Generator[Progress, None, list[T]]:
    """Draw all items, one report of progress for each, and return them as a list: ``yield from collected(...)``."""
    drawn = []
    for item in items:
        drawn.append(item)
        yield Progress(phase, len(drawn), total, unit)
    return drawn
