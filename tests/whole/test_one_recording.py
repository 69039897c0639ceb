"""One recording in several files, from the folder to the recommendation."""

import json
import shutil

import numpy as np
import pytest

from commands_typed import invoke
from earshot.audio.decoding.audio_writer import write_audio
from known_sound import TUNE_RATE, tune

SONGS = range(6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six songs, each on an album and, quieter and as mp3, on a best-of; twelve listeners of the album."""
    folder = tmp_path_factory.mktemp("one recording")
    for song in SONGS:
        samples, tags = tune(song, 40)[None], {"title": f"Song {song}", "artist": f"Artist {song}"}
        write_audio(folder / f"music/album/{song}.flac", samples, TUNE_RATE, {**tags, "album": "First"})
        write_audio(folder / f"music/best/{song}.mp3", 0.7 * samples, TUNE_RATE, {**tags, "album": "Best Of"})
    rng = np.random.default_rng(0)
    plays = [
        f"u{user},Artist {song},Song {song},2025-01-{day:02}T10:00:00Z"
        for user in range(12)
        for day, song in enumerate(rng.integers(0, 6, 12), 1)
    ]
    (folder / "plays.csv").write_text("\n".join(["user,artist,title,time", *plays]))
    invoke(folder / "library", "embed-audio", folder / "music")
    invoke(folder / "library", "import-listens", folder / "plays.csv")
    invoke(folder / "library", "train-tower", "--batch-size", "32", "--epochs", "3")
    return folder


def titles(folder, *typed):
    return [row["title"] for row in json.loads(invoke(folder / "library", *typed, "--json").stdout)]


def test_similar_lists_each_once(folder):
    listed = titles(folder, "similar", folder / "music/best/0.mp3")
    assert sorted(listed) == [f"Song {song}" for song in SONGS if song]


def test_recommendations_list_each_once_and_not_what_is_liked(folder):
    assert sorted(titles(folder, "recommend", "u0", "--repeats")) == [f"Song {song}" for song in SONGS]
    liked = titles(folder, "recommend", "--like", folder / "music/best/3.mp3")
    assert sorted(liked) == [f"Song {song}" for song in SONGS if song != 3]


def test_what_was_played_in_one_file_is_not_recommended_as_another(folder):
    played = {line.split(",")[2] for line in (folder / "plays.csv").read_text().splitlines() if line.startswith("u0,")}
    assert set(titles(folder, "recommend", "u0")) == {f"Song {song}" for song in SONGS} - played


def test_a_second_place_changes_no_list_and_no_training(folder, tmp_path):
    """The same files in another folder: the towers learn the same, and recommend the same."""
    shutil.copytree(folder / "library", tmp_path / "library")
    shutil.copytree(folder / "music/album", tmp_path / "backup")
    invoke(tmp_path / "library", "embed-audio", tmp_path / "backup")
    answers = []
    for library in (folder / "library", tmp_path / "library"):
        invoke(library, "train-tower", "--batch-size", "32", "--epochs", "3")
        rows = json.loads(invoke(library, "recommend", "u0", "--repeats", "--json").stdout)
        metrics = json.loads(invoke(library, "evaluate", "-k", "3", "--json").stdout)
        ndcg = [row["value"] for row in metrics if row.get("metric") == "ndcg" and row.get("subject") == "two-tower"]
        answers.append(([(row["title"], round(row["score"], 2)) for row in rows], ndcg))
    assert answers[0] == answers[1] and answers[0][1]


def test_a_tagged_and_renamed_file_keeps_its_id_and_its_plays(folder):
    rows = json.loads(invoke(folder / "library", "copies", "--json").stdout)
    before = [row["id"] for row in rows if row["title"] == "Song 1"]
    (folder / "music/album/1.flac").unlink()
    (folder / "music/best/1.mp3").unlink()
    tags = {"title": "Right Title", "artist": "The Band"}
    write_audio(folder / "music/The Band/Right Title.opus", tune(1, 40)[None], TUNE_RATE, tags)
    assert "1 gone from the disk" in invoke(folder / "library", "embed-audio").stdout  # the other copy
    rows = json.loads(invoke(folder / "library", "similar", "Song 0", "--json").stdout)
    assert [row["id"] for row in rows if row["title"] == "Right Title"] == [min(before)]


def test_untagged_files_that_came_first(tmp_path):
    """A recording bears the names of its tagged file."""
    artists = ["Ann", "Ann", "Ben", "Cleo"]
    for song, artist in enumerate(artists):
        samples, tags = tune(song, 20)[None], {"title": f"Song {song}", "artist": artist, "genre": "Folk"}
        write_audio(tmp_path / f"car/{song}.mp3", samples, TUNE_RATE, {})
        write_audio(tmp_path / f"home/{song}.flac", samples, TUNE_RATE, tags)
    for folder in ("car", "home"):
        invoke(tmp_path / "library", "embed-audio", tmp_path / folder)
    for seed in ("Song 0", tmp_path / "car/0.mp3"):
        assert sorted(titles(tmp_path, "similar", seed, "--other-artists")) == ["Song 2", "Song 3"]
        assert titles(tmp_path, "similar", seed, "--same-artist") == ["Song 1"]
    invoke(tmp_path / "library", "map", "--html", tmp_path / "map.html")
    page = (tmp_path / "map.html").read_text()
    assert "Folk" in page and all(f"{artist} - Song {song}" in page for song, artist in enumerate(artists))
    plays = [
        f"u{user},{tmp_path}/car/{song}.mp3,2025-01-0{song + 1}"
        for user in range(8)
        for song in range(4)
        if song != user % 4
    ]
    (tmp_path / "plays.csv").write_text("\n".join(["user,path,time", *plays]))
    invoke(tmp_path / "library", "import-listens", tmp_path / "plays.csv", "--item", "path")
    invoke(tmp_path / "library", "train-tower", "--batch-size", "32", "--epochs", "2", "--split", "none")
    assert len(titles(tmp_path, "recommend", "u0", "--repeats", "--max-per-artist", 1)) == 3
