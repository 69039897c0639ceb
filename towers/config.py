"""Every setting of the towers, with its unit."""

from dataclasses import dataclass
from typing import Annotated

from earshot.data.ranges import check_product, check_settings

MODELS = ("two-tower", "dot", "neumf")
ENCODERS = ("mean", "attention", "transformer")
LOSSES = ("sampled-softmax", "bpr")
CORRECTIONS = ("both", "negatives", "refined", "none")
FREQUENCIES = ("exact", "streaming")
STARTS = ("random", "spectral")
PROPOSALS = ("uniform", "popularity")
_MOST_FIFTHS = 7  # of a temperature: the popularity dial at its highest
_SEEDS = 2**63  # what the generators of torch take
_HIGHEST_RATE = 1e6
_MOST_WEIGHTS = 2**24  # of a layer


@dataclass(frozen=True)
class TowerConfig:
    """What the towers are made of."""

    model: Annotated[
        str,
        "two-tower, dot (matrix factorisation with biases) or neumf (GMF and MLP); these two know only ids",
    ] = "two-tower"
    dim: Annotated[int, "numbers in a vector"] = 64
    hidden: Annotated[int, "units in the hidden layer of each tower, or of neumf; 0 leaves towers linear"] = 128
    start: Annotated[
        str,
        "of two-tower: where vectors of tracks without artist, album and sound begin: random, or spectral (the leading"
        " singular vectors of who plays what)",
    ] = "random"
    encoder: Annotated[
        str, "what makes one vector of a history: mean, attention (weights by track and by recency) or transformer"
    ] = "attention"
    layers: Annotated[int, "of the transformer"] = 2
    heads: Annotated[int, "of attention in the transformer; dim is a multiple of it"] = 2
    dropout: Annotated[float, "share of the transformer's inner numbers that are withheld in a step"] = 0.1
    history: Annotated[int, "events of the past that the query tower reads at most; 0 for none"] = 50
    use_events: Annotated[
        int,
        "1: of each event of the history also how long ago, how much was played, whether it is a like; 0: no",
    ] = 0
    use_user: Annotated[int, "1: a listener has a vector of their own beside the history; 0: none"] = 0
    use_seed: Annotated[int, "1: the latest track has a place of its own in the query; 0: none"] = 1
    use_audio: Annotated[int, "1: the item tower hears the tracks; 0: it does not"] = 1
    track_dropout: Annotated[float, "share of tracks whose own vector is withheld in a step, so that new ones fit"] = (
        0.2
    )
    artist_dropout: Annotated[
        float, "share of tracks with a sound of which a step is told nothing else, so that new artists fit"
    ] = 0.2
    user_dropout: Annotated[float, "share of listeners whose own vector is withheld in a step"] = 0.5
    audio_dropout: Annotated[float, "share of tracks whose sound is withheld in a step"] = 0.1
    history_dropout: Annotated[float, "share of the events of a history that are withheld in a step"] = 0.3
    seed: Annotated[int, "of the initial weights, the batches, the dropouts, and of what --split draws by chance"] = 0

    def __post_init__(self) -> None:
        check_settings(self, {"dim": (-1, 4_096), "hidden": (-1, 65_536), "history": (-1, 10_000), "layers": (-1, 64)})
        check_product(_MOST_WEIGHTS, dim=self.dim, hidden=self.hidden)
        check_product(_MOST_WEIGHTS, dim=self.dim, history=self.history)
        if self.encoder == "transformer":
            check_product(_MOST_WEIGHTS, dim=self.dim * self.dim, layers=self.layers)
        _one_of("model", self.model, MODELS)
        _one_of("encoder", self.encoder, ENCODERS)
        _one_of("start", self.start, STARTS)
        if self.dim < 1 or self.hidden < 0 or self.history < 0:
            raise ValueError(
                f"dim is {self.dim}, hidden {self.hidden}, history {self.history}; dim is at least 1, the others 0"
            )
        if self.start != "random" and self.model != "two-tower":
            raise ValueError(f"start {self.start!r} of {self.model}; only two-tower begins at anything but random")
        if not 0 <= self.seed < _SEEDS:
            raise ValueError(f"seed is {self.seed}; it is at least 0 and below 2^63")
        for name in ("use_events", "use_user", "use_seed", "use_audio"):
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name} is {getattr(self, name)}; it is 0 or 1")
        if self.encoder == "transformer" and (min(self.layers, self.heads) < 1 or self.dim % self.heads):
            raise ValueError(
                f"layers is {self.layers}, heads {self.heads}, dim {self.dim}; at least 1, and heads divide dim"
            )
        dropouts = ("track_dropout", "artist_dropout", "user_dropout", "audio_dropout", "history_dropout", "dropout")
        for name in dropouts:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name):g}; it is a share from 0 up to, but not at, 1")
        if self.model == "two-tower" and not (self.history or self.use_user or self.use_seed):
            raise ValueError("history, use_user and use_seed are all 0; a query must be made of something")


