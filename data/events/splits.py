"""Split listens into train, validation and test, in one of five ways.

global      ------ train ------|gap|-- validation --|gap|-- test --      one moment for all users
per user    ---- train ----|- v -|- t -                                  the last share of each user's events
leave one   -------- train --------|v|t                                  the last two events of each user
last days   as global, but the test is the log's last day and validation the day before
given       as a column of the import says

A like counts until the listener takes it back: the parts before know nothing of that.
"""

from dataclasses import dataclass

import numpy as np

from earshot.data.arrays import pair_keys
from earshot.data.events.interactions import LIKE, LISTEN, SPLITS, Interactions, revoked_pairs, without_dislikes
from earshot.data.events.protocols import DAY_S, PROTOCOLS


@dataclass(frozen=True)
class Split:
    """Train, validation and test over the same users and tracks, and the events of held-out users."""

    protocol: str
    train: Interactions
    validation: Interactions
    test: Interactions
    held_out_users: Interactions | None = None  # what they played before the test
    revoked: np.ndarray | None = None  # `pair_keys` of likes that were taken back in the validation part

    def __repr__(self) -> str:
        sizes = f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"
        return f"<Split {self.protocol}: {sizes}>"

    def describe(self) -> str:
        """Describe the split in one line for a report."""
        sizes = f"{len(self.train):,} events to learn from, {len(self.validation):,} to choose by"
        return f"split {self.protocol}: {sizes}, {len(self.test):,} to judge by"

    def before_test(self) -> Interactions:
        """Merge the events that are known when the test begins: train and, if the protocol allows, validation."""
        if not PROTOCOLS[self.protocol].history_has_validation:
            return self.train
        train = self.train
        if train.kinds is not None and self.revoked is not None and len(self.revoked):
            is_revoked = np.isin(pair_keys(train.user_rows, train.track_rows), self.revoked) & (train.kinds == LIKE)
            train = train.select(~is_revoked)
        return merged(train, self.validation)

    def all_events(self) -> Interactions:
        """Merge all events, in order."""
        before = self.before_test() if self.held_out_users is None else merged(self.before_test(), self.held_out_users)
        return merged(before, self.test)


