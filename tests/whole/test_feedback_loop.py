"""The loop: what a page tells a radio changes its very next songs, and the towers learn from it."""

import json
import shutil
import time

import numpy as np
import pytest

from earshot.index.library import Library
from library_world import add, finish, heard, open_library, random_units
from trained_library import N_TRACKS, QUICK
from web_client import signed_in

N_SONGS, N_HEARD, N_LAST = 150, 40, 15


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A library of songs that have much in common, and whether each lies on the side of a hidden direction."""
    folder = tmp_path_factory.mktemp("loop") / "library"
    vectors = random_units(np.random.default_rng(0), N_SONGS, 12)
    vectors[:, 0] += 1.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    library, head = open_library(folder)
    with library:
        ids = add(
            library, head,
            [heard(f"/m/{n}.mp3", vector, artist=f"Artist {n}", title=f"Song {n}") for n, vector in enumerate(vectors)],
        )  # fmt: skip
        finish(library)
    return folder, dict(zip(ids, (vectors[:, 1] > 0.1).tolist(), strict=True))


@pytest.fixture
def client(world, tmp_path):
    with signed_in(shutil.copytree(world[0], tmp_path / "library")) as client:
        client.folder = tmp_path / "library"
        yield client


def asked(client, path, **body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hits_of(client, state, is_liked, is_telling):
    """Hear songs as the page does, skip what is not liked, and give every fifth a thumb; which were liked."""
    hits, events = [], []
    for turn in range(N_HEARD):
        answer = asked(client, "/radio/next", state=state, events=events, advance=True)
        state, song, events = answer["state"], answer["now"]["id"], []
        hits.append(is_liked[song])
        if not is_telling:
            continue
        played_s = 170.0 if is_liked[song] else 8.0
        asked(client, "/feedback/play", track=song, started_at=1_750_000_000 + 200 * turn, played_s=played_s)
        events = [] if is_liked[song] else [["skip", song]]
        if turn % 5 == 4:
            thumb = "like" if is_liked[song] else "dislike"
            asked(client, "/feedback/thumb", track=song, thumb=thumb)
            events.append([thumb, song])
    return hits


def test_a_radio_that_is_told_learns_the_taste_and_one_that_is_not_does_not(world, client):
    is_liked = world[1]
    last = {True: [], False: []}
    for seed in list(is_liked)[:2]:
        state = asked(client, "/radio/start", seeds=[seed])["state"]
        state["settings"] |= {"seed": 0}  # of the lots that the server draws
        for is_telling in (False, True):
            last[is_telling] += hits_of(client, state, is_liked, is_telling)[-N_LAST:]
    chance = np.mean([*is_liked.values()])
    assert chance < 0.45 and np.mean(last[False]) < chance + 0.2
    assert np.mean(last[True]) > 0.7


def next_song(client, state, *events):
    return asked(client, "/radio/next", state=state, events=list(events), advance=True)["now"]["id"]


def test_the_next_song_is_another_at_once_after_a_dislike(world, client):
    with Library.open(client.folder) as library:
        rows = library.db.execute("SELECT track_id, vector FROM current_vectors").fetchall()
    vectors = {track: np.frombuffer(vector, dtype=np.float32) for track, vector in rows}
    n_others, nearer = 0, []
    for seed in list(world[1])[:10]:
        answer = asked(client, "/radio/start", seeds=[seed])
        answer["state"]["settings"] |= {"variety": 0}
        heard = asked(client, "/radio/next", state=answer["state"], advance=True)
        now, state = heard["now"]["id"], heard["state"]
        usual = next_song(client, state)
        assert usual == next_song(client, state) == heard["tracks"][0]["id"], "nothing was said"
        told = next_song(client, state, ["dislike", now])
        n_others += told != usual
        nearer.append(float(vectors[now] @ (vectors[usual] - vectors[told])))
    assert n_others >= 7 and np.mean(nearer) > 0.15


def test_a_thumb_counts_also_where_the_page_does_not_tell_its_radio(world, client):
    answer = asked(client, "/radio/start", seeds=[next(iter(world[1]))])
    shown = [track["id"] for track in answer["tracks"]]
    asked(client, "/feedback/thumb", track=shown[0], thumb="dislike")
    answer = asked(client, "/radio/next", state=answer["state"], advance=True)
    assert shown[0] not in [track["id"] for track in (answer["now"], *answer["tracks"])]


def test_training_knows_what_was_played_on_the_page(trained_library, tmp_path, run_cli):
    folder = shutil.copytree(trained_library, tmp_path / "library")
    with Library.open(folder) as library:
        id_of = dict(library.db.execute("SELECT title, id FROM tracks WHERE linked_id IS NULL"))
    even = [f"Song {2 * n}" for n in range(N_TRACKS)]
    began = int(time.time()) - 86_400
    with signed_in(folder) as client:
        for turn, title in enumerate(even[: N_TRACKS // 2]):
            asked(client, "/feedback/play", track=id_of[title], started_at=began + 300 * turn, played_s=180.0)
        asked(client, "/feedback/play", track=id_of["Song 1"], started_at=began + 9_000, played_s=3.0)
    trained = run_cli(folder, "train-tower", *QUICK, "--split", "none", "--json")
    assert trained.returncode == 0, trained.stderr
    report = json.loads(trained.stdout)
    assert (report["users"], report["events"]) == (31, 30 * 9 + N_TRACKS // 2 + 1)
    listed = json.loads(run_cli(folder, "recommend", "me", "-k", 4, "--json").stdout)
    assert {one["title"] for one in listed} <= {*even[N_TRACKS // 2 :]}, "the other even songs, as even listeners play"
