"""Facts of tracks: artist, album, duration and audio vector."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Catalog:
    """Facts of tracks by row; -1, NaN or a vector of zeros if unknown.

    Parameters
    ----------
    artist_rows, album_rows : (n_tracks,) int32, -1 for unknown
    seconds : (n_tracks,) float32, NaN for unknown
    audio : (n_tracks, audio_dim) float32, rows of zeros for tracks without audio; None if no track has any

    Raises
    ------
    ValueError
        The arrays are not of one length, or a row lies outside.
    """

    artist_rows: np.ndarray
    album_rows: np.ndarray
    seconds: np.ndarray
    n_artists: int
    n_albums: int
    audio: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("album_rows", "seconds", "audio"):
            array = getattr(self, name)
            if array is not None and len(array) != len(self):
                raise ValueError(f"{name} tells of {len(array):,} tracks, and artist_rows of {len(self):,}")
        for name, rows, n in (("artist", self.artist_rows, self.n_artists), ("album", self.album_rows, self.n_albums)):
            if len(rows) and not -1 <= rows.min() <= rows.max() < n:
                raise ValueError(f"{name} rows from {rows.min()} to {rows.max()} among {n:,} {name}s")

    def __len__(self) -> int:
        return len(self.artist_rows)

    def __repr__(self) -> str:
        return f"<Catalog {len(self):,} tracks, {int(self.has_audio().sum()):,} with audio, {self.n_artists:,} artists>"

    def describe(self) -> str:
        """Describe the catalog in a few words."""
        return f"{len(self):,} tracks, {int(self.has_audio().sum()):,} with a sound"

    def has_audio(self) -> np.ndarray:
        """Tracks with an audio vector, (n_tracks,) bool."""
        return np.zeros(len(self), dtype=bool) if self.audio is None else np.asarray(self.audio.any(axis=1))

    def has_content(self, *, with_audio: bool = True) -> np.ndarray:
        """Tracks with an artist, an album or, `with_audio`, an audio vector, (n_tracks,) bool."""
        is_named = (self.artist_rows >= 0) | (self.album_rows >= 0)
        return is_named | self.has_audio() if with_audio else is_named
