"""How fast the ear learns, and how much of the time is not spent learning.

    python benchmarks/train_audio.py

Invented pictures of 30 s of sound per track, a random preference graph, the default configuration, two threads. Beside
it the way of the post that this surpasses (one triplet after the other from a map-style data set, the spectrogram made
anew each time; batches of 16), with the same encoder in the same process.
"""

import argparse
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from earshot.audio.config import EarConfig
from earshot.audio.encoder import untrained_encoder
from earshot.audio.mel import log_mel
from earshot.audio.spectrogram_cache import SpectrogramMaker
from earshot.graph.config import TasteConfig
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste.excerpt_views import ExcerptDataset
from earshot.graph.taste.taste_trainer import PHASES, TasteTrainer
from earshot.graph.taste.track_graph import TrackGraph
from earshot.graph.taste.triplet_loss import cosine_triplet_loss

EAR = EarConfig()


def ours(n_tracks: int, loss: str) -> dict[str, tuple[float, float]]:
    """Clips a second and the share of time outside the network, by phase."""
    rng = np.random.default_rng(0)
    shape = (6 * n_tracks, EAR.mel.n_mels, SpectrogramMaker(EAR).n_frames)
    pictures = rng.random(shape, dtype=np.float32).astype(np.float16)
    music = ExcerptDataset(pictures, [range(6 * track, 6 * track + 6) for track in range(n_tracks)])
    ends = rng.integers(n_tracks, size=(2, 10 * n_tracks))
    graph = TrackGraph("random", build_graph(*ends, n_nodes=n_tracks), np.arange(n_tracks))
    config = TasteConfig(loss=loss, epochs=2, projection_epochs=20, held_out=0.0)
    training = TasteTrainer(untrained_encoder(EAR.mel, EAR.encoder), music, [graph], np.empty(0, np.int64), config)
    epochs, found = list(training.epochs()), {}
    for phase in PHASES:
        timed = [epoch for epoch in epochs if epoch.phase == phase][1:]  # the first warms up
        seconds = sum(epoch.seconds for epoch in timed)
        waiting = sum(epoch.waiting_seconds for epoch in timed)
        found[phase] = (sum(epoch.n_clips for epoch in timed) / seconds, waiting / seconds)
    return found


class Triplets(Dataset):
    """One triplet of waveforms at a time, as a first version would have it."""

    def __init__(self, n_tracks: int) -> None:
        self.clips = np.random.default_rng(0).standard_normal((n_tracks, EAR.excerpt.samples_per_excerpt), np.float32)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, row: int):
        other, stranger = (row + 1) % len(self), (row + 7) % len(self)
        return [log_mel(torch.from_numpy(self.clips[one].copy()), EAR.mel) for one in (row, other, stranger)]


def plain(n_tracks: int) -> float:
    """Clips a second of the plain loop."""
    encoder = untrained_encoder(EAR.mel, EAR.encoder).train()
    optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
    began = time.perf_counter()
    for anchor, positive, negative in DataLoader(Triplets(n_tracks), batch_size=16):
        loss = cosine_triplet_loss(encoder(anchor), encoder(positive), encoder(negative))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return 3 * n_tracks / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=1_024)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    peer = plain(arguments.tracks // 4)
    print(f"{'plain loop':28} {peer:9,.0f} clips/s")
    for loss in ("triplet", "graded"):
        phases = ours(arguments.tracks, loss)
        for phase, (rate, waiting) in phases.items():
            print(
                f"{loss + ', ' + phase:28} {rate:9,.0f} clips/s  {rate / peer:6.2f} x  {100 * waiting:4.1f} % waiting"
            )
        usual = TasteConfig()
        clips = {
            "convolutions": usual.epochs * usual.crops,
            "projection": usual.projection_epochs * usual.projection_crops,
        }
        seconds = {phase: 3 * arguments.tracks * clips[phase] / rate for phase, (rate, _) in phases.items()}  # 3 views
        waited = sum(seconds[phase] * waiting for phase, (_, waiting) in phases.items())
        total = sum(seconds.values())
        print(f"{loss + ', a default training':28} {total:9.0f} s, {100 * waited / total:.1f} % waiting")


if __name__ == "__main__":
    main()
