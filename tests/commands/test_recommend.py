"""`cli recommend` as a user meets it: to one user, to somebody new, to all; after a track, and by popularity."""

import csv
import io
import json
import re
import sqlite3
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner

from commands_typed import invoke, rows_of
from earshot.cli import cli
from library_world import add, heard, open_library, unit
from tower_world import import_table
from trained_library import QUICK

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def library(library_copy):
    return library_copy


@pytest.fixture
def run(library):
    return partial(invoke, library)


def rows(result):
    return json.loads(result.stdout)


def titles(result):
    return [row["title"] for row in rows(result)]


def parity(rows):
    return {int(row["title"].split()[1]) % 2 for row in rows}


def test_a_user_is_recommended_what_they_have_not_played(run, library):
    rows = json.loads(run("recommend", "listener 4", "-k", 3, "--json").stdout)
    assert len(rows) == 3 and parity(rows) == {0}
    connection = sqlite3.connect(library / "library.db")
    (n,) = connection.execute("SELECT count(*) FROM vectors WHERE space = 'tower'").fetchone()
    connection.close()
    assert n == 24
    everything = json.loads(run("recommend", "listener 4", "-k", 24, "--max-per-artist", 24, "--json").stdout)
    assert len(everything) == 24 - 9
    again = json.loads(run("recommend", "listener 4", "-k", 24, "--max-per-artist", 24, "--repeats", "--json").stdout)
    assert len(again) == 24 and [row["rank"] for row in again] == list(range(1, 25))
    assert [row["score"] for row in again] == sorted((row["score"] for row in again), reverse=True)


def test_somebody_new_is_recommended_by_what_they_like(run, tmp_path):
    rows = json.loads(run("recommend", "--like", "Song 3", "--like", "Song 7", "-k", 5, "--json").stdout)
    assert parity(rows) == {1} and not {"Song 3", "Song 7"} & {row["title"] for row in rows}
    (tmp_path / "played.txt").write_text("# déjà vu\n/music/1.mp3\nSong 5\n\n", encoding="cp1252")
    rows = list(csv.DictReader(io.StringIO(run("recommend", "--history", tmp_path / "played.txt", "--csv").stdout)))
    assert parity(rows[:3]) == {1} and "Song 5" not in {row["title"] for row in rows}
    (tmp_path / "mix.m3u8").write_text("#EXTM3U\nfile:///music/1.mp3\n/music/no/../3.mp3\n", encoding="utf-8")
    played = run("recommend", "--history", tmp_path / "mix.m3u8", "-k", 3, "--json").stdout
    liked = run("recommend", "--history", _lines(tmp_path, "Song 1", "Song 3"), "-k", 3, "--json").stdout
    assert played == liked and parity(json.loads(played)) == {1}


