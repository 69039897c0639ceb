"""Labels of tracks: one rule for several genres in one tag."""

import re

_BETWEEN_LABELS = re.compile(r"[;|\0]")


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
    return [label for label in labels if label]
