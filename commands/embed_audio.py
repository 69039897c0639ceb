"""`cli embed-audio`: hear folders and files."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from earshot.audio.config import DecodeConfig
from earshot.commands.build_index import refresh_index
from earshot.commands.shared.current_encoder import checkpoint_in_use, ear_of
from earshot.commands.shared.options import config_options, device_option
from earshot.commands.shared.pending_files import hear_pending
from earshot.commands.shared.read_failures import until_disk_fails
from earshot.commands.shared.terminal import echo_some, progress
from earshot.data.files.path_encoding import expanded, shell_word, shown_path

if TYPE_CHECKING:
    from earshot.index.tracks.scan_plan import ScanCounts, ScanPlan

EXIT_SOME_FAILED = 3  # done, but some files could not be heard


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files whose path or name matches.")
@click.option("--min-duration", type=float, metavar="SECONDS", help="Leave out shorter tracks.")
@click.option("--max-duration", type=float, metavar="SECONDS", help="Leave out longer tracks.")
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@click.option("--again", is_flag=True, help="Hear every file again, also those that have a vector.")
@click.option(
    "--prune",
    is_flag=True,
    help="Remove tracks whose files an earlier run did not find either; of those with listens the name stays.",
)
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
@config_options(DecodeConfig)
@device_option("Of the encoder.")
@click.pass_obj
def embed_audio(
    folder: Path,
    paths: tuple[str, ...],
    exclude: tuple[str, ...],
    min_duration: float | None,
    max_duration: float | None,
    retry: bool,
    again: bool,
    prune: bool,
    as_json: bool,
    device: str,
    **hearing: Any,
) -> None:
    """Hear the tracks in folders and files, and keep their vectors in the library.

    Run it again at any time: it hears only what is new or changed. Without PATHS it visits every folder
    that the library knows. Exits with 3 when a file could not be heard; `cli failures` lists them.

    What a folder leaves out (--exclude, --min-duration, --max-duration) is remembered and holds in later runs too,
    until the same option is given anew: --exclude "" leaves nothing out by name, a duration of 0 is no bound.
    `cli status` shows it. `cli forget-folder` takes a folder back.

    Example:

    \b
        cli embed-audio ~/Music --exclude "*/Audiobooks/*" --max-duration 1800
        cli embed-audio ~/Music --exclude ""
    """
    from earshot.data.files.folder_walk import find_files
    from earshot.index.library import Library
    from earshot.index.listens.stored_interactions import listened_among
    from earshot.index.removal import prune_missing
    from earshot.index.runs import EMBED_STAGE, finish_interrupted, head_run
    from earshot.index.tracks.roots import files_outside, given_rules, read_rules
    from earshot.index.tracks.scan_plan import count_vanished, plan_scan
    from earshot.stages.current_towers import place_newcomers

    began = monotonic()
    try:
        config = DecodeConfig(**hearing)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    given = [_existing(path) for path in paths]
    if not given and not (folder / "library.db").exists():
        raise click.UsageError("Which folder? For example `cli embed-audio ~/Music`.")
    with Library.open_to_write(folder) as library:
        known = read_rules(library)
        roots = given or [*known, *files_outside(library)]
        if not roots:
            raise click.UsageError("Which folder? This library knows none yet: `cli embed-audio ~/Music`.")
        try:
            rules = given_rules(roots, known, exclude, min_duration, max_duration)
        except ValueError as error:
            raise click.UsageError(f"{error}. Nothing was changed.") from None
        checkpoint = checkpoint_in_use(library)
        head = None if again else head_run(library, EMBED_STAGE, checkpoint.fingerprint)
        found = until_disk_fails(progress(find_files(roots, rules, [str(folder)]), "looking", unit="file"))
        plan = plan_scan(library, roots, found, head, rules=rules, retry=retry)
        phases = {}
        if plan.pending:
            ear = ear_of(checkpoint, device)
            phases = hear_pending(library, plan, ear, checkpoint, config, adopting=not again)
        elif set(known) <= set(roots):
            finish_interrupted(library, EMBED_STAGE)
        count_vanished(library, plan)
        n_pruned = 0
        if prune and plan.missing_before:
            listened = listened_among(library, sorted(plan.missing_before))
            n_pruned = prune_missing(library, listened, among=plan.missing_before)
        place_newcomers(library)
        refresh_index(library)
    seconds = monotonic() - began
    _echo_counts(plan.counts, n_pruned, seconds, phases, as_json, pruning=prune)
    _echo_away(plan)
    if plan.pending and checkpoint.path is None:
        click.echo("The encoder is untrained: likeness is of spectra, not yet of taste.", err=True)
    _echo_unread(plan.unread)
    if plan.counts.failed > plan.counts.failed_before:
        if plan.counts.failed > plan.counts.unread:
            click.echo("Some files could not be heard: `cli failures` lists them.", err=True)
        sys.exit(EXIT_SOME_FAILED)


def _existing(path: str) -> str:
    """A path that was given, absolute.

    Raises
    ------
    click.ClickException
        It is empty, or leads nowhere.
    """
    if not path:
        raise click.UsageError("One of the paths is empty. Was it a variable that is not set? Nothing was changed.")
    if not os.path.exists(expanded(path)):
        raise click.ClickException(f"There is no {shown_path(path)}. Is its disk mounted? Nothing was changed.")
    return os.path.abspath(expanded(path))


def _echo_away(plan: "ScanPlan") -> None:
    """Name the places that seem to be away, with what to type when they are gone for good."""
    places = sorted({place for place in plan.kept.values() if place is not None})
    if places:
        cures = [f"cli forget-folder {shell_word(place)}" for place in places]
        echo_some("is one of them gone for good? This takes its tracks out of the library", cures)


def _echo_unread(unread: dict[str, str]) -> None:
    """Name the files that could not be read this time."""
    if unread:
        click.echo(
            "What is known of the files that could not be read is kept; the next run tries them again:", err=True
        )
        echo_some("", [f"{shown_path(path)}: {reason}" for path, reason in unread.items()])


def _echo_counts(
    counts: "ScanCounts", n_pruned: int, seconds: float, phases: dict[str, float], as_json: bool, *, pruning: bool
) -> None:
    if as_json:
        numbers = asdict(counts) | {"pruned": n_pruned, "seconds": round(seconds, 3), "cpu_seconds": phases}
        click.echo(json.dumps(numbers))
        return
    click.echo(
        f"{counts.found:,} found = {counts.embedded:,} embedded + {counts.reused:,} reused"
        f" + {counts.failed:,} failed + {counts.excluded:,} excluded"
    )
    asides = {
        "of the reused moved or copied": counts.adopted,
        "of the failed unchanged since they failed before, not tried again (--retry does)": counts.failed_before,
        "of the failed could not be read, and are tried again at the next run": counts.unread,
        f"gone from the disk{' since the last look' if pruning else ''}, marked missing"
        f" ({'`cli embed-audio --prune` again' if pruning else '--prune'} removes them)": counts.missing,
        "removed; of those that anybody listened to the name stays": n_pruned,
        "kept although not found: all that was under their folder is gone (unmounted?)": counts.kept,
    }
    for text, number in asides.items():
        if number > 0:
            click.echo(f"  {number:,} {text}")
    rate = f", {counts.embedded / seconds * 3600:,.0f} tracks an hour" if counts.embedded else ""
    click.echo(f"{seconds:.1f} s{rate}")
    total = sum(phases.values())
    if total and counts.embedded:
        click.echo("CPU time: " + ", ".join(f"{name} {100 * part / total:.0f} %" for name, part in phases.items()))
