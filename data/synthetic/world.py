"""A small synthetic world in which the right answers are known: artists, users, listens, playlists, a graph.

Every artist has a latent *taste*, a point on the unit sphere near its genre's. The sound of its tracks, their
listeners, their playlists and the related artists all follow from that point, so that a model trained on one of them
can be evaluated by another.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from earshot.data.events.protocols import DAY_S
from earshot.data.settings import Range, validate
from earshot.data.synthetic.synthesizer import N_KNOBS, perform, sound_of

START = 1_704_067_200  # unix seconds: 2024-01-01 00:00 UTC
SESSION_LENGTHS = (4, 13)  # listens in one sitting: at least, below
TASTE_STRENGTH = 8.0  # logits per unit of cosine: how strongly a listener keeps to a taste
LIKING_SPREAD = 1.0  # logits: spread of each listener's liking for each track
POPULARITY_EXPONENT = 0.8  # Zipf's: the k-th most popular track has k to the minus this of the plays of the first

GENRE_MOODS = ("Velvet", "Néon", "Dust", "Salt", "Glass", "Ember", "Moss", "Iron")
GENRE_KINDS = ("Drone", "Samba", "Techno", "Folk", "Soul", "Forró", "Waltz", "Dub")
LATIN = "ba de fa ka la lo ma mi na no ra ri sa so ta ti va zu"  # syllables
ACCENTED = "bé çe ñu lø må mi nö rá ří sa šo ta tê vé zü"
CYRILLIC = "бе ва го да ли ма но ра се та ю ня"
KANA = "ア カ サ キ ノ ミ ラ ヨ ハ ル"
SCRIPTS = (LATIN, LATIN, ACCENTED, LATIN, KANA, LATIN, CYRILLIC)  # each artist takes the next

# Each part of the world draws from a random stream of its own: more of one leaves the others as they were.
NAMES, TASTES, LISTENS, PLAYLISTS, AUDIO = range(5)


@dataclass(frozen=True)
class WorldConfig:
    """The size of the world, and how strongly its listeners keep to their tastes."""

    seed: Annotated[int, "the same seed is the same world, bit for bit", Range(0)] = 0
    n_genres: Annotated[int, "groups of artists with a common taste", Range(1)] = 4
    artists_per_genre: Annotated[int, "artists around each genre's taste", Range(1)] = 5
    tracks_per_artist: Annotated[int, "tracks, on one album or two", Range(1)] = 4
    seconds: Annotated[float, "seconds per track; a beat needs 1", Range(1)] = 20.0
    n_listeners: Annotated[int, "people who listen", Range(1)] = 60
    listens_per_listener: Annotated[int, "listens of each over all the days", Range(1)] = 150
    n_playlists: Annotated[int, "playlists, each around one point of taste", Range(0)] = 20
    playlist_length: Annotated[int, "different tracks in a playlist", Range(1)] = 12
    n_related: Annotated[int, "edges of the graph out of each artist", Range(0)] = 3
    taste_dim: Annotated[int, "dimensions of taste", Range(1, N_KNOBS)] = 8
    artist_spread: Annotated[float, "an artist's step from the genre, in radii of the sphere"] = 0.5
    track_spread: Annotated[float, "a track's step from the artist, in radii of the sphere"] = 0.12
    days: Annotated[int, "days that the listens span", Range(1)] = 200
    drift: Annotated[float, "share of listening that moves to a second taste over the days", Range(0, 1)] = 0.5
    exploration: Annotated[float, "share of listens that follow popularity alone", Range(0, 1)] = 0.1

    def __post_init__(self) -> None:
        validate(self)
        if self.n_genres > self.taste_dim:
            raise ValueError(f"n_genres is {self.n_genres}; it is at most taste_dim, {self.taste_dim}")
        if self.playlist_length > self.n_tracks:
            raise ValueError(f"playlist_length {self.playlist_length} in a world of {self.n_tracks} tracks")
        if self.n_related >= self.n_artists:
            raise ValueError(f"n_related {self.n_related} in a world of {self.n_artists} artists")

    @property
    def n_artists(self) -> int:
        return self.n_genres * self.artists_per_genre

    @property
    def n_tracks(self) -> int:
        return self.n_artists * self.tracks_per_artist


@dataclass(frozen=True)
class Artist:
    """An artist of one genre."""

    name: str
    genre_row: int


@dataclass(frozen=True)
class Track:
    """The tags of a track."""

    title: str
    artist_row: int
    album: str
    year: int
    number: int


@dataclass(frozen=True, eq=False)
class Listens:
    """Listens as parallel arrays of shape (n_listens,), oldest first."""

    user_rows: np.ndarray
    track_rows: np.ndarray
    timestamps: np.ndarray  # unix seconds, int64
    play_ratio: np.ndarray  # share of the track that was played, in [0, 1]

    def __len__(self) -> int:
        return len(self.timestamps)


@dataclass(frozen=True, eq=False)
class ArtistGraph:
    """Edges from artists to similar artists, as parallel arrays of shape (n_edges,), by source."""

    source_rows: np.ndarray
    target_rows: np.ndarray
    weights: np.ndarray  # 1 for the same taste, 0 for the opposite one


@dataclass(frozen=True, eq=False)
class World:
    """The whole world, with the latent tastes behind it."""

    config: WorldConfig
    genres: list[str]
    artists: list[Artist]
    tracks: list[Track]
    artist_tastes: np.ndarray  # (n_artists, taste_dim), unit length
    track_tastes: np.ndarray  # (n_tracks, taste_dim), unit length
    popularity: np.ndarray  # (n_tracks,), sums to 1
    listener_tastes: np.ndarray  # (n_listeners, 2, taste_dim), unit length: the first taste, and the one it drifts to
    listens: Listens
    playlist_names: list[str]
    playlists: np.ndarray  # (n_playlists, playlist_length), track rows
    graph: ArtistGraph

    def __repr__(self) -> str:
        music = f"{len(self.genres):,} genres, {len(self.artists):,} artists, {len(self.tracks):,} tracks"
        return f"<World {music}, {len(self.listener_tastes):,} listeners, {len(self.listens):,} listens>"


def make_world(config: WorldConfig) -> World:
    """Make everything but the audio, which ``render`` makes track by track."""
    rng = _stream(config, TASTES)
    square = np.linalg.qr(rng.standard_normal((config.taste_dim, config.n_genres)))[0]
    genre_tastes = square.T  # (n_genres, taste_dim), at right angles: no genre is nearer than another
    artist_tastes = _near(rng, genre_tastes.repeat(config.artists_per_genre, axis=0), config.artist_spread)
    track_tastes = _near(rng, artist_tastes.repeat(config.tracks_per_artist, axis=0), config.track_spread)
    popularity = (1 + rng.permutation(config.n_tracks)) ** -POPULARITY_EXPONENT
    popularity /= popularity.sum()
    log_popularity = np.log(popularity)

    listener_tastes = np.zeros((config.n_listeners, 2, config.taste_dim))
    columns = []  # one (user_rows, track_rows, timestamps, play_ratio) per listener
    for user_row in range(config.n_listeners):
        rng = _stream(config, LISTENS, user_row)
        listener_tastes[user_row] = _listener_taste(config, rng, genre_tastes)
        listened = _listened(config, rng, listener_tastes[user_row], track_tastes, log_popularity)
        columns.append((np.full(config.listens_per_listener, user_row), *listened))
    user_rows, track_rows, timestamps, play_ratio = map(np.concatenate, zip(*columns, strict=True))
    order = np.lexsort((user_rows, timestamps))

    genres, artists, tracks, playlist_names = _labels(config)
    return World(
        config=config,
        genres=genres,
        artists=artists,
        tracks=tracks,
        artist_tastes=artist_tastes,
        track_tastes=track_tastes,
        popularity=popularity,
        listener_tastes=listener_tastes,
        listens=Listens(user_rows[order], track_rows[order], timestamps[order], play_ratio[order]),
        playlist_names=playlist_names,
        playlists=_playlists(config, genre_tastes, track_tastes, log_popularity),
        graph=_artist_graph(artist_tastes, config.n_related),
    )


def render(world: World, track_row: int, sample_rate: int = 22_050) -> np.ndarray:
    """Render a track: float32, shape (2, n_samples), peak below 0.9; the same music at any sample rate."""
    if not 0 <= track_row < len(world.tracks):
        raise ValueError(f"track row {track_row} in a world of {len(world.tracks)} tracks")
    rng = _stream(world.config, AUDIO, track_row)
    return perform(sound_of(world.track_tastes[track_row]), world.config.seconds, sample_rate, rng)


def _stream(config: WorldConfig, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=key))


def _near(rng: np.random.Generator, points: np.ndarray, spread: float) -> np.ndarray:
    """Move points of shape (..., dim) by about ``spread``, and put them back on the unit sphere."""
    moved: np.ndarray = points + spread * rng.standard_normal(points.shape) / np.sqrt(points.shape[-1])
    moved /= np.linalg.norm(moved, axis=-1, keepdims=True)
    return moved


def _listener_taste(config: WorldConfig, rng: np.random.Generator, genre_tastes: np.ndarray) -> np.ndarray:
    """Draw a listener's first and second taste, shape (2, taste_dim), in one genre or in two."""
    first, second = rng.integers(config.n_genres, size=2)
    homes = [first, first if rng.random() < 0.5 else second]
    return _near(rng, genre_tastes[homes], config.artist_spread)


