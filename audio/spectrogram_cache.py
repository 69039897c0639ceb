"""Log-mel spectrograms on disk, so that an epoch of training never decodes a file.

    cache/pictures-<front end>/pictures.f16    (n_excerpts, n_mels, n_frames) float16, appended to
                               contents.npz    which rows are whose; written last, so what it names is whole

Keyed by content, so a moved file is found again and a changed one is not. It can be deleted at any time.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from earshot.audio.config import DECODER_CONTRACT, DecodeConfig, EarConfig
from earshot.audio.embedding import EmbedFailure, embed_files
from earshot.audio.mel import log_mel
from earshot.data.files.array_files import read_archive
from earshot.data.files.atomic import atomic_path, make_folder, sync

_SAVE_EVERY = 200  # tracks


class PictureMaker:
    """Stands in for an ear: where an ear makes vectors, this makes the pictures that it would have seen."""

    def __init__(self, config: EarConfig) -> None:
        self.config = config
        self.n_frames = config.excerpt.samples_per_excerpt // config.mel.hop_length + 1

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray:
        """Spectrograms, shape (n_excerpts, n_mels * n_frames) float16, of mono excerpts, each (n_samples,).

        One shorter than the others is repeated until it fills its frames.
        """
        return np.stack([self._picture(excerpt) for excerpt in excerpts])

    def _picture(self, samples: np.ndarray) -> np.ndarray:
        picture = log_mel(torch.from_numpy(samples), self.config.mel).numpy()  # (n_mels, some frames)
        frames = np.arange(self.n_frames) % picture.shape[1]
        return picture[:, frames].astype(np.float16).ravel()


class SpectrogramCache:
    """The pictures of tracks by content hash, memory-mapped.

    cache = SpectrogramCache(folder, config)
    for failure in fill_pictures(cache, paths_by_hash, config, DecodeConfig()): ...
    rows = cache.rows["1f3a..."]                 # of this track's excerpts
    pictures = cache.pictures()[rows]            # (n_excerpts, n_mels, n_frames) float16
    """

    def __init__(self, folder: Path, config: EarConfig) -> None:
        """The cache below `folder` that belongs to these settings of the front end."""
        settings = {"decoder": DECODER_CONTRACT, "excerpt": asdict(config.excerpt), "mel": asdict(config.mel)}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
        self.folder = folder / f"pictures-{key}"
        self.shape = (config.mel.n_mels, PictureMaker(config).n_frames)
        self.rows: dict[str, range] = {}
        try:
            kept = read_archive(self.folder / "contents.npz", ("starts", "counts", "hashes"))
            starts, counts = kept["starts"].astype(np.int64), kept["counts"].astype(np.int64)
            if not (np.cumsum(counts)[:-1] == starts[1:]).all() or (counts < 1).any() or (starts[:1] != 0).any():
                raise ValueError("its pictures are not one after another")
            spans = [range(start, start + count) for start, count in zip(starts.tolist(), counts.tolist(), strict=True)]
            self.rows = dict(zip(kept["hashes"].tolist(), spans, strict=True))
        except (FileNotFoundError, ValueError, TypeError):
            pass  # none yet, or damaged: it can always be made again
        size = self._file.stat().st_size if self._file.exists() else 0
        if size < self.n_excerpts * self._picture_bytes:
            self.rows = {}

    def __repr__(self) -> str:
        return f"<SpectrogramCache {len(self.rows):,} tracks, {self.n_excerpts:,} excerpts>"

    @property
    def n_excerpts(self) -> int:
        return next(reversed(self.rows.values())).stop if self.rows else 0

    def pictures(self) -> np.ndarray:
        """All pictures, shape (n_excerpts, n_mels, n_frames) float16, read only and not in memory."""
        if not self.rows:
            return np.empty((0, *self.shape), dtype=np.float16)
        return np.memmap(self._file, dtype=np.float16, mode="r", shape=(self.n_excerpts, *self.shape))

    @property
    def _file(self) -> Path:
        return self.folder / "pictures.f16"

    @property
    def _picture_bytes(self) -> int:
        return 2 * self.shape[0] * self.shape[1]

    def _save_contents(self) -> None:
        sync(self._file)  # before the contents name what is in it
        with atomic_path(self.folder / "contents.npz") as temporary, open(temporary, "wb") as file:
            np.savez(
                file,
                hashes=np.array(list(self.rows)),
                starts=np.array([span.start for span in self.rows.values()], dtype=np.int64),
                counts=np.array([len(span) for span in self.rows.values()], dtype=np.int64),
            )


def fill_pictures(
    cache: SpectrogramCache, paths: Mapping[str, str], config: EarConfig, hearing: DecodeConfig
) -> Iterator[EmbedFailure | None]:
    """Hear the tracks that the cache lacks; `paths` are by content hash. Yields once per track, what failed as such.

    Closed early or killed, it loses at most the last few tracks.
    """
    lacking = {path: content_hash for content_hash, path in paths.items() if content_hash not in cache.rows}
    if not lacking:
        return
    make_folder(cache.folder)
    n_new = 0
    with open(cache._file, "ab") as file:
        file.truncate(cache.n_excerpts * cache._picture_bytes)  # what a kill left unnamed
        try:
            for result in embed_files(lacking, PictureMaker(config), hearing):
                if isinstance(result, EmbedFailure):
                    yield result
                    continue
                start = cache.n_excerpts
                file.write(result.excerpt_vectors.tobytes())
                cache.rows[lacking[result.path]] = range(start, start + len(result.excerpt_vectors))
                n_new += 1
                if n_new % _SAVE_EVERY == 0:
                    file.flush()
                    cache._save_contents()
                yield None
        finally:
            file.flush()
            if n_new % _SAVE_EVERY:
                cache._save_contents()