@dataclass(frozen=True)
class TowerTrainingConfig:
    """How the towers learn."""

    loss: Annotated[str, "sampled-softmax (InfoNCE with corrected negatives) or bpr (one by one)"] = "sampled-softmax"
    directions: Annotated[
        int, "of sampled softmax; 1: listeners choose among tracks; 2: tracks among listeners too"
    ] = 1
    correction: Annotated[
        str, "logQ: both (of positives and negatives), negatives, refined (positives are not drawn) or none"
    ] = "both"
    popularity_share: Annotated[
        float, "how much of the log of a track's popularity vectors need not tell; the dial at serving gives it back"
    ] = 0.0
    frequency: Annotated[str, "of tracks, for logQ: exact counts, or streaming estimates"] = "exact"
    batch_size: Annotated[int, "events per step"] = 1_024
    negatives: Annotated[
        int, "tracks drawn from the catalog in each step, negatives of all its events; of bpr: of each event so many"
    ] = 1_024
    proposal: Annotated[str, "how these are drawn: uniform, or popularity (count to the power 0.75)"] = "uniform"
    hard_negatives: Annotated[
        int, "so many more in each step (of bpr: of each event), from what the last epoch's towers would recommend"
    ] = 0
    hard_from_epoch: Annotated[int, "epochs that pass before the first hard negatives"] = 2
    hard_first: Annotated[int, "places at the top of a list that give no hard negatives: some will yet be played"] = 50
    hard_last: Annotated[int, "the last place of a list that gives hard negatives"] = 500
    in_batch: Annotated[
        int, "of sampled softmax; 1: the tracks of a step's other events are negatives too; 0: they are not"
    ] = 1
    mask_known: Annotated[int, "1: what a listener is known to play is no negative of theirs; 0: it is"] = 1
    weighted: Annotated[int, "1: an event counts by its share of play, up to 1; 0: all alike"] = 1
    temperature: Annotated[float, "what scores are divided by in the loss, at the start"] = 0.1
    learn_temperature: Annotated[int, "1: the temperature of two-tower is learned, between 0.01 and 1; 0: it stays"] = 0
    half: Annotated[
        int,
        "1: products of two-tower's softmax, and on a GPU of all layers, are of bfloat16; 0: of float32",
    ] = 1
    epochs: Annotated[int, "passes over the events at most"] = 20
    learning_rate: Annotated[float, "of AdamW, on everything but the tables"] = 3e-4
    table_rate: Annotated[float, "of row-wise Adagrad, on the tables of tracks, artists, albums and listeners"] = 0.1
    weight_decay: Annotated[float, "of AdamW on matrices; the tables have none"] = 0.01
    table_decay: Annotated[float, "L2 penalty on those rows of the tables that a step looks up"] = 0.0
    example_age: Annotated[int, "1: the query knows how old an example is, and at serving is now; 0: it does not"] = 1
    patience: Annotated[int, "epochs without progress on validation before the training stops"] = 3

    def __post_init__(self) -> None:
        _one_of("loss", self.loss, LOSSES)
        _one_of("correction", self.correction, CORRECTIONS)
        _one_of("frequency", self.frequency, FREQUENCIES)
        _one_of("proposal", self.proposal, PROPOSALS)
        for name in ("in_batch", "mask_known", "weighted", "learn_temperature", "example_age", "half"):
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name} is {getattr(self, name)}; it is 0 or 1")
        if self.directions not in (1, 2):
            raise ValueError(f"directions is {self.directions}; it is 1 or 2")
        if min(self.batch_size, self.epochs + 1, self.patience) < 1 or self.negatives < 0:
            raise ValueError(
                f"batch_size is {self.batch_size}, patience {self.patience}, epochs {self.epochs}, negatives"
                f" {self.negatives}; the first two are at least 1, the others 0"
            )
        for name in ("learning_rate", "table_rate", "weight_decay", "table_decay"):
            if not 0 <= getattr(self, name) <= _HIGHEST_RATE:  # also of what is no number
                raise ValueError(f"{name} is {getattr(self, name):g}; it lies between 0 and {_HIGHEST_RATE:g}")
        if min(self.hard_negatives, self.hard_from_epoch) < 0 or not 0 <= self.hard_first < self.hard_last:
            raise ValueError(
                f"hard_negatives {self.hard_negatives} from epoch {self.hard_from_epoch}, "
                f"places {self.hard_first} to {self.hard_last}; none is negative, and the first is below the last"
            )
        if not self.negatives and not (self.in_batch and self.batch_size > 1):
            raise ValueError(
                f"in_batch is {self.in_batch}, batch_size {self.batch_size} and negatives 0; something must be told"
                " from the positive"
            )
        if self.directions == 2 and not self.in_batch:
            raise ValueError("directions is 2 and in_batch 0; tracks have only the listeners of a step to choose among")
        if self.loss == "bpr" and not self.negatives:
            raise ValueError("negatives is 0; bpr compares each positive with at least one")
        for name in ("in_batch", "correction", "frequency", "directions"):
            if self.loss == "bpr" and getattr(self, name) != getattr(type(self), name):  # a default is its class's
                raise ValueError(f"{name} is {getattr(self, name)}; only sampled-softmax heeds it, and the loss is bpr")
        if self.popularity_share and (self.loss, self.correction) != ("sampled-softmax", "both"):
            raise ValueError(
                f"popularity_share is {self.popularity_share:g}; it needs sampled-softmax with the correction of both"
            )
        if self.popularity_share and self.learn_temperature:
            raise ValueError(
                f"popularity_share is {self.popularity_share:g} and learn_temperature 1; the dial that gives it back is"
                " counted in temperatures, so these stay"
            )
        if not 0 <= self.popularity_share <= 1:
            raise ValueError(f"popularity_share is {self.popularity_share:g}; it is a share, from 0 to 1")
        if not 0.01 <= self.temperature <= 1:
            raise ValueError(f"temperature is {self.temperature:g}; it lies between 0.01 and 1")

    def popularity_weights(self) -> tuple[float, ...]:
        """What the popularity dial may be at serving; without a popularity share it stays at 0."""
        if not self.popularity_share:
            return (0.0,)
        return tuple(round(fifths * self.temperature / 5, 6) for fifths in range(_MOST_FIFTHS + 1))


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} {value!r}; there are {', '.join(choices)}")