def _listened(
    config: WorldConfig,
    rng: np.random.Generator,
    tastes: np.ndarray,
    track_tastes: np.ndarray,
    log_popularity: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw one listener's track rows, timestamps and play ratios, in sessions that each follow one taste."""
    n, span = config.listens_per_listener, config.days * DAY_S
    ends = np.cumsum(rng.integers(*SESSION_LENGTHS, n))
    sessions = np.searchsorted(ends, np.arange(n), side="right")  # (n,), the session of each listen
    evenings = rng.normal(20, 3, sessions[-1] + 1).clip(0, 23.5) * 3_600  # seconds after midnight
    starts = np.sort(rng.integers(config.days, size=len(evenings)) * DAY_S + evenings)

    moved = (1 - config.drift) / 2 + config.drift * starts / span  # chance of the second taste, each session
    moods = (rng.random(len(starts)) < moved).astype(int)[sessions]  # (n,), 0 or 1: the row of the taste
    match = tastes @ track_tastes.T  # (2, n_tracks), cosines
    logits = TASTE_STRENGTH * match + log_popularity + LIKING_SPREAD * rng.standard_normal(len(track_tastes))
    chances = np.exp(np.vstack([logits, log_popularity]))  # (3, n_tracks): either taste, or popularity alone
    picks = np.where(rng.random(n) < config.exploration, 2, moods)
    track_rows = np.zeros(n, np.int64)
    for pick in range(3):
        chance = chances[pick] / chances[pick].sum()
        track_rows[picks == pick] = rng.choice(len(chance), np.count_nonzero(picks == pick), p=chance)

    mismatch = 0.4 - match[moods, track_rows]
    skipped = rng.random(n) < 1 / (1 + np.exp(-8 * mismatch))
    play_ratio = np.where(skipped, rng.uniform(0.02, 0.3, n), rng.uniform(0.7, 1.3, n).clip(max=1))
    elapsed = np.cumsum(play_ratio * config.seconds + 2)  # seconds, with two between tracks
    since_start = elapsed - elapsed[np.searchsorted(sessions, sessions)]
    return track_rows, START + (starts[sessions] + since_start).astype(np.int64), play_ratio


def _playlists(
    config: WorldConfig, genre_tastes: np.ndarray, track_tastes: np.ndarray, log_popularity: np.ndarray
) -> np.ndarray:
    """Draw playlists, each of different tracks around one taste: track rows, shape (n_playlists, playlist_length)."""
    rng = _stream(config, PLAYLISTS)
    homes = rng.integers(config.n_genres, size=config.n_playlists)
    points = _near(rng, genre_tastes[homes], config.artist_spread)
    logits = TASTE_STRENGTH * points @ track_tastes.T + log_popularity  # (n_playlists, n_tracks)
    return np.argsort(-(logits + rng.gumbel(size=logits.shape)), axis=1)[:, : config.playlist_length]


def _artist_graph(artist_tastes: np.ndarray, n_related: int) -> ArtistGraph:
    cosines = artist_tastes @ artist_tastes.T  # (n_artists, n_artists)
    np.fill_diagonal(cosines, -np.inf)  # no artist is related to itself
    targets = np.argsort(-cosines, axis=1)[:, :n_related]
    angles = np.arccos(np.take_along_axis(cosines, targets, axis=1).clip(-1, 1))
    sources = np.arange(len(artist_tastes)).repeat(n_related)
    return ArtistGraph(sources, targets.ravel(), 1 - angles.ravel() / np.pi)


def _labels(config: WorldConfig) -> tuple[list[str], list[Artist], list[Track], list[str]]:
    """Draw different names for genres, artists, tracks and playlists, independent of taste and sound."""
    rng, taken = _stream(config, NAMES), set[str]()
    pairs = [f"{mood} {kind}" for mood in GENRE_MOODS for kind in GENRE_KINDS]
    genres = [pairs[pick] for pick in rng.permutation(len(pairs))[: config.n_genres]]
    artists, tracks = [], []
    for artist_row in range(config.n_artists):
        script = SCRIPTS[artist_row % len(SCRIPTS)]
        artists.append(Artist(_invented(rng, script, taken), artist_row // config.artists_per_genre))
        year = int(rng.integers(1965, 2020))
        per_album = math.ceil(config.tracks_per_artist / rng.integers(1, 3))
        for position in range(config.tracks_per_artist):
            if position % per_album == 0:
                album, year = _invented(rng, script, taken), year + int(rng.integers(1, 4))
            title = _invented(rng, script, taken)
            tracks.append(Track(title, artist_row, album, year, position % per_album + 1))
    return genres, artists, tracks, [_invented(rng, LATIN, taken) for _ in range(config.n_playlists)]


def _invented(rng: np.random.Generator, script: str, taken: set[str]) -> str:
    """Draw a name of two words that is not taken, such as *Makalo Tiro*."""
    while True:
        words = ["".join(rng.choice(script.split(), rng.integers(2, 4))) for _ in range(2)]
        name = " ".join(words).title()
        if name not in taken:
            taken.add(name)
            return name
