"""All that towers learn: once under the eyes of validation, and if asked once more from all that is known.

    train --------------> lesson 1, judged after every epoch: the best epoch, the popularity dial
    train + validation -> lesson 2, anew, for as many epochs

A schooling that was killed goes on in the middle of the lesson where it was.
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
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import Towers, towers_for
from earshot.towers.retrieval.tower_scores import make_judge
from earshot.towers.training.distributed import Distributed
from earshot.towers.training.trainer import TowerTraining


@dataclass(frozen=True)
class FitStage:
    """A training, and the file where its state is kept."""

    training: TowerTraining
    state_file: Path
    key: str  # as `tower_training_key` makes it

    def keep(self) -> None:
        """Write the state; of several ranks, which have the same, the first does."""
        if self.training.ranks.is_first:
            write_training(self.state_file, self.key, self.training.state())

    def went_on(self) -> bool:
        """Go on from the state that was kept for this very training, if there is one.

        Raises
        ------
        ValueError
            It is none of such a training, whatever it says.
        """
        return resume_training(self.state_file, self.key, self.training.restore)


class TowerFit:
    """What towers learn from, and who judges it.

    Parameters
    ----------
    parts : of the `listens`; None to learn from all of them, unjudged
    repeats : whether lists that are judged may hold what was played before
    refit : whether a second lesson follows

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
        ranks: Distributed = Distributed(),  # noqa: B008  (it is frozen)
    ) -> None:
        self.tower, self.config, self.catalog, self.ranks, self._device = tower, config, catalog, ranks, device
        self.judge = None
        if parts is not None:
            self.judge = make_judge(
                parts, repeats=repeats, seed=tower.seed, popularity_weights=config.popularity_weights()
            )
        self._known = _known_for_refit(parts, is_judged=self.judge is not None) if refit else None
        self.popularity_weight: float | None = (
            None  # of popularity, for serving; known after the first lesson, if there is one
        )
        self.validation: float | None = None  # how good the best epoch of the first lesson was
        self._training = self._begun(listens if parts is None else parts.train, config, self.judge)

    def __repr__(self) -> str:
        return f"<Schooling in {1 if self._known is None else 2} lessons, {self._training.batches}>"

    @property
    def towers(self) -> Towers:
        """As the lesson that was given last has left them."""
        return self._training.towers

    def lessons(self, folder: Path, key: str) -> Iterator[FitStage]:
        """One after the other; before the next is asked for, the training of each is to be run to its end."""
        lesson = FitStage(self._training, state_files(folder)[0], key)
        yield lesson
        if self.judge is not None and lesson.training.best >= 0:
            self.validation = lesson.training.best
        if self.config.popularity_share:
            self.popularity_weight = self.ranks.broadcast_from_first(self._best_dial)
        if self._known is not None:
            lesson.keep()  # a kill in the second lesson shall not cost the first
            config = replace(self.config, epochs=lesson.training.best_epochs)
            self._training = self._begun(self._known, config)
            yield FitStage(self._training, state_files(folder)[1], key)

    def _begun(
        self, events: Interactions, config: TowerTrainingConfig, judge: Callable[[Towers], float] | None = None
    ) -> TowerTraining:
        towers = towers_for(self.tower, self.catalog, events)
        return TowerTraining(towers, events, config, judge, device=self._device, ranks=self.ranks)

    def _best_dial(self) -> float:
        if self.judge is None:
            return self.config.popularity_share * self.config.temperature  # as the loss has it
        self.judge(self.towers)  # the last epoch that it saw need not be the best
        return self.judge.popularity_weight


def state_files(folder: Path) -> list[Path]:
    """Where the states of the lessons are kept, in their order."""
    return [folder / f"train-tower{part}{RESUMABLE_SUFFIX}" for part in ("", ".refit")]


def _known_for_refit(parts: Split | None, *, is_judged: bool) -> Interactions:
    if parts is None or not is_judged:
        raise ValueError(
            "validation asks nobody about anything, so --refit cannot know how long to learn."
            "\n\nLeave it out, or take another --split or --share."
        )
    if not PROTOCOLS[parts.protocol].knows_validation:
        raise ValueError(
            f"--refit learns from the validation part too, which {parts.protocol} keeps unknown to towers."
            "\n\nLeave it out, or take another --split."
        )
    return parts.known()
