"""Share of re-encoded tracks that are recognized by their acoustic fingerprint, and number of wrong pairs.

Each track of EARSHOT_DATA (pop_clips/ and cc_music/) is encoded anew in eleven ways. Printed: the share whose original
is found among all, pairs of different recordings that were found (wrong), time and bytes a track. A peer in the same
run: equal decoded samples, which is what a hash of the sound finds.

Examples:
    EARSHOT_DATA=~/data python benchmarks/copies.py --every 4
    EARSHOT_DATA=~/data python benchmarks/copies.py
"""

import argparse
import csv
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import av
import numpy as np
import soundfile
import soxr
import torch

from earshot.audio.acoustic_fingerprint import fingerprint
from earshot.audio.config import ExcerptConfig, MelConfig
from earshot.audio.decoding.decode import decode_track
from earshot.audio.mel import log_mel
from earshot.index.recordings.find_copies import Sound, agreement_if_same
from earshot.index.recordings.fingerprint_index import FingerprintIndex

Encode = Callable[[Path, np.ndarray, int], Path]  # a folder, samples (2, n), Hz -> the file
KBIT = 1_000


def lossy(suffix: str, codec: str, bit_rate: int | None = None, *, at: int | None = None) -> Encode:
    """An encoder of FFmpeg; without a bit rate, LAME's V0."""

    def encode(folder: Path, samples: np.ndarray, rate: int) -> Path:
        if at is not None and at != rate:
            samples, rate = soxr.resample(samples.T, rate, at).T, at
        path = folder / f"a.{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout="stereo")
            context = stream.codec_context
            if bit_rate:
                context.bit_rate = bit_rate
            else:
                context.options = {"q": "0"}
            converter = av.AudioResampler(context.format, "stereo", rate, context.frame_size or None)
            for start in range(0, samples.shape[1], rate):
                block = np.ascontiguousarray(samples[:, start : start + rate])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = rate, start
                for part in converter.resample(frame):
                    container.mux(stream.encode(part))
            for part in converter.resample(None):
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))
        return path

    return encode


def vorbis(folder: Path, samples: np.ndarray, rate: int) -> Path:
    """Vorbis at about 64 kbit/s."""
    path = folder / "a.ogg"
    with soundfile.SoundFile(str(path), "w", rate, 2, format="OGG", subtype="VORBIS", compression_level=0.9) as file:
        for start in range(0, samples.shape[1], rate):
            file.write(samples[:, start : start + rate].T)
    return path


def lossless(change: Callable[[np.ndarray, int], np.ndarray], at: int | None = None) -> Encode:
    """A wav of changed samples."""

    def encode(folder: Path, samples: np.ndarray, rate: int) -> Path:
        soundfile.write(str(folder / "a.wav"), change(samples, rate).T, at or rate, subtype="PCM_16")
        return folder / "a.wav"

    return encode


def low_pass(samples: np.ndarray, rate: int) -> np.ndarray:
    """Nothing above 9 kHz."""
    spectrum = np.fft.rfft(samples, axis=1)
    spectrum[:, np.fft.rfftfreq(samples.shape[1], 1 / rate) > 9_000] = 0
    return np.fft.irfft(spectrum, samples.shape[1], axis=1)


def mono_22k(samples: np.ndarray, rate: int) -> np.ndarray:
    """One channel at 22,050 Hz."""
    return soxr.resample(samples.mean(axis=0)[:, None], rate, 22_050).T


def after(change: Callable[[np.ndarray, int], np.ndarray]) -> Encode:
    """Changed samples as an mp3 of 128 kbit/s."""
    return lambda folder, samples, rate: lossy("mp3", "libmp3lame", 128 * KBIT)(folder, change(samples, rate), rate)


WAYS: dict[str, Encode] = {
    "MP3 128": lossy("mp3", "libmp3lame", 128 * KBIT),
    "MP3 64": lossy("mp3", "libmp3lame", 64 * KBIT),
    "MP3 V0": lossy("mp3", "libmp3lame"),
    "AAC 96": lossy("m4a", "aac", 96 * KBIT),
    "Opus 48": lossy("opus", "libopus", 48 * KBIT, at=48_000),
    "Vorbis 64": vorbis,
    "22 kHz mono": lossless(mono_22k, 22_050),
    "-20 dB": lossless(lambda samples, _: 0.1 * samples),
    "low-pass 9 kHz": lossless(low_pass),
    "lead-in 3 s": after(lambda samples, rate: np.pad(samples, ((0, 0), (3 * rate, 0)))),
    "cut 1 s": after(lambda samples, rate: samples[:, rate:]),
}


