"""Sound that no stretch of resembles another, and files of it: a wrong seek, rate or mix leaves no likeness at all."""

import struct

import av
import numpy as np
import soxr

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.tags import Tags

BRIEF = ExcerptConfig(excerpts=3, excerpt_seconds=2.0)
TAGS = {"title": "Café", "artist": "Someone", "album": "First", "genre": "Waltz", "date": "1999", "track": "4"}
READ_TAGS = Tags("Café", "Someone", "First", "Waltz", 1999, 4)

TUNE_RATE = 16_000  # Hz


def noise(seconds, sample_rate, n_channels=1):
    """The same noise at every rate, shape (n_channels, n_samples) float32."""
    slow = np.random.default_rng(7).standard_normal((round(seconds * 8_000), n_channels)) * 0.1
    return soxr.resample(slow, 8_000, sample_rate).T.astype(np.float32)


def heard_noise(seconds, n_channels=1):
    """What an ear at 16 kHz should hear of it, by the mean that librosa takes."""
    return noise(seconds, 16_000, n_channels).mean(axis=0)


def displacement(excerpt, start, source):
    """How far an excerpt lies from where it says (seconds), and its correlation with what is there."""
    reach, first = 1_600, round(start * 16_000)  # a tenth of a second both ways
    middle = excerpt[reach:-reach]
    around = source[first : first + len(excerpt)]
    n = 1 << (len(around) + len(middle)).bit_length()
    products = np.fft.irfft(np.fft.rfft(around, n) * np.fft.rfft(middle, n).conj())[: len(around) - len(middle)]
    lag = int(products.argmax())
    return (lag - reach) / 16_000, np.corrcoef(around[lag : lag + len(middle)], middle)[0, 1]


def encode(path, codec, samples, sample_rate, *, container_options=None, codec_options=None, bit_rate=None, **opening):
    """Formats that `write_audio` has no use for, and options that it does not offer."""
    layout = {1: "mono", 2: "stereo"}[len(samples)]
    target = path if hasattr(path, "write") else str(path)
    with av.open(target, "w", container_options=container_options, **opening) as container:
        stream = container.add_stream(codec, rate=sample_rate, layout=layout, options=codec_options or {})
        if bit_rate:
            stream.codec_context.bit_rate = bit_rate
        format_wanted, frame_size = stream.codec_context.format, stream.codec_context.frame_size
        converter = av.AudioResampler(format_wanted, layout, sample_rate, frame_size)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sample_rate, 0
        for part in (*converter.resample(frame), *converter.resample(None), None):
            container.mux(stream.encode(part))


def wav_bytes(data, *, sample_rate=8_000, channels=1, bits=16, code=1, data_size=None):
    """A wav file written by hand; code 1 is integers, 3 is floating point."""
    width = bits // 8 * channels
    head = struct.pack(
        "<HHIIHH", code, channels, sample_rate, min(sample_rate * width, 2**32 - 1), width & 0xFFFF, bits
    )
    size = len(data) if data_size is None else data_size
    return b"RIFF" + struct.pack("<I", min(36 + size, 2**32 - 1)) + b"WAVEfmt \x10\0\0\0" + head + (
        b"data" + struct.pack("<I", size) + data
    )  # fmt: skip


def tune(seed: int, seconds: float) -> np.ndarray:
    """Notes of a plucked string over bursts of noise, (n_samples,) float32 at 16 kHz; another for each seed."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(int(seconds * TUNE_RATE), dtype=np.float32)
    beat = TUNE_RATE * 60 // rng.integers(80, 160)
    for begin in range(0, len(samples), beat // 2):
        t = np.arange(min(beat, len(samples) - begin)) / TUNE_RATE
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        note = sum(np.sin(2 * np.pi * pitch * harmonic * t) / harmonic for harmonic in range(1, 9))
        samples[begin : begin + len(t)] += 0.1 * np.exp(-4 * t) * note
        samples[begin : begin + len(t)] += 0.1 * np.exp(-40 * t) * rng.standard_normal(len(t))
    return samples


NUMPY_TYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}


def frame_of(channels, sample_format, layout, sample_rate=8_000):
    """An FFmpeg frame of channels in [-1, 1), shape (n_channels, n_samples)."""
    kind = np.dtype(NUMPY_TYPES[sample_format.removesuffix("p")])
    stored = np.asarray(channels, dtype=np.float64)
    if kind.kind in "iu":
        stored = stored * 2 ** (8 * kind.itemsize - 1) + (128 if kind == np.uint8 else 0)
    stored = stored.astype(kind)
    if not sample_format.endswith("p"):
        stored = stored.T.reshape(1, -1)  # interleaved: left, right, left, right, ...
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stored), format=sample_format, layout=layout)
    frame.sample_rate = sample_rate
    return frame
