"""`cli embed-audio`: hear folders and files."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import click

from audio.config import HearingConfig
from commands.build_index import refresh_index
from commands.encoder_in_use import checkpoint_in_use, ear_of
from commands.machine import versions
from commands.options import config_options, device_option
from commands.terminal import progress, progress_bar
from commands.towers_in_use import place_newcomers

if TYPE_CHECKING:
    from audio.checkpoint import Checkpoint
    from audio.ear import Ear
    from audio.hearing import Heard
    from index.intake import ScanCounts, ScanPlan
    from index.library import Library
    from index.track_store import NewTrack, PendingFile

EMBED_STAGE = "embed-audio"  # as `runs` calls it
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
    help="Remove tracks whose files are gone; of those that anybody listened to the name stays.",
)
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
@config_options(HearingConfig)
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

    Example:

    \b
        cli embed-audio ~/Music --exclude "*/Audiobooks/*" --max-duration 1800
    """
    from data.folders import find_files
    from index.intake import count_missing, plan_scan
    from index.library import Library
    from index.library_listening import listened_among
    from index.track_store import missing_tracks, prune_missing

    began = monotonic()
    try:
        config = HearingConfig(**hearing)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    for path in paths:
        if not Path(path).exists():
            raise click.ClickException(f"There is no {path}. Is its disk mounted? Nothing was changed.")
    if not paths and not (folder / "library.db").exists():
        raise click.UsageError("Which folder? For example `cli embed-audio ~/Music`.")
    with Library.open_to_write(folder) as library:
        roots = [str(Path(path).absolute()) for path in paths] or library.roots()
        if not roots:
            raise click.UsageError("Which folder? This library knows none yet: `cli embed-audio ~/Music`.")
        checkpoint = checkpoint_in_use(library)
        head = None if again else library.head_run(EMBED_STAGE, checkpoint.fingerprint)
        rules = {"min_duration": min_duration, "max_duration": max_duration}
        found = progress(find_files(roots, exclude, [str(folder)]), "looking", unit="file")
        plan = plan_scan(library, roots, found, head, retry=retry, **rules)
        phases = {}
        if plan.pending:
            ear = ear_of(checkpoint, device)
            phases = _hear_pending(library, plan, ear, checkpoint, config, adopting=not again, **rules)
        count_missing(library, plan)
        n_pruned = prune_missing(library, listened_among(library, missing_tracks(library))) if prune else 0
        place_newcomers(library)
        refresh_index(library)
    seconds = monotonic() - began
    _echo_counts(plan.counts, n_pruned, seconds, phases, as_json)
    if plan.pending and checkpoint.path is None:
        click.echo("The encoder is untrained: likeness is of spectra, not yet of taste.", err=True)
    if plan.counts.failed > plan.counts.failed_before:
        click.echo("Some files could not be heard: `cli failures` lists them.", err=True)
        sys.exit(EXIT_SOME_FAILED)


def _hear_pending(
    library: "Library",
    plan: "ScanPlan",
    ear: "Ear",
    checkpoint: "Checkpoint",
    config: HearingConfig,
    *,
    adopting: bool,
    min_duration: float | None,
    max_duration: float | None,
) -> dict[str, float]:
    """Hear what a plan left over, store each result as it comes; CPU seconds by phase."""
    from audio.hearing import Unheard, hear
    from data.identity import content_hashes
    from index.spaces import use_run
    from index.track_store import AUDIO, adopt, store_exclusion, store_failure, store_track

    counts, hashes = plan.counts, {}
    pending = {file.path: file for file in plan.pending}
    run, head = library.start_run(
        EMBED_STAGE,
        {"origin": checkpoint.origin, "trained": checkpoint.path is not None, "ear": asdict(ear.config)},
        fingerprint=checkpoint.fingerprint,
        seed=ear.config.encoder.seed,
        versions=versions(),
        checkpoint=checkpoint.path.name if checkpoint.path else None,
    )
    use_run(library, AUDIO, head)
    phases = {"decode": 0.0, "mel": 0.0, "encoder": 0.0, "store": 0.0}

    with library.steady_commits() as commit_if_due, progress_bar(len(pending), "hearing", "track") as bar:

        def unknown() -> Iterator[str]:
            """The files that must be decoded, in order; those with known content are adopted on the way."""
            for path, digest in content_hashes(pending):
                if isinstance(digest, OSError):
                    store_failure(library, pending[path], f"cannot be read: {digest.strerror}")
                    counts.failed += 1
                elif adopting and adopt(
                    library, pending[path], digest, head, min_duration=min_duration, max_duration=max_duration
                ):
                    counts.reused += 1
                    counts.adopted += 1
                else:
                    hashes[path] = digest
                    yield path
                    continue
                bar.update()

        for result in hear(unknown(), ear, config, min_duration, max_duration):
            began, file = perf_counter(), pending[result.path]
            if not isinstance(result, Unheard):
                store_track(library, _new_track(file, hashes.pop(result.path), result), head)
                counts.embedded += 1
                phases["decode"] += result.decode_seconds
            elif result.excluded:
                store_exclusion(library, file, result.reason, result.duration)
                counts.excluded += 1
            else:
                store_failure(library, file, result.reason)
                counts.failed += 1
            commit_if_due()
            phases["store"] += perf_counter() - began
            bar.update()
            bar.set_postfix_str(f"{counts.failed} failed" if counts.failed else "")
    lacking = use_run(library, AUDIO, head)
    if lacking:
        click.echo(
            f"{lacking:,} tracks elsewhere still have vectors of an older encoder; search stays with those until"
            " `cli embed-audio`, without a folder, has visited them all.",
            err=True,
        )
    phases |= {"mel": ear.times.mel, "encoder": ear.times.encoder}
    library.finish_run(run, asdict(counts) | {"cpu_seconds": {k: round(v, 3) for k, v in phases.items()}})
    return phases


def _new_track(file: "PendingFile", content_hash: str, heard: "Heard") -> "NewTrack":
    from index.track_store import NewTrack

    return NewTrack(
        file,
        content_hash,
        **asdict(heard.tags),
        duration=heard.duration,
        sample_rate=heard.sample_rate,
        channels=heard.channels,
        codec=heard.codec,
        note=heard.note,
        vector=heard.vector,
        excerpt_vectors=heard.excerpt_vectors,
        starts=heard.starts,
    )


def _echo_counts(counts: "ScanCounts", n_pruned: int, seconds: float, phases: dict[str, float], as_json: bool) -> None:
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
        "gone from the disk, marked missing (--prune removes them)": 0 if n_pruned else counts.missing,
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
