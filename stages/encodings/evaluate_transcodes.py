"""Evaluate what the ear hears of a codec: each other encoding of a track should find that track."""

import os
import tempfile
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from operator import length_hint

import numpy as np

from earshot.audio.config import DecodeConfig, EarConfig
from earshot.audio.decoding.decode import DecodedTrack
from earshot.audio.decoding.decode_pool import decode_pool, task_result
from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.decoding.transcodes import WAYS, transcode
from earshot.audio.ear import Ear, track_vector
from earshot.audio.embed_files import fill_cache
from earshot.audio.spectral_baselines import SpectralSums, SumsCache, mfcc_vectors, track_sums
from earshot.data.cosine import unit_rows
from earshot.data.fingerprint import Fingerprint
from earshot.evaluation.metrics.metric_value import ALL, Columns, MetricValue, mean_values
from earshot.evaluation.metrics.vector_metrics import groups_of
from earshot.index.evaluation.audio_facts import TrackTable, read_track_table
from earshot.index.library import Library
from earshot.index.recordings.find_copies import Sound, agreement_if_same, read_sounds
from earshot.index.recordings.fingerprint_index import FingerprintIndex
from earshot.index.runs import current_fingerprint, finish_run, start_run, store_metrics
from earshot.index.vectors.spaces import require_vectors
from earshot.stages.shared.current_encoder import current_checkpoint, load_encoder
from earshot.stages.shared.environment import versions
from earshot.stages.shared.reports import Note, Progress, StageError, collected

_MAX_SECONDS = 600.0  # a mix of ten hours, in ten ways, is a day's work
_TASKS_AT_ONCE = 4  # some 20 MB of excerpts each
_LIMITS = DecodeConfig(time_limit=900.0)  # encoding takes longer than decoding


@dataclass(frozen=True)
class _Encodings:
    """The encodings of one track, in the order of `WAYS`."""

    vectors: np.ndarray  # (n_ways, dim)
    sums: np.ndarray | None  # (n_ways, n_sums)
    sounds: list[Sound]


def evaluate_transcodes(
    library: Library, sample: int = 20, *, baselines: bool = True, seed: int = 0
) -> Generator[Progress | Note | list[MetricValue], None, None]:
    """Encode tracks in ten ways and look for each; keep the metrics in the library, the last report is their list.

    Of each encoding, and of all of them, it is measured how often the track itself is the nearest of the library
    (`rank_1`), the cosine with it, and how often both are known to be one recording by their sound alone (`known`).

    Parameters
    ----------
    library : open to write
    sample : tracks of at most ten minutes, drawn without replacement
    baselines : also by MFCC, z-scored over the library
    seed : of the sample and the intervals (95 %, artists are drawn)

    Raises
    ------
    LibraryError
        There are no vectors.
    StageError
        No track could be encoded, or the encoder is missing or damaged.
    """
    require_vectors(library)
    tracks = read_track_table(library)
    ear = load_encoder(current_checkpoint(library), "cpu")
    candidates = np.flatnonzero(tracks.durations <= _MAX_SECONDS)
    drawn = np.random.default_rng(seed).permutation(candidates)[:sample]
    made = yield from _encodings(tracks, np.sort(drawn), ear, baselines)
    if not made:
        fix = (
            "Run `cli failures`, or try another --seed."
            if len(drawn)
            else "Embed shorter ones: `cli embed-audio FOLDER`."
        )
        raise StageError(f"None of {len(drawn):,} tracks of at most ten minutes could be encoded anew.\n\n{fix}")
    columns = _audio_columns(library, tracks, made)
    if baselines:
        columns |= yield from _mfcc_columns(library, tracks, made, ear.config)
    config = {"transcodes": list(WAYS), "sample": sample, "ear": current_fingerprint(library)}
    run, _ = start_run(library, "evaluate-audio", config, seed=seed, versions=versions())
    metrics = _metric_values(columns, groups_of(tracks.artists)[list(made)], seed)
    store_metrics(library, run, metrics)
    finish_run(library, run, {"tracks": len(tracks), "encoded": len(made)})
    yield metrics


def _encodings(
    tracks: TrackTable, rows: np.ndarray, ear: Ear, with_sums: bool
) -> Generator[Progress | Note, None, dict[int, _Encodings]]:
    """Encode and hear the tracks of some rows; the result is by row, and those that cannot be encoded are named."""
    paths, made = list(tracks.paths.values()), dict[int, _Encodings]()
    sums = SpectralSums(ear.config) if with_sums else None
    with tempfile.TemporaryDirectory() as folder, decode_pool(_n_workers(len(rows)), _LIMITS) as schedule:
        waiting = iter(rows.tolist())

        def begin(row: int) -> tuple[int, Future]:
            own_folder = tempfile.mkdtemp(dir=folder)
            return row, schedule(transcode, paths[row], own_folder, ear.config.excerpt)

        tasks = deque(begin(row) for row in islice(waiting, _TASKS_AT_ONCE))
        while tasks:
            row, task = tasks.popleft()
            outcome = task_result(task, _LIMITS, is_decoding=True)
            tasks.extend(begin(following) for following in islice(waiting, 1))
            if isinstance(outcome, UndecodableError):
                yield Note(f"{paths[row]} is left out: {outcome.reason}.")
            else:
                made[row] = _heard([outcome[way] for way in WAYS], ear, sums)
            yield Progress("encoding", len(rows) - len(tasks) - length_hint(waiting), len(rows), "track")
    return made


