"""Vector spaces: published, switched, read, and chosen by name or by default."""

import json

import numpy as np
import polars as pl
import pytest

from commands_typed import invoke
from earshot.index.library import LibraryError
from earshot.index.runs import current_fingerprint, start_run
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.spaces import (
    AUDIO,
    Space,
    current_space,
    publish,
    read_some_vectors,
    read_vector,
    read_vectors,
    sound_space,
    spaces,
    store_imported_vectors,
    use_run,
    vector_fingerprint,
)
from library_world import add, at, heard, open_library, unit
from trained_library import QUICK

N_TRACKS, N_USERS = 24, 30


@pytest.fixture
def world(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        yield library, head


def new_ear(library) -> int:
    return start_run(library, "embed-audio", {}, fingerprint="new ear")[1]


def runs_held(library, table="vectors"):
    return {run for (run,) in library.db.execute(f"SELECT DISTINCT run_id FROM {table}")}


def test_a_library_without_vectors(world):
    library, _ = world
    assert current_space(library, "tower") is None
    for ids, vectors in (read_vectors(library, AUDIO), read_some_vectors(library, AUDIO, [1, 2])):
        assert (len(ids), vectors.shape, vectors.dtype) == (0, (0, 0), np.float32)
    assert read_vector(library, AUDIO, 1) is None


def test_vectors_come_in_the_order_of_ids(world):
    """Stored in another order than ids: the third track is heard anew last."""
    library, head = world
    vectors = [unit(*row) for row in np.random.default_rng(0).standard_normal((5, 3))]
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(vectors)])
    vectors[2] = unit(1, 2, 3)
    library.db.execute("DELETE FROM vectors WHERE track_id = 3")
    add(library, head, [heard("/2.mp3", vectors[2])])
    ids, matrix = read_vectors(library, AUDIO)
    assert ids.all_ids.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(matrix, vectors)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(read_vector(library, AUDIO, 3), unit(1, 2, 3))


def test_only_embedded_tracks_of_the_current_run_are_read(world):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(4)])
    add(library, new_ear(library), [heard("/1.mp3", at(70))])
    set_status(library, "/0.mp3", 1_000, 1, "missing", None)
    set_status(library, "/3.mp3", 1_000, 1, "excluded", "a rule")
    ids, matrix = read_vectors(library, AUDIO)
    assert ids.ids([0, 1]).tolist() == [2, 3]
    np.testing.assert_array_equal(matrix, [at(1), at(2)])
    assert read_vector(library, AUDIO, 1) is None


def test_some_vectors_by_id(world):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(2_000)])
    wanted = [1_999, 3, 3, 50_000, *range(100, 1_100)]
    ids, matrix = read_some_vectors(library, AUDIO, wanted)
    assert ids.all_ids.tolist() == [3, *range(100, 1_100), 1_999]
    np.testing.assert_array_equal(matrix[[0, -1]], [at(2), at(1_998)])


def test_vectors_of_different_dimensions_are_never_one_matrix(world):
    """2 and 6 numbers would fit a matrix of two rows of four."""
    library, head = world
    add(library, head, [heard("/a.mp3", at(0)), heard("/b.mp3", unit(1, 2, 3, 4, 5, 6))])
    with pytest.raises(LibraryError, match=r"The audio vectors have different dimensions.\n\nRun `cli check`"):
        read_vectors(library, AUDIO)


def test_the_first_run_is_used_at_once(world):
    library, head = world
    assert current_space(library, AUDIO) == Space(AUDIO, head, 0)
    assert use_run(library, AUDIO, head) == 0
    assert current_space(library, AUDIO) == Space(AUDIO, head, 0), "the same run again is no change"


def test_search_stays_with_the_old_run_until_no_track_would_be_lost(world):
    library, old = world
    tracks = [heard(f"/{number}.mp3", at(number)) for number in range(3)]
    add(library, old, tracks)
    new = new_ear(library)
    for number, lacking in enumerate((3, 2, 1)):
        assert use_run(library, AUDIO, new) == lacking
        assert current_space(library, AUDIO).run_id == old
        np.testing.assert_array_equal(read_vectors(library, AUDIO)[1], [at(0), at(1), at(2)])
        add(library, new, [heard(f"/{number}.mp3", at(90 + number))])
    before = current_space(library, AUDIO).revision
    assert use_run(library, AUDIO, new) == 0
    space = current_space(library, AUDIO)
    assert space.run_id == new and space.revision > before
    np.testing.assert_array_equal(read_vectors(library, AUDIO)[1], [at(90), at(91), at(92)])
    assert runs_held(library) == runs_held(library, "excerpts") == {new}, "the old ones are gone"


