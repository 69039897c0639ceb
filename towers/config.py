"""Every setting of the towers, with its unit and range."""

from dataclasses import dataclass
from typing import Annotated, Literal

from earshot.data.settings import SEED, Range, check_product, validate

Encoder = Literal["mean", "attention", "transformer"]
SHARE = Range(0, below=1)
RATE = Range(0, 1_000_000)
_MAX_LAYER_WEIGHTS = 2**24
_MAX_POPULARITY_FIFTHS = 7  # the highest popularity weight, in fifths of the temperature


@dataclass(frozen=True)
class TowerConfig:
    """Shape of the towers, and what is withheld from them in training."""

    model: Annotated[
        Literal["two-tower", "dot", "neumf"],
        "two-tower, dot (matrix factorisation with biases) or neumf (GMF and MLP); these two know only ids",
    ] = "two-tower"
    dim: Annotated[int, "numbers in a vector", Range(1, 4_096)] = 64
    hidden: Annotated[
        int, "units in the hidden layer of each tower, or of neumf; 0 leaves towers linear", Range(0, 65_536)
    ] = 128
    start: Annotated[
        Literal["random", "spectral"],
        "of two-tower: where vectors of tracks without artist, album and sound begin: random, or spectral (the leading"
        " singular vectors of who plays what)",
    ] = "random"
    encoder: Annotated[
        Encoder, "what makes one vector of a history: mean, attention (weights by track and by recency) or transformer"
    ] = "attention"
    layers: Annotated[int, "of the transformer", Range(0, 64)] = 2
    heads: Annotated[int, "of attention in the transformer; dim is a multiple of it", Range(0)] = 2
    dropout: Annotated[float, "share of the transformer's inner numbers that are withheld in a step", SHARE] = 0.1
    history: Annotated[int, "latest events that the query tower reads at most; 0 for none", Range(0, 10_000)] = 50
    use_events: Annotated[
        bool, "read of each event of the history also how long ago, how much was played, whether it is a like"
    ] = False
    use_user: Annotated[bool, "give each user of the training a vector of their own beside the history"] = False
    use_seed: Annotated[bool, "give the latest track a place of its own in the query"] = True
    use_audio: Annotated[bool, "give the item tower the sound of tracks"] = True
    track_dropout: Annotated[
        float, "share of tracks whose own vector is withheld in a step, so that new ones fit", SHARE
    ] = 0.2
    artist_dropout: Annotated[
        float, "share of tracks with a sound of which all else is withheld in a step, so that new artists fit", SHARE
    ] = 0.2
    user_dropout: Annotated[float, "share of users whose own vector is withheld in a step", SHARE] = 0.5
    audio_dropout: Annotated[float, "share of tracks whose sound is withheld in a step", SHARE] = 0.1
    history_dropout: Annotated[float, "share of the events of a history that are withheld in a step", SHARE] = 0.3
    seed: Annotated[
        int, "of the initial weights, the batches, the dropouts, and of what --split draws by chance", SEED
    ] = 0

    def __post_init__(self) -> None:
        validate(self)
        check_product(_MAX_LAYER_WEIGHTS, dim=self.dim, hidden=self.hidden)
        check_product(_MAX_LAYER_WEIGHTS, dim=self.dim, history=self.history)
        if self.encoder == "transformer":
            check_product(_MAX_LAYER_WEIGHTS, dim=self.dim * self.dim, layers=self.layers)
            if min(self.layers, self.heads) < 1 or self.dim % self.heads:
                raise ValueError(
                    f"layers is {self.layers}, heads {self.heads}, dim {self.dim}; at least 1, and heads divide dim"
                )
        if self.start != "random" and self.model != "two-tower":
            raise ValueError(f"start {self.start!r} of {self.model}; only two-tower begins at anything but random")
        if self.model == "two-tower" and not (self.history or self.use_user or self.use_seed):
            raise ValueError("history is 0, use_user and use_seed are off; a query must be made of something")


