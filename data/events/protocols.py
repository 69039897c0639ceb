"""Evaluation protocols: how listens are split and how the test is queried (`data.events.splits`, `evaluation.queries`).

Standard library only: the command line lists the names.
"""

from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True)
class Protocol:
    """Settings that make metric values comparable with published ones; None leaves a setting to the command line."""

    method: str  # the way to split, as `data.events.splits` names them
    share: float | None = None  # of the events, for the test and again for validation
    gap_s: int | None = None  # seconds before a cut whose events are dropped
    repeats: bool | None = None  # whether lists may hold tracks of the history
    held_out: float = 0.0  # share of users who are left out of training
    history_has_validation: bool = True  # whether validation is known when the test begins
    training_users_only: bool = False  # whether only users in training are queried
    unreachable_targets: bool = False  # whether tracks that no list may hold count as targets
    min_target_weight: float = 0.0  # of a target: the share of the track that was played
    rolling: bool = False  # whether each test event is a query, with all events before it as the history
    legacy: bool = False  # whether the metrics of Yambda's paper are reported too
    sampled: bool = False  # whether ranking among 99 sampled negatives is on by default
    note: str = ""  # for the reader of the metric values


PROTOCOLS = {
    "global": Protocol("global"),
    "per-user": Protocol("per-user"),
    "leave-one-out": Protocol("leave-one-out", sampled=True),
    "given": Protocol("given"),
    "random": Protocol("random"),
    "loopback": Protocol(
        "global", share=0.1, gap_s=0, repeats=False, history_has_validation=False, training_users_only=True,
        unreachable_targets=True,
        note="hit_rate is what loopback calls recall. Targets are all that was played, though lists leave out what had"
        " been played in training: the slice novel is what could be reached.",
    ),
    "yambda": Protocol(
        "last-days", gap_s=1_800, repeats=True, training_users_only=True, min_target_weight=0.5, legacy=True,
        note="Targets are listens to at least half a track. ndcg_legacy is the ratio of two means, and both legacy"
        " figures count repeated plays in the denominator, as the paper's code did; the others are per listener.",
    ),
    "next-track": Protocol(
        "global", share=0.1, gap_s=0, repeats=True, held_out=0.1, rolling=True,
        note="Every query is one listen of the test, after all that its listener played before; the last of these is"
        " the seed. Nothing was learned from a tenth of the listeners: they are the slice cold user.",
    ),
}  # fmt: skip
