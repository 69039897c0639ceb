"""Every setting of the ear, with its unit. A checkpoint carries these; nothing is given twice."""

from dataclasses import asdict, dataclass, field
from typing import Annotated

from earshot.data.ranges import check_product, check_settings

_MOST_SAMPLES = 2**27  # of a track: half a gigabyte
_MOST_NUMBERS = 2**28  # of a track's spectrograms, and of what one convolution makes of them

# Part of a vector's identity: raise it when the samples that reach the mel spectrogram change.
DECODER_CONTRACT = "pyav-mean-soxr-hq-1"


@dataclass(frozen=True)
class ExcerptConfig:
    """Which parts of a track are heard."""

    sample_rate: Annotated[int, "Hz, after resampling"] = 16_000
    excerpts: Annotated[int, "excerpts per track, spread evenly over it"] = 6
    excerpt_seconds: Annotated[float, "length of one excerpt in seconds"] = 5.0

    def __post_init__(self) -> None:
        bounds = {"sample_rate": (1_000, 384_000), "excerpts": (1, 1_000), "excerpt_seconds": (0.1, 600)}
        check_settings(self, bounds)
        check_product(_MOST_SAMPLES, **asdict(self))

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

    def __post_init__(self) -> None:
        bounds = {
            "sample_rate": (1_000, 384_000),
            "n_fft": (16, 65_536),
            "hop_length": (1, 65_536),
            "n_mels": (1, 1_024),
        }
        check_settings(self, bounds | {"f_min": (0, 192_000), "f_max": (0, 192_000), "dynamic_range": (1, 300)})
        if not self.f_min < self.f_max:
            raise ValueError(f"f_min is {self.f_min:g} and f_max {self.f_max:g}; the lower edge is below the upper one")

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

    def __post_init__(self) -> None:
        bounds = {"channels": (1, 4_096), "stages": (1, 16), "kernel_size": (1, 64), "pool_size": (1, 64)}
        check_settings(self, bounds | {"dim": (1, 4_096), "dropout": (0, 0.99), "seed": (0, 2**63 - 1)})


@dataclass(frozen=True)
class EarConfig:
    """Everything between a file and its vector; part of a vector's identity."""

    excerpt: ExcerptConfig = field(default_factory=ExcerptConfig)
    mel: MelConfig = field(default_factory=MelConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)

    def __post_init__(self) -> None:
        n_frames = self.excerpt.samples_per_excerpt // self.mel.hop_length + 1
        check_product(
            _MOST_NUMBERS,
            excerpts=self.excerpt.excerpts,
            frames=n_frames,
            n_fft=self.mel.n_fft,
        )
        check_product(_MOST_NUMBERS, excerpts=self.excerpt.excerpts, frames=n_frames, channels=self.encoder.channels)


@dataclass(frozen=True)
class DecodeConfig:
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