@dataclass(frozen=True)
class TowerTrainingConfig:
    """Loss, negatives and steps of a training of the towers."""

    loss: Annotated[
        Literal["sampled-softmax", "bpr"], "sampled-softmax (InfoNCE with corrected negatives) or bpr (one by one)"
    ] = "sampled-softmax"
    directions: Annotated[
        int, "of sampled softmax; 1: users choose among tracks; 2: tracks among users too", Range(1, 2)
    ] = 1
    correction: Annotated[
        Literal["both", "negatives", "refined", "none"],
        "logQ: both (of positives and negatives), negatives, refined (positives are not drawn) or none",
    ] = "both"
    popularity_share: Annotated[
        float,
        "share of the log of a track's popularity that vectors need not learn; the popularity weight of"
        " recommendations gives it back",
        Range(0, 1),
    ] = 0.0
    frequency: Annotated[Literal["exact", "streaming"], "of tracks, for logQ: exact counts, or streaming estimates"] = (
        "exact"
    )
    batch_size: Annotated[int, "events per step", Range(1)] = 1_024
    negatives: Annotated[
        int,
        "tracks drawn from the catalog in each step, negatives of all its events; of bpr: of each event so many",
        Range(0),
    ] = 1_024
    proposal: Annotated[
        Literal["uniform", "popularity"], "how these are drawn: uniform, or popularity (count to the power 0.75)"
    ] = "uniform"
    hard_negatives: Annotated[
        int,
        "so many more in each step (of bpr: of each event), from what the last epoch's towers would recommend",
        Range(0),
    ] = 0
    hard_from_epoch: Annotated[int, "epochs that pass before the first hard negatives", Range(0)] = 2
    hard_first: Annotated[
        int, "places at the top of a list that give no hard negatives: some will yet be played", Range(0)
    ] = 50
    hard_last: Annotated[int, "the last place of a list that gives hard negatives", Range(1)] = 500
    in_batch: Annotated[bool, "of sampled softmax: take the tracks of a step's other events as negatives too"] = True
    mask_known: Annotated[bool, "take no track as a negative that the user is known to play"] = True
    weighted: Annotated[bool, "count an event by its share of play, up to 1, instead of all alike"] = True
    temperature: Annotated[float, "what scores are divided by in the loss, at the start", Range(0.01, 1)] = 0.1
    learn_temperature: Annotated[bool, "learn the temperature of two-tower, between 0.01 and 1"] = False
    half: Annotated[
        bool, "multiply in bfloat16 in two-tower's softmax, and on a GPU in all layers, instead of float32"
    ] = True
    epochs: Annotated[int, "passes over the events at most", Range(0)] = 20
    learning_rate: Annotated[float, "of AdamW, on everything but the tables", RATE] = 3e-4
    table_rate: Annotated[float, "of row-wise Adagrad, on the tables of tracks, artists, albums and users", RATE] = 0.1
    weight_decay: Annotated[float, "of AdamW on matrices; the tables have none", RATE] = 0.01
    table_decay: Annotated[float, "L2 penalty on those rows of the tables that a step looks up", RATE] = 0.0
    example_age: Annotated[bool, "tell the query how old an example is; recommendations are of age 0"] = True
    patience: Annotated[int, "epochs without progress on validation before the training stops", Range(1)] = 3

    def __post_init__(self) -> None:
        validate(self)
        if self.hard_first >= self.hard_last:
            raise ValueError(f"hard_first is {self.hard_first} and hard_last {self.hard_last}; the first is the lower")
        if not self.negatives and not (self.in_batch and self.batch_size > 1):
            raise ValueError(
                f"in_batch is {self.in_batch}, batch_size {self.batch_size} and negatives 0; the positive needs"
                " at least one negative"
            )
        if self.directions == 2 and not self.in_batch:
            raise ValueError("directions is 2 and in_batch off; tracks choose only among the users of a step")
        if self.loss == "bpr":
            self._check_bpr()
        if self.popularity_share and (self.loss, self.correction) != ("sampled-softmax", "both"):
            raise ValueError(
                f"popularity_share is {self.popularity_share:g}; it needs sampled-softmax with the correction of both"
            )
        if self.popularity_share and self.learn_temperature:
            raise ValueError(
                f"popularity_share is {self.popularity_share:g} and learn_temperature on; the popularity weight that"
                " gives it back is counted in temperatures, so these stay"
            )

    def _check_bpr(self) -> None:
        if not self.negatives:
            raise ValueError("negatives is 0; bpr compares each positive with at least one")
        for name in ("in_batch", "correction", "frequency", "directions"):
            if getattr(self, name) != getattr(type(self), name):  # a default is its class's
                raise ValueError(f"{name} is {getattr(self, name)}; only sampled-softmax heeds it, and the loss is bpr")

    def popularity_weights(self) -> tuple[float, ...]:
        """Popularity weights to choose from on validation; without a popularity share only 0."""
        if not self.popularity_share:
            return (0.0,)
        return tuple(round(fifths * self.temperature / 5, 6) for fifths in range(_MAX_POPULARITY_FIFTHS + 1))
