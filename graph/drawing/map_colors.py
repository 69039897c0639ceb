"""Colors of the dots of a map: the most common labels have one each, the rest is grey."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.name_matching import label_spellings

PALETTE = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",  # Tol's bright scheme, for every kind of eye
    "#ee7733", "#009988", "#332288", "#88bb22", "#882255", "#ffaabb",
)  # fmt: skip
GREY = "#b8b8b8"
REST = -1  # group of the grey dots


@dataclass(frozen=True)
class Coloring:
    """Groups of dots, and their legend."""

    groups: np.ndarray  # (n,) positions in `names`, or `REST`
    names: list[str]  # the most common label first
    legend: list[tuple[str, str]]  # color and text of each line, also of grey dots


def color_by(labels: Sequence[str | None], n_colors: int = len(PALETTE), *, several: bool = False) -> Coloring:
    """Group tracks by label, ignoring case and surrounding blanks; a group is named by its most common spelling.

    Equally common labels are in alphabetical order. With `several`, as for genre tags, a text may hold several labels,
    of which the one most common in the library counts.
    """
    spellings = _commonest_labels(labels) if several else [" ".join((label or "").split()) for label in labels]
    keys = [spelling.casefold() for spelling in spellings]
    counts = Counter(key for key in keys if key)
    common = sorted(counts, key=lambda key: (-counts[key], key))[: min(n_colors, len(PALETTE))]
    usual: dict[str, Counter[str]] = {key: Counter() for key in common}
    for key, spelling in zip(keys, spellings, strict=True):
        if key in usual:
            usual[key][spelling] += 1
    names = [min(usual[key], key=lambda spelling: (-usual[key][spelling], spelling)) for key in common]
    group_of = {key: group for group, key in enumerate(common)}
    groups = np.array([group_of.get(key, REST) for key in keys], dtype=np.int64)
    n_named = [counts[key] for key in common]
    lines = [*zip(PALETTE, names, n_named, strict=False), (GREY, "others", counts.total() - sum(n_named))]
    lines.append((GREY, "no label", keys.count("")))
    return Coloring(groups, names, [(color, f"{name} ({n:,})") for color, name, n in lines if n])


def _commonest_labels(texts: Sequence[str | None]) -> list[str]:
    spellings = {text: label_spellings(text) for text in set(texts)}  # few, where tracks are many
    counts: Counter[str] = Counter()
    for text, n_tracks in Counter(texts).items():
        for label in spellings[text]:
            counts[label.casefold()] += n_tracks
    commonest = {
        text: min(labels, key=lambda label: (-counts[label.casefold()], label), default="")
        for text, labels in spellings.items()
    }
    return [commonest[text] for text in texts]
