"""Tracks of a library with their vectors, and the facts from tags, tables and graphs to evaluate them by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array, csgraph

from earshot.data.files.path_encoding import path_from_columns
from earshot.data.ids import IdMap
from earshot.data.name_matching import main_artist_key, split_labels
from earshot.data.tables.label_tables import LabelTable
from earshot.evaluation.metrics.vector_metrics import LabelSets, groups_of
from earshot.evaluation.vector_evaluation import TrackFacts
from earshot.index.database_checks import read_json
from earshot.index.graphs.graph_store import Edges, read_edges
from earshot.index.library import Library, LibraryError
from earshot.index.recordings.recordings import as_recordings
from earshot.index.runs import TRAINING_STAGE
from earshot.index.tracks.name_resolution import UNKNOWN, match_nodes
from earshot.index.vectors.spaces import AUDIO, no_vectors, read_vectors

_TWIN_SECONDS = 1.0  # two encodings of one recording differ in length by the padding of their codecs
_COLUMNS = (
    "id, path, path_bytes, content_hash, duration_s, sample_rate, title, artist, genre,"
    f" coalesce(artist_id, {UNKNOWN}), coalesce(album_id, {UNKNOWN})"
)


@dataclass(frozen=True)
class TrackTable:
    """Tracks with their vectors and tags; every list and array has one entry per row."""

    ids: IdMap
    vectors: np.ndarray  # (n_tracks, dim)
    paths: dict[str, str]  # by content hash, in the order of rows
    artists: list[str | None]  # keys of `data.name_matching`
    genres: list[frozenset[str]]
    titles: list[str]
    durations: np.ndarray  # seconds
    sample_rates: list[int | None]  # Hz
    nodes: Mapping[str, np.ndarray]  # by level: the id of each track's node, UNKNOWN where it has none
    n_copies: int  # tracks that are left out, with the same content as another

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<TrackTable {len(self):,} tracks>"


def read_track_table(library: Library) -> TrackTable:
    """Read all tracks with an audio vector, one of each content: copies would find each other with any encoder."""
    ids, vectors = read_vectors(library, AUDIO, with_copies=True)  # other encodings test the encoder
    query = f"SELECT {_COLUMNS} FROM tracks WHERE status = 'embedded' AND path IS NOT NULL ORDER BY id"
    chosen: dict[str, tuple] = {}
    n_embedded, with_vector = 0, set(ids.all_ids.tolist())
    for row in library.db.execute(query):
        if row[0] in with_vector:
            n_embedded += 1
            chosen.setdefault(row[3], row)
    if not chosen:
        raise no_vectors()
    columns = list(zip(*chosen.values(), strict=True))
    track_ids, texts, raws, hashes, durations, rates, titles, artists, genres, artist_ids, album_ids = columns
    return TrackTable(
        ids=IdMap(track_ids),
        vectors=vectors[ids.rows(track_ids)],
        paths=dict(zip(hashes, map(path_from_columns, texts, raws), strict=True)),
        artists=[main_artist_key(name) or None for name in artists],
        genres=[split_labels(cell) for cell in genres],
        titles=[title.casefold() for title in titles],
        durations=np.array(durations, dtype=np.float64),
        sample_rates=list(rates),
        nodes={
            "track": as_recordings(library, np.array(track_ids)),
            "artist": np.array(artist_ids),
            "album": np.array(album_ids),
        },
        n_copies=n_embedded - len(chosen),
    )


def facts_from_tags(tracks: TrackTable) -> TrackFacts:
    """Collect facts from the tags in the library: artists, genres, and tracks that seem to be one recording."""
    return TrackFacts(
        artists=groups_of(tracks.artists),
        sample_rates=groups_of(tracks.sample_rates),
        twins=_connected(len(tracks), *np.array(_twins_by_name(tracks), dtype=np.int64).reshape(-1, 2).T),
        labels={"genre": LabelSets(tracks.genres)} if any(tracks.genres) else {},
    )


def apply_labels(
    library: Library, tracks: TrackTable, table: LabelTable, path: Path
) -> tuple[TrackTable, TrackFacts, int]:
    """Replace the tags by the labels of a table; returns tracks, facts, and the number of tracks in the table.

    Raises
    ------
    LibraryError
        The table names none of the tracks, or has a column of twins and names no pair of them.
    """
    rows = _matched_rows(library, tracks, table.files, path)
    n_known = len(np.unique(rows[rows >= 0]))
    if n_known == 0:
        example = f", such as {table.files[0]}" if table.files else ""
        raise LibraryError(
            f"None of the {len(table.files):,} files in {path.name} is in this library{example}.\n\n"
            "Run `cli embed-audio FOLDER` on their folder; relative paths begin where the table lies."
        )
    if table.artists is not None:
        tracks = _with_artists(library, tracks, rows, table.artists)
    labels = {}
    for column, cells in table.labels.items():
        sets: list[frozenset[str] | None] = [None] * len(tracks)
        for row, cell in zip(rows.tolist(), cells, strict=True):
            if row >= 0:
                sets[row] = cell
        labels[column] = LabelSets(sets)
    facts = replace(facts_from_tags(tracks), labels=labels)
    if table.twins is not None:
        facts = replace(facts, twins=_twins_by_table(library, tracks, rows, table.twins, path))
    return tracks, facts, n_known


def graph_rows(library: Library, tracks: TrackTable, kind: str) -> tuple[Edges, IdMap, np.ndarray]:
    """Read a stored graph, the map of its nodes, and the node row of each track, (n_tracks,), -1 for none."""
    edges = read_edges(library, [kind])
    nodes = IdMap(np.union1d(edges.source_ids, edges.target_ids))
    return edges, nodes, nodes.find(tracks.nodes[edges.level])


def query_rows(library: Library, tracks: TrackTable, held_out: bool) -> np.ndarray:
    """Select the rows of all tracks, or of those that the latest finished training held out.

    Raises
    ------
    LibraryError
        No training has held out tracks, or none of them is in the table.
    """
    if not held_out:
        return np.arange(len(tracks))
    query = "SELECT metrics FROM runs WHERE stage = ? AND finished NOT NULL ORDER BY id DESC"
    stored = read_json(library.value(query, [TRAINING_STAGE])).get("held_out_track_ids")
    track_ids = [track_id for track_id in stored if isinstance(track_id, int)] if isinstance(stored, list) else []
    rows = np.flatnonzero(np.isin(tracks.nodes["track"], track_ids))
    if not len(rows):
        raise LibraryError("No training run has held out tracks of this library.\n\nRun `cli train-audio` first.")
    return rows


def _matched_rows(library: Library, tracks: TrackTable, files: Sequence[str], path: Path) -> np.ndarray:
    """Find the row of each file name in a table, -1 for none; relative names start at the table's folder."""
    folder = str(path.absolute().parent)
    return tracks.ids.find(match_nodes(library, files, "track", folders=[folder], names_are="names", create=False).ids)


