"""Every setting of the preference graph, with its unit."""

from dataclasses import dataclass
from typing import Annotated

DIFFUSIONS = ("clamp", "ppr", "lightgcn")


@dataclass(frozen=True)
class DiffusionConfig:
    """How sound spreads from tracks with audio to those without."""

    method: Annotated[str, "clamp keeps what was heard, ppr pulls it back by alpha, lightgcn averages hops"] = "clamp"
    steps: Annotated[int, "hops that sound travels at most"] = 10
    alpha: Annotated[float, "of ppr: share of its own sound that a node takes back at each step; 0 is SGC"] = 0.15
    centre: Annotated[float, "share of the mean sound that is taken away first; 1 takes all, 0 nothing"] = 1.0

    def __post_init__(self) -> None:
        if self.method not in DIFFUSIONS:
            raise ValueError(f"method {self.method!r}; there are {', '.join(DIFFUSIONS)}")
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; sound must travel at least one hop")
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha is {self.alpha:g}; it lies from 0 up to, but not at, 1")
        if not 0 <= self.centre <= 1:
            raise ValueError(f"centre is {self.centre:g}; it lies between 0 and 1")