def test_tracks_that_are_not_searched_do_not_block(world):
    library, old = world
    add(library, old, [heard(f"/{number}.mp3", at(number)) for number in range(3)])
    set_status(library, "/1.mp3", 1_000, 1, "missing", None)
    set_status(library, "/2.mp3", 1_000, 1, "excluded", "a rule")
    set_status(library, "/bad.mp3", 1_000, 1, "failed", "not audio")
    new = new_ear(library)
    add(library, new, [heard("/0.mp3", at(50))])
    assert use_run(library, AUDIO, new) == 0
    assert current_space(library, AUDIO).run_id == new
    assert runs_held(library) == {new}


def test_a_switch_of_one_space_leaves_the_other_alone(world):
    library, audio = world
    add(library, audio, [heard("/a.mp3", at(0))])
    towers = [start_run(library, "train-tower", {}, fingerprint=name)[1] for name in ("first", "second")]
    for tower in towers:
        library.db.execute("INSERT INTO vectors VALUES (1, 'tower', ?, 2, ?)", [tower, at(tower).tobytes()])
        assert use_run(library, "tower", tower) == 0
    assert current_space(library, "tower").run_id == towers[1]
    assert runs_held(library) == {audio, towers[1]}
    assert runs_held(library, "excerpts") == {audio}
    np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(0))


def test_published_vectors_replace_those_of_earlier_runs(world):
    library, audio = world
    add(library, audio, [heard(f"/{number}.mp3", at(number)) for number in range(3)])
    first, second = (start_run(library, "train-tower", {})[0] for _ in range(2))
    with library.transaction():
        assert publish(library, "tower", first, [(np.array([1, 2]), np.stack([at(0), at(1)]))]) == 2
    before = current_space(library, "tower")
    with library.transaction():
        pieces = [(np.array([3, 99]), np.stack([at(5), at(6)])), (np.array([1]), at(7)[None])]
        assert publish(library, "tower", second, iter(pieces)) == 2  # track 99 was removed
    after = current_space(library, "tower")
    assert after.run_id == second and after.revision > before.revision
    ids, vectors = read_vectors(library, "tower")
    assert ids.all_ids.tolist() == [1, 3]
    np.testing.assert_array_equal(vectors, [at(7), at(5)])
    assert runs_held(library) == {audio, second} and current_space(library, AUDIO).run_id == audio


def test_a_failure_while_publishing_changes_nothing(world):
    library, audio = world
    add(library, audio, [heard("/0.mp3", at(0))])
    first, second = (start_run(library, "train-tower", {})[0] for _ in range(2))
    with library.transaction():
        publish(library, "tower", first, [(np.array([1]), at(0)[None])])
    before = current_space(library, "tower")

    def pieces():
        yield np.array([1]), at(1)[None]
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"), library.transaction():
        publish(library, "tower", second, pieces())
    assert current_space(library, "tower") == before and runs_held(library) == {audio, first}


