"""Every setting of the preference graph, with its unit and range."""

from dataclasses import dataclass
from typing import Annotated, Literal

from earshot.data.settings import SEED, Range, validate


@dataclass(frozen=True)
class DiffusionConfig:
    """Diffusion of audio vectors from nodes with audio to those without."""

    method: Annotated[
        Literal["clamp", "ppr", "lightgcn"], "ppr (personalised PageRank), clamp (feature propagation) or lightgcn"
    ] = "ppr"
    steps: Annotated[int, "maximal number of hops", Range(1)] = 5
    alpha: Annotated[
        float, "of ppr: share of its own vector that a node takes back at each step; 0 is SGC", Range(0, below=1)
    ] = 0.15
    centre: Annotated[
        float, "share of the mean vector that is subtracted first; 1 subtracts all, 0 nothing", Range(0, 1)
    ] = 1.0

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class TasteConfig:
    """Loss, sampling and steps of training the encoder by taste."""

    loss: Annotated[
        Literal["triplet", "infonce", "graded"],
        "triplet, infonce (one positive, near ones masked) or graded (all by affinity)",
    ] = "triplet"
    margin: Annotated[float, "of the triplet loss, in chords of the unit sphere", Range(0, 2)] = 0.5
    temperature: Annotated[float, "of infonce and graded", Range(above=0)] = 0.2
    near_hops: Annotated[int, "hops up to which a track may be a positive", Range(1, 254)] = 2
    gap: Annotated[
        int, "hops by which a negative is farther than the positive (triplet, and held out)", Range(1, 254)
    ] = 2
    decay: Annotated[float, "factor of a positive's likelihood for each hop more", Range(above=0, high=1)] = 0.5
    own_share: Annotated[float, "weight of a track's own crops beside each graph, in the graded loss", Range(0)] = 1.0
    held_out: Annotated[float, "share of tracks, by whole artists, held out for validation", Range(0, below=1)] = 0.2
    epochs: Annotated[int, "passes with moving convolutions", Range(0)] = 10
    batch_size: Annotated[int, "tracks per step of those passes", Range(2)] = 128  # one alone has no negative
    crops: Annotated[int, "excerpts per view of a track", Range(1)] = 2
    learning_rate: Annotated[float, "of AdamW on the convolutions", Range(above=0)] = 5e-4
    projection_epochs: Annotated[int, "passes that train the projection on fixed features", Range(0)] = 100
    projection_batch: Annotated[int, "tracks per step of those passes", Range(2)] = 1_024
    projection_crops: Annotated[int, "excerpts per view in those passes", Range(1)] = 3
    projection_rate: Annotated[float, "step of Adam, as a share of the mean size of a weight", Range(above=0)] = 0.05
    augmentation: Annotated[
        float, "strength of the random colour beside a random low-pass; 0 for neither", Range(0)
    ] = 1.0
    patience: Annotated[int, "epochs without progress on the held-out tracks before a phase stops", Range(1)] = 20
    seed: Annotated[int, "of the split, the batches and the initial weights", SEED] = 0

    def __post_init__(self) -> None:
        validate(self)
        if self.near_hops + self.gap > 255:  # a hop is one byte, and the last of them means unreachable
            raise ValueError(f"near_hops is {self.near_hops} and gap is {self.gap}; together they are at most 255")
