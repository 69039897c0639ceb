"""The front end and the encoder as ONNX graphs: operator for operator what `mel` and `encoder` compute with torch."""

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from earshot.audio.config import EarConfig, EncoderConfig, MelConfig
from earshot.audio.encoder_shape import FLOOR, HOP, MODULATION_EDGES, N_CEPSTRA, N_RHYTHM_CEPSTRA, WINDOW
from earshot.audio.onnx_runtime.filterbank import mel_filters, periodic_hann
from earshot.audio.onnx_runtime.onnx_graph import Graph

_BATCH_NORM_EPSILON = 1e-5  # torch's
_FRAMES = -1  # the axis of time
_SILENCE = 1e-20  # a power that is no longer told from nothing


def mel_model(config: MelConfig) -> bytes:
    """Graph from a power spectrogram, shape (batch, n_frames, n_fft // 2 + 1), to a log-mel spectrogram."""
    graph = Graph("log-mel")
    power = graph.input("power", ["batch", "n_frames", config.n_fft // 2 + 1])
    graph.output("log_mel", _log_mel(graph, power, config), ["batch", config.n_mels, "n_frames"])
    return graph.model({})


def encoder_model(config: EarConfig, weights: Mapping[str, np.ndarray]) -> bytes:
    """Graph from log-mel spectrograms, shape (batch, n_mels, n_frames), to unit vectors, shape (batch, dim).

    Parameters
    ----------
    weights : by the names and of the shapes of `encoder_shape.weight_shapes`, float32
    """
    graph = Graph("encoder")
    log_mel = graph.input("log_mel", ["batch", config.mel.n_mels, "n_frames"])
    graph.output("vectors", _encoded(graph, log_mel, config.encoder, weights), ["batch", config.encoder.dim])
    return graph.model({})


def whole_model(config: EarConfig, weights: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """Graph from mono samples, shape (batch, n_samples), to unit vectors: all that another program needs.

    Ten times slower than `mel_model` behind a fast Fourier transform of SciPy's: ONNX Runtime has none that is fast.
    """
    mel, graph = config.mel, Graph("ear")
    samples = graph.input("samples", ["batch", "n_samples"])
    padding = mel.n_fft // 2
    padded = graph.add("Pad", samples, _integers(0, padding, 0, padding))
    window, size = periodic_hann(mel.n_fft).astype(np.float32), np.array(mel.n_fft)
    spectrum = graph.add("STFT", padded, np.array(mel.hop_length), window, size, onesided=1)
    power = graph.add("ReduceSum", graph.add("Mul", spectrum, spectrum), _integers(-1), keepdims=0)
    vectors = _encoded(graph, _log_mel(graph, power, mel), config.encoder, weights)
    graph.output("vectors", vectors, ["batch", config.encoder.dim])
    return graph.model(metadata)


def _log_mel(graph: Graph, power: str, config: MelConfig) -> str:
    bands = graph.add("Max", graph.add("MatMul", power, mel_filters(config)), _SILENCE)
    bands = graph.add("Transpose", bands, perm=[0, 2, 1])  # (batch, n_mels, n_frames)
    decibels = graph.add("Mul", graph.add("Log", bands), 10 / math.log(10))
    below = graph.add("Sub", decibels, graph.add("ReduceMax", decibels, axes=[1, 2]))
    relative = graph.add("Mul", below, 1 / config.dynamic_range)
    return graph.add("Relu", graph.add("Add", relative, 1.0))


def _encoded(graph: Graph, log_mel: str, config: EncoderConfig, weights: Mapping[str, np.ndarray]) -> str:
    features = [*_learned(graph, log_mel, config, weights), *_statistics(graph, log_mel, _n_mels(weights))]
    x = graph.add("Squeeze", graph.add("Concat", *features, axis=1), _integers(2))  # (batch, n_features)
    x = graph.add("Sub", x, weights["standardize.running_mean"])
    x = graph.add("Div", x, np.sqrt(weights["standardize.running_var"] + np.float32(_BATCH_NORM_EPSILON)))
    x = graph.add("MatMul", x, np.ascontiguousarray(weights["projection.weight"].T))
    length = graph.add("Max", graph.add("ReduceL2", x, axes=[1]), 1e-12)
    return graph.add("Div", x, length)


def _n_mels(weights: Mapping[str, np.ndarray]) -> int:
    return weights["convolutions.0.weight"].shape[1]


def _learned(graph: Graph, x: str, config: EncoderConfig, weights: Mapping[str, np.ndarray]) -> list[str]:
    """Mean, maximum and deviation over time of the last convolution, each (batch, channels, 1)."""
    padding, pool = config.kernel_size // 2, config.pool_size
    for stage in range(config.stages):
        weight, bias = (weights[f"convolutions.{stage}.{name}"] for name in ("weight", "bias"))
        x = graph.add("Conv", x, weight, bias, pads=[padding, padding])
        norm = [weights[f"norms.{stage}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
        x = graph.add("BatchNormalization", x, *norm, epsilon=_BATCH_NORM_EPSILON)
        x = graph.add("MaxPool", graph.add("Relu", x), kernel_shape=[pool], strides=[pool], ceil_mode=1)
    mean = _mean(graph, x)
    return [mean, graph.add("ReduceMax", x, axes=[_FRAMES]), _deviation(graph, x, mean)]


def _statistics(graph: Graph, log_mel: str, n_mels: int) -> list[str]:
    """Blocks of `mel_statistics.spectrogram_statistics`, each (batch, n, 1)."""
    n_timbre, n_rhythm = min(N_CEPSTRA + 1, n_mels), min(N_RHYTHM_CEPSTRA, n_mels)
    n_paired = min(N_RHYTHM_CEPSTRA + 1, n_mels)
    cepstra = graph.add("MatMul", cosine_transform(n_mels)[:n_timbre], log_mel)
    blocks = [*_moments(graph, log_mel), _rhythm(graph, _rows(graph, cepstra, 0, n_rhythm), n_rhythm)]
    if n_mels > 1:  # the first cepstrum is left out
        blocks[3:3] = _moments(graph, _rows(graph, cepstra, 1, n_timbre))
        blocks.append(_covariance(graph, _rows(graph, cepstra, 1, n_paired), n_paired - 1))
    return blocks


def _moments(graph: Graph, x: str) -> list[str]:
    """Mean, deviation and deviation of differences over time, each (batch, n_rows, 1)."""
    first, all_but_last = (_sliced(graph, x, *part, _FRAMES) for part in ((0, 1), (0, -1)))
    steps = graph.add("Sub", x, graph.add("Concat", first, all_but_last, axis=_FRAMES))
    mean = _mean(graph, x)
    return [mean, _deviation(graph, x, mean), _deviation(graph, steps, _mean(graph, steps))]


def _rhythm(graph: Graph, x: str, n_rows: int) -> str:
    """Log power in bands of modulation frequency, shape (batch, n_rows * n_bands, 1).

    One strided convolution is both the windows and their Fourier transform.
    """
    x = graph.add("Sub", x, _mean(graph, x))
    n_lacking = graph.add("Sub", _integers(WINDOW), graph.add("Shape", x, start=2))
    n_lacking = graph.add("Max", n_lacking, _integers(0))
    x = graph.add("Pad", x, graph.add("Concat", _integers(0, 0, 0, 0, 0), n_lacking, axis=0))
    x = graph.add("Reshape", x, _integers(-1, 1, 0))  # (batch * n_rows, 1, n_frames)
    x = graph.add("Conv", x, _modulation_filters(), strides=[HOP])  # (batch * n_rows, 2 * n_bins, n_windows)
    power = graph.add("ReduceMean", graph.add("Mul", x, x), axes=[_FRAMES], keepdims=0)
    bands = graph.add("Add", graph.add("MatMul", power, _modulation_bands()), FLOOR)
    return graph.add("Reshape", graph.add("Log", bands), _integers(-1, n_rows * (len(MODULATION_EDGES) - 1), 1))


def _modulation_filters() -> np.ndarray:
    """Real and imaginary parts of a windowed Fourier transform without its mean, (2 * n_bins, 1, WINDOW) float32."""
    phase = 2 * np.pi * np.arange(1, MODULATION_EDGES[-1])[:, None] * np.arange(WINDOW) / WINDOW
    filters = np.concatenate([np.cos(phase), np.sin(phase)]) * periodic_hann(WINDOW)
    return (filters - filters.mean(axis=1, keepdims=True)).astype(np.float32)[:, None]


def _modulation_bands() -> np.ndarray:
    """Weights that average the bins of each band, shape (2 * n_bins, n_bands) float32."""
    bins = np.arange(1, MODULATION_EDGES[-1])
    bands = [((bins >= low) & (bins < high)) / (high - low) for low, high in pairwise(MODULATION_EDGES)]
    return np.tile(np.stack(bands, axis=1), (2, 1)).astype(np.float32)


def _covariance(graph: Graph, x: str, n_rows: int) -> str:
    """Upper triangle of the covariance, each entry as its signed root, shape (batch, n_pairs, 1)."""
    x = graph.add("Sub", x, _mean(graph, x))
    n_frames = graph.add("Cast", graph.add("Shape", x, start=2), to=1)
    covariance = graph.add("Div", graph.add("MatMul", x, graph.add("Transpose", x, perm=[0, 2, 1])), n_frames)
    rows, columns = np.triu_indices(n_rows)
    flat = graph.add("Reshape", covariance, _integers(-1, n_rows**2, 1))
    entries = graph.add("Gather", flat, _integers(*(rows * n_rows + columns)), axis=1)
    return graph.add("Mul", graph.add("Sign", entries), graph.add("Sqrt", graph.add("Abs", entries)))


def cosine_transform(n: int) -> np.ndarray:
    """The orthonormal DCT-II as a matrix, shape (n, n) float32: row k is the k-th cepstrum."""
    matrix = np.cos(np.arange(n)[:, None] * (np.arange(n) + 0.5) * np.pi / n) * math.sqrt(2 / n)
    matrix[0] /= math.sqrt(2)
    return matrix.astype(np.float32)


def _mean(graph: Graph, x: str) -> str:
    return graph.add("ReduceMean", x, axes=[_FRAMES])


def _deviation(graph: Graph, x: str, mean: str) -> str:
    centred = graph.add("Sub", x, mean)
    return graph.add("Sqrt", _mean(graph, graph.add("Mul", centred, centred)))


def _rows(graph: Graph, x: str, start: int, end: int) -> str:
    return _sliced(graph, x, start, end, 1)


def _sliced(graph: Graph, x: str, start: int, end: int, axis: int) -> str:
    return graph.add("Slice", x, _integers(start), _integers(end), _integers(axis))


def _integers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)