def split_listens(
    listens: Interactions, protocol: str, *, share: float = 0.1, gap_s: int = 1_800, seed: int = 0
) -> Split:
    """Split listens and likes by a protocol.

    Parameters
    ----------
    listens : events of all kinds; the parts hold the positive ones
        Of a split without an order in time, likes that were taken back at any time are in no part.
    protocol : one of `PROTOCOLS`
        "random" splits each user's different tracks by chance, for listens without times. A protocol's share and gap
        override the arguments.
    share : of the events (per user: of each user's) that go to the test, and as many to validation
    gap_s : seconds before each global cut whose events are dropped, so that no session is on both sides

    Raises
    ------
    ValueError
        The listens have no times, no split was given, or train or test would be empty.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol {protocol!r}; there are {', '.join(PROTOCOLS)}")
    rules = PROTOCOLS[protocol]
    share = share if rules.share is None else rules.share
    gap_s = gap_s if rules.gap_s is None else rules.gap_s
    if not 0 < share < 0.5:
        raise ValueError(f"share is {share:g}; it is above 0 and below .5, for test and validation take one each")
    if rules.method not in ("given", "random") and not listens.times.any():
        raise ValueError(f"these listens have no times, and {protocol} splits by them; take random or given")
    events = without_dislikes(listens) if rules.method in ("given", "random") else listens
    is_positive = np.ones(len(events), dtype=bool) if events.kinds is None else np.isin(events.kinds, (LISTEN, LIKE))
    listens = events if is_positive.all() else events.select(is_positive)
    cuts = {
        "global": lambda: _cuts(listens, share),
        "last-days": lambda: listens.times.max() - np.array([2 * DAY_S + gap_s, DAY_S]),
    }.get(rules.method, lambda: None)()
    parts = {
        "per-user": lambda: _by_user_order(listens, share),
        "leave-one-out": lambda: _last_two(listens),
        "given": lambda: _as_given(listens, share, seed),
        "random": lambda: _by_chance(listens, share, seed),
    }.get(rules.method, lambda: _by_cuts(listens, cuts, gap_s))()
    if listens is not events:
        parts = _with_opinions(events, is_positive, parts, cuts)
    held_out_users = None
    if rules.held_out:
        is_held_out = (np.random.default_rng([seed, 1]).random(events.n_users) < rules.held_out)[events.user_rows]
        held_out_users = without_dislikes(events.select(is_held_out & np.isin(parts, [0, 1])))
        parts[is_held_out & (parts < 2)] = -1
    train, validation, test = (without_dislikes(events.select(parts == code)) for code in range(3))
    split = Split(protocol, train, validation, test, held_out_users, _revoked(events, parts == 1))
    for name in ("train", "test"):
        if not len(getattr(split, name)):
            raise ValueError(
                f"a {protocol} split leaves nothing to {name}, of {len(listens):,} events."
                "\n\nTake another --split, --share or --gap; `cli train-tower --split none` learns from all."
            )
    return split


def _with_opinions(
    events: Interactions, is_positive: np.ndarray, parts: np.ndarray, cuts: np.ndarray | None
) -> np.ndarray:
    """The part of every event, (n_events,) int64, from those of the positive ones: who takes a like back does so then.

    Where each user has cuts of their own, an opinion belongs to the part of the user's last positive event before it.
    """
    if cuts is not None:
        of_all = np.searchsorted(cuts, events.times, side="left").astype(np.int64)
    else:
        latest = np.maximum.accumulate(np.where(is_positive, np.arange(len(events)), -1))
        of_all = np.zeros(len(events), dtype=np.int64)
        has_one = latest >= events.user_offsets()[events.user_rows]
        of_all[has_one] = parts[np.cumsum(is_positive)[latest[has_one]] - 1]
    of_all[is_positive] = parts
    return of_all


def _revoked(events: Interactions, mask: np.ndarray) -> np.ndarray | None:
    if events.kinds is None:
        return None
    return revoked_pairs(events.user_rows[mask], events.track_rows[mask], events.kinds[mask])


def merged(first: Interactions, second: Interactions) -> Interactions:
    """Merge two sets of events over the same users and tracks."""

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    order = np.lexsort((joined("times"), joined("user_rows")))
    users, tracks, times, weights = (joined(name)[order] for name in ("user_rows", "track_rows", "times", "weights"))
    kinds = None
    if first.kinds is not None or second.kinds is not None:
        both = [np.zeros(len(one), np.uint8) if one.kinds is None else one.kinds for one in (first, second)]
        kinds = np.concatenate(both)[order]
    return Interactions(users, tracks, times, weights, first.n_users, first.n_tracks, kinds)


def _cuts(listens: Interactions, share: float) -> np.ndarray:
    """The times before which a global split learns, and before which it chooses: (2,)."""
    return np.quantile(listens.times, [1 - 2 * share, 1 - share], method="lower")


def _by_cuts(listens: Interactions, cuts: np.ndarray, gap_s: int) -> np.ndarray:
    """Assign each event a code into `SPLITS`, or -1 in a gap: (n_events,) int64."""
    parts = np.searchsorted(cuts, listens.times, side="left").astype(np.int64)  # an event at a cut lies before it
    for cut in cuts:
        parts[(listens.times > cut - gap_s) & (listens.times <= cut)] = -1
    return parts


def _from_the_end(listens: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """Position of each event from its user's last, which is 0, and the number of that user's events."""
    starts = listens.user_offsets()
    lengths = np.diff(starts)
    return starts[listens.user_rows + 1] - 1 - np.arange(len(listens)), lengths[listens.user_rows]


def _by_user_order(listens: Interactions, share: float) -> np.ndarray:
    positions, lengths = _from_the_end(listens)
    n = np.floor(share * lengths + 1e-9)  # 0 for a user of few events, who is all in train
    return 2 - (positions >= n).astype(np.int64) - (positions >= 2 * n)


def _last_two(listens: Interactions) -> np.ndarray:
    positions, lengths = _from_the_end(listens)
    return np.where(lengths >= 3, 2 - np.minimum(positions, 2), 0)


def _as_given(listens: Interactions, share: float, seed: int) -> np.ndarray:
    if listens.splits is None:
        raise ValueError("these listens have no given split; a table needs a column `split` of train and test")
    parts = listens.splits.astype(np.int64)
    if not (parts == SPLITS.index("validation")).any():  # drawn from train, as nothing may be tuned on the test
        train = np.flatnonzero(parts == 0)
        chosen = np.random.default_rng(seed).random(len(train)) < share
        parts[train[chosen]] = SPLITS.index("validation")
    return parts


def _by_chance(listens: Interactions, share: float, seed: int) -> np.ndarray:
    keys = pair_keys(listens.user_rows, listens.track_rows)
    _, pairs = np.unique(keys, return_inverse=True)  # all plays of a track go the same way
    chances = np.random.default_rng(seed).random(pairs.max(initial=0) + 1)[pairs]
    return np.where(chances < share, 2, np.where(chances < 2 * share, 1, 0))


def default_protocol(
    listens: Interactions, *, share: float = 0.1, gap_s: int = 1_800, seed: int = 0
) -> tuple[str, str]:
    """Choose a protocol for listens, and say why it is another than usual: "" if it is not.

    It is given if they have a split, else global if they have times, else random. Where a global split leaves nothing,
    as if most of a log came in at one moment, it is per-user, or random if nobody has listens enough.
    """
    if listens.splits is not None:
        return "given", ""
    if not listens.times.any():
        return "random", ""
    if _has_both(_by_cuts(listens, _cuts(listens, share), gap_s)):
        return "global", ""
    n_tied = int(np.unique(listens.times, return_counts=True)[1].max())
    tied = f", as {n_tied:,} of them bear one time" if n_tied > share * len(listens) else ""
    why = f"a global one leaves nothing to learn from or nothing to test, of {len(listens):,} events{tied}"
    if _has_both(_by_user_order(listens, share)):
        return "per-user", why
    return ("random", why) if _has_both(_by_chance(listens, share, seed)) else ("global", "")


def _has_both(parts: np.ndarray) -> bool:
    """Tell whether there is something to learn from, and something to test."""
    return bool((parts == 0).any() and (parts == 2).any())
