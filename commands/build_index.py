"""`cli build-index`: the search index and the table of neighbours."""

from pathlib import Path

import click

from earshot.commands.shared.terminal import drawn


@click.command()
@click.option(
    "--type",
    default="auto",
    type=click.Choice(["auto", "flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw"]),
    help="The type of index; auto chooses by the size of the library, ivf is ivf-sq8.",
    callback=lambda _context, _parameter, value: "ivf-sq8" if value == "ivf" else value,
)
@click.option("--recall", default=0.98, type=click.FloatRange(0, 1), help="recall@10 to reach.")
@click.pass_obj
def build_index(folder: Path, type: str, recall: float) -> None:
    """Build the search index and the table of neighbours anew from the vectors.

    The type follows the size of the library; an approximate index is tuned until its recall@10 against exact search
    reaches --recall. embed-audio keeps indexes up to date by itself; here you choose their type.

    Example:

    \b
        cli build-index --type hnsw --recall 0.99
    """
    from earshot.index.library import Library
    from earshot.index.vectors.faiss_file import index_state
    from earshot.index.vectors.spaces import require_vectors, spaces
    from earshot.stages.shared.indexes import refresh_indexes

    with Library.open_to_write(folder) as library:
        require_vectors(library)
        list(drawn(refresh_indexes(library, type, recall, anew=True)))
        states = [index_state(library, space) for space in spaces(library)]
    for state in filter(None, states):
        settings = "".join(f", {name} {value:g}" for name, value in state.settings.items())
        click.echo(
            f"{state.path.name}: {state.type}, {state.n_vectors:,} vectors,"
            f" recall@10 {state.recall_at_10:.3f} against exact search{settings}"
        )
