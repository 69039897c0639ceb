"""The invented world on disk: files, playlists and tables say what the world says."""

import csv
from pathlib import Path

import numpy as np
import pytest

from earshot.data.synthetic.world import World, WorldConfig, make_world
from earshot.data.synthetic.world_files import EXTENSIONS, track_path, track_sample_rate, written_files

TINY = WorldConfig(n_genres=2, artists_per_genre=3, tracks_per_artist=3, seconds=1.0, n_listeners=5)


def _recorded(world: World, folder: Path) -> tuple[list[Path], dict[Path, tuple]]:
    """Every path that was written, and (shape, sample rate, tags) of each that would be audio."""
    audio = {}

    def write_audio(path, samples, sample_rate, tags):
        audio[path] = (samples.shape, sample_rate, tags)

    return list(written_files(world, folder, write_audio)), audio


def test_the_files_of_a_world(tmp_path):
    world = make_world(TINY)
    paths, audio = _recorded(world, tmp_path)
    assert paths[:18] == list(audio) == [tmp_path / track_path(world, row) for row in range(18)]
    assert [path.name for path in paths[-2:]] == ["listens.csv", "graph.csv"]
    assert len(paths) == 18 + 20 + 2
    for row, (path, (shape, sample_rate, tags)) in enumerate(audio.items()):
        track = world.tracks[row]
        artist = world.artists[track.artist_row]
        assert path.parts[-3:-1] == (artist.name, track.album)
        assert path.name == f"{track.number:02d} - {track.title}{EXTENSIONS[row % 6]}"
        assert shape == (2, sample_rate)  # a second
        assert tags == {
            "title": track.title,
            "artist": artist.name,
            "album": track.album,
            "genre": world.genres[artist.genre_row],
            "date": str(track.year),
            "track": str(track.number),
        }


def test_nothing_is_written_until_asked(tmp_path):
    files = written_files(make_world(TINY), tmp_path, lambda *_: None)
    assert not any(tmp_path.iterdir())
    next(files)
    assert any(tmp_path.iterdir())


def test_playlists_lead_to_the_tracks(tmp_path):
    paths, audio = _recorded(make_world(TINY), tmp_path)
    playlists = [path for path in paths if path.suffix == ".m3u8"]
    assert len(playlists) == 20
    for path in playlists:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "#EXTM3U"
        for info, target in zip(lines[1::2], lines[2::2], strict=True):
            _, _, tags = audio[(path.parent / target).resolve()]
            assert info == f"#EXTINF:1,{tags['artist']} - {tags['title']}"


def test_the_tables_say_what_the_world_says(tmp_path):
    world = make_world(TINY)
    _recorded(world, tmp_path)
    with (tmp_path / "listens.csv").open(encoding="utf-8", newline="") as file:
        listens = list(csv.DictReader(file))
    assert len(listens) == len(world.listens)
    row = world.listens.track_rows[0]
    assert listens[0] == {
        "user": f"listener-{world.listens.user_rows[0] + 1:03d}",
        "artist": world.artists[world.tracks[row].artist_row].name,
        "title": world.tracks[row].title,
        "path": str(track_path(world, row)),
        "timestamp": str(world.listens.timestamps[0]),
        "play_ratio": f"{world.listens.play_ratio[0]:.3f}",
    }
    with (tmp_path / "graph.csv").open(encoding="utf-8", newline="") as file:
        edges = list(csv.DictReader(file))
    names = [artist.name for artist in world.artists]
    assert [names.index(edge["source"]) for edge in edges] == world.graph.source_rows.tolist()
    assert [names.index(edge["target"]) for edge in edges] == world.graph.target_rows.tolist()
    assert [float(edge["weight"]) for edge in edges] == pytest.approx(world.graph.weights, abs=1e-4)


def test_no_format_belongs_to_a_genre():
    world = make_world(WorldConfig())
    for genre in range(4):
        rows = np.flatnonzero([world.artists[track.artist_row].genre_row == genre for track in world.tracks])
        formats = [row % 6 for row in rows]
        assert set(np.bincount(formats, minlength=6)) <= {3, 4}  # 20 tracks, 6 formats
        rates = [track_sample_rate(row) for row in rows if EXTENSIONS[row % 6] != ".opus"]
        assert all(4 <= rates.count(rate) <= 7 for rate in (44_100, 22_050, 48_000))
    assert {track_sample_rate(row) for row in range(80) if EXTENSIONS[row % 6] == ".opus"} == {48_000}