def _with_artists(library: Library, tracks: TrackTable, rows: np.ndarray, names: Sequence[str | None]) -> TrackTable:
    artists, nodes = list(tracks.artists), tracks.nodes["artist"].copy()
    unique_names = sorted({name for name in names if name})
    node_ids = match_nodes(library, unique_names, "artist", names_are="names", create=False).ids
    node_of = dict(zip(unique_names, node_ids.tolist(), strict=True))
    for row, name in zip(rows.tolist(), names, strict=True):
        if row >= 0 and name:
            artists[row], nodes[row] = main_artist_key(name) or None, node_of[name]
    return replace(tracks, artists=artists, nodes={**tracks.nodes, "artist": nodes})


def _twins_by_table(
    library: Library, tracks: TrackTable, rows: np.ndarray, twins: Sequence[str | None], path: Path
) -> np.ndarray:
    twin_rows = _matched_rows(library, tracks, [name or "" for name in twins], path)
    are_here = (rows >= 0) & (twin_rows >= 0)
    if not are_here.any():
        raise LibraryError(f"{path.name} names no pair of twins that are both in this library.")
    return _connected(len(tracks), rows[are_here], twin_rows[are_here])


def _twins_by_name(tracks: TrackTable) -> list[tuple[int, int]]:
    """Pair the rows of the same artist and title that are next to each other in length."""
    names = list(zip(tracks.artists, tracks.titles, tracks.durations.tolist(), strict=True))
    rows = sorted((row for row, (artist, *_) in enumerate(names) if artist), key=names.__getitem__)
    return [
        (one, other)
        for one, other in pairwise(rows)
        if names[one][:2] == names[other][:2] and names[other][2] - names[one][2] <= _TWIN_SECONDS
    ]


def _connected(n: int, rows: np.ndarray, twin_rows: np.ndarray) -> np.ndarray:
    """Number the groups of rows that pairs connect, (n,)."""
    edges = coo_array((np.ones(len(rows)), (rows, twin_rows)), shape=(n, n))
    return csgraph.connected_components(edges, directed=False)[1].astype(np.int64)
