"""Every setting of the preference graph, with its unit."""

from dataclasses import dataclass
from typing import Annotated

DIFFUSIONS = ("clamp", "ppr", "lightgcn")


@dataclass(frozen=True)
class DiffusionConfig:
    """How sound spreads from tracks with audio to those without."""

    method: Annotated[str, "ppr (personalised PageRank), clamp (feature propagation) or lightgcn"] = "ppr"
    steps: Annotated[int, "hops that sound travels at most"] = 5
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


LOSSES = ("triplet", "infonce", "graded")


@dataclass(frozen=True)
class TasteConfig:
    """How taste teaches the ear."""

    loss: Annotated[str, "triplet, infonce (one positive, near ones masked) or graded (all by affinity)"] = "triplet"
    margin: Annotated[float, "of the triplet loss, in chords of the unit sphere"] = 0.5
    temperature: Annotated[float, "of infonce and graded"] = 0.2
    near_hops: Annotated[int, "hops up to which a track may be a positive"] = 2
    gap: Annotated[int, "hops by which a negative is farther than the positive (triplet, and held out)"] = 2
    decay: Annotated[float, "likelihood of a positive for each hop more"] = 0.5
    own_share: Annotated[float, "say of a track's own crops beside each graph, in the graded loss"] = 1.0
    held_out: Annotated[float, "share of the tracks, by whole artists, kept out to judge by"] = 0.2
    epochs: Annotated[int, "passes with moving convolutions"] = 10
    batch_size: Annotated[int, "tracks per step of those passes"] = 128
    crops: Annotated[int, "excerpts per view of a track"] = 2
    learning_rate: Annotated[float, "of AdamW on the convolutions"] = 5e-4
    projection_epochs: Annotated[int, "passes that train the projection on fixed features"] = 100
    projection_batch: Annotated[int, "tracks per step of those passes"] = 1_024
    projection_crops: Annotated[int, "excerpts per view in those passes"] = 3
    projection_rate: Annotated[float, "step of Adam, as a share of the mean size of a weight"] = 0.05
    augmentation: Annotated[float, "strength of the random colour beside a random low-pass; 0 for neither"] = 1.0
    patience: Annotated[int, "epochs without progress on the held-out tracks before a phase stops"] = 20
    seed: Annotated[int, "of the split, the batches and the initial weights"] = 0

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss {self.loss!r}; there are {', '.join(LOSSES)}")
        if not 0 <= self.margin <= 2:
            raise ValueError(f"margin is {self.margin:g}; chords of the unit sphere lie between 0 and 2")
        if not self.temperature > 0:
            raise ValueError(f"temperature is {self.temperature:g}; it is above 0")
        if self.near_hops < 1 or self.gap < 1:
            raise ValueError(f"near_hops is {self.near_hops} and gap is {self.gap}; both are at least 1")
        if not 0 < self.decay <= 1:
            raise ValueError(f"decay is {self.decay:g}; it is above 0 and at most 1")
        if self.near_hops + self.gap > 255:  # a hop is one byte, and the last of them means unreachable
            raise ValueError(f"near_hops is {self.near_hops} and gap is {self.gap}; together they are at most 255")
        if not (self.own_share >= 0 and self.augmentation >= 0):
            raise ValueError(f"own_share is {self.own_share:g} and augmentation is {self.augmentation:g}; from 0 up")
        if not (self.learning_rate > 0 and self.projection_rate > 0):
            rates = f"learning_rate is {self.learning_rate:g} and projection_rate is {self.projection_rate:g}"
            raise ValueError(f"{rates}; both are above 0")
        if not 0 <= self.held_out < 1:
            raise ValueError(f"held_out is {self.held_out:g}; it is a share from 0 up to, but not at, 1")
        if min(self.batch_size, self.projection_batch) < 2:
            raise ValueError("a batch has at least two tracks; one alone has no negative")
        if min(self.crops, self.projection_crops, self.epochs + 1, self.projection_epochs + 1, self.patience) < 1:
            raise ValueError("crops and patience are at least 1, epochs at least 0")
