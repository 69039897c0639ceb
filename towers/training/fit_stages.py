"""Fit of the towers: a training with early stopping by validation, and optionally a second one on all data.

    train --------------> first stage, validated after every epoch: the best epoch, the popularity weight
    train + validation -> second stage, anew, for as many epochs

An interrupted fit resumes in the middle of the stage where it was.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import Split
from earshot.data.files.atomic import RESUMABLE_SUFFIX
from earshot.data.files.training_state import resume_training, write_training
from earshot.evaluation.queries import validation_queries
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import Towers, towers_for
from earshot.towers.retrieval.tower_scores import Validator
from earshot.towers.training.distributed import Distributed
from earshot.towers.training.training_loop import TowerTraining

_N_VALIDATION_USERS = 2_000


@dataclass(frozen=True)
class FitStage:
    """A training, and the file where its state is saved."""

    training: TowerTraining
    state_file: Path
    key: str  # as `tower_training_key` makes it

    def save(self) -> None:
        """Write the state; among several ranks, which have the same, the first does."""
        if self.training.distributed.is_first:
            write_training(self.state_file, self.key, self.training.state())

    def resume(self) -> bool:
        """Restore the state that was saved of this very training; returns and raises as `resume_training` does."""
        return resume_training(self.state_file, self.key, self.training.restore)


class TowerFit:
    """Trainings of the towers, one after the other.

    Parameters
    ----------
    parts : of the `listens`; None to learn from all of them, without validation
    repeats : whether validation counts tracks that were played before
    refit : whether a second stage follows

    Raises
    ------
    ValueError
        There is nothing to learn from, or nothing by which to refit.
    """

    def __init__(
        self,
        tower: TowerConfig,
        config: TowerTrainingConfig,
        catalog: Catalog,
        listens: Interactions,
        parts: Split | None,
        *,
        repeats: bool = False,
        refit: bool = False,
        device: str = "cpu",
        distributed: Distributed = Distributed(),  # noqa: B008  (it is frozen)
    ) -> None:
        self.tower, self.config, self.catalog, self._device = tower, config, catalog, device
        self.distributed = distributed
        self.validator: Validator | None = None
        if parts is not None:
            eval_queries = validation_queries(parts, repeats=repeats, n_users=_N_VALIDATION_USERS, seed=tower.seed)
            if eval_queries is not None:
                self.validator = Validator(eval_queries, config.popularity_weights())
        self._refit_events = _refit_events(parts, is_validated=self.validator is not None) if refit else None
        self.popularity_weight: float | None = None  # for recommendations; known after the first stage, if at all
        self.validation: float | None = None  # of the best epoch of the first stage
        self._training = self._start(listens if parts is None else parts.train, config, self.validator)

    def __repr__(self) -> str:
        return f"<TowerFit in {1 if self._refit_events is None else 2} stages, {self._training.batches}>"

    @property
    def towers(self) -> Towers:
        """The towers as the latest stage has left them."""
        return self._training.towers

    def stages(self, folder: Path, key: str) -> Iterator[FitStage]:
        """Yield the stages; the caller runs the training of each to its end before it takes the next."""
        stage = FitStage(self._training, state_files(folder)[0], key)
        yield stage
        if self.validator is not None and stage.training.best >= 0:
            self.validation = stage.training.best
        if self.config.popularity_share:
            self.popularity_weight = self.distributed.broadcast_from_first(self._best_popularity_weight)
        if self._refit_events is not None:
            stage.save()  # a kill in the second stage shall not cost the first
            config = replace(self.config, epochs=stage.training.best_epochs)
            self._training = self._start(self._refit_events, config)
            yield FitStage(self._training, state_files(folder)[1], key)

    def _start(
        self, events: Interactions, config: TowerTrainingConfig, validator: Callable[[Towers], float] | None = None
    ) -> TowerTraining:
        towers = towers_for(self.tower, self.catalog, events)
        return TowerTraining(towers, events, config, validator, device=self._device, distributed=self.distributed)

    def _best_popularity_weight(self) -> float:
        if self.validator is None:
            return self.config.popularity_share * self.config.temperature  # the share that the loss left out
        self.validator(self.towers)  # the last epoch that it validated need not be the best
        return self.validator.popularity_weight


def state_files(folder: Path) -> list[Path]:
    """The files for the states of the stages, in their order."""
    return [folder / f"train-tower{suffix}{RESUMABLE_SUFFIX}" for suffix in ("", ".refit")]


def _refit_events(parts: Split | None, *, is_validated: bool) -> Interactions:
    """Training and validation part together."""
    if parts is None or not is_validated:
        raise ValueError(
            "validation has no queries, so --refit cannot know how long to learn."
            "\n\nLeave it out, or take another --split or --share."
        )
    if not PROTOCOLS[parts.protocol].history_has_validation:
        raise ValueError(
            f"--refit learns from the validation part too, which {parts.protocol} keeps unknown to towers."
            "\n\nLeave it out, or take another --split."
        )
    return parts.before_test()