@pytest.fixture(scope="module")
def yambda_folder(tmp_path_factory):
    """Even listeners play even tracks, which sound alike; only the last two listeners play tracks 22 and 23."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("yambda")
    rows = []
    for user in range(N_USERS):
        items = rng.permutation(np.arange(user % 2, N_TRACKS if user >= N_USERS - 2 else N_TRACKS - 2, 2))[:9]
        rows += [(user, 3_600 * (10 * at + user % 7), item) for at, item in enumerate(items.tolist())]
    (folder / "in").mkdir()
    schema = ["uid", "timestamp", "item_id"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "in" / "listens.parquet")
    embed = np.array([[1, 0], [0, 1]])[np.arange(N_TRACKS) % 2] + 0.1 * rng.normal(size=(N_TRACKS, 2))
    vectors = {"item_id": range(N_TRACKS), "embed": embed.tolist()}
    pl.DataFrame(vectors).write_parquet(folder / "in" / "embeddings.parquet")
    for words in (["import-listens", folder / "in"], ["train-tower", *QUICK]):
        invoke(folder / "library", *words)
    return folder


def test_towers_read_imported_vectors(yambda_folder):
    result = invoke(yambda_folder / "library", "train-tower", *QUICK, "--epochs", 1, "--sound", "yambda")
    assert f"{N_TRACKS} tracks, {N_TRACKS} with a sound (yambda); split" in result.stderr
    unknown = invoke(yambda_folder / "library", "train-tower", "--sound", "theirs", code=1)
    assert "no space of sound called 'theirs'; it has yambda." in unknown.stderr


def test_neighbours_by_imported_vectors_and_by_both(yambda_folder):
    rows = json.loads(
        invoke(yambda_folder / "library", "similar", "yambda:0", "--by", "yambda", "-k", 5, "--json").stdout
    )
    assert {int(row["title"].split(":")[1]) % 2 for row in rows} == {0}
    rows = json.loads(
        invoke(yambda_folder / "library", "similar", "yambda:0", "--by", "both", "-k", 5, "--json").stdout
    )
    assert {int(row["title"].split(":")[1]) % 2 for row in rows} == {0}
    assert rows[0]["yambda_rank"] and rows[0]["tower_rank"] and "audio_rank" not in rows[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("yambda:0",), "was never embedded.\n\nRun `cli embed-audio` on its folder, or ask otherwise: --by yambda."),
        (("yambda:0", "--by", "theirs"), "There is no space 'theirs'; this library has tower, yambda."),
        ((__file__, "--by", "yambda"), "is not in the library, and cannot be embedded in the space yambda."),
    ],
)
def test_spaces_that_cannot_be_searched(yambda_folder, words, message):
    assert message in invoke(yambda_folder / "library", "similar", *words, code=1).output


def test_a_track_that_the_import_brought_no_vector_of(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(n), title=f"Song {n}") for n in range(2)])
        store_imported_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])
    result = invoke(tmp_path / "library", "similar", "Song 1", "--by", "theirs", code=1)
    assert "Song 1 (track 2) has no vector by theirs: the import brought none." in result.output


def add_catalog_track(library):
    library.db.execute("INSERT INTO tracks (title, status) VALUES ('Known by name', 'catalog')")


def test_the_encoder_comes_first_and_other_vectors_have_another_fingerprint(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        assert sound_space(library) is None
        with pytest.raises(LibraryError, match="called 'audio'; it has none"):
            sound_space(library, "audio")
        add_catalog_track(library)
        store_imported_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])
        assert sound_space(library) == "theirs"  # though the ear has a space, in which nothing is yet
        first = vector_fingerprint(library, "theirs")
        store_imported_vectors(library, "theirs", "x", [(np.array([1]), at(0)[None])])
        assert vector_fingerprint(library, "theirs") != first
        add(library, head, [heard("/1.mp3", at(1), title="One")])
        assert sound_space(library) == "audio" and sound_space(library, "theirs") == "theirs"
        assert vector_fingerprint(library, "audio") == current_fingerprint(library)


@pytest.fixture
def three_tracks(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(3)])
        yield library


def test_imported_vectors_have_a_space_of_their_own(three_tracks):
    pieces = [(np.array([3]), unit(1, 0, 0)[None]), (np.array([1]), unit(0, 3, 4)[None])]
    assert store_imported_vectors(three_tracks, "theirs", "x.parquet", iter(pieces)) == 2
    ids, vectors = read_vectors(three_tracks, "theirs")
    assert ids.ids([0, 1]).tolist() == [1, 3]
    np.testing.assert_allclose(vectors, [[0, 0.6, 0.8], [1, 0, 0]], rtol=1e-6)
    assert spaces(three_tracks) == ["audio", "theirs"] and len(read_vectors(three_tracks, "audio")[0]) == 3
    stage, finished, metrics = three_tracks.db.execute(
        "SELECT stage, finished IS NOT NULL, metrics FROM runs WHERE id = ?",
        [current_space(three_tracks, "theirs").run_id],
    ).fetchone()
    assert (stage, finished, metrics) == ("import-listens", 1, '{"n_vectors": 2}')


def test_later_imported_vectors_take_their_place(three_tracks):
    store_imported_vectors(three_tracks, "theirs", "x", [(np.array([1, 2]), np.stack([at(0), at(1)]))])
    before = current_space(three_tracks, "theirs").revision
    store_imported_vectors(three_tracks, "theirs", "x", [(np.array([2]), at(2)[None])])
    assert read_vectors(three_tracks, "theirs")[0].ids([0]).tolist() == [2]
    assert three_tracks.db.execute("SELECT count(*) FROM vectors WHERE space = 'theirs'").fetchone() == (1,)
    assert current_space(three_tracks, "theirs").revision > before  # so that an index of the first is known as stale


def test_a_failing_import_of_vectors_leaves_the_first(three_tracks):
    store_imported_vectors(three_tracks, "theirs", "x", [(np.array([1]), at(0)[None])])

    def pieces():
        yield np.array([2]), at(1)[None]
        raise ValueError("x.parquet is damaged")

    with pytest.raises(ValueError, match=r"x\.parquet is damaged"):
        store_imported_vectors(three_tracks, "theirs", "x", pieces())
    assert read_vectors(three_tracks, "theirs")[0].ids([0]).tolist() == [1]