def _n_workers(n_tracks: int) -> int:
    return max(1, min(os.cpu_count() or 1, n_tracks))


def _heard(decoded: Sequence[DecodedTrack], ear: Ear, sums: SpectralSums | None) -> _Encodings:
    vectors, sounds, sums_of = [], [], []
    for one in decoded:
        excerpt_vectors, fingerprint = ear.embed_track(one.excerpts, one.starts)
        vectors.append(track_vector(excerpt_vectors))
        sounds.append(Sound(fingerprint, one.duration))
        if sums is not None:
            sums_of.append(track_sums(sums.embed(one.excerpts)))
    return _Encodings(np.stack(vectors), np.stack(sums_of) if sums_of else None, sounds)


def _audio_columns(library: Library, tracks: TrackTable, made: Mapping[int, _Encodings]) -> Columns:
    """Metrics of the library's vectors, (n_tracks, n_ways) each."""
    rows = np.array(list(made))
    is_first, cosine = _nearest(tracks.vectors, np.stack([one.vectors for one in made.values()]), rows, tracks)
    ids = tracks.ids.all_ids[rows].tolist()
    originals = read_sounds(library, ids)
    known = np.zeros(cosine.shape)
    index = FingerprintIndex({track_id: sound.fingerprint for track_id, sound in originals.items()})
    for place, (track_id, encodings) in enumerate(zip(ids, made.values(), strict=True)):
        of_ways: dict[int, Fingerprint] = {way: sound.fingerprint for way, sound in enumerate(encodings.sounds)}
        for original, way in index.candidates(of_ways).tolist():
            if original == track_id:
                agreement = agreement_if_same(originals[track_id], encodings.sounds[way])
                known[place, way] = agreement is not None
    return {("audio", "rank_1", 1): is_first, ("audio", "cosine", None): cosine, ("audio", "known", None): known}


def _mfcc_columns(
    library: Library, tracks: TrackTable, made: Mapping[int, _Encodings], config: EarConfig
) -> Generator[Progress | Note, None, Columns]:
    """Metrics of MFCC, (n_tracks, n_ways) each; NaN for tracks that could not be decoded again."""
    cache = SumsCache(library.folder / "cache" / "baselines.npz", config)
    n_lacking = len(tracks.paths.keys() - cache.sums.keys())
    yield from collected(fill_cache(cache, tracks.paths, DecodeConfig()), "baselines", "track", n_lacking)
    known = [row for row, content_hash in enumerate(tracks.paths) if content_hash in cache]
    hashes = list(tracks.paths)
    collection = np.stack([cache.sums[hashes[row]] for row in known])
    of_known = mfcc_vectors(collection)
    vectors = np.full((len(tracks), of_known.shape[1]), np.nan)
    vectors[known] = of_known
    encoded = np.stack([mfcc_vectors(one.sums, collection) for one in made.values() if one.sums is not None])
    is_first, cosine = _nearest(vectors, encoded, np.array(list(made)), tracks)
    return {("mfcc", "rank_1", 1): is_first, ("mfcc", "cosine", None): cosine}


def _nearest(
    vectors: np.ndarray, encoded: np.ndarray, rows: np.ndarray, tracks: TrackTable
) -> tuple[np.ndarray, np.ndarray]:
    """Tell whether the nearest track of each encoding is its own recording, and the cosine with the track itself.

    Parameters
    ----------
    vectors : (n_tracks, dim), rows of NaN are not found
    encoded : (n, n_ways, dim)
    rows : (n,) of the tracks that were encoded

    Returns
    -------
    Two arrays, (n, n_ways) float64 each.
    """
    units, recordings = unit_rows(vectors), tracks.nodes["track"]
    is_first, cosine = np.full((2, *encoded.shape[:2]), np.nan)
    for place, row in enumerate(rows.tolist()):
        if np.isnan(units[row]).any():
            continue
        scores = unit_rows(encoded[place]) @ units.T  # (n_ways, n_tracks)
        is_first[place] = recordings[np.nanargmax(scores, axis=1)] == recordings[row]
        cosine[place] = scores[:, row]
    return is_first, cosine


def _metric_values(columns: Columns, artists: np.ndarray, seed: int) -> list[MetricValue]:
    """Means of columns, (n_tracks, n_ways) each, over all encodings and of each one, with their differences."""
    if ("mfcc", "rank_1", 1) in columns:
        ahead = columns["audio", "rank_1", 1] - columns["mfcc", "rank_1", 1]
        columns = {**columns, ("audio - mfcc", "rank_1", 1): ahead}
    values = []
    for place, way in enumerate(WAYS):
        values += mean_values({key: of[:, place] for key, of in columns.items()}, artists, slice=way, seed=seed)
    whole = {key: of.ravel() for key, of in columns.items()}
    return values + mean_values(whole, np.repeat(artists, len(WAYS)), slice=ALL, seed=seed)
