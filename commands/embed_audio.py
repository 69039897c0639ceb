"""`cli embed-audio`: embed folders and files."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.audio.config import DecodeConfig
from earshot.commands.shared.options import HomePath, config_of, config_options, device_option
from earshot.commands.shared.terminal import drawn, echo_some
from earshot.data.files.path_encoding import expand_home, shell_word, shown_path

if TYPE_CHECKING:
    from earshot.stages.embed import EmbedReport

EXIT_SOME_FAILED = 3  # done, but some files could not be embedded
_NAMES_SHOWN = 8  # of folders that are left out


@click.command()
@click.argument("paths", nargs=-1, type=HomePath())
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files whose path or name matches.")
@click.option("--min-duration", type=float, metavar="SECONDS", help="Leave out shorter tracks.")
@click.option("--max-duration", type=float, metavar="SECONDS", help="Leave out longer tracks.")
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@click.option(
    "--again", is_flag=True, help="Embed every file anew, also those that have a vector, and read its tags again."
)
@click.option(
    "--prune",
    is_flag=True,
    help="Remove tracks whose files an earlier run did not find either; of those with listens the name stays.",
)
@click.option(
    "--cluster",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    help="Embed on the machines of a Ray cluster (`earshot[cluster]`), such as 10.0.0.1:6379; without an address on one"
    " that is started here. Put it last.",
)
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
@config_options(DecodeConfig)
@device_option("Where the encoder runs; auto: a GPU if there is one.")
@click.pass_obj
def embed_audio(folder: Path, paths: tuple[str, ...], prune: bool, as_json: bool, **options: Any) -> None:
    """Embed the tracks in folders and files: each gets a vector of how it sounds, kept in the library.

    Run it again at any time: only what is new or changed is embedded. Without PATHS it visits every folder
    that the library knows. Exits with 3 if a file could not be embedded; `cli failures` lists them.

    Hidden files and folders, folders of the system such as #recycle, and what a marker such as .nomedia excludes are
    left out, unless you give their own path: that is embedded, and stays so in later runs. A cue sheet splits its file
    into tracks.

    What a folder leaves out (--exclude, --min-duration, --max-duration) is remembered and holds in later runs too,
    until the same option is given anew: --exclude "" leaves nothing out by name, a duration of 0 is no bound.
    `cli status` shows it. `cli forget-folder` removes a folder.

    Example:

    \b
        cli embed-audio ~/Music --exclude "*/Audiobooks/*" --max-duration 1800
        cli embed-audio ~/Music --exclude ""
    """
    config = config_of(DecodeConfig, options)
    if options["cluster"] and os.path.exists(expand_home(options["cluster"])):
        raise click.UsageError(
            f"--cluster {options['cluster']} is a path here; put --cluster last, or give an address."
        )

    from earshot.index.library import Library
    from earshot.stages.embed import embed_folders, existing_path

    given = [existing_path(path) for path in paths]  # before a library is made
    if not given and not (folder / "library.db").exists():
        raise click.UsageError("Which folder? For example `cli embed-audio ~/Music`.")
    with Library.open_to_write(folder) as library:
        (report,) = drawn(embed_folders(library, given, config, prune=prune, **options))
    _echo_report(report, as_json, pruning=prune)
    counts = report.counts
    if counts.failed > counts.failed_before:
        if counts.failed > counts.unread:
            click.echo("Some files could not be embedded: `cli failures` lists them.", err=True)
        sys.exit(EXIT_SOME_FAILED)


def _echo_report(report: "EmbedReport", as_json: bool, *, pruning: bool) -> None:
    if report.n_outdated:
        click.echo(
            f"{report.n_outdated:,} tracks still have vectors of an older encoder, elsewhere or because they could not"
            " be read; search stays with those until `cli embed-audio`, without a folder, has embedded them all.",
            err=True,
        )
    if as_json:
        seconds = {"seconds": round(report.seconds, 3), "cpu_seconds": report.cpu_seconds}
        left_out = {"folders_left_out": list(map(shown_path, report.folders_left_out))}
        click.echo(json.dumps(asdict(report.counts) | {"pruned": report.n_pruned} | left_out | seconds))
    else:
        _echo_counts(report, pruning=pruning)
    if report.away:
        fixes = [f"cli forget-folder {shell_word(place)}" for place in report.away]
        echo_some("is one of them gone for good? This takes its tracks out of the library", fixes)
    if report.is_untrained:
        click.echo("The encoder is untrained: similarity is of spectra, not yet of taste.", err=True)
    if report.unread:
        click.echo(
            "What is known of the files that could not be read is kept; the next run tries them again:", err=True
        )
        echo_some("", [f"{shown_path(path)}: {reason}" for path, reason in report.unread.items()])


def _echo_counts(report: "EmbedReport", *, pruning: bool) -> None:
    counts, seconds = report.counts, report.seconds
    click.echo(
        f"{counts.found:,} found = {counts.embedded:,} embedded + {counts.reused:,} reused"
        f" + {counts.failed:,} failed + {counts.excluded:,} excluded"
    )
    asides = {
        "of the reused moved or copied": counts.adopted,
        "of the reused had another time of change (ctime); they were read, and are as before": counts.compared,
        "of the failed unchanged since they failed before, not tried again (--retry does)": counts.failed_before,
        "of the failed could not be read, and are tried again at the next run": counts.unread,
        f"gone from the disk{' since the last look' if pruning else ''}, marked missing"
        f" ({'`cli embed-audio --prune` again' if pruning else '--prune'} removes them)": counts.missing,
        "removed; of those that anybody played or judged the name stays": report.n_pruned,
        "kept although not found: all that was under their folder is gone (unmounted?)": counts.kept,
    }
    for text, number in asides.items():
        if number > 0:
            click.echo(f"  {number:,} {text}")
    if report.folders_left_out:
        n_folders, names = len(report.folders_left_out), _names(report.folders_left_out)
        click.echo(
            f"  {n_folders:,} of the excluded {'is a folder' if n_folders == 1 else 'are folders'}, left out with"
            f" all below: {names}"
        )
    rate = f", {counts.embedded / seconds * 3600:,.0f} tracks an hour" if counts.embedded else ""
    click.echo(f"{seconds:.1f} s{rate}")
    total = sum(report.cpu_seconds.values())
    if total and counts.embedded:
        click.echo(
            "CPU time: "
            + ", ".join(f"{phase} {100 * spent / total:.0f} %" for phase, spent in report.cpu_seconds.items())
        )


def _names(folders: Iterable[str]) -> str:
    """The names of folders, each once with its number, the most frequent first.

    >>> _names(["/a/@eaDir", "/#recycle", "/b/@eaDir"])
    '@eaDir (2), #recycle'
    """
    numbers = Counter(map(shown_path, map(os.path.basename, folders)))
    names = [name if number == 1 else f"{name} ({number:,})" for name, number in numbers.most_common(_NAMES_SHOWN)]
    return ", ".join([*names, *(["…"] if len(numbers) > _NAMES_SHOWN else [])])
