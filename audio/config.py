"""Every setting of the ear, with its unit. A checkpoint carries these; nothing is given twice."""

from dataclasses import dataclass, field
from typing import Annotated

# Part of a vector's identity: raise it when the samples that reach the mel spectrogram change.
DECODER_CONTRACT = "pyav-mean-soxr-hq-1"


@dataclass(frozen=True)
class ExcerptConfig:
    """Which parts of a track are heard."""

    sample_rate: Annotated[int, "Hz, after resampling"] = 16_000
    excerpts: Annotated[int, "excerpts per track, spread evenly over it"] = 6
    excerpt_seconds: Annotated[float, "length of one excerpt in seconds"] = 5.0

    @property
    def samples_per_excerpt(self) -> int:
        return round(self.sample_rate * self.excerpt_seconds)  # 80,000


@dataclass(frozen=True)
class MelConfig:
    """How sound becomes a picture."""

    sample_rate: Annotated[int, "Hz, of the samples that come in"] = 16_000
    n_fft: Annotated[int, "samples per STFT window"] = 1_024
    hop_length: Annotated[int, "samples between frames"] = 512
    n_mels: Annotated[int, "mel bands"] = 96
    f_min: Annotated[float, "Hz, lower edge of the lowest band"] = 30.0
    # Low-bitrate mp3 ends near 7 kHz. Above that, a spectrum tells codecs apart better than music.
    f_max: Annotated[float, "Hz, upper edge of the highest band"] = 7_000.0
    dynamic_range: Annotated[float, "dB below an excerpt's loudest point that can still be heard"] = 80.0

    @property
    def frames_per_second(self) -> float:
        return self.sample_rate / self.hop_length  # 31.25


@dataclass(frozen=True)
class EncoderConfig:
    """How the picture becomes a vector."""

    channels: Annotated[int, "feature maps of each convolution"] = 64
    stages: Annotated[int, "Conv1d + ReLU + max-pool stages"] = 3
    kernel_size: Annotated[int, "frames seen by one convolution"] = 4
    pool_size: Annotated[int, "frames merged by one max-pool"] = 2
    dim: Annotated[int, "numbers in a vector"] = 128
    dropout: Annotated[float, "share of the features hidden while training"] = 0.5
    seed: Annotated[int, "seed of the initial weights"] = 0


@dataclass(frozen=True)
class EarConfig:
    """Everything between a file and its vector; part of a vector's identity."""

    excerpt: ExcerptConfig = field(default_factory=ExcerptConfig)
    mel: MelConfig = field(default_factory=MelConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)


@dataclass(frozen=True)
class HearingConfig:
    """How a scan treats its worker processes. None of it changes a vector."""

    workers: Annotated[int, "decoding processes; 0 means one per CPU core"] = 0
    time_limit: Annotated[float, "seconds a single file may take to decode"] = 60.0
    memory_limit: Annotated[int, "MiB of address space per decoding process"] = 2_048

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ValueError(f"workers is {self.workers}; 0 means one per CPU core")
        if not self.time_limit > 0:
            raise ValueError(f"time_limit is {self.time_limit:g} s; give each file some time")
        if self.memory_limit < 256:
            raise ValueError(f"memory_limit is {self.memory_limit} MiB; a decoder with its libraries needs 256")
