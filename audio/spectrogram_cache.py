"""Log-mel spectrograms on disk, so that an epoch of training never decodes a file.

    cache/pictures-<front end>/pictures.f16    (n_excerpts, n_mels, n_frames) float16, appended to
                               contents.npz    rows of each track; written last, so the rows it names are whole

Keyed by content, so a moved file is found again and a changed one is not. It can be deleted at any time.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from earshot.audio.config import DECODER_CONTRACT, EarConfig
from earshot.audio.mel import log_mel
from earshot.data.files.array_files import read_archive
from earshot.data.files.atomic import atomic_path, make_folder, sync


class SpectrogramMaker:
    """Embedder that computes the log-mels of an ear in place of its vectors."""

    def __init__(self, config: EarConfig) -> None:
        self.config = config
        self.n_frames = config.excerpt.samples_per_excerpt // config.mel.hop_length + 1

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray:
        """Log-mels, shape (n_excerpts, n_mels * n_frames) float16, of mono excerpts, each (n_samples,).

        A shorter excerpt is repeated until it fills its frames.
        """
        return np.stack([self._log_mel(excerpt) for excerpt in excerpts])

    def _log_mel(self, samples: np.ndarray) -> np.ndarray:
        spectrogram = log_mel(torch.from_numpy(samples), self.config.mel).numpy()  # (n_mels, n_frames or fewer)
        frames = np.arange(self.n_frames) % spectrogram.shape[1]
        return spectrogram[:, frames].astype(np.float16).ravel()


class SpectrogramCache:
    """Log-mels of tracks by content hash, memory-mapped.

    cache = SpectrogramCache(folder, config)
    for failure in fill_cache(cache, paths_by_hash, DecodeConfig()): ...
    rows = cache.rows["1f3a..."]                 # of this track's excerpts
    log_mels = cache.log_mels()[rows]            # (n_excerpts, n_mels, n_frames) float16
    """

    def __init__(self, folder: Path, config: EarConfig) -> None:
        """Open the cache below `folder` that belongs to these settings of the front end."""
        settings = {"decoder": DECODER_CONTRACT, "excerpt": asdict(config.excerpt), "mel": asdict(config.mel)}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
        self.folder = folder / f"pictures-{key}"
        self.embedder = SpectrogramMaker(config)
        self.shape = (config.mel.n_mels, self.embedder.n_frames)
        self._file, self._excerpt_bytes = self.folder / "pictures.f16", 2 * self.shape[0] * self.shape[1]
        self.rows: dict[str, range] = {}
        try:
            archive = read_archive(self.folder / "contents.npz", ("starts", "counts", "hashes"))
            starts, counts = archive["starts"].astype(np.int64), archive["counts"].astype(np.int64)
            if not (np.cumsum(counts)[:-1] == starts[1:]).all() or (counts < 1).any() or (starts[:1] != 0).any():
                raise ValueError("its rows are not one after another")
            spans = [range(start, start + count) for start, count in zip(starts.tolist(), counts.tolist(), strict=True)]
            self.rows = dict(zip(archive["hashes"].tolist(), spans, strict=True))
        except (FileNotFoundError, ValueError, TypeError):
            pass  # none yet, or damaged: it can always be made again
        size = self._file.stat().st_size if self._file.exists() else 0
        if size < self.n_excerpts * self._excerpt_bytes:
            self.rows = {}

    def __contains__(self, content_hash: str) -> bool:
        return content_hash in self.rows

    def __repr__(self) -> str:
        return f"<SpectrogramCache {len(self.rows):,} tracks, {self.n_excerpts:,} excerpts>"

    @property
    def n_excerpts(self) -> int:
        return next(reversed(self.rows.values())).stop if self.rows else 0

    def log_mels(self) -> np.ndarray:
        """Log-mels of all excerpts, shape (n_excerpts, n_mels, n_frames) float16, read only and not in memory."""
        if not self.rows:
            return np.empty((0, *self.shape), dtype=np.float16)
        return np.memmap(self._file, dtype=np.float16, mode="r", shape=(self.n_excerpts, *self.shape))

    def add(self, content_hash: str, spectrograms: np.ndarray) -> None:
        """Append a track by the log-mels of its excerpts, as `SpectrogramMaker` makes them; `save` names its rows."""
        make_folder(self.folder)
        start = self.n_excerpts
        with open(self._file, "ab") as file:
            file.truncate(start * self._excerpt_bytes)  # rows that a kill left without a name
            file.write(spectrograms.tobytes())
        self.rows[content_hash] = range(start, start + len(spectrograms))

    def save(self) -> None:
        """Write the rows of all tracks."""
        sync(self._file)  # before the contents name its rows
        with atomic_path(self.folder / "contents.npz") as temporary, open(temporary, "wb") as file:
            np.savez(
                file,
                hashes=np.array(list(self.rows)),
                starts=np.array([span.start for span in self.rows.values()], dtype=np.int64),
                counts=np.array([len(span) for span in self.rows.values()], dtype=np.int64),
            )
