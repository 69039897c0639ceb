"""The stored state of a training, for tests that look into it."""

from pathlib import Path
from typing import Any

from earshot.data.files.training_state import resume_training


def read_training(path: Path, key: str) -> Any:
    """The state of the training with this key; None if there is none."""
    states: list[Any] = []
    resume_training(path, key, states.append)
    return states[0] if states else None
