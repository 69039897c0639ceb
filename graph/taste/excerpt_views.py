"""Views of tracks to learn from: excerpts drawn anew for every batch, as log-mels or as features computed once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from earshot.audio.augmentation import augment
from earshot.audio.encoder import Encoder
from earshot.graph.config import TasteConfig
from earshot.graph.taste.triplet_sampler import TripletBatch

CHUNK_SIZE = 256  # excerpts encoded at a time outside of training steps


@dataclass(frozen=True)
class ExcerptDataset:
    """Log-mels of every track's excerpts. Row r of every sequence is the same track."""

    log_mels: np.ndarray  # (n_excerpts, n_mels, n_frames) float16, perhaps on disk
    excerpt_rows: Sequence[range]  # of each track, none of them empty

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self.excerpt_rows)

    def load(self, excerpts: np.ndarray, device: str) -> Tensor:
        """Log-mels of these excerpts, shape (n, n_mels, n_frames) float32."""
        return torch.from_numpy(self.log_mels[excerpts]).to(device).float()

    def load_chunks(self, excerpts: np.ndarray, device: str) -> Iterator[Tensor]:
        """Log-mels of these excerpts in order, at most `CHUNK_SIZE` at a time."""
        for start in range(0, len(excerpts), CHUNK_SIZE):
            yield self.load(excerpts[start : start + CHUNK_SIZE], device)

    def all_excerpts(self, track_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every excerpt of these tracks, track after track, and for each the position of its track in `track_rows`."""
        spans = [self.excerpt_rows[track] for track in track_rows.tolist()]
        owners = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
        return np.concatenate([np.arange(span.start, span.stop) for span in spans]), owners

    def draw(self, track_rows: np.ndarray, crops: int, rng: np.random.Generator) -> np.ndarray:
        """Excerpts for two views of each track, shape (2, n_tracks, crops); different ones where there are enough."""
        spans = [self.excerpt_rows[track] for track in track_rows.tolist()]
        starts, counts = (np.array([(span.start, len(span)) for span in spans]).T)[:, :, None]  # (n_tracks, 1) each
        keys = rng.random((len(spans), counts.max()))
        keys[np.arange(counts.max()) >= counts] = np.inf
        order = keys.argsort(axis=1)  # the excerpts of each track first, shuffled
        drawn = np.take_along_axis(order, np.arange(2 * crops) % counts, axis=1)
        return (starts + drawn).reshape(-1, 2, crops).swapaxes(0, 1)

    def draw_views(self, batch: TripletBatch, crops: int, rng: np.random.Generator) -> np.ndarray:
        """Excerpts of anchors (n), then of candidates (2 n) in the order of the batch, shape (3 n, crops)."""
        n = len(batch.anchor_rows)
        first, second = self.draw(batch.candidate_rows, crops, rng)
        is_own_positive = batch.positive_rows == batch.anchor_rows
        second[n:][is_own_positive] = second[:n][is_own_positive]  # other excerpts than the anchor's
        return np.concatenate([first[:n], second])


@dataclass(frozen=True)
class FeatureTable:
    """Standardised features of every excerpt, computed once: some 2 KB per excerpt and version."""

    features: Tensor  # (n_versions, n_excerpts, n_features) float16; version 0 is not augmented
    feature_rows: np.ndarray  # (n_log_mels,) row in `features` of each log-mel, -1 for none

    @classmethod
    def compute(cls, encoder: Encoder, dataset: ExcerptDataset, config: TasteConfig, device: str) -> "FeatureTable":
        """Encode all excerpts, and once more augmented if `config.augmentation` is above 0.

        In the order of tracks, not of the log-mels: that is the order in which files happened to be decoded, and would
        augment the same seed differently.
        """
        encoder.eval()
        generator = torch.Generator().manual_seed(config.seed)
        excerpts, _ = dataset.all_excerpts(np.arange(len(dataset)))
        strengths = [0.0, config.augmentation] if config.augmentation else [0.0]
        shape = (len(strengths), len(excerpts), sum(encoder.blocks))
        table = torch.empty(shape, dtype=torch.float16, device=device)
        with torch.no_grad():
            for version, strength in enumerate(strengths):
                slots = table[version].split(CHUNK_SIZE)
                for slot, log_mels in zip(slots, dataset.load_chunks(excerpts, device), strict=True):
                    slot[:] = encoder.standardize(encoder.features(augment(log_mels, strength, generator)))
        feature_rows = np.full(len(dataset.log_mels), -1)
        feature_rows[excerpts] = np.arange(len(excerpts))
        return cls(table, feature_rows)

    def unaugmented(self, excerpts: np.ndarray) -> Tensor:
        """Features of these excerpts, shape (n, n_features) float32."""
        return self.features[0, self.feature_rows[excerpts]].float()

    def draw(self, excerpts: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Mean features of each view, shape (n_views, n_features), of excerpts (n_views, crops) in random versions."""
        versions = rng.integers(len(self.features), size=excerpts.shape)
        return self.features[versions, self.feature_rows[excerpts]].float().mean(dim=1)
