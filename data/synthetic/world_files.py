"""Write a synthetic world to disk: audio in several formats, playlists, listens, the graph, a streaming history."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np

from earshot.data.synthetic.world import World, render

EXTENSIONS = (".flac", ".mp3", ".ogg", ".opus", ".m4a", ".wav")
SAMPLE_RATES = (44_100, 22_050, 48_000)  # Hz
OPUS_RATE = 48_000  # Hz; of our sample rates the only one in the format

WriteAudio = Callable[[Path, np.ndarray, int, dict[str, str]], None]  # path, samples, sample rate, tags


def track_path(world: World, track_row: int) -> PurePosixPath:
    """Path of a track's file in the world's folder: ``Artist/Album/NN - Title.ext``."""
    track = world.tracks[track_row]
    extension = EXTENSIONS[track_row % len(EXTENSIONS)]
    name = f"{track.number:02d} - {track.title}{extension}"
    return PurePosixPath(world.artists[track.artist_row].name, track.album, name)


def track_sample_rate(track_row: int) -> int:
    """Sample rate of a track's file, Hz: any 18 rows in turn have every extension at every rate, except Opus."""
    if EXTENSIONS[track_row % len(EXTENSIONS)] == ".opus":
        return OPUS_RATE
    return SAMPLE_RATES[(track_row + track_row // len(EXTENSIONS)) % len(SAMPLE_RATES)]


def written_files(world: World, folder: Path, write_audio: WriteAudio) -> Iterator[Path]:
    """Write the world below ``folder``, yielding each path once it is written.

    First one audio file for each track, through ``write_audio(path, samples, sample_rate, tags)``, then
    ``playlists/*.m3u8``, ``listens.csv`` and ``graph.csv``.
    """
    for track_row in range(len(world.tracks)):
        path = folder / track_path(world, track_row)
        path.parent.mkdir(parents=True, exist_ok=True)
        sample_rate = track_sample_rate(track_row)
        write_audio(path, render(world, track_row, sample_rate), sample_rate, _tags(world, track_row))
        yield path
    (folder / "playlists").mkdir(parents=True, exist_ok=True)
    for name, track_rows in zip(world.playlist_names, world.playlists, strict=True):
        path = folder / "playlists" / f"{name}.m3u8"
        path.write_text(_m3u8(world, track_rows), encoding="utf-8")
        yield path
    yield _written_csv(folder / "listens.csv", _listen_lines(world))
    yield _written_csv(folder / "graph.csv", _graph_lines(world))


def _tags(world: World, track_row: int) -> dict[str, str]:
    track = world.tracks[track_row]
    artist = world.artists[track.artist_row]
    return {
        "title": track.title,
        "artist": artist.name,
        "album": track.album,
        "genre": world.genres[artist.genre_row],
        "date": str(track.year),
        "track": str(track.number),
    }


def _m3u8(world: World, track_rows: np.ndarray) -> str:
    text = "#EXTM3U\n"
    for row in track_rows:
        tags = _tags(world, row)
        text += f"#EXTINF:{round(world.config.seconds)},{tags['artist']} - {tags['title']}\n"
        text += f"../{track_path(world, row)}\n"  # relative to the playlist, as players read it
    return text


def _listen_lines(world: World) -> Iterator[tuple[object, ...]]:
    yield "user", "artist", "title", "path", "timestamp", "play_ratio"
    listens = world.listens
    columns = (listens.user_rows, listens.track_rows, listens.timestamps, listens.play_ratio)
    for user_row, track_row, timestamp, play_ratio in zip(*columns, strict=True):
        track = world.tracks[track_row]
        artist = world.artists[track.artist_row].name
        path = track_path(world, track_row)
        yield f"listener-{user_row + 1:03d}", artist, track.title, path, timestamp, f"{play_ratio:.3f}"


def written_history(world: World, user_row: int, path: Path) -> Path:
    """Write one listener's listens as a file of Spotify's extended streaming history; return its path."""
    listens = world.listens
    streams = [_stream(world, row) for row in np.flatnonzero(listens.user_rows == user_row).tolist()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(streams, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def _stream(world: World, listen_row: int) -> dict[str, object]:
    """Describe a listen as Spotify does: by names, without a file, with the time at which it ended."""
    listens = world.listens
    track = world.tracks[listens.track_rows[listen_row]]
    played_ms = round(1_000 * world.config.seconds * float(listens.play_ratio[listen_row]))
    ended = datetime.fromtimestamp(int(listens.timestamps[listen_row]) + played_ms // 1_000, UTC)
    return {
        "ts": ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ms_played": played_ms,
        "master_metadata_track_name": track.title,
        "master_metadata_album_artist_name": world.artists[track.artist_row].name,
        "master_metadata_album_album_name": track.album,
    }


def _graph_lines(world: World) -> Iterator[tuple[object, ...]]:
    yield "source", "target", "weight"
    graph = world.graph
    for source, target, weight in zip(graph.source_rows, graph.target_rows, graph.weights, strict=True):
        yield world.artists[source].name, world.artists[target].name, f"{weight:.4f}"


def _written_csv(path: Path, lines: Iterator[tuple[object, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return path
