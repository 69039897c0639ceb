"""`cli link`: tracks that were listened to, and the files that hold them."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows

if TYPE_CHECKING:
    from earshot.index.library import Library


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be linked.")
@click.option("--pair", "pairs", nargs=2, type=int, multiple=True, metavar="CATALOG_ID TRACK_ID", help="Link these.")
@click.option("--unlink", type=int, multiple=True, metavar="CATALOG_ID", help="Take a link back; may be repeated.")
@output_options
@click.pass_obj
def link(
    folder: Path, dry_run: bool, pairs: tuple[tuple[int, int], ...], unlink: tuple[int, ...], output: str | None
) -> None:
    """Link tracks that were listened to with the files that hold them.

    They agree by ISRC or MBID, or by artist and title without case, accents, punctuation, guests and notes on
    remastering. What is linked shares the file's sound and listens. Near misses and conflicts are listed for you to
    decide with --pair.

    Example:

    \b
        cli link
        cli link --pair 1204 17
    """
    from earshot.index.library import Library
    from earshot.index.tracks.track_links import find_links, remove_links, store_links

    if dry_run and (pairs or unlink):
        raise click.UsageError("--dry-run shows what `cli link` by itself would do, without --pair and --unlink.")
    if output and (pairs or unlink):
        raise click.UsageError(
            f"--{output} lists what `cli link` by itself finds; leave it out with --pair and --unlink."
        )
    if twice := [catalog_id for catalog_id, n in Counter(one for one, _ in set(pairs)).items() if n > 1]:
        raise click.UsageError(f"--pair links {twice[0]} with two tracks; a catalog track is one of them.")
    opened = Library.open(folder) if dry_run else Library.open_to_write(folder)
    with opened as library:
        if pairs or unlink:
            n_removed, n_linked = remove_links(library, unlink), store_links(library, pairs)
            if n_removed or n_linked:
                _echo_stale(library)
            click.echo(f"{n_linked:,} linked, {n_removed:,} links taken back")
            return
        found = find_links(library)
        if not dry_run:
            store_links(library, [(pair.catalog.id, pair.file.id) for pair in found.matches])
        if found.matches and not dry_run:
            _echo_stale(library)
    groups = {"linked": found.matches, "near miss": found.near_misses, "conflict": found.conflicts}
    rows: list[dict[str, Any]] = [{"result": result, **pair.row()} for result, part in groups.items() for pair in part]
    if output:
        echo_rows(rows, output, "")
        return
    n_unsure = len({pair.catalog.id for pair in found.conflicts})
    click.echo(
        f"{len(found.matches):,} of {found.n_catalog:,} catalog tracks {'would be' if dry_run else 'are now'} linked"
        f" with files; {len(found.near_misses):,} near misses, {n_unsure:,} conflicts"
    )
    for result, part in groups.items():
        if part and result != "linked":
            click.echo(f"\n{result}: {'what could be several files' if result == 'conflict' else 'almost the same'}")
            echo_rows([pair.row() for pair in part[:20]], None, "")
            if len(part) > 20:
                click.echo(f"and {len(part) - 20:,} more: `cli link --dry-run --csv`")


def _echo_stale(library: "Library") -> None:
    """Say what was made before the links changed, and has to be made anew."""
    from earshot.index.graphs.graph_store import stored_graphs
    from earshot.index.vectors.spaces import TOWER, current_space

    stale = ["`cli build-graph`"] if stored_graphs(library) else []
    stale += ["`cli train-tower`"] if current_space(library, TOWER) is not None else []
    if stale:
        click.echo(f"What was made before knows nothing of this change: run {' and '.join(stale)}.", err=True)
