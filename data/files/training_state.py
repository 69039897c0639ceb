"""State of an interrupted training in a file: only the very same training, known by its key, goes on from it."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from earshot.data.files.array_files import load_torch_file, save_torch_file
from earshot.data.files.path_encoding import shell_word

_BLOCK_ROWS = 2**20  # of an array, hashed at a time; it may lie on disk


def training_key(settings: Any, contents: Iterable[str | np.ndarray]) -> str:
    """Hash the settings of a training, as JSON, and the texts and arrays that it learns from. Hexadecimal.

    Two trainings with one key take the same steps. Keys name checkpoints, so they never change between versions.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for content in contents:
        if isinstance(content, str):
            digest.update(content.encode())
            continue
        for start in range(0, len(content), _BLOCK_ROWS):
            digest.update(np.ascontiguousarray(content[start : start + _BLOCK_ROWS]).data)
    return digest.hexdigest()


def write_training(path: Path, key: str, state: Any) -> None:
    """Write the state of the training with this key, whole or not at all."""
    save_torch_file(path, {"key": key, "state": state})


def resume_training(path: Path, key: str, restore: Callable[[Any], None]) -> bool:
    """Restore the state of the training with this key.

    Returns
    -------
    Whether there was one: False if the file is missing, damaged or of another training.

    Raises
    ------
    ValueError
        `restore` cannot use the state, whatever its key says; the message says what to type.
    OSError
        The disk failed. That is no reason to begin anew and write over the file.
    """
    try:
        content = load_torch_file(path)
    except (FileNotFoundError, ValueError):
        return False
    if not isinstance(content, dict) or content.get("key") != key:
        return False
    try:
        restore(content["state"])
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        raise ValueError(f"{path} is damaged.\n\nBegin anew without it: rm {shell_word(str(path))}") from None
    return True
