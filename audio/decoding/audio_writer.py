"""Encoding of audio files, for synthetic worlds. Files of a user are only ever read."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

_CODECS = {
    ".mp3": "libmp3lame", ".flac": "flac", ".opus": "libopus", ".m4a": "aac", ".wav": "pcm_s16le",
    ".aiff": "pcm_s16be", ".wv": "wavpack", ".wma": "wmav2", ".alac.m4a": "alac",
}  # fmt: skip
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}  # by number of channels
_BIT_RATE = 128_000  # bits per second, of lossy codecs
_BLOCK_SECONDS = 1


def write_audio(path: Path, samples: np.ndarray, sample_rate: int, tags: dict[str, str]) -> None:
    """Encode sound in the format of the file's suffix.

    Parameters
    ----------
    samples : shape (n_channels, n_samples), float32, full scale 1
    tags : FFmpeg's names (title, artist, album, genre, date, track)

    Raises
    ------
    ValueError
        There is no encoder for the suffix, or neither 1, 2 nor 6 channels.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ogg":  # FFmpeg's wheels come without a Vorbis encoder
        return _write_vorbis(path, samples, sample_rate, tags)
    suffix = next((suffix for suffix in sorted(_CODECS, key=len, reverse=True) if path.name.endswith(suffix)), None)
    if suffix is None:
        raise ValueError(f"{path.name}: no encoder for {path.suffix!r}; there are {', '.join(sorted(_CODECS))}, .ogg")
    if len(samples) not in _LAYOUTS:
        raise ValueError(f"{path.name}: {len(samples)} channels; mono, stereo and 5.1 can be written")
    layout = _LAYOUTS[len(samples)]
    # Without ID3 an aiff file has room for a title only; other formats ignore the option.
    with av.open(str(path), "w", container_options={"write_id3v2": "1"}) as container:
        container.metadata.update(tags)
        stream: Any = container.add_stream(_CODECS[suffix], rate=sample_rate, layout=layout)
        if suffix in (".mp3", ".opus", ".m4a", ".wma"):
            stream.codec_context.bit_rate = _BIT_RATE
        converter = av.AudioResampler(stream.codec_context.format, layout, sample_rate, stream.codec_context.frame_size)
        block = sample_rate * _BLOCK_SECONDS
        for start in range(0, samples.shape[1], block):
            block_samples = np.ascontiguousarray(samples[:, start : start + block], dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(block_samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, start
            for resampled in converter.resample(frame):
                container.mux(stream.encode(resampled))
        for resampled in converter.resample(None):
            container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    return None


def _write_vorbis(path: Path, samples: np.ndarray, sample_rate: int, tags: dict[str, str]) -> None:
    with soundfile.SoundFile(str(path), "w", sample_rate, len(samples), format="OGG", subtype="VORBIS") as file:
        for name, value in tags.items():
            setattr(file, {"track": "tracknumber"}.get(name, name), value)
        for start in range(0, samples.shape[1], sample_rate):  # one long write overflows libsndfile's stack
            file.write(samples[:, start : start + sample_rate].T)
