"""Two songs that are heard and four that are not, on a path of a graph: what diffusion makes of them is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import Library
from earshot.index.vectors.spaces import DIFFUSED, read_vectors
from library_world import add, at, finish, heard, open_library


@contextmanager
def two_songs(folder: Path) -> Iterator[Library]:
    """Two songs that are heard, at 0 and 90 degrees, and four that are not.

    1 (0 degrees) - 3 - 4 - 2 (90 degrees) is a path of the graph; 5 is by the artist of 1; nothing leads to 6.
    """
    library, head = open_library(folder / "library")
    with library:
        add(library, head, [
            heard("/a.mp3", at(0), title="Heard A", artist="Ann", album="Anthology"),
            heard("/b.mp3", at(90), title="Heard B", artist="Bob", album="Ballads"),
        ])  # fmt: skip
        finish(library)
        add_catalog(library, "Near A", "Near B")
        add_catalog(library, "Rare Demo", artist="Ann")
        add_catalog(library, "Stranger")
        add_graph(library, "listens", "track", [(1, 3), (3, 4), (4, 2)])
        yield library


def add_catalog(library: Library, *titles: str, artist: str | None = None) -> list[int]:
    """Add tracks that are known without a file; their ids."""
    artist_id = artist and library.db.execute("SELECT id FROM artists WHERE name = ?", [artist]).fetchone()[0]
    rows = [
        library.db.execute(
            "INSERT INTO tracks (title, artist, artist_id, status) VALUES (?, ?, ?, 'catalog') RETURNING id",
            [title, artist, artist_id],
        ).fetchone()
        for title in titles
    ]
    return [row[0] for row in rows]


def add_graph(library: Library, kind: str, level: str, edges: list[tuple], directed: bool = False) -> None:
    """Store edges, (source, target) or (source, target, weight), of node ids."""
    sources, targets, *weights = np.array(edges, dtype=float).T
    with library.transaction():
        store_graph(
            library, kind, level, sources.astype(int), targets.astype(int), weights[0] if weights else None,
            directed=directed, origin="by hand",
        )  # fmt: skip


def diffused(library: Library) -> dict[int, np.ndarray]:
    """The diffused vectors by track id."""
    ids, vectors = read_vectors(library, DIFFUSED)
    return dict(zip(ids.all_ids.tolist(), vectors, strict=True))
