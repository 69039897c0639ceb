"""What the ear was taught by: has it heard of the listens that somebody is asked about?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from index.edges import stored_graphs
from index.evaluation import TRAINING_STAGE
from index.library import Library
from index.track_store import AUDIO

Parting = Mapping[str, Any] | None  # as `build-graph --split` has it; None for all listens


def partings_of(library: Library, kinds: Sequence[str]) -> list[Parting]:
    """How the listens of some graphs were parted, of those that were made of listens here."""
    graphs = [graph for graph in stored_graphs(library) if graph.kind in kinds]
    return [graph.settings.get("split") for graph in graphs if graph.origin == "build-graph" and _is_heard(graph.kind)]


def listens_heard_of(library: Library, ear: str | None) -> list[Parting]:
    """Of all listens that an ear was ever taught by, how they were parted.

    Parameters
    ----------
    ear : the file name of its checkpoint; None for the packaged one, which knows of no listens here
    """
    query = "SELECT config FROM runs WHERE stage = ? AND checkpoint = ? ORDER BY id DESC LIMIT 1"
    row = library.db.execute(query, [TRAINING_STAGE, ear]).fetchone()
    return json.loads(row[0]).get("heard_of", []) if row else []


def ear_in_use(library: Library) -> str | None:
    """The file name of the checkpoint that the library was heard with; None for the packaged one."""
    query = "SELECT r.checkpoint FROM spaces AS s JOIN runs AS r ON r.id = s.run_id WHERE s.space = ?"
    row = library.db.execute(query, [AUDIO]).fetchone()
    return row[0] if row else None


def _is_heard(kind: str) -> bool:
    return kind in ("listens", "listens-artist")
