"""Small worlds with known tastes, for the tests of the towers."""

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.data.exports.listen_sources import find_sources
from earshot.data.listens.event_collector import EventCollector
from earshot.index.listens import listen_store
from earshot.towers.query_inputs import inputs_at


def listening(events, n_users, n_tracks):
    """From (user, track, time) or (user, track, time, weight), in any order."""
    table = sorted((user, time, track, *weight) for user, track, time, *weight in events)
    return Interactions(
        np.array([row[0] for row in table], dtype=np.int32),
        np.array([row[2] for row in table], dtype=np.int32),
        np.array([row[1] for row in table], dtype=np.int64),
        np.array([row[3] if len(row) > 3 else 1.0 for row in table], dtype=np.float32),
        n_users,
        n_tracks,
    )


def checkerboard(n):
    """Even users love even tracks; user i has not yet played track i. There are no times."""
    pairs = [(user, track, 0) for user in range(n) for track in range(n) if user % 2 == track % 2 and user != track]
    return listening(pairs, n, n)


def catalog(n_tracks, *, artists=None, audio=None, seconds=180):
    nobody = np.full(n_tracks, -1, dtype=np.int32)
    artist_rows = nobody if artists is None else np.asarray(artists, dtype=np.int32)
    sound = None if audio is None else np.asarray(audio, dtype=np.float32)
    return Catalog(artist_rows, nobody, np.full(n_tracks, seconds, np.float32), int(artist_rows.max()) + 1, 0, sound)


def import_table(library, path, lines):
    """What `cli import-listens` does with a table of these lines."""
    path.write_text("\n".join(lines), encoding="utf-8")
    (source,) = find_sources(path, "table").sources
    opened = source.open()
    with EventCollector(listen_store.listens_folder(library), opened.level) as collector:
        for batch in opened.batches:
            collector.add(batch)
        listen_store.import_listens(library, collector, listen_store.content_digest(path), origin=str(path))


def inputs_now(events, user_rows, length, *, vector_rows=None):
    """Inputs of users after all of `events`; `vector_rows` are their rows in the towers, -1 for none."""
    starts, user_rows = events.user_offsets(), np.asarray(user_rows)
    rows = user_rows if vector_rows is None else np.asarray(vector_rows)
    return inputs_at(events, rows, starts[user_rows], starts[user_rows + 1], length)


def inputs_of_new_users(histories, length, n_tracks):
    """Inputs of users whom the towers do not know, from the tracks that each played, the latest last."""
    plays = [(user, track, 1 + at) for user, tracks in enumerate(histories) for at, track in enumerate(tracks)]
    n = len(histories)
    return inputs_now(listening(plays, n, n_tracks), np.arange(n), length, vector_rows=np.full(n, -1))
