"""A library of two tastes whose towers have learned, in seconds."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from earshot.cli import cli
from earshot.index.library import Library
from library_world import add, heard, open_library, unit
from tower_world import import_table

QUICK = ["--learning-rate", 0.001, "--table-rate", 0.2, "--dim", 8, "--hidden", 8, "--batch-size", 32,
         "--negatives", 8, "--epochs", 12]  # fmt: skip
N_TRACKS = 12  # of each of two tastes


def listens(rng: np.random.Generator) -> list[str]:
    """Even listeners play even songs and odd ones odd songs, an hour apart."""
    rows = ["user,artist,title,timestamp"]
    for user in range(30):
        for at, track in enumerate(rng.permutation(N_TRACKS)[:9].tolist()):
            number = 2 * track + user % 2
            rows.append(
                f"listener {user},Artist {number // 4},Song {number},{1_600_000_000 + 3_600 * (10 * at + user % 7)}"
            )
    return rows


def make_library(folder: Path) -> Library:
    """A library in `folder`/library, open to write: the listens of two tastes, and files of the first four songs."""
    library, head = open_library(folder / "library")
    files = [heard(f"/music/{n}.mp3", unit(1, n % 2), artist=f"Artist {n // 4}", title=f"Song {n}") for n in range(4)]
    add(library, head, files)
    import_table(library, folder / "listens.csv", listens(np.random.default_rng(0)))
    return library


def make_trained_library(folder: Path) -> Result:
    """The library of `make_library`, closed, and the output of the `cli train-tower` that it has seen."""
    make_library(folder).close()
    return CliRunner().invoke(cli, ["--library", str(folder / "library"), "train-tower", *map(str, QUICK)])
