"""The ways to part a log of listens and to ask about its end; see `data.events.splits` and `evaluation.queries`.

Standard library only: the command line asks for the names.
"""

from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True)
class Protocol:
    """Settings that make figures comparable with those of others. None: as the command line says."""

    parting: str  # which of the ways in `data.events.splits`
    share: float | None = None  # of the events, for the test and for validation
    gap_s: int | None = None  # seconds before a cut that nobody sees
    repeats: bool | None = None  # whether lists may hold what was played before
    held_out: float = 0.0  # share of listeners of whom nothing is learned
    knows_validation: bool = True  # whether validation is known when the test begins
    known_users: bool = False  # whether only listeners are asked who were learned from
    keeps_unreachable: bool = False  # whether targets may be tracks that no list may hold
    least_weight: float = 0.0  # of a listen that is a target: the share that was played
    rolling: bool = False  # whether each event is a query, after all events before it
    legacy: bool = False  # whether Yambda's own figures stand beside ours
    sampled: bool = False  # whether 99 negatives are drawn unasked
    note: str = ""  # what a reader of the figures has to know


PROTOCOLS = {
    "global": Protocol("global"),
    "per-user": Protocol("per-user"),
    "leave-one-out": Protocol("leave-one-out", sampled=True),
    "given": Protocol("given"),
    "random": Protocol("random"),
    "loopback": Protocol(
        "global", share=0.1, gap_s=0, repeats=False, knows_validation=False, known_users=True, keeps_unreachable=True,
        note="hit_rate is what loopback calls recall. Targets are all that was played, though lists leave out what had"
        " been played in training: the slice novel is what could be reached.",
    ),
    "yambda": Protocol(
        "last-days", gap_s=1_800, repeats=True, known_users=True, least_weight=0.5, legacy=True,
        note="Targets are listens to at least half a track. ndcg_legacy is the ratio of two means, and both legacy"
        " figures count repeated plays in the denominator, as the paper's code did; the others are per listener.",
    ),
    "next-track": Protocol(
        "global", share=0.1, gap_s=0, repeats=True, held_out=0.1, rolling=True,
        note="Every query is one listen of the test, after all that its listener played before; the last of these is"
        " the seed. Nothing was learned from a tenth of the listeners: they are the slice cold user.",
    ),
}  # fmt: skip
