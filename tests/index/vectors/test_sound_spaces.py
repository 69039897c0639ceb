"""Sound that a data set brought along serves where nobody heard a file: from Yambda's tables to what is near."""

import json

import numpy as np
import polars as pl
import pytest

from commands_typed import invoke
from earshot.index.library import LibraryError
from earshot.index.runs import current_fingerprint
from earshot.index.vectors.imported_vectors import store_given_vectors
from earshot.index.vectors.spaces import sound_space, vector_fingerprint
from library_world import add, at, heard, open_library
from trained_library import QUICK

N_TRACKS, N_USERS = 24, 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Even listeners play even tracks, which sound alike; track 22 and 23 nobody plays but the last two listeners."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("yambda")
    rows = []
    for user in range(N_USERS):
        own = rng.permutation(np.arange(user % 2, N_TRACKS if user >= N_USERS - 2 else N_TRACKS - 2, 2))[:9]
        rows += [(user, 3_600 * (10 * at + user % 7), item) for at, item in enumerate(own.tolist())]
    (folder / "in").mkdir()
    schema = ["uid", "timestamp", "item_id"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "in" / "listens.parquet")
    embed = np.array([[1, 0], [0, 1]])[np.arange(N_TRACKS) % 2] + 0.1 * rng.normal(size=(N_TRACKS, 2))
    vectors = {"item_id": range(N_TRACKS), "embed": embed.tolist()}
    pl.DataFrame(vectors).write_parquet(folder / "in" / "embeddings.parquet")
    for words in (["import-listens", folder / "in"], ["train-tower", *QUICK]):
        invoke(folder / "library", *words)
    return folder


def test_towers_hear_it(folder):
    result = invoke(folder / "library", "train-tower", *QUICK, "--epochs", 1, "--sound", "yambda")
    assert f"{N_TRACKS} tracks, {N_TRACKS} with a sound (yambda); split" in result.stderr
    unknown = invoke(folder / "library", "train-tower", "--sound", "theirs", code=1)
    assert "no space of sound called 'theirs'; it has yambda." in unknown.stderr


def test_neighbours_of_it_and_of_both(folder):
    rows = json.loads(invoke(folder / "library", "similar", "yambda:0", "--by", "yambda", "-k", 5, "--json").stdout)
    assert {int(row["title"].split(":")[1]) % 2 for row in rows} == {0}
    rows = json.loads(invoke(folder / "library", "similar", "yambda:0", "--by", "both", "-k", 5, "--json").stdout)
    assert {int(row["title"].split(":")[1]) % 2 for row in rows} == {0}
    assert rows[0]["yambda_rank"] and rows[0]["tower_rank"] and "audio_rank" not in rows[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("yambda:0",), "was never heard.\n\nRun `cli embed-audio` on its folder, or ask otherwise: --by yambda."),
        (("yambda:0", "--by", "theirs"), "There is no space 'theirs'; this library has tower, yambda."),
        ((__file__, "--by", "yambda"), "is not in the library, and cannot be heard as yambda hears."),
    ],
)
def test_what_cannot_be_asked(folder, words, message):
    assert message in invoke(folder / "library", "similar", *words, code=1).output


def test_a_track_that_the_import_brought_no_vector_of(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(n), title=f"Song {n}") for n in range(2)])
        store_given_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])
    result = invoke(tmp_path / "library", "similar", "Song 1", "--by", "theirs", code=1)
    assert "Song 1 (track 2) has no vector by theirs: the import brought none." in result.output


def add_catalog_track(library):
    library.db.execute("INSERT INTO tracks (title, status) VALUES ('Known by name', 'catalog')")


def test_the_ear_comes_first_and_other_vectors_have_another_mark(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        assert sound_space(library) is None
        with pytest.raises(LibraryError, match="called 'audio'; it has none"):
            sound_space(library, "audio")
        add_catalog_track(library)
        store_given_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])
        assert sound_space(library) == "theirs"  # though the ear has a space, in which nothing is yet
        first = vector_fingerprint(library, "theirs")
        store_given_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])
        assert vector_fingerprint(library, "theirs") != first
        add(library, head, [heard("/1.mp3", at(1), title="One")])
        assert sound_space(library) == "audio" and sound_space(library, "theirs") == "theirs"
        assert vector_fingerprint(library, "audio") == current_fingerprint(library)
