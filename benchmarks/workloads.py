"""Sound to measure with, made once in a work folder and found there again.

Encoding is slower than everything that is measured here, so a few songs are rendered and encoded, and every file
of a workload is one of them in a container of its own, with a title of its own. Files with other bytes are other
tracks to a library: each is hashed, decoded and embedded, and the decoder's work is that of any mp3.
"""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import av

from earshot.audio.decoding.audio_writer import write_audio
from earshot.data.synthetic.world import WorldConfig, make_world, render

DATA = os.environ.get("EARSHOT_DATA")  # a folder with pop_clips/ and cc_music/, or unset
SONG_SECONDS, CLIP_SECONDS = 180.0, 30.0
_N_RENDERED = 24  # different songs under all the titles


def songs(work: Path, n_files: int, seconds: float = SONG_SECONDS, sample_rate: int = 44_100) -> Path:
    """A folder of `n_files` stereo mp3s of one length."""
    folder = work / f"{n_files}-songs-of-{seconds:g}-s"
    if not folder.exists():
        masters = _masters(work, min(n_files, _N_RENDERED), seconds, sample_rate)
        unfinished = folder.with_name(folder.name + ".unfinished")
        unfinished.mkdir(exist_ok=True)
        for number in range(n_files):
            _write_packets(_looped(masters[number % len(masters)], 1), unfinished / f"{number:05}.mp3", str(number))
        unfinished.rename(folder)
    return folder


def clips(work: Path, n_files: int) -> Path:
    """A folder of 30 s clips: real ones where there are any."""
    real = Path(DATA or "") / "pop_clips" / "clips"
    return real if DATA and real.is_dir() else songs(work, n_files, CLIP_SECONDS)


def full_tracks() -> Path | None:
    """A folder of real tracks of every length, where there is one."""
    real = Path(DATA or "") / "cc_music"
    return real if DATA and real.is_dir() else None


def long_track(work: Path, seconds: float) -> Path:
    """A folder with one mp3 of any length, made by repeating a song's packets: ten hours take seconds."""
    folder = work / f"one-track-of-{seconds:g}-s"
    path = folder / "long.mp3"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        master = _masters(work, 1, SONG_SECONDS, 44_100)[0]
        unfinished = folder / "unfinished.mp3"
        _write_packets(_looped(master, round(seconds / SONG_SECONDS)), unfinished, "long")
        unfinished.rename(path)
    return folder


def _masters(work: Path, n_songs: int, seconds: float, sample_rate: int) -> list[Path]:
    """Encoded songs, each different music."""
    folder = work / f"masters-of-{seconds:g}-s"
    paths = [folder / f"{row}.mp3" for row in range(n_songs)]
    missing = [(path, row, seconds, sample_rate) for row, path in enumerate(paths) if not path.exists()]
    if missing:
        with multiprocessing.get_context("spawn").Pool() as pool:
            pool.starmap(_write_song, missing)
    return paths


def _write_song(path: Path, row: int, seconds: float, sample_rate: int) -> None:
    unfinished = path.with_name("unfinished-" + path.name)
    samples = render(make_world(WorldConfig(seconds=seconds)), row, sample_rate)
    write_audio(unfinished, samples, sample_rate, {})
    unfinished.rename(path)


def _looped(path: Path, times: int) -> Iterator[av.Packet]:
    """A file's packets, again and again, with the clock going on."""
    position = 0
    for _ in range(times):
        with av.open(str(path)) as container:
            for packet in container.demux(audio=0):
                if packet.size:
                    packet.pts = packet.dts = position
                    position += packet.duration or 0
                    yield packet


def _write_packets(packets: Iterator[av.Packet], path: Path, title: str) -> None:
    with av.open(str(path), "w") as container:
        container.metadata["title"] = title
        stream = None
        for packet in packets:
            if stream is None:
                stream = container.add_stream_from_template(packet.stream)
            packet.stream = stream
            container.mux(packet)
