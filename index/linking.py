"""Catalog tracks that are a file here under another spelling: found, reported, and linked."""

from index.library import Library


def links(library: Library) -> dict[int, int]:
    """The track that stands for each linked one."""
    query = "SELECT id, linked_id FROM tracks WHERE linked_id IS NOT NULL"
    return dict(library.db.execute(query).fetchall())
