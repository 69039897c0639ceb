"""What the ear was taught by: has it heard of the listens that somebody is asked about?"""

from collections.abc import Sequence

from index.edges import stored_graphs
from index.evaluation import TRAINING_STAGE
from index.library import Library
from index.track_store import AUDIO
from index.trust import read_json


def listens_of_graphs(library: Library, kinds: Sequence[str]) -> list[str | None]:
    """Which listens to tracks some graphs were made of: their digest, None for all that there were."""
    graphs = [graph for graph in stored_graphs(library) if graph.kind in kinds and graph.origin == "build-graph"]
    return [graph.settings.get("listens") for graph in graphs if (graph.kind, graph.level) == ("listens", "track")]


def listens_heard_of(library: Library, ear: str | None) -> list[str | None]:
    """Which listens an ear was ever taught by, as `listens_of_graphs`; of one that does not say, all.

    Parameters
    ----------
    ear : the file name of its checkpoint; None for the packaged one, which knows of no listens here
    """
    query = "SELECT config FROM runs WHERE stage = ? AND checkpoint = ? ORDER BY id DESC LIMIT 1"
    row = library.db.execute(query, [TRAINING_STAGE, ear]).fetchone()
    told = read_json(row[0]).get("heard_of") if row else []
    if isinstance(told, list) and all(digest is None or isinstance(digest, str) for digest in told):
        return told
    return [None]


def ear_in_use(library: Library) -> str | None:
    """The file name of the checkpoint that the library was heard with; None for the packaged one."""
    query = "SELECT r.checkpoint FROM spaces AS s JOIN runs AS r ON r.id = s.run_id WHERE s.space = ?"
    row = library.db.execute(query, [AUDIO]).fetchone()
    return row[0] if row else None
