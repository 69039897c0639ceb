"""TODO."""

from dataclasses import dataclass

POPULAR = "popular"

ALL = "all"

CHANCE = "chance"  # the subject that knows nothing


@dataclass(frozen=True)
class MetricValue:
    """One figure of one evaluation, as a row of `metrics`."""

    subject: str  # whose
    metric: str
    k: int | None
    slice: str  # which queries
    value: float | None  # None where it is not defined
    ci_low: float | None  # of the 95 % bootstrap interval, artists or listeners drawn
    ci_high: float | None
    n: int  # queries, triplets or pairs


def short(number: float, digits: int) -> str:
    """Without the zero before the point: eight columns of figures are wide enough."""
    rounded = round(number, digits) + 0.0  # not -0
    text = f"{rounded:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(rounded) < 1 else text
