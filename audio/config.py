"""Every setting of the encoder and its front end, with its unit and range. A checkpoint carries these."""

import math
from dataclasses import asdict, dataclass, field
from typing import Annotated

from earshot.data.settings import SEED, Range, check_product, validate

_MAX_SAMPLES = 2**27  # of a track: half a gigabyte
_MAX_NUMBERS = 2**28  # of a track's spectrograms, and of what one convolution makes of them

# Part of a vector's identity: raise it when the samples that reach the mel spectrogram change. It stayed when excerpts
# without sound were replaced, opposite channels turned round and joined files heard whole: all others are bit-equal,
# and those were mistaken; `cli embed-audio --again` hears them anew.
DECODER_CONTRACT = "pyav-mean-soxr-hq-1"


@dataclass(frozen=True)
class ExcerptConfig:
    """Excerpts of a track, from which its vector is made."""

    sample_rate: Annotated[int, "Hz, after resampling", Range(1_000, 384_000)] = 16_000
    excerpts: Annotated[int, "excerpts per track, spread evenly over it", Range(1, 1_000)] = 6
    excerpt_seconds: Annotated[float, "length of one excerpt in seconds", Range(0.1, 600)] = 5.0

    def __post_init__(self) -> None:
        validate(self)
        check_product(_MAX_SAMPLES, **asdict(self))

    @property
    def samples_per_excerpt(self) -> int:
        return round(self.sample_rate * self.excerpt_seconds)  # 80,000


@dataclass(frozen=True)
class MelConfig:
    """The log-mel spectrogram of an excerpt."""

    sample_rate: Annotated[int, "Hz, of the samples that come in", Range(1_000, 384_000)] = 16_000
    n_fft: Annotated[int, "samples per STFT window", Range(16, 65_536)] = 1_024
    hop_length: Annotated[int, "samples between frames", Range(1, 65_536)] = 512
    n_mels: Annotated[int, "mel bands", Range(1, 1_024)] = 96
    f_min: Annotated[float, "Hz, lower edge of the lowest band", Range(0, 192_000)] = 30.0
    # Low-bitrate mp3 ends near 7 kHz. Above that, a spectrum distinguishes codecs rather than music.
    f_max: Annotated[float, "Hz, upper edge of the highest band", Range(0, 192_000)] = 7_000.0
    dynamic_range: Annotated[float, "dB from an excerpt's loudest point down to silence", Range(1, 300)] = 80.0

    def __post_init__(self) -> None:
        validate(self)
        if not self.f_min < self.f_max:
            raise ValueError(f"f_min is {self.f_min:g} and f_max {self.f_max:g}; the lower edge is below the upper one")


@dataclass(frozen=True)
class EncoderConfig:
    """The convolutional encoder, from spectrogram to vector."""

    channels: Annotated[int, "feature maps of each convolution", Range(1, 4_096)] = 64
    stages: Annotated[int, "Conv1d + ReLU + max-pool stages", Range(1, 16)] = 3
    kernel_size: Annotated[int, "frames seen by one convolution", Range(1, 64)] = 4
    pool_size: Annotated[int, "frames merged by one max-pool", Range(1, 64)] = 2
    dim: Annotated[int, "numbers in a vector", Range(1, 4_096)] = 128
    dropout: Annotated[float, "share of the features hidden while training", Range(0, 0.99)] = 0.5
    seed: Annotated[int, "seed of the initial weights", SEED] = 0

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class EarConfig:
    """Everything between a file and its vector; part of a vector's identity."""

    excerpt: ExcerptConfig = field(default_factory=ExcerptConfig)
    mel: MelConfig = field(default_factory=MelConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)

    def __post_init__(self) -> None:
        n_frames = self.excerpt.samples_per_excerpt // self.mel.hop_length + 1
        sizes = {"excerpts": self.excerpt.excerpts, "frames": n_frames}
        check_product(_MAX_NUMBERS, **sizes, n_fft=self.mel.n_fft)
        check_product(_MAX_NUMBERS, **sizes, channels=self.encoder.channels)


@dataclass(frozen=True)
class DecodeConfig:
    """Limits of the decoding processes of a scan. None of them changes a vector."""

    workers: Annotated[int, "decoding processes; 0 means one per CPU core", Range(0)] = 0
    time_limit: Annotated[float, "seconds a single file may take to decode", Range(above=0, high=math.inf)] = 60.0
    memory_limit: Annotated[int, "MiB of address space per decoding process; decoders need 256", Range(256)] = 2_048

    def __post_init__(self) -> None:
        validate(self)