def files(data: Path) -> list[Path]:
    """All tracks of the data folder."""
    with open(data / "cc_music/manifest.csv", encoding="utf-8") as manifest:
        songs = [data / "cc_music" / row["path"] for row in csv.DictReader(manifest)]
    return [*sorted((data / "pop_clips").rglob("*.mp3")), *songs]


def samples_of(path: Path) -> tuple[np.ndarray, int]:
    """A file as stereo, (2, n) float32, and its rate in Hz."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        converter = av.AudioResampler("fltp", "stereo", rate)
        parts = [part.to_ndarray() for frame in container.decode(stream) for part in converter.resample(frame)]
    return np.concatenate(parts, axis=1), rate


class Heard:
    """Tracks with their fingerprints, the hash of their samples, and what these cost."""

    def __init__(self) -> None:
        self.sounds: dict[int, Sound] = {}
        self.hashes: dict[int, str] = {}
        self.seconds, self.n_bytes = 0.0, 0

    def add(self, number: int, path: Path) -> None:
        decoded = decode_track(str(path), ExcerptConfig())
        self.hashes[number] = hashlib.md5(b"".join(part.tobytes() for part in decoded.excerpts)).hexdigest()
        mels = [log_mel(torch.from_numpy(part), MelConfig()).numpy() for part in decoded.excerpts]
        began = process_time()
        made = fingerprint(mels, decoded.starts, MelConfig().dynamic_range)
        self.n_bytes += len(made.to_bytes())
        self.seconds += process_time() - began
        self.sounds[number] = Sound(made, decoded.duration)


def found_pairs(index: FingerprintIndex, originals: Heard, others: Heard) -> Iterator[tuple[int, int]]:
    """Yield pairs of an original and another track that are taken for one recording."""
    fingerprints = {number: sound.fingerprint for number, sound in others.sounds.items()}
    for one, other in index.candidates(fingerprints).tolist():
        if agreement_if_same(originals.sounds[one], others.sounds[other]) is not None:
            yield one, other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="Take every n-th track.")
    arguments = parser.parse_args()
    data = os.environ.get("EARSHOT_DATA")
    if not data:
        sys.exit("EARSHOT_DATA names no folder with pop_clips/ and cc_music/.")
    torch.set_num_threads(1)
    tracks = files(Path(data))[:: arguments.every]
    originals, encoded = Heard(), {way: Heard() for way in WAYS}
    for number, path in enumerate(tracks):
        originals.add(number, path)
        samples, rate = samples_of(path)
        with tempfile.TemporaryDirectory() as folder:
            for way, encode in WAYS.items():
                encoded[way].add(number, encode(Path(folder), samples, rate))
        print(f"\r{number + 1} of {len(tracks)} tracks", end="", file=sys.stderr)
    index = FingerprintIndex({number: sound.fingerprint for number, sound in originals.sounds.items()})
    began = process_time()
    twins = {pair for pair in found_pairs(index, originals, originals) if pair[0] < pair[1]}
    comparing = process_time() - began
    print(f"\n{len(twins)} pairs of the originals are one recording, of {len(tracks) * (len(tracks) - 1) // 2:,}:")
    for one, other in sorted(twins):
        print(f"  {tracks[one].name} = {tracks[other].name}")
    print(f"{'way':16}{'found':>8}{'wrong':>8}{'by hash':>9}")
    for way, heard in encoded.items():
        pairs = set(found_pairs(index, originals, heard))
        wrong = {(one, other) for one, other in pairs if one != other and tuple(sorted((one, other))) not in twins}
        found = sum(one == other for one, other in pairs) / len(tracks)
        equal = sum(heard.hashes[number] == originals.hashes[number] for number in heard.hashes) / len(tracks)
        print(f"{way:16}{found:8.3f}{len(wrong):8}{equal:9.3f}")
    n = len(originals.sounds)
    print(f"a track: {1e3 * originals.seconds / n:.2f} ms to make, {originals.n_bytes / n:,.0f} bytes,", end=" ")
    print(f"{1e3 * comparing / n:.2f} ms to compare with {n} others")


if __name__ == "__main__":
    main()