def _lines(folder, *lines):
    (folder / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "lines.txt"


def test_an_artist_has_a_cap(run):
    rows = json.loads(run("recommend", "listener 1", "-k", 9, "--max-per-artist", 1, "--json").stdout)
    assert len({row["artist"] for row in rows}) == len(rows)


def test_a_playlist_holds_what_can_be_played(run, tmp_path):
    out = run("recommend", "--like", "Song 6", "-k", 24, "--max-per-artist", 9, "--m3u", tmp_path / "mix.m3u8")
    assert "4 tracks written to" in out.stderr
    assert (tmp_path / "mix.m3u8").read_text().count("/music/") == 4
    assert "cannot be written" in run("recommend", "--like", "Song 6", "--m3u", tmp_path / "no/mix.m3u8", code=1).stderr


def test_a_history_of_nothing_is_refused(run, tmp_path):
    for name, data, words in (
        ("empty.txt", b"# nothing\n\n", "empty.txt names no track.\n\nGive a playlist, or a track per line."),
        ("empty.m3u8", b"#EXTM3U\n", "empty.m3u8 is a track of the library."),
        ("song.mp3", b"ID3\3\0\0\0", "song.mp3 is no text.\n\nGive a playlist, or a track per line."),
    ):
        (tmp_path / name).write_bytes(data)
        assert words in run("recommend", "--history", tmp_path / name, code=1).output


def test_another_encoder_needs_other_towers(run, library):
    writer, _ = open_library(library, "another ear")
    with writer:
        writer.db.execute("UPDATE spaces SET run_id = (SELECT max(id) FROM runs) WHERE space = 'audio'")
    out = run("recommend", "listener 1", code=1)
    assert "these towers hear tracks by other vectors of sound" in out.output and "Run `cli train-tower`." in out.output


def test_towers_without_sound_need_no_encoder(run, library):
    run("train-tower", *QUICK, "--epochs", 1, "--model", "dot")
    before = run("recommend", "listener 1", "--json").stdout
    writer, _ = open_library(library, "another ear")
    with writer:
        writer.db.execute("UPDATE spaces SET run_id = (SELECT max(id) FROM runs) WHERE space = 'audio'")
    assert run("recommend", "listener 1", "--json").stdout == before


def test_a_damaged_or_missing_checkpoint_is_reported(run, library):
    for path in (library / "checkpoints").glob("towers-*.pt"):
        path.write_text("damaged")
    assert "is damaged, or no checkpoint" in run("recommend", "listener 1", code=1).output
    for path in (library / "checkpoints").glob("towers-*.pt"):
        path.unlink()
    assert (
        "No such file or directory.\n\nRestore it from a backup, or run `cli train-tower`."
        in run("recommend", "listener 1", code=1).output
    )


def test_requests_that_cannot_be_served_are_refused(run, tmp_path):
    message = "Give one of USER, --like TRACK or --history FILE, or --seed-track TRACK, or --all."
    assert message in run("recommend", code=2).output
    assert "file answers to 'nothing of it'." in run("recommend", "--like", "nothing of it", code=1).output
    assert "could be any of" in run("recommend", "--like", "Song", code=1).output
    taken = "Recommended to somebody who likes Artist 1 (artist, 4 tracks)"
    assert taken in run("recommend", "--like", "Artist 1").stdout
    assert "0 is not in the range 1<=x<=4096" in run("train-tower", "--dim", 0, code=2).output
    empty = CliRunner().invoke(cli, ["--library", str(tmp_path / "empty"), "train-tower"])
    assert empty.exit_code == 1 and "has no listens to tracks yet" in empty.output
    library, _ = open_library(tmp_path / "new")
    library.close()
    out = CliRunner().invoke(cli, ["--library", str(tmp_path / "new"), "recommend", "ann"])
    assert "This library has no trained towers yet" in out.output


OPTIONS = {
    "as it comes": ["-k", 5],
    "what was played too": ["-k", 7, "--repeats"],
    "one of each artist": ["-k", 9, "--max-per-artist", 1],
    "discoveries": ["-k", 4, "--popularity", -0.3],
    "more than there are": ["-k", 40, "--max-per-artist", 40],
}


@pytest.mark.parametrize("model", ["two-tower", "dot", "neumf"])
def test_all_users_get_what_one_would_get(run, library, model):
    if model != "two-tower":
        run("train-tower", *QUICK, "--epochs", 1, "--model", model)
    for options in OPTIONS.values() if model == "two-tower" else [OPTIONS["one of each artist"]]:
        run("recommend", "--all", *options)
        for user in ("listener 4", "listener 7"):
            one = rows(run("recommend", user, *options, "--json"))
            query = "SELECT rank, round(score, 3), track_id FROM user_recommendations WHERE user = ? ORDER BY rank"
            stored = rows_of(library, query, user)
            assert [rank for rank, _, _ in stored] == [row["rank"] for row in one]
            assert [score for _, score, _ in stored] == pytest.approx([row["score"] for row in one], abs=2e-3)
            assert {track for _, _, track in stored} == {row["id"] for row in one} or options[-1] == 4
    assert rows_of(library, "SELECT count(DISTINCT user_id) FROM recommendations") == [(30,)]


def test_all_lists_are_printed_and_counted(run, library):
    result = run("recommend", "--all", "-k", 3, "--csv")
    assert result.stderr.startswith("90 recommendations to 30 listeners in ")
    stored = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(stored) == 90 and stored[0]["rank"] == "1" and stored[0]["user"] == stored[2]["user"]
    own_taste = [int(row["title"].split()[1]) % 2 == int(row["user"].split()[1]) % 2 for row in stored]
    assert np.mean(own_taste) > 0.85  # chance is a half
    assert [
        {name: str(row[name]) for name in ("user", "id")} for row in rows(run("recommend", "--all", "-k", 3, "--json"))
    ] == [{name: row[name] for name in ("user", "id")} for row in stored]
    ((stage, finished, n_runs),) = rows_of(
        library,
        "SELECT stage, finished IS NOT NULL, (SELECT count(DISTINCT run_id) FROM recommendations) FROM runs"
        " WHERE id = (SELECT max(run_id) FROM recommendations)",
    )
    assert (stage, finished, n_runs) == ("recommend", 1, 1)
    assert "Ask the view `user_recommendations`" in run("recommend", "--all").stdout


def test_a_kill_leaves_the_earlier_lists_and_the_next_run_goes_on(run, library, monkeypatch):
    from earshot.index.recommending.recommendation_table import ResumableLists

    monkeypatch.setattr("earshot.towers.retrieval.recommend_lists._USERS_AT_ONCE", 8)
    run("recommend", "--all", "-k", 2)
    before = rows_of(library, "SELECT * FROM recommendations")
    keep, kept = ResumableLists.keep, []

    def killed(self, number, *arguments):
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(number)
        keep(self, number, *arguments)

    monkeypatch.setattr(ResumableLists, "keep", killed)
    run("recommend", "--all", "-k", 3, code=1)
    assert rows_of(library, "SELECT * FROM recommendations") == before
    monkeypatch.setattr(
        ResumableLists, "keep", lambda self, number, *rest: (kept.append(number), keep(self, number, *rest))
    )
    assert "Going on after 2 of 4 batches of listeners." in run("recommend", "--all", "-k", 3).stderr
    assert kept == [0, 1, 2, 3]  # each was made once
    assert rows_of(library, "SELECT count(*) FROM recommendations") == [(90,)]
    assert not list(library.glob("recommendations-*"))
    kept.clear()
    run("recommend", "--all", "-k", 3)
    assert kept == [0, 1, 2, 3]  # what was finished is made anew when asked


def test_lists_of_a_killed_run_with_other_settings_are_not_used(run, library):
    for name in ("recommendations-0123.resumable", "recommendations-4567.resumable"):
        (library / name).mkdir()
    run("recommend", "--all")
    assert not list(library.glob("recommendations-*"))


def test_a_removed_track_leaves_the_lists(run, library):
    run("recommend", "--all")
    connection = sqlite3.connect(library / "library.db")
    connection.execute("PRAGMA foreign_keys = ON")
    ((track,),) = connection.execute("SELECT track_id FROM recommendations LIMIT 1").fetchall()
    connection.execute("DELETE FROM excerpts WHERE track_id = ?", [track])
    connection.execute("DELETE FROM tracks WHERE id = ?", [track])
    assert connection.execute("SELECT count(*) FROM recommendations WHERE track_id = ?", [track]).fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM recommendations").fetchone()[0] > 0
    connection.close()


def test_what_to_play_after_a_track(run):
    alone = titles(run("recommend", "--seed-track", "Song 6", "-k", 5, "--json"))
    assert len(alone) == 5 and "Song 6" not in alone and {int(title.split()[1]) % 2 for title in alone} == {0}
    played = titles(run("recommend", "listener 4", "-k", 24, "--max-per-artist", 24, "--repeats", "--json"))
    seeded = rows(
        run(
            "recommend", "listener 4", "--seed-track", "Song 7", "-k", 24, "--max-per-artist", 24, "--repeats", "--json"
        )
    )
    assert set(played) - {row["title"] for row in seeded} == {"Song 7"}
    assert played != [row["title"] for row in seeded]
    liked = rows(run("recommend", "--like", "Song 3", "--seed-track", "Song 7", "-k", 4, "--json"))
    assert not {"Song 3", "Song 7"} & {row["title"] for row in liked}
    assert "file answers to 'nothing of it'." in run("recommend", "--seed-track", "nothing of it", code=1).output


def test_a_seed_track_needs_towers_that_read_it(run):
    run("train-tower", *QUICK, "--epochs", 1, "--model", "dot")
    out = run("recommend", "listener 4", "--seed-track", "Song 7", code=1).output
    assert "These towers (dot) have one vector for a user" in out and "Leave out --seed-track or USER" in out
    assert len(rows(run("recommend", "--seed-track", "Song 7", "--json"))) == 10


def test_popularity_leads_to_hits_or_away_from_them(run, library, tmp_path):
    plays = [f"fan {n},Artist 0,Song 0,{1_600_000_000 + n}" for n in range(300)]
    writable, _ = open_library(library)
    with writable:
        import_table(writable, tmp_path / "hits.csv", ["user,artist,title,timestamp", *plays])
    everything = ["recommend", "--like", "Song 5", "-k", 30, "--max-per-artist", 30, "--json"]
    plain, hits, finds = (
        titles(run(*everything, *popularity_weight))
        for popularity_weight in ([], ["--popularity", 5], ["--popularity", "-5"])
    )
    assert hits[0] == finds[-1] == "Song 0" and plain[0] != "Song 0"
    assert "--popularity is nan" in run(*everything, "--popularity", "nan", code=2).output
    assert titles(run(*everything, "--popularity", 0)) == plain


def test_a_new_track_is_recommended_to_all(run, library):
    writable, head = open_library(library)
    with writable:
        add(writable, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
    run("recommend", "--all", "-k", 30, "--max-per-artist", 30)
    query = "SELECT count(*) FROM user_recommendations WHERE title = 'Song 99' AND path = '/music/new.mp3'"
    assert rows_of(library, query) == [(30,)]


def test_a_user_who_has_played_everything_is_pointed_to_repeats(run):
    assert len(rows(run("recommend", "listener 4", "-k", 10**12, "--repeats", "--max-per-artist", 99, "--json"))) == 24
    with_all = ["recommend", *(word for n in range(24) for word in ("--like", f"Song {n}"))]
    assert "Nothing is left to recommend; --repeats also lists what was played." in run(*with_all).stderr
    assert rows(run(*with_all, "--json")) == []
    run("recommend", "--all", "-k", 10**12)


@pytest.mark.parametrize(
    "others",
    [["listener 1"], ["--like", "Song 1"], ["--seed-track", "Song 1"]],
    ids=lambda o: o[0],
)
def test_all_takes_no_user_and_no_track(run, library, others):
    assert "--all is for every listener: without USER" in run("recommend", "--all", *others, code=2).output
    assert rows_of(library, "SELECT count(*) FROM recommendations") == [(0,)]


def test_filters_are_for_one_list(run):
    under = ["--under", "/music", "--max-per-artist", 9]
    rows = json.loads(run("recommend", "--like", "Song 5", *under, "--json").stdout)
    assert {row["title"] for row in rows} == {f"Song {n}" for n in range(4)}
    nothing = run("recommend", "--like", "Song 5", "--genre", "polka", "--not-genre", "x").stderr
    assert "Nothing that passes the filters is left to recommend; --repeats" in nothing
    assert "The lists of --all know no filters" in run("recommend", "--all", "--genre", "x", code=2).output


def test_every_user_gets_a_playlist_of_files(run, library, tmp_path):
    writable, _ = open_library(library)
    with writable:
        writable.db.execute("UPDATE users SET name = '../' || name WHERE name = 'listener 4'")
    (tmp_path / "file").touch()
    assert "is a file; with --all" in run("recommend", "--all", "--m3u", tmp_path / "file", code=2).output
    out = run("recommend", "--all", "-k", 24, "--max-per-artist", 24, "--m3u", tmp_path / "lists")
    names = [
        name for (name,) in rows_of(library, "SELECT DISTINCT user FROM user_recommendations WHERE path IS NOT NULL")
    ]
    assert f"{len(names)} playlists written to" in out.stderr and len(names) > 20
    written = {path.name for path in (tmp_path / "lists").iterdir()}
    assert written == {"%2E.%2Flistener 4.m3u8" if "/" in name else f"{name}.m3u8" for name in names}
    query = "SELECT path FROM user_recommendations WHERE user = 'listener 7' AND path IS NOT NULL ORDER BY rank"
    lines = (tmp_path / "lists" / "listener 7.m3u8").read_text().splitlines()
    assert [(line,) for line in lines if line.startswith("/")] == rows_of(library, query)
    assert "is a folder; one playlist is a file" in run("recommend", "listener 7", "--m3u", tmp_path, code=2).output


def test_status_reports_lists_of_earlier_towers_or_listens(run, library):
    run("recommend", "--all")
    status = run("status").stdout
    assert "recommend --all" not in status and "Towers    two-tower, validation NDCG@20 0." in status
    assert re.search(r"Listens   [\d,]+ events, \d+ users\n", status)
    connection = sqlite3.connect(library / "library.db")
    connection.execute("UPDATE listens SET imported = '2999-01-01T00:00:00+00:00'")
    connection.commit()
    connection.close()
    assert "cli recommend --all   (listens or links have changed since the lists were made)" in run("status").stdout
    run("train-tower", *QUICK, "--epochs", 1)
    assert "cli recommend --all   (the towers have learned since the lists were made)" in run("status").stdout


def test_without_towers_nothing_is_recommended(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        import_table(library, tmp_path / "listens.csv", ["user,artist,title", "eve,Ann,One"])
    out = CliRunner().invoke(cli, ["--library", str(tmp_path), "recommend", "--all"])
    assert out.exit_code == 1 and "This library has no trained towers yet" in out.output
    assert not list(tmp_path.glob("recommendations-*"))


def test_a_large_library_asks_its_index_and_gets_the_same(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    table = ["user,artist,title,timestamp"]
    for user, title, time in zip(
        rng.integers(20, size=3_000), rng.permutation(3_000) % 1_500, range(3_000), strict=True
    ):
        table.append(f"user {user},Artist {title // 5},Song {title},{1_600_000_000 + 60 * time}")
    library, _ = open_library(tmp_path / "library")
    with library:
        import_table(library, tmp_path / "listens.csv", table)
    cli_of = lambda *words: CliRunner().invoke(cli, ["--library", str(tmp_path / "library"), *map(str, words)])  # noqa: E731
    assert cli_of("train-tower", *QUICK, "--epochs", 1).exit_code == 0
    questions = [["user 3"], ["user 3", "--repeats", "--max-per-artist", 1], ["--seed-track", "Song 9"]]
    exact = [rows(cli_of("recommend", *words, "--json")) for words in questions]
    monkeypatch.setattr("earshot.index.recommending.candidate_store._MIN_INDEXED", 1_000)
    monkeypatch.setattr("earshot.index.recommending.candidate_store.read_candidates", None)  # nobody reads them all
    for words, expected in zip(questions, exact, strict=True):
        assert rows(cli_of("recommend", *words, "--json")) == expected
