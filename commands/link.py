"""`cli link`: link catalog tracks, which listens name, with the tracks of files."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import drawn, echo_rows

if TYPE_CHECKING:
    from earshot.index.recordings.track_links import Linkage

N_SHOWN = 20  # of each kind of pairs
_HEADINGS = {
    "near miss": "almost the same",
    "conflict": "what could be several files",
    "one recording": "catalog tracks that are another one in other words",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be linked.")
@click.option(
    "--pair",
    "pairs",
    nargs=2,
    type=int,
    multiple=True,
    metavar="CATALOG_ID TRACK_ID",
    help="Link a catalog track with a file's track, by ids; may be repeated.",
)
@click.option("--unlink", type=int, multiple=True, metavar="CATALOG_ID", help="Remove a link; may be repeated.")
@output_options
@click.pass_obj
def link(
    folder: Path, dry_run: bool, pairs: tuple[tuple[int, int], ...], unlink: tuple[int, ...], output: str | None
) -> None:
    """Link catalog tracks, which listens name, with the tracks of files.

    They match by ISRC or MBID, by artist and title without case, accents, blanks, punctuation, guests and notes on
    remastering, or by title and album where the artist is one of several or the album's. A linked track shares vectors
    and listens with the file. Near misses and conflicts are listed for you to decide with --pair.

    Example:

    \b
        cli link
        cli link --pair 1204 17
    """
    from earshot.index.health.staleness import stale_after_links
    from earshot.index.library import Library
    from earshot.index.recordings.track_links import find_links, remove_links, store_links
    from earshot.stages.shared.indexes import refresh_indexes

    if dry_run and (pairs or unlink):
        raise click.UsageError("--dry-run shows what `cli link` by itself would do, without --pair and --unlink.")
    if output and (pairs or unlink):
        raise click.UsageError(
            f"--{output} lists what `cli link` by itself finds; leave it out with --pair and --unlink."
        )
    if twice := [catalog_id for catalog_id, n in Counter(catalog_id for catalog_id, _ in set(pairs)).items() if n > 1]:
        raise click.UsageError(f"--pair links {twice[0]} with two tracks; a catalog track is one of them.")
    linkage: Linkage | None = None
    n_removed = n_linked = 0
    with Library.open(folder) if dry_run else Library.open_to_write(folder) as library:
        if pairs or unlink:
            n_removed = remove_links(library, unlink)
        else:
            linkage = find_links(library)
            pairs = tuple((pair.catalog.id, pair.file.id) for pair in linkage.matches)
        variants = [(pair.catalog.id, pair.file.id) for pair in linkage.variants] if linkage else []
        if not dry_run:
            n_linked = store_links(library, pairs, variants)
            list(drawn(refresh_indexes(library)))  # in any case: an earlier run may have been killed before this
        stale = [part.fix for part in stale_after_links(library)] if n_linked or n_removed or variants else []
    if stale:
        commands = " and ".join(f"`{command}`" for command in dict.fromkeys(stale))
        click.echo(f"What was made before does not contain this change: run {commands}.", err=True)
    if linkage is None:
        click.echo(f"{n_linked:,} linked, {n_removed:,} links taken back")
    else:
        _echo_linkage(linkage, dry_run, output)


def _echo_linkage(linkage: "Linkage", dry_run: bool, output: str | None) -> None:
    groups = {"linked": linkage.matches, "near miss": linkage.near_misses, "conflict": linkage.conflicts}
    groups["one recording"] = linkage.variants
    rows: list[dict[str, Any]] = [
        {"result": result, **pair.row()} for result, pairs in groups.items() for pair in pairs
    ]
    if output:
        echo_rows(rows, output, "")
        return
    n_conflicts = len({pair.catalog.id for pair in linkage.conflicts})
    click.echo(
        f"{len(linkage.matches):,} of {linkage.n_catalog:,} catalog tracks"
        f" {'would be' if dry_run else 'are now'} linked with files; {len(linkage.near_misses):,} near misses,"
        f" {n_conflicts:,} conflicts"
        + (f"; {len(linkage.variants):,} are another one in other words" if linkage.variants else "")
    )
    for result, pairs in groups.items():
        if pairs and result != "linked":
            click.echo(f"\n{result}: {_HEADINGS[result]}")
            echo_rows([pair.row() for pair in pairs[:N_SHOWN]], None, "")
            if len(pairs) > N_SHOWN:
                click.echo(f"and {len(pairs) - N_SHOWN:,} more: `cli link --dry-run --csv`")
