"""Ear: the front end and the encoder together, from samples to vectors. On the CPU it needs no torch."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from earshot.audio.acoustic_fingerprint import fingerprint
from earshot.audio.checkpoint import Checkpoint, read_checkpoint
from earshot.audio.config import EarConfig, MelConfig
from earshot.audio.onnx_runtime.filterbank import periodic_hann
from earshot.data.fingerprint import Fingerprint

_MANY_TRACKS = 30  # from here on SciPy's Fourier transform, three times as fast as NumPy's, has paid for its import
LogMel = Callable[[np.ndarray], np.ndarray]  # (n, n_samples) to (n, n_mels, n_frames), as `audio.mel.log_mel` does
Encode = Callable[[np.ndarray], np.ndarray]  # (n, n_mels, n_frames) to (n, dim), as `encoder.Encoder` does


@dataclass(frozen=True)
class Ear:
    """A front end and an encoder that belong together."""

    config: EarConfig
    open_networks: Callable[[], tuple[LogMel, Encode]]
    seconds: dict[str, float] = field(default_factory=lambda: {"mel": 0.0, "encoder": 0.0})  # spent in each phase

    @cached_property
    def networks(self) -> tuple[LogMel, Encode]:
        """The front end and the encoder, loaded when they are first asked for: that can be while a file is decoded."""
        return self.open_networks()

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors, shape (n_excerpts, dim) float32 on the unit sphere, of mono excerpts, each (n_samples,)."""
        return self.embed_track(excerpts)[0]

    def embed_track(
        self, excerpts: Sequence[np.ndarray], starts: Sequence[float] = ()
    ) -> tuple[np.ndarray, Fingerprint]:
        """Vectors of a track's excerpts, as `embed` makes them, and its fingerprint, from the same spectrograms.

        Parameters
        ----------
        starts : seconds, one per excerpt; without them the fingerprint is empty
        """
        log_mel, encode = self.networks
        vectors = np.empty((len(excerpts), self.config.encoder.dim), dtype=np.float32)
        spectrograms: dict[int, np.ndarray] = {}
        for rows, samples in batches_by_length(excerpts):
            began = perf_counter()
            batch = log_mel(samples)
            encoding_began = perf_counter()
            vectors[rows] = encode(batch)
            self.seconds["mel"] += encoding_began - began
            self.seconds["encoder"] += perf_counter() - encoding_began
            spectrograms |= zip(rows, batch, strict=True)
        heard = [spectrograms[row] for row in range(len(starts))]
        return vectors, fingerprint(heard, starts, self.config.mel.dynamic_range)


def batches_by_length(excerpts: Sequence[np.ndarray]) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield the rows of all excerpts of one length, and their samples, (n, n_samples).

    Nothing is padded, so what is computed of an excerpt does not depend on its batch.
    """
    for length in sorted({len(excerpt) for excerpt in excerpts}):
        rows = [row for row, excerpt in enumerate(excerpts) if len(excerpt) == length]
        yield rows, np.stack([excerpts[row] for row in rows])


def track_vector(excerpt_vectors: np.ndarray) -> np.ndarray:
    """The normalised mean, shape (dim,), of a track's excerpt vectors, shape (n_excerpts, dim)."""
    mean = excerpt_vectors.mean(axis=0)
    return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)


def load_ear(checkpoint: Checkpoint, n_tracks: int | None = None) -> Ear:
    """Load the ear of a checkpoint to run on the CPU, by ONNX Runtime on one thread.

    Parameters
    ----------
    n_tracks : that it is about to hear, None for many
        It begins sooner for a few, and hears each a little more slowly. Vectors differ by less than 1e-6.

    Raises
    ------
    ValueError
        The file is no checkpoint of an ear, or of a newer format.
    OSError
        The file cannot be read, which says nothing about its content.
    """
    config, weights = read_weights(checkpoint)

    def networks() -> tuple[LogMel, Encode]:
        from earshot.audio.onnx_runtime.encoder_graph import encoder_model
        from earshot.audio.onnx_runtime.onnx_session import OnnxNetwork

        encoder = OnnxNetwork(encoder_model(config, weights))
        return front_end(config.mel, n_tracks), lambda log_mels: encoder(log_mels)[0]

    return Ear(config, networks)


def read_weights(checkpoint: Checkpoint) -> tuple[EarConfig, dict[str, np.ndarray]]:
    """Read the configuration and the weights of a checkpoint; raises as `load_ear`."""
    if checkpoint.path is not None:
        return read_checkpoint(checkpoint.path)
    from earshot.audio.encoder import untrained_weights

    config = EarConfig()
    return config, untrained_weights(config.mel, config.encoder)


def front_end(config: MelConfig, n_tracks: int | None = None) -> LogMel:
    """Make the function from mono samples to their log-mel spectrograms, as `audio.mel.log_mel` computes them.

    Parameters
    ----------
    n_tracks : that it is about to hear, None for many
    """
    is_for_few = n_tracks is not None and n_tracks < _MANY_TRACKS
    rfft = importlib.import_module("numpy.fft" if is_for_few else "scipy.fft").rfft
    from earshot.audio.onnx_runtime.encoder_graph import mel_model
    from earshot.audio.onnx_runtime.onnx_session import OnnxNetwork

    filters, window = OnnxNetwork(mel_model(config)), periodic_hann(config.n_fft).astype(np.float32)
    padding = config.n_fft // 2

    def log_mel(samples: np.ndarray) -> np.ndarray:
        padded = np.pad(samples, ((0, 0), (padding, padding)))
        frames = sliding_window_view(padded, config.n_fft, axis=1)[:, :: config.hop_length]
        spectrum = rfft(frames * window)  # (n, n_frames, n_fft // 2 + 1)
        return filters(spectrum.real**2 + spectrum.imag**2)[0]

    return log_mel
