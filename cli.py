"""Earshot's command line: the one place that opens a library, prints, and picks a device.

Stages are imported inside the commands, so that `cli --help` answers at once and `cli similar` of a known
track never waits for torch.
"""

import contextlib
import json
import math
import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import click

from audio.config import EarConfig, EncoderConfig, HearingConfig
from data.protocols import PROTOCOLS
from graph.config import DiffusionConfig, TasteConfig
from towers.config import TowerConfig, TowerTrainingConfig

if TYPE_CHECKING:
    from numpy import ndarray

    from audio.checkpoint import Checkpoint
    from audio.ear import Ear
    from audio.hearing import Heard
    from data.asker import Asker
    from data.gathering import Gathering
    from data.ids import IdMap
    from data.listen_sources import Source
    from data.report_card import Facts, Figure
    from data.splits import Split
    from graph.pretraining import Music, Pretraining
    from graph.track_graph import TrackGraph
    from index.diffused import LevelGraph, Spread
    from index.evaluation import JudgedTracks
    from index.intake import ScanCounts, ScanPlan
    from index.library import Library
    from index.library_listening import LibraryListening
    from index.lookup import TrackRow
    from index.nodes import NodeMatch
    from index.search import Seed
    from index.tower_store import TowerData
    from index.track_store import NewTrack, PendingFile
    from towers.checkpoint_file import SavedTowers, TowerFile
    from towers.schooling import Lesson, Schooling
    from towers.serving import Rules, Serving

T = TypeVar("T")
EMBED_STAGE = "embed-audio"  # as `runs` calls it
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)
# Between two states of a training: what a kill may cost.
_SAVE_SECONDS = float(os.environ.get("EARSHOT_SAVE_SECONDS", "30"))
_TUNED_BY = 300  # listeners by whom the rivals of the towers are set
EXIT_SOME_FAILED = 3  # done, but some files could not be heard


def config_options(config_class: type) -> Callable:
    """Give a command one option per field of a config dataclass."""
    hints = get_type_hints(config_class, include_extras=True)

    def decorate(command: Callable) -> Callable:
        for field in reversed(fields(config_class)):
            kind, text = get_args(hints[field.name])
            flag = "--" + field.name.replace("_", "-")
            command = click.option(flag, type=kind, default=field.default, show_default=True, help=text)(command)
        return command

    return decorate


def output_options(command: Callable) -> Callable:
    """The same --json and --csv on every command that lists something."""
    command = click.option("--csv", "output", flag_value="csv", help="Rows as CSV.")(command)
    return click.option("--json", "output", flag_value="json", help="Rows as JSON.")(command)


def _finite(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """A number; a range of click's lets nan pass."""
    if value is not None and not math.isfinite(value):
        raise click.UsageError(f"--{parameter.name} is {value}; it is a number, such as -0.02.")
    return value


def dial_option(text: str) -> Callable:
    """The same --popularity where lists are made and where they are judged."""
    text += " Below 0 for discoveries. Scores of two-tower are cosines: 0.01 is a nudge, 0.1 a lot."
    text += "  [default: 0, or what suited best after --popularity-share]"
    return click.option("--popularity", type=click.FloatRange(-100, 100), callback=_finite, help=text)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("library"),
    envvar="EARSHOT_LIBRARY",
    show_default=True,
    show_envvar=True,
    help="The library folder.",
)
@click.version_option(package_name="earshot")
@click.pass_context
def cli(context: click.Context, library: Path) -> None:
    """Music found by how it sounds and by who loves it.

    \b
        cli embed-audio ~/Music
        cli similar "song title"
    """
    context.obj = library


def main() -> None:
    """The console command: expected failures are one message and an exit code, never a traceback."""
    try:
        from index.library import LibraryError

        cli(prog_name="cli", standalone_mode=False)
    except click.exceptions.Exit as exit:
        sys.exit(exit.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. What was finished is kept; the same command goes on from there.", err=True)
        sys.exit(130)
    except LibraryError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # `cli failures | head`
        sys.stderr.close()
        sys.exit(0)


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files whose path or name matches.")
@click.option("--min-duration", type=float, metavar="SECONDS", help="Leave out shorter tracks.")
@click.option("--max-duration", type=float, metavar="SECONDS", help="Leave out longer tracks.")
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@click.option("--again", is_flag=True, help="Hear every file again, also those that have a vector.")
@click.option("--prune", is_flag=True, help="Remove tracks whose files are gone.")
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
@config_options(HearingConfig)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Of the encoder."
)
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
    from index.track_store import prune_missing

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
        checkpoint = _checkpoint(library)
        head = None if again else library.head_run(EMBED_STAGE, checkpoint.fingerprint)
        rules = {"min_duration": min_duration, "max_duration": max_duration}
        found = _progress(find_files(roots, exclude, [str(folder)]), "looking", unit="file")
        plan = plan_scan(library, roots, found, head, retry=retry, **rules)
        phases = {}
        if plan.pending:
            ear = _load_ear(checkpoint, device)
            phases = _hear_pending(library, plan, ear, checkpoint, config, adopting=not again, **rules)
        count_missing(library, plan)
        n_pruned = prune_missing(library) if prune else 0
        _refresh_index(library)
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
        versions=_versions(),
        checkpoint=checkpoint.path.name if checkpoint.path else None,
    )
    use_run(library, AUDIO, head)
    phases = {"decode": 0.0, "mel": 0.0, "encoder": 0.0, "store": 0.0}

    with library.steady_commits() as commit_if_due, _bar(len(pending), "hearing", "track") as bar:

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
        "removed for good": n_pruned,
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


@cli.command()
@click.argument("seeds", nargs=-1, required=True)
@click.option("--unlike", multiple=True, metavar="TRACK", help="Away from this track; may be repeated.")
@click.option(
    "--by",
    "space",
    type=click.Choice(["audio", "diffused", "tower", "towers", "both"]),
    default="audio",
    show_default=True,
    help="audio: how it sounds. diffused: sound spread by cli diffuse-audio. tower, or towers: who plays it, by"
    " cli train-tower. both: a blend of audio and tower by rank.",
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many tracks.")
@click.option("--max-per-artist", default=3, show_default=True, type=click.IntRange(1), help="Tracks of one artist.")
@click.option("--max-per-album", type=click.IntRange(1), help="Of one album.")
@click.option("--fewer-hubs", is_flag=True, help="Rank down tracks that sound a little like everything.")
@click.option("--same-artist/--other-artists", default=None, help="Only, or never, the seeds' artists.")
@click.option("--genre", help="Only tracks whose genre tag contains this.")
@click.option("--min-duration", type=float, metavar="SECONDS", help="Only tracks this long.")
@click.option("--max-duration", type=float, metavar="SECONDS", help="Only tracks this short.")
@click.option("--why", is_flag=True, help="Show the moments that sound most alike.")
@click.option("--m3u", type=click.Path(path_type=Path, dir_okay=False), help="Also write a playlist.")
@output_options
@click.pass_obj
def similar(
    folder: Path,
    seeds: tuple[str, ...],
    unlike: tuple[str, ...],
    space: str,
    why: bool,
    m3u: Path | None,
    output: str | None,
    **wishes: Any,
) -> None:
    """List the tracks that sound like SEEDS, or are played by the same people: paths, ids, or words of titles.

    A file outside the library is heard on the spot. The seeds and their copies are not in the answer.

    Example:

    \b
        cli similar "blue monday" --other-artists --why
        cli similar new_song.mp3 other.flac --unlike 42 -k 30 --m3u mix.m3u8
        cli similar "a song I only know from playlists" --by diffused
        cli similar "blue monday" --by both
    """
    from index import listing
    from index.answer_rows import match_rows
    from index.blend import BOTH, SPACES, similar_by_both
    from index.diffused import DIFFUSED, outdated
    from index.library import Library
    from index.search import Wishes
    from index.search import similar as find_similar
    from index.tower_store import TOWER

    space = TOWER if space == "towers" else space
    with Library.open(folder) as library:
        _refuse_empty(library, TOWER if space == BOTH else space)
        spaces = SPACES if space == BOTH else (space,)
        wanted, unwanted = ([_seeds(library, text, spaces) for text in texts] for texts in (seeds, unlike))
        if space == BOTH:
            answer = similar_by_both(library, wanted, unwanted, Wishes(**wishes), why)
        else:
            likes, dislikes = ([seed[space] for seed in part] for part in (wanted, unwanted))
            answer = find_similar(library, space, likes, dislikes, Wishes(**wishes), why)
        is_heard = any(set(seed) - {TOWER} for seed in wanted + unwanted)
        is_current = not is_heard or library.current_fingerprint() == _checkpoint(library).fingerprint
        old = outdated(library) if space == DIFFUSED else None
    if m3u is not None:
        _write_playlist(m3u, [match.track for match in answer.matches])
    if output is None:
        names, others = ([next(iter(seed.values())).name for seed in part] for part in (wanted, unwanted))
        title = " + ".join(names) + "".join(f" - {name}" for name in others)
        click.echo(listing.one_line(f"Similar to {title}"))
    _echo_rows(match_rows(answer, why=why, plain=output is None), output, "Nothing in the library fits these wishes.")
    if answer.copies and output is None:
        click.echo(f"Left out as copies: {', '.join(str(track.id) for track in answer.copies)}", err=True)
    if not is_current:
        click.echo("These vectors belong to an older encoder; `cli embed-audio` brings them up to date.", err=True)
    if old:
        click.echo(f"`cli diffuse-audio` brings these vectors up to date: {old}.", err=True)
    if answer.exhaustive:
        click.echo(f"Searched without the index ({answer.exhaustive}); `cli build-index` makes it fast.", err=True)


def _write_playlist(path: Path, tracks: "Sequence[TrackRow]") -> None:
    from index.listing import write_m3u

    with_file = [track for track in tracks if track.path is not None]
    try:
        write_m3u(path, with_file)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"{len(with_file)} tracks written to {path}", err=True)


def _write_playlists(folder: Path, lists: "Iterable[tuple[str, list[TrackRow]]]") -> None:
    from index.listing import playlist_name, write_m3u

    n_written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, tracks in lists:
            write_m3u(folder / playlist_name(name), tracks)
            n_written += 1
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    click.echo(f"{n_written:,} playlists written to {folder}", err=True)


def _seeds(library: "Library", text: str, spaces: Sequence[str]) -> dict[str, "Seed"]:
    """The track that a person means, by each space that knows it: from the library or, a file elsewhere, heard now."""
    from index.copies import read_excerpts
    from index.listing import one_line
    from index.search import Seed
    from index.spaces import read_vector
    from index.tower_store import TOWER
    from index.track_store import AUDIO

    row, seeds = _meant(library, text, catalog=tuple(spaces) != (AUDIO,)), dict[str, Seed]()
    is_file = row is None and Path(text).is_file()
    for space in spaces:
        if is_file and space != TOWER:
            seeds[space] = _heard_seed(library, text, space)
        elif row is not None and (vector := read_vector(library, space, row.id)) is not None:
            facts = row.duration, row.artist, row.title, row.content_hash, row.id
            seeds[space] = Seed(row.name, vector, read_excerpts(library, row.id), *facts)
    if not seeds:
        unheard = _meant(library, text, catalog=True) if row is None and not is_file else None
        raise click.ClickException(_why_no_seed(row or unheard, text, spaces, is_file=is_file))
    for space in spaces:
        if space not in seeds:
            click.echo(f"{one_line(text)!r} has no vector by {space}, and counts by {', '.join(seeds)} only.", err=True)
    return seeds


def _why_no_seed(row: "TrackRow | None", text: str, spaces: Sequence[str], *, is_file: bool) -> str:
    """Why nothing can be searched from a track, and what to type."""
    from index.listing import one_line
    from index.tower_store import TOWER
    from index.track_store import AUDIO

    if is_file:
        return f"{text} is not in the library.\n\nRun `cli embed-audio` and `cli train-tower`."
    if row is None:
        return (
            f"No track and no file answers to {one_line(text)!r}.\n\n"
            "Try fewer words, or `cli embed-audio` its folder first."
        )
    named = f"{one_line(row.name)} (track {row.id})"
    if tuple(spaces) == (AUDIO,):
        return f"{named} was never heard.\n\nRun `cli embed-audio` on its folder, or ask without its sound: --by tower."
    if TOWER in spaces:
        return f"{named} came after the last `cli train-tower`.\n\nRun it again."
    return (
        f"{named} has no spread vector: it came after the last `cli diffuse-audio`, or no graph leads to it.\n\n"
        "Run `cli diffuse-audio` again, or `cli build-graph` first."
    )


def _meant(library: "Library", text: str, *, catalog: bool) -> "TrackRow | None":
    """The one track that a person means, or None; of several the person must choose."""
    from index.listing import table
    from index.lookup import AmbiguousError, find_track

    try:
        return find_track(library, text, catalog=catalog)
    except AmbiguousError as error:
        rows = [(row.id, row.artist, row.title, row.album, row.path) for row in error.choices]
        choices = table(rows, ("id", "artist", "title", "album", "path"), _terminal_width())
        raise click.ClickException(f"{error}. Which one? Give its id, or more words.\n\n{choices}") from None


def _heard_seed(library: "Library", path: str, space: str) -> "Seed":
    """A file outside the library, heard with the very encoder that the library's vectors come from."""
    import numpy as np

    from audio.hearing import Unheard, hear
    from data.identity import content_hash
    from graph.diffusion import centred
    from index.copies import ExcerptVectors
    from index.diffused import DIFFUSED, diffused_config
    from index.search import Seed
    from index.track_store import file_title

    checkpoint = _checkpoint(library)
    if library.current_fingerprint() is None:
        raise click.ClickException(
            f"No track here was heard yet: {path} cannot be compared.\n\nRun `cli embed-audio FOLDER` first."
        )
    if library.current_fingerprint() != checkpoint.fingerprint:
        raise click.ClickException(
            "The library's vectors belong to an older encoder, so a new file cannot be compared with them.\n\n"
            "Run `cli embed-audio` first: it hears the library again with the present one."
        )
    absolute = str(Path(path).absolute())
    (result,) = hear([absolute], _load_ear(checkpoint, "cpu"), HearingConfig(workers=1))
    if isinstance(result, Unheard):
        raise click.ClickException(f"{path} cannot be heard: {result.reason}.")
    title = result.tags.title or file_title(absolute)
    name = f"{result.tags.artist} - {title}" if result.tags.artist else title
    excerpts, vector = ExcerptVectors(result.excerpt_vectors, result.starts), result.vector
    if space == DIFFUSED:
        centre = (diffused_config(library) or {})["centre_vector"]
        vector = centred(vector[None], np.array(centre))[0]
    return Seed(name, vector, excerpts, result.duration, result.tags.artist, title, content_hash(absolute))


@cli.command()
@click.option("--excluded", is_flag=True, help="Also the files that a rule left out.")
@output_options
@click.pass_obj
def failures(folder: Path, excluded: bool, output: str | None) -> None:
    """List the files that could not be heard, and why.

    Example:

    \b
        cli failures --csv > failures.csv
    """
    from index.library import Library

    statuses = "('failed', 'excluded')" if excluded else "('failed')"
    with Library.open(folder) as library:
        rows = list(
            library.db.query(f"SELECT status, reason, path FROM tracks WHERE status IN {statuses} ORDER BY 1, 2, 3")
        )
    _echo_rows(rows, output, "No file has failed.")


@cli.command()
@click.option(
    "--type",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw"]),
    help="auto chooses by the size of the library; ivf is ivf-sq8.",
    callback=lambda _context, _parameter, value: "ivf-sq8" if value == "ivf" else value,
)
@click.option("--recall", default=0.98, show_default=True, type=click.FloatRange(0, 1), help="recall@10 to reach.")
@click.pass_obj
def build_index(folder: Path, type: str, recall: float) -> None:
    """Build the search index and the table of neighbours anew from the vectors.

    The type follows the size of the library; an approximate one is tuned until it finds the asked-for share
    of what exact search finds. embed-audio does this by itself; here you choose.

    Example:

    \b
        cli build-index --type hnsw --recall 0.99
    """
    from index.library import Library

    with Library.open_to_write(folder) as library:
        _refuse_empty(library)
        _refresh_index(library, type, recall, anew=True)
        _echo_index(library)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="The facts as JSON.")
@click.pass_obj
def status(folder: Path, as_json: bool) -> None:
    """Say what the library holds, from which encoder, what is stale, and what to type next.

    Example:

    \b
        cli status
    """
    from index.library import Library
    from index.overview import overview

    with Library.open(folder) as library:
        facts = overview(library, _checkpoint(library).fingerprint)
    if as_json:
        click.echo(json.dumps(asdict(facts), ensure_ascii=False, indent=2))
        return
    numbers = facts.summary
    click.echo(f"Library   {facts.library}")
    click.echo(f"Folders   {', '.join(facts.roots) or 'none yet'}")
    click.echo(
        f"Tracks    {numbers['tracks']:,} embedded, {numbers['artists']:,} artists, {numbers['albums']:,} albums,"
        f" {numbers['hours'] or 0:,.1f} hours"
    )
    click.echo(
        f"          {numbers['failed']:,} failed, {numbers['excluded']:,} excluded, {numbers['missing']:,} missing"
    )
    if facts.ear:
        click.echo(f"Encoder   {facts.ear['origin']}, run {facts.ear['run']} of {facts.ear['started']}")
    if facts.index:
        health = facts.index["problem"] or "up to date"
        click.echo(
            f"Index     {facts.index['type']}, {facts.index['vectors']:,} vectors,"
            f" recall@10 {facts.index['recall_at_10']:.3f}, {health}"
        )
    if facts.listens["files"]:
        click.echo(f"Listens   {facts.listens['events']:,} events, {facts.listens['users']:,} users")
    if facts.towers:
        mark = facts.towers["validation"]
        judged = "" if mark is None else f", validation NDCG@20 {mark:.4f}"
        click.echo(f"Towers    {facts.towers['model']}{judged}, run {facts.towers['run']} of {facts.towers['started']}")
    for number, step in enumerate(facts.next_steps):
        click.echo(f"{'Next' if number == 0 else '':<10}{step}")


@cli.command()
@click.option("--read-data", is_flag=True, help="Also read every file and compare its content.")
@click.pass_obj
def check(folder: Path, read_data: bool) -> None:
    """Verify the library: tables, vectors, index and neighbours against each other.

    Exits with 1 when something is wrong; every line says what to type.

    Example:

    \b
        cli check --read-data
    """
    from index.checkup import check_files, check_library, n_files
    from index.library import Library

    with Library.open(folder) as library:
        problems = list(check_library(library))
        if read_data:
            files = _progress(check_files(library), "reading", unit="file", total=n_files(library))
            problems += [problem for problem in files if problem]
    for problem in problems:
        click.echo(f"{problem.what}\n    mend: {problem.mend}")
    if problems:
        sys.exit(1)
    click.echo("All is well.")


def names_options(command: Callable) -> Callable:
    """How the names of an imported file are to be understood."""
    options = [
        click.option("--names", type=_FILE, metavar="TABLE", help="A table that says what the file's names mean."),
        click.option("--names-key", metavar="COLUMN", help="Of that table, with the file's names; else looked for."),
        click.option("--names-value", metavar="COLUMN", help="Of that table, with their meanings; else looked for."),
        click.option(
            "--names-are",
            type=click.Choice(["auto", "names", "ids"]),
            default="auto",
            show_default=True,
            help="auto takes digits for the library's own ids when all of them exist.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@click.argument("file", type=_FILE)
@click.option(
    "--level",
    type=click.Choice(["track", "album", "artist"]),
    help="What the nodes are.  [default: as the columns' names say, else as most of the names are known]",
)
@click.option("--kind", metavar="NAME", help="What the graph is called.  [default: the file's name]")
@click.option("--directed/--undirected", default=None, help="[default: directed, or as a graph file says]")
@click.option("--source", metavar="COLUMN", help="Who recommends; else looked for.")
@click.option("--target", metavar="COLUMN", help="What is recommended; else looked for.")
@click.option("--weight", metavar="COLUMN", help="How strongly; else looked for, else 1.")
@names_options
@click.pass_obj
def import_graph(
    folder: Path,
    file: Path,
    level: str | None,
    kind: str | None,
    directed: bool | None,
    source: str | None,
    target: str | None,
    weight: str | None,
    **naming: Any,
) -> None:
    """Read a preference graph: an edge list (CSV, TSV, TXT, Parquet), GraphML or GEXF.

    Nodes are matched with the library's tracks (by path, "Artist - Title" or title), albums or artists (by name);
    those it does not know are kept all the same. A graph of the same name is replaced.

    Example:

    \b
        cli import-graph friends.csv --level artist --undirected
        cli import-graph influence.csv --level artist --names artists.csv
    """
    from data.edge_lists import read_edge_list
    from data.name_tables import level_of
    from graph import graph_files
    from index import graph_import
    from index.library import Library
    from index.nodes import likeliest_level

    with _explained():
        if file.suffix.lower() in graph_files.SUFFIXES:
            found = graph_files.read_graph_file(file, weight=weight or "weight")
            edges, directed = found.edges, found.directed if directed is None else directed
        else:
            edges = read_edge_list(file, source=source, target=target, weight=weight)
        names, level, naming_options = _translated(edges.names, level or level_of(*edges.columns), file, **naming)
        with Library.open_to_write(folder) as library:
            level = level or likeliest_level(library, names, naming_options["folders"])
            done = graph_import.import_graph(
                library, replace(edges, names=names), kind or file.stem, level,
                directed=directed is not False, origin=str(file.absolute()), **naming_options,
            )  # fmt: skip
    graph = done.graph
    direction = "directed" if graph.directed else "undirected"
    click.echo(f"{graph.kind}: {graph.n_edges:,} {direction} edges between {graph.n_nodes:,} {level}s")
    _echo_nodes(done.nodes, level, names)
    _echo_malformed(edges.n_malformed, edges.malformed)


@cli.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--format",
    type=click.Choice(["auto", "lastfm-1k", "yambda", "listenbrainz", "spotify", "lastfm-csv", "table"]),
    default="auto",
    show_default=True,
    help="auto looks into the files.",
)
@click.option("--listener", metavar="NAME", help="Whose listens these are, where the files do not say; else me.")
@click.option("--level", type=click.Choice(["track", "artist"]), help="What a table's items are; else its columns say.")
@click.option("--user", metavar="COLUMN", help="Of a table: who listened; else looked for.")
@click.option("--item", metavar="COLUMN", help="Of a table: what was played; else looked for.")
@click.option("--time", metavar="COLUMN", help="Of a table: when; else looked for.")
@click.option("--plays", metavar="COLUMN", help="Of a table: how often; else looked for, else 1.")
@click.option("--again", is_flag=True, help="Import a file anew that was imported before, in the place of it.")
@names_options
@click.pass_obj
def import_listens(
    folder: Path,
    path: Path,
    format: str,
    listener: str | None,
    level: str | None,
    user: str | None,
    item: str | None,
    time: str | None,
    plays: str | None,
    again: bool,
    **naming: Any,
) -> None:
    """Read who played what when, from a file, an archive or a folder.

    Known are: Spotify's streaming history, a ListenBrainz export, a last.fm CSV export, the Last.fm 1K data set,
    Yambda's Parquet files, and tables (CSV, TSV, Parquet, JSON lines) of tracks or artists. A track that the library
    does not know becomes a catalog track. The same content twice adds nothing. Then `cli link` finds the files of
    tracks that are spelled otherwise.

    Example:

    \b
        cli import-listens my_spotify_data.zip --listener ana
        cli import-listens plays.csv --user uid --item artist --level artist
    """
    from data.listen_sources import find_sources, read_source
    from index import listen_store
    from index.library import Library

    columns = {"user": user, "item": item, "time": time, "plays": plays, "level": level}
    with _explained(), Library.open_to_write(folder) as library:
        sources, passed_over = find_sources(path, format)
        for source in sources:
            name = source.paths[0].name if len(source.paths) == 1 else path.name
            digest = listen_store.digest_of(*source.paths)
            known = listen_store.known_listens(library, digest)
            if known and not again:
                click.echo(
                    f"Nothing added: {name} was imported on {known.imported[:10]} from {known.origin},"
                    f" {known.n_events:,} listens to {known.level}s. With --again it is imported anew."
                )
                continue
            reading = read_source(source, listener, **columns)
            with listen_store.open_gathering(library, reading.level, prefix=source.prefix) as gathering:
                for batch in _progress(reading.batches, f"reading {name}", "block"):
                    gathering.add(batch)
                origin = source.paths[0] if len(source.paths) == 1 else path
                _store_listens(library, source, gathering, digest, origin.absolute(), **naming)
        _echo_some("Without listens", passed_over)


def _store_listens(
    library: "Library", source: "Source", gathering: "Gathering", digest: str, origin: Path, **naming: Any
) -> None:
    """Keep what was gathered, and say what it was."""
    from data.gathering import Items
    from data.listen_sources import items_of
    from index import listen_store
    from index.given_vectors import store_embeddings

    items = items_of(source, gathering)
    words = items.names if naming["names"] else items.titles
    words, _, naming_options = _translated(words, gathering.level, origin, **naming)
    items = Items.called(words) if naming["names"] else items
    done = listen_store.import_listens(library, gathering, digest, origin=str(origin), items=items, **naming_options)
    click.echo(
        f"{done.listens.n_events:,} listens by {done.listens.n_users:,} users ({done.n_new_users:,} new)"
        f" to {done.listens.n_items:,} {gathering.level}s"
    )
    _echo_nodes(done.items, gathering.level, words)
    for what, n_left_out in gathering.left_out.items():
        click.echo(f"  {n_left_out:,} {what} left out", err=True)
    _echo_malformed(gathering.n_malformed, gathering.malformed)
    if "embeddings" in source.roles.values():
        n_vectors = store_embeddings(library, source, gathering.item_numbers(), done.items.ids)
        click.echo(f"  {n_vectors:,} of their vectors are kept as the space {source.format}")


@cli.command()
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
    from index.edges import stored_graphs
    from index.library import Library
    from index.linking import find_links, remove_links, store_links

    if dry_run and (pairs or unlink):
        raise click.UsageError("--dry-run shows what `cli link` by itself would do, without --pair and --unlink.")
    if twice := [catalog_id for catalog_id, n in Counter(one for one, _ in set(pairs)).items() if n > 1]:
        raise click.UsageError(f"--pair links {twice[0]} with two tracks; a catalog track is one of them.")
    opened = Library.open(folder) if dry_run else Library.open_to_write(folder)
    with opened as library:
        if pairs or unlink:
            n_removed, n_linked = remove_links(library, unlink), store_links(library, pairs)
            click.echo(f"{n_linked:,} linked, {n_removed:,} links taken back")
            return
        found = find_links(library)
        if not dry_run:
            store_links(library, [(pair.catalog.id, pair.file.id) for pair in found.matches])
        if found.matches and stored_graphs(library) and not dry_run:
            click.echo("Graphs that were built before know nothing of these links: run `cli build-graph`.", err=True)
    groups = {"linked": found.matches, "near miss": found.near_misses, "conflict": found.conflicts}
    rows: list[dict[str, Any]] = [{"result": result, **pair.row()} for result, part in groups.items() for pair in part]
    if output:
        _echo_rows(rows, output, "")
        return
    n_unsure = len({pair.catalog.id for pair in found.conflicts})
    click.echo(
        f"{len(found.matches):,} of {found.n_catalog:,} catalog tracks {'would be' if dry_run else 'are now'} linked"
        f" with files; {len(found.near_misses):,} near misses, {n_unsure:,} conflicts"
    )
    for result, part in groups.items():
        if part and result != "linked":
            click.echo(f"\n{result}: {'what could be several files' if result == 'conflict' else 'almost the same'}")
            _echo_rows([pair.row() for pair in part[:20]], None, "")
            if len(part) > 20:
                click.echo(f"and {len(part) - 20:,} more: `cli link --dry-run --csv`")


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--json", "as_json", is_flag=True, help="What became of each playlist, as JSON.")
@click.pass_obj
def import_playlists(folder: Path, paths: tuple[str, ...], as_json: bool) -> None:
    """Read playlists (M3U, M3U8, PLS, XSPF) from files and folders; entries are matched with tracks by path.

    A playlist that was read before is replaced.

    Example:

    \b
        cli import-playlists ~/Music/Playlists
    """
    from data.playlists import find_playlists, read_playlist
    from index import playlist_store
    from index.library import Library

    playlists, unread = [], []
    for path in find_playlists(paths):
        try:
            playlists.append(read_playlist(path))
        except (ValueError, OSError) as error:
            unread.append(str(error))
    with Library.open_to_write(folder) as library:
        done = playlist_store.import_playlists(library, playlists)
    if as_json:
        click.echo(json.dumps([asdict(playlist) for playlist in done], ensure_ascii=False))
    else:
        unmatched = [entry for playlist in done for entry in playlist.unmatched]
        click.echo(
            f"{len(done):,} playlists: {sum(playlist.n_matched for playlist in done):,} entries are tracks of the"
            f" library, {len(unmatched):,} are not, {sum(playlist.n_elsewhere for playlist in done):,} are no files"
        )
        _echo_some("not in the library", unmatched)
    for message in unread:
        click.echo(f"Left out: {message}", err=True)
    if unread and not playlists:
        raise click.ClickException("No playlist could be read.")


@cli.command()
@click.argument("table", type=_FILE)
@click.option("--overwrite", is_flag=True, help="Replace the tags that tracks have already.")
@click.pass_obj
def import_tags(folder: Path, table: Path, overwrite: bool) -> None:
    """Fill the tags of files that have none from a table: file or path, and any of title, artist, album, genre, year.

    Paths are absolute, or relative to the table. The files themselves are never written.

    Example:

    \b
        cli import-tags clips/tracks.csv
    """
    from data.tag_tables import read_tag_table
    from index import tag_store
    from index.library import Library

    with _explained():
        tags = read_tag_table(table)
    with Library.open_to_write(folder) as library:
        done = tag_store.import_tags(library, tags, [str(table.absolute().parent)], overwrite=overwrite)
    click.echo(
        f"{done.n_rows:,} rows with {', '.join(tags.fields)}: {done.n_matched:,} are tracks of the library,"
        f" {done.n_changed:,} tracks changed"
    )
    if done.n_differing:
        click.echo(f"  {done.n_differing:,} tracks say something else in their own tags (--overwrite replaces it)")
    _echo_some("not in the library", done.unmatched)
    _echo_malformed(tags.n_malformed, tags.malformed)


@cli.command()
@click.option(
    "--from",
    "sources",
    multiple=True,
    help="May be repeated.  [default: listens and playlists, else tags]",
    type=click.Choice(["listens", "playlists", "album", "artist", "genre"]),
)
@click.option(
    "--weighting",
    type=click.Choice(["ppmi", "cosine"]),
    default="ppmi",
    show_default=True,
    help="Of listens and playlists; both discount what is popular.",
)
@click.option("--top-n", type=click.IntRange(2), default=20, show_default=True, help="Edges from each node.")
@click.option(
    "--min-together",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Listeners or playlists that two must share.",
)
@click.option("--min-degree", type=click.IntRange(0), help="Keep only nodes that so many recommend.")
@click.option("--top", type=click.IntRange(2), help="Keep only so many nodes, the most recommended.")
@click.option("--seed", default=0, show_default=True, help="Of the random choice among many tracks of one tag.")
@click.pass_obj
def build_graph(
    folder: Path,
    sources: tuple[str, ...],
    weighting: str,
    top_n: int,
    min_together: int,
    min_degree: int | None,
    top: int | None,
    seed: int,
) -> None:
    """Make preference graphs from what is played together, stands on playlists together, or shares a tag.

    Each source becomes one graph of that name, in the place of an earlier one.

    Example:

    \b
        cli build-graph
        cli build-graph --from listens --weighting cosine --top 1000
    """
    from graph import building
    from index import groups
    from index.edges import store_graph
    from index.library import Library

    settings: dict[str, Any] = {"weighting": weighting, "top_n": top_n, "min_together": min_together}
    with Library.open_to_write(folder) as library:
        chosen = list(dict.fromkeys(sources)) or groups.present_sources(library)
        read = {kind: found for source in chosen for kind, found in groups.read_groups(library, source).items()}
        if not read:
            raise click.ClickException(
                f"This library has no {' and no '.join(chosen) or 'listens, playlists or tags'} to make a graph of.\n\n"
                "Run `cli import-listens`, `cli import-playlists`, `cli import-tags` or `cli embed-audio` first."
            )
        for kind, found in read.items():
            if found.counts is not None or kind == "playlists":
                edges = building.liked_together(found.group_rows, found.item_ids, found.counts, **settings)
            else:
                edges = building.tagged_alike(found.group_rows, found.item_ids, top_n=top_n, seed=seed)
            edges = building.most_recommended(edges, min_degree=min_degree, top=top)
            if not len(edges.source_ids):
                click.echo(
                    f"{kind}: no edge among {found.n_items:,} {found.level}s in {found.n_groups:,} groups", err=True
                )
                continue
            with library.transaction():
                graph = store_graph(
                    library, kind, found.level, edges.source_ids, edges.target_ids, edges.weights,
                    directed=edges.directed, origin="build-graph",
                    settings=settings | {"min_degree": min_degree, "top": top, "seed": seed},
                )  # fmt: skip
            direction = "directed" if graph.directed else "undirected"
            click.echo(
                f"{kind}: {graph.n_edges:,} {direction} edges between {graph.n_nodes:,} of {found.n_items:,}"
                f" {graph.level}s in {found.n_groups:,} groups"
            )


@cli.command()
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.option("--plot", type=_NEW_FILE, metavar="FILE.png", help="Draw it, or the surroundings of a node.")
@click.option("--graphml", type=_NEW_FILE, metavar="FILE", help="Write it for Gephi, Cytoscape and others.")
@click.option("--around", metavar="NODE", help="Draw and write only the surroundings of this node.")
@click.pass_obj
def graph_stats(
    folder: Path,
    kinds: tuple[str, ...],
    as_json: bool,
    plot: Path | None,
    graphml: Path | None,
    around: str | None,
) -> None:
    """Describe preference graphs: sizes, degrees, components, distances, and who is recommended most.

    Example:

    \b
        cli graph-stats
        cli graph-stats listens --plot listens.png --around "Kraftwerk"
    """
    from index.edges import stored_graphs
    from index.library import Library, LibraryError

    with Library.open(folder) as library:
        kinds = kinds or tuple(graph.kind for graph in stored_graphs(library))
        if not kinds:
            raise LibraryError(
                "This library has no graph yet.\n\nRun `cli build-graph`, or `cli import-graph FILE` with one."
            )
        if (plot or graphml or around) and len(kinds) > 1:
            raise click.UsageError(f"Which one graph? There are {', '.join(kinds)}.")
        facts = []
        for kind in kinds:
            facts.append(_graph_facts(library, kind, plot, graphml, around))
            if not as_json:
                _echo_graph(facts[-1])
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    for path in filter(None, (plot, graphml)):
        click.echo(f"{path} written", err=True)


def _graph_facts(
    library: "Library", kind: str, plot: Path | None, graphml: Path | None, around: str | None
) -> dict[str, Any]:
    """All there is to say about one graph; the picture and the export are made on the way."""
    import numpy as np

    from graph.anatomy import anatomy, surroundings
    from graph.graph_files import write_graphml
    from graph.preference import graph_from_ids
    from index.edges import find_graph, read_edges
    from index.nodes import ids_with_audio, match_nodes, node_names

    stored, edges = find_graph(library, kind), read_edges(library, [kind])
    ids, graph = graph_from_ids(edges.source_ids, edges.target_ids, edges.weights, directed=edges.directed)
    node_ids, degrees = ids.ids(np.arange(len(ids))), graph.in_degrees()
    has_audio = np.isin(node_ids, ids_with_audio(library, stored.level))
    best = np.argsort(-degrees, kind="stable")
    facts = asdict(stored) | asdict(anatomy(graph)) | {"with_audio": float(has_audio.mean())}
    names = node_names(library, stored.level, node_ids[best[:10]])
    facts["most_recommended"] = dict(zip(names, degrees[best[:10]].tolist(), strict=True))
    if not (plot or graphml or around):
        return facts
    middle, shown = int(best[0]), np.arange(graph.n_nodes)
    if around is not None:
        (wanted,) = match_nodes(library, [around], stored.level, create=False).ids
        if wanted not in node_ids:
            raise click.ClickException(f"No {stored.level} of the graph {kind!r} answers to {around!r}.")
        middle = int(ids.rows(wanted))
        shown = surroundings(graph, middle, _SURROUNDINGS)
        facts["around"] = node_names(library, stored.level, node_ids[shown[1:11]])
    with _explained():
        if graphml:
            write_graphml(graphml, graph.among(shown), node_names(library, stored.level, node_ids[shown]))
        if plot:
            from graph.picture import MAX_NODES, draw_graph

            whole = graph.n_nodes <= MAX_NODES and around is None
            shown = shown if whole or around else surroundings(graph, middle, MAX_NODES)
            names = node_names(library, stored.level, node_ids[shown])
            title = kind if whole else f"{kind} around {names[0]}"
            draw_graph(plot, graph.among(shown), names, has_audio[shown], title=title, middle_row=None if whole else 0)
    return facts


_SURROUNDINGS = 60  # nodes that --around shows


def _echo_graph(facts: dict[str, Any]) -> None:
    def degrees(quantiles: dict[str, float]) -> str:
        return ", ".join(f"{name} {value:,.0f}" for name, value in quantiles.items())

    direction = "directed" if facts["directed"] else "undirected"
    click.echo(
        f"{facts['kind']}: {facts['n_edges']:,} {direction} edges between {facts['n_nodes']:,} {facts['level']}s"
    )
    rows = {
        "made": f"{facts['made'][:10]}, {facts['origin']}",
        "with audio": f"{100 * facts['with_audio']:.1f} %",
        "in-degree" if facts["directed"] else "degree": degrees(facts["in_degrees"]),
        "out-degree": degrees(facts["out_degrees"]) if facts["directed"] else "",
        "components": f"{facts['n_components']:,}, the largest holds {100 * facts['largest_component']:.1f} %",
        "hops apart": ", ".join(f"{hop}: {100 * share:.1f} %" for hop, share in facts["hop_shares"].items())
        + f" (of pairs, from {facts['n_sources']:,} nodes)",
        "recommended": ", ".join(f"{name} ({n:,})" for name, n in facts["most_recommended"].items()),
        "around": ", ".join(facts.get("around", [])),
    }
    for name, text in rows.items():
        if text:
            click.echo(f"  {name:<12}{text}")


def _translated(
    words: Sequence[str],
    level: str | None,
    file: Path,
    *,
    names: Path | None,
    names_key: str | None,
    names_value: str | None,
    names_are: str,
) -> tuple[Sequence[str], str | None, dict[str, Any]]:
    """A file's names in the library's words; what they are, where columns say it; how they are to be matched."""
    from data.name_tables import level_of, translate

    folders = [str(file.absolute().parent)]
    if names is not None:
        found = translate(words, names, key=names_key, value=names_value, level=level or "")
        level = level or level_of(found.value, found.key)
        click.echo(
            f"{found.n_known:,} of {len(words):,} names stand in {names.name}: {found.key} means {found.value}",
            err=True,
        )
        words, names_are, folders = found.names, "names", [str(names.absolute().parent), *folders]
    return words, level, {"names_are": names_are, "folders": folders}


def _echo_nodes(nodes: "NodeMatch", level: str, words: Sequence[str]) -> None:
    meant = ", taken as the library's own ids" if nodes.were_ids else ""
    click.echo(
        f"  of {nodes.n_nodes:,} {level}s named{meant}, {nodes.n_matched:,} were known and {nodes.n_with_audio:,}"
        " have audio"
    )
    if not nodes.were_ids and words and all(word.isdecimal() for word in words):
        click.echo(
            f"  These names are numbers: numbers of any other file would mean the same {level}s. Where a table says"
            " what they mean, give it with --names.",
            err=True,
        )


def _echo_malformed(n_malformed: int, shown: Sequence[str]) -> None:
    if n_malformed:
        click.echo(f"  {n_malformed:,} malformed rows left out:", err=True)
        _echo_some("", shown, n_malformed)


def _echo_some(what: str, items: Sequence[str], n_items: int | None = None) -> None:
    """The first few of many."""
    n_items, shown = n_items or len(items), items[:5]
    if shown and what:
        click.echo(f"  {what}:", err=True)
    for item in shown:
        click.echo(f"    {item}", err=True)
    if n_items > len(shown):
        click.echo(f"    and {n_items - len(shown):,} more", err=True)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What is wrong with a file that was given, as one message."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@cli.command()
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only this graph; may be repeated. Else all.")
@click.option("--no-graph", is_flag=True, help="No stored graph, even where the library has some.")
@click.option("--tags/--no-tags", default=True, show_default=True, help="The tracks of one artist are near, too.")
@click.option(
    "--start",
    type=click.Choice(["current", "fresh"]),
    default="current",
    show_default=True,
    help="Go on from the encoder in use, or begin anew.",
)
@click.option(
    "--channels",
    type=click.IntRange(1),
    help=f"Of a fresh encoder: feature maps of a convolution.  [default: {EncoderConfig.channels}]",
)
@click.option(
    "--dim", type=click.IntRange(1), help=f"Of a fresh encoder: numbers in a vector.  [default: {EncoderConfig.dim}]"
)
@config_options(TasteConfig)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Of the encoder."
)
@click.option("--json", "as_json", is_flag=True, help="What was learned, as JSON.")
@click.pass_obj
def train_audio(
    folder: Path,
    kinds: tuple[str, ...],
    no_graph: bool,
    tags: bool,
    start: str,
    channels: int | None,
    dim: int | None,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Teach the ear your taste: what is liked together should sound alike.

    Near in the preference graphs is positive, far is negative, two excerpts of a track are nearest of all. Whole
    artists are kept out to judge by. Interrupted, the same command goes on where it was. Afterwards `cli embed-audio`
    hears the library anew.

    Example:

    \b
        cli build-graph
        cli train-audio
        cli embed-audio
    """
    import numpy as np

    from audio.ear import Ear, save_ear
    from graph.pretraining import Pretraining, training_figures, training_key
    from graph.track_graph import split_by_group
    from index.evaluation import TRAINING_STAGE, read_judged_tracks
    from index.figures import store_figures
    from index.library import Library

    try:
        config = TasteConfig(**settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if kinds and no_graph:
        raise click.UsageError("--graph names a graph to learn from, --no-graph says there is none; give one of them.")
    shape = {name: value for name, value in {"channels": channels, "dim": dim}.items() if value is not None}
    with Library.open_to_write(folder) as library:
        _refuse_empty(library)
        tracks = read_judged_tracks(library)
        checkpoint = _checkpoint(library)
        ear, fresh = _ear_to_teach(checkpoint, start, config.seed, shape)
        graphs = _taste_graphs(library, tracks, kinds, tags, use_stored=not no_graph)
        music, heard = _music(library, tracks, ear)
        graphs = [replace(graph, node_rows=graph.node_rows[heard]) for graph in graphs]
        hashes = np.array(list(tracks.paths))[heard].tolist()
        artists = [tracks.artists[row] or digest for row, digest in zip(heard, hashes, strict=True)]
        with _explained():
            held_out = split_by_group(artists, config.held_out, config.seed)
            training = Pretraining(ear.encoder, music, graphs, held_out, config, fresh=fresh, device=_device(device))
        told = ", ".join(f"{graph.kind} ({(graph.node_rows >= 0).sum():,} tracks)" for graph in graphs) or "crops alone"
        click.echo(
            f"Learning from {len(training.train_rows):,} tracks, judging by {len(held_out):,}; {told}.", err=True
        )
        settings_told = {
            "taste": asdict(config),
            "ear": asdict(ear.config),
            "fresh": fresh,
            "start": checkpoint.fingerprint,
        }
        key = training_key(settings_told, hashes, held_out, graphs)
        name = f"ear-{key[:12]}.safetensors"
        run, _ = library.start_run(
            TRAINING_STAGE, settings_told, seed=config.seed, versions=_versions(), checkpoint=name
        )
        unfinished = library.folder / "checkpoints" / "train-audio.unfinished.pt"
        with _explained():
            loss = _train(training, unfinished, key)
        save_ear(Ear(ear.config, training.encoder.to("cpu")), library.folder / "checkpoints" / name)
        figures = training_figures(training)
        store_figures(library, run, figures)
        report = {"checkpoint": name, "loss": loss, "train_tracks": len(training.train_rows)}
        report |= {f"{figure.metric}, {figure.subject}": figure.value for figure in figures}
        held_out_ids = tracks.ids.ids(heard[held_out]).tolist()
        library.finish_run(run, report | {"held_out_track_ids": held_out_ids})
        unfinished.unlink(missing_ok=True)
    if as_json:
        click.echo(json.dumps(report))
        return
    for figure in figures:
        click.echo(f"{figure.metric}, {figure.subject}: {figure.value:.3f} (chance .5, {figure.n:,} triplets)")
    click.echo(f"The new ear is {name}. Next: `cli embed-audio` hears the library with it.")


def _ear_to_teach(checkpoint: "Checkpoint", start: str, seed: int, shape: dict[str, int]) -> tuple["Ear", bool]:
    """The ear in use, or one that has learned nothing; and whether it is that."""
    from audio.ear import Ear
    from audio.encoder import untrained_encoder

    if start == "fresh" or checkpoint.path is None:
        config = EarConfig(encoder=EncoderConfig(**shape, seed=seed))
        return Ear(config, untrained_encoder(config.mel, config.encoder)), True
    if shape:
        raise click.UsageError("--channels and --dim are of a fresh encoder; add `--start fresh`.")
    return _load_ear(checkpoint, "cpu"), False


def _taste_graphs(
    library: "Library", tracks: "JudgedTracks", kinds: Sequence[str], tags: bool, use_stored: bool
) -> list["TrackGraph"]:
    """The stored graphs with the tracks' places in them, and the tracks' artists."""
    from graph.preference import build_graph
    from graph.track_graph import TrackGraph
    from index.edges import stored_graphs
    from index.evaluation import graph_rows

    graphs = []
    for kind in (kinds or [graph.kind for graph in stored_graphs(library)]) if use_stored else []:
        edges, nodes, node_rows = graph_rows(library, tracks, kind)
        ends = nodes.rows(edges.source_ids), nodes.rows(edges.target_ids)
        graphs.append(TrackGraph(kind, build_graph(*ends, edges.weights, n_nodes=len(nodes)), node_rows))
    artists = tracks.nodes["artist"]
    if tags and (artists >= 0).any():
        graphs.append(TrackGraph.of_groups("same artist", artists))
    return graphs


def _music(library: "Library", tracks: "JudgedTracks", ear: "Ear") -> tuple["Music", "ndarray"]:
    """The pictures to learn from, and the rows of the tracks that have some."""
    import numpy as np

    from audio.pictures import PictureCache, fill_pictures
    from graph.pretraining import Music

    cache = PictureCache(library.folder / "cache", ear.config)
    n_lacking = len(tracks.paths.keys() - cache.rows.keys())
    filling = fill_pictures(cache, tracks.paths, ear.config, HearingConfig())
    unheard = [failure for failure in _progress(filling, "picturing", "track", n_lacking) if failure]
    if unheard:
        click.echo(f"{len(unheard):,} files could not be heard again and teach nothing.", err=True)
    heard = np.array([row for row, digest in enumerate(tracks.paths) if digest in cache.rows], dtype=np.int64)
    hashes = list(tracks.paths)
    return Music(cache.pictures(), [cache.rows[hashes[row]] for row in heard]), heard


def _train(training: "Pretraining", unfinished: Path, key: str) -> float | None:
    """Run a training to its end, or on from where it was interrupted; the last loss."""
    import torch

    from data.threads import n_threads
    from graph.pretraining import read_state, write_state

    torch.set_num_threads(n_threads())
    state = read_state(unfinished, key)
    if state is not None:
        training.restore(state)
        click.echo(f"Going on after epoch {training.n_done} of the {training.phase_name}.", err=True)
    loss, saved, phase = None, monotonic(), ""
    with contextlib.ExitStack() as bars:
        for epoch in training.epochs():
            if epoch.phase != phase:
                phase, bar = epoch.phase, bars.enter_context(_bar(epoch.n_epochs, epoch.phase, "epoch"))
                bar.update(epoch.number - 1)
            bar.update()
            told = (
                "" if epoch.accuracy is None else f", held-out {epoch.accuracy:.3f}, best {training.best_accuracy:.3f}"
            )
            bar.set_postfix_str(f"loss {epoch.loss:.3f}{told}, {epoch.n_clips / epoch.seconds:,.0f} clips/s")
            loss = epoch.loss
            if monotonic() - saved > _SAVE_SECONDS:
                write_state(unfinished, key, training.state())
                saved = monotonic()
    return loss


@cli.command()
@click.option(
    "--labels", type=click.Path(path_type=Path, dir_okay=False), metavar="TABLE", help="What the tracks are, by file."
)
@click.option("--column", "columns", multiple=True, metavar="NAME", help="A column of labels; may be repeated.")
@click.option("--twins", metavar="COLUMN", help="The column that names the file with the same recording.")
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only this graph; may be repeated. Else all.")
@click.option("-k", "--k", default=10, show_default=True, type=click.IntRange(1), help="Neighbours looked at.")
@click.option("--baselines/--no-baselines", default=True, show_default=True, help="Beside MFCC, mean mel and random.")
@click.option("--held-out", is_flag=True, help="Ask only about tracks that training never learnt from.")
@click.option("--seed", default=0, show_default=True, help="Of the random vectors, questions and intervals.")
@output_options
@click.pass_obj
def evaluate_audio(
    folder: Path,
    labels: Path | None,
    columns: tuple[str, ...],
    twins: str | None,
    kinds: tuple[str, ...],
    k: int,
    baselines: bool,
    held_out: bool,
    seed: int,
    output: str | None,
) -> None:
    """Judge the library's vectors: do tracks that belong together sound alike to them?

    Without a table it asks the library's own tags, and every graph that the library holds. Each figure has its
    95 % interval (artists drawn anew a thousand times), and beside it what needs no learning, and chance. All of them
    are kept in the table `metrics`.

    Example:

    \b
        cli evaluate-audio --labels tracks.csv --column genre --column mood
    """
    from data.report_card import all_figures, chances, choose_queries, measure
    from data.report_card import wide_rows as wide
    from index.evaluation import query_rows
    from index.figures import store_figures
    from index.library import Library

    if labels is None and (columns or twins):
        raise click.UsageError("--column and --twins name columns of a table; give it with --labels TABLE.")
    with Library.open_to_write(folder) as library:
        _refuse_empty(library)
        tracks, facts = _judged(library, labels, columns, twins)
        rows = choose_queries(query_rows(library, tracks, held_out), seed)
        facts = _with_questions(library, tracks, facts, kinds, rows, seed)
        config = {"labels": labels and str(labels), "k": k, "held_out": held_out, "ear": library.current_fingerprint()}
        run, _ = library.start_run("evaluate-audio", config, seed=seed, versions=_versions())
        subjects = _subjects(library, tracks, baselines, seed)
        judging = _progress(subjects.items(), "judging", unit="subject", total=len(subjects))
        measured = {name: measure(vectors, facts, rows, k, penalty=p, seed=seed) for name, (vectors, p) in judging}
        figures = all_figures(measured, chances(facts, rows, k), "held-out" if held_out else "all")
        store_figures(library, run, figures)
        library.finish_run(run, {"tracks": len(tracks), "queries": len(rows), "copies_left_out": tracks.n_copies})
    if output is not None:
        _echo_rows([asdict(figure) for figure in figures], output, "")
        return
    _echo_rows(wide(figures), None, "")
    if leads := wide(figures, leads=True):
        click.echo("\nAhead by, with the interval of the difference:")
        _echo_rows(leads, None, "")


def _judged(
    library: "Library", path: Path | None, columns: Sequence[str], twins: str | None
) -> tuple["JudgedTracks", "Facts"]:
    """The tracks to judge vectors by, and what is known about them."""
    from data.label_tables import read_labels
    from index.evaluation import facts_from_tags, label, read_judged_tracks

    tracks = read_judged_tracks(library)
    if tracks.n_copies:
        click.echo(f"{tracks.n_copies:,} tracks with the very content of another are left out.", err=True)
    if path is None:
        return tracks, facts_from_tags(tracks)
    try:
        table = read_labels(path, columns, twins)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    tracks, facts, n_known = label(library, tracks, table, path)
    click.echo(f"{path.name} knows {n_known:,} of {len(tracks):,} tracks.", err=True)
    return tracks, facts


def _with_questions(
    library: "Library", tracks: "JudgedTracks", facts: "Facts", kinds: Sequence[str], rows: "ndarray", seed: int
) -> "Facts":
    """The facts with questions that the library's graphs know the answer to."""
    import numpy as np

    from graph.preference import build_graph
    from graph.questions import draw_questions
    from index.edges import stored_graphs
    from index.evaluation import graph_rows

    questions = {}
    for kind in kinds or [graph.kind for graph in stored_graphs(library)]:
        edges, nodes, node_rows = graph_rows(library, tracks, kind)
        ends = nodes.rows(edges.source_ids), nodes.rows(edges.target_ids)
        graph = build_graph(*ends, edges.weights, n_nodes=len(nodes), directed=edges.directed)
        rng = np.random.default_rng([seed, *kind.encode()])  # no graph's questions depend on another's
        asked = draw_questions(graph, node_rows, rows, rng)
        if len(asked.firsts):
            questions[kind] = asked
        else:
            click.echo(f"The graph {kind!r} has no two nodes with tracks that are asked about; left out.", err=True)
    return replace(facts, questions=questions)


def _subjects(
    library: "Library", tracks: "JudgedTracks", baselines: bool, seed: int
) -> dict[str, tuple["ndarray", "ndarray | None"]]:
    """Whose vectors are judged, with the penalty for hubs where there is one; the library's own come first."""
    from index.neighbours import read_nearness
    from index.track_store import AUDIO

    penalty = read_nearness(library, AUDIO, tracks.ids) / 2  # as `cli similar --fewer-hubs` ranks
    subjects = {"audio": (tracks.vectors, None), "audio, fewer hubs": (tracks.vectors, penalty)}
    if not baselines:
        return subjects
    from audio.baselines import SumsCache, baseline_vectors, fill_cache

    ear = _load_ear(_checkpoint(library), "cpu").config
    cache = SumsCache(library.folder / "cache" / "baselines.npz", ear)
    n_lacking = len(tracks.paths.keys() - cache.sums.keys())
    heard = _progress(fill_cache(cache, tracks.paths, ear, HearingConfig()), "baselines", "track", n_lacking)
    if n_unheard := sum(result is not None for result in heard):
        click.echo(f"{n_unheard:,} files could not be heard again: mfcc and mel know nothing of them.", err=True)
    return subjects | {name: (v, None) for name, v in baseline_vectors(cache, list(tracks.paths), seed).items()}


@cli.command()
@config_options(TowerConfig)
@config_options(TowerTrainingConfig)
@click.option(
    "--split",
    type=click.Choice(["auto", "none", *PROTOCOLS]),
    default="auto",
    show_default=True,
    help="What is kept from the towers for early stopping and cli evaluate. auto: as the log itself says, else its end,"
    " or where nothing is known of time a part drawn by chance. none: nothing. loopback, yambda and next-track part and"
    " ask as others did, whatever --share and --gap say.",
)
@click.option("--share", default=0.1, show_default=True, help="Of the listens, for the test; as much for validation.")
@click.option(
    "--gap",
    default=1_800,
    show_default=True,
    type=click.IntRange(0),
    metavar="SECONDS",
    help="So long before the moment that parts two parts nobody sees a listen: no session is in both.",
)
@click.option(
    "--repeats/--novel",
    default=None,
    help="Whether early stopping also counts what was played before, or only discoveries."
    "  [default: as the split says, else novel]",
)
@click.option(
    "--refit/--no-refit",
    default=False,
    show_default=True,
    help="Then learn anew from training and validation part together, for as many epochs as were best on validation.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where the towers learn; auto: on a GPU if there is one.",
)
@click.option("--json", "as_json", is_flag=True, help="What was learned, as JSON.")
@click.pass_obj
def train_tower(
    folder: Path,
    split: str,
    share: float,
    gap: int,
    repeats: bool | None,
    refit: bool,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Learn from listens who wants what: one tower makes vectors of tracks, the other of listeners.

    It takes what `cli import-listens` brought and what `cli embed-audio` heard. Interrupted, the same command goes on
    where it was. Afterwards `cli recommend` and `cli similar --by tower` use the towers; `cli evaluate` judges them.

    `torchrun --nproc-per-node 2 -m cli -- train-tower` learns the same with two processes, or on two GPUs; without the
    two dashes torchrun would take `--start` for its own.

    Example:

    \b
        cli import-listens listens.csv
        cli train-tower
        cli evaluate
    """
    from data.splits import split_listens
    from index.library import Library
    from index.tower_store import TOWER_STAGE, read_tower_data, usual_protocol
    from towers.checkpoint_file import SavedTowers, training_key
    from towers.ranks import joined
    from towers.schooling import Schooling

    try:
        tower = TowerConfig(**{field.name: settings[field.name] for field in fields(TowerConfig)})
        config = TowerTrainingConfig(**{field.name: settings[field.name] for field in fields(TowerTrainingConfig)})
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if refit and split == "none":
        raise click.UsageError("--refit asks the validation part how long to learn, and --split none leaves none.")
    began = monotonic()
    with (
        joined(_device(device)) as (ranks, place),
        ranks.in_turn(lambda: (Library.open_to_write if ranks.is_first else Library.open)(folder)) as library,
    ):
        data = ranks.in_turn(lambda: read_tower_data(library))
        protocol = usual_protocol(data.listens) if split == "auto" else split
        repeats = protocol in PROTOCOLS and bool(PROTOCOLS[protocol].repeats) if repeats is None else repeats
        asked: dict[str, Any] = {"protocol": protocol, "share": share, "gap_s": gap, "seed": tower.seed}
        learning: dict[str, Any] = {"repeats": repeats, "refit": refit, "device": place, "ranks": ranks}
        with _explained():
            parts = None if protocol == "none" else split_listens(data.listens, **asked)
            schooling = Schooling(tower, config, data.catalog, data.listens, parts, **learning)
        told = {"tower": asdict(tower), "training": asdict(config), "split": asked, "n_events": len(data.listens)}
        told |= {"ear": library.current_fingerprint(), "refit": refit}
        key = training_key(told | {"repeats": repeats}, data.listens, data.catalog)
        name = f"towers-{key[:12]}.pt"
        if ranks.is_first:
            click.echo(f"Learning from {parts or data.listens}, {data.catalog}.", err=True)
            run, _ = library.start_run(TOWER_STAGE, told, seed=tower.seed, versions=_versions(), checkpoint=name)
        with _explained():
            report = _teach(schooling, library.folder / "checkpoints", key)
        if not ranks.is_first:
            return
        report |= {"checkpoint": name, "tracks": len(data.tracks), "users": len(data.users), "split": protocol}
        saved = SavedTowers(schooling.towers.to("cpu"), data.tracks, data.users, data.artists, data.albums)
        _store_towers(library, saved, run, report, began)
    if as_json:
        click.echo(json.dumps(report))
        return
    judged = "" if report["validation"] is None else f", validation NDCG@20 {report['validation']:.4f}"
    loss = "" if report["loss"] is None else f", loss {report['loss']:.3f}"  # None: it had ended, but for the storing
    click.echo(f"{report['epochs']} epochs in {report['seconds']:.0f} s{loss}{judged}.")
    click.echo(f"{report['tracks']:,} tracks have a vector. Next: `cli evaluate`, `cli recommend USER`.")


def _teach(schooling: "Schooling", folder: Path, key: str) -> dict[str, Any]:
    """Give all lessons, or go on with them where they were interrupted; what was learned, of the last."""
    import torch

    from data.threads import n_threads

    torch.set_num_threads(n_threads(schooling.ranks.n_ranks))
    report: dict[str, Any] = {}
    for lesson in schooling.lessons(folder, key):
        loss = _give(lesson, is_hidden=not schooling.ranks.is_first)
        report = {"epochs": lesson.training.epoch, "events": len(lesson.training.batches.targets), "loss": loss}
    report["validation"] = schooling.validation
    return report if schooling.dial is None else report | {"popularity": schooling.dial}


def _give(lesson: "Lesson", *, is_hidden: bool) -> float | None:
    """Run the training of a lesson to its end; the last loss, None if all was learned before."""
    training = lesson.training
    if lesson.went_on() and not is_hidden:
        click.echo(f"Going on after step {training.step:,} of epoch {training.epoch + 1}.", err=True)
    n_steps, saved, loss = len(training.batches), monotonic(), None
    with _bar(training.config.epochs * n_steps, "learning", "step", is_hidden=is_hidden) as bar:
        bar.update(training.epoch * n_steps + training.step)
        for report in training.reports():
            bar.update(report.epoch * n_steps + report.step - bar.n)
            judged = f", validation {training.best:.4f}" if training.best > 0 else ""
            rate = report.n_events / report.seconds
            bar.set_postfix_str(f"epoch {report.epoch + 1}, loss {report.loss:.3f}{judged}, {rate:,.0f} listens/s")
            loss = report.loss
            if monotonic() - saved > _SAVE_SECONDS:
                lesson.keep()
                saved = monotonic()
    return loss


def _store_towers(library: "Library", saved: "SavedTowers", run: int, report: dict[str, Any], began: float) -> None:
    """Put trained towers and their vectors in the place of earlier ones, and end the run that `began` then."""
    from index.tower_store import store_tower_vectors
    from towers.checkpoint_file import save_towers
    from towers.retrieval import item_vectors, unit_vectors
    from towers.schooling import unfinished_files

    checkpoints = library.folder / "checkpoints"
    save_towers(saved, checkpoints / report["checkpoint"])
    vectors = unit_vectors(item_vectors(saved.towers), with_bias=saved.towers.config.model == "two-tower")
    store_tower_vectors(library, run, saved.tracks.ids(range(len(saved.tracks))), vectors, report)
    _refresh_index(library)
    report["seconds"] = round(monotonic() - began, 1)
    library.finish_run(run, report)
    for state in unfinished_files(checkpoints):
        state.unlink(missing_ok=True)


@cli.command()
@click.option(
    "-k",
    "--k",
    "ks",
    multiple=True,
    type=click.IntRange(1, 10_000),  # there is room for so many places of every list
    help="Judge so many places of a list; may be repeated.  [default: 10, 20 and 100]",
)
@click.option(
    "--repeats/--novel",
    default=None,
    help="Whether a list may hold what was played before.  [default: as --split of cli train-tower says, else novel]",
)
@click.option(
    "--rivals",
    "which",
    type=click.Choice(["quick", "all"]),
    default="quick",
    show_default=True,
    help="Who stands beside the towers. quick: popularity, own favourites where lists may repeat, item"
    " neighbours and sound alone; all: also"
    " iALS and BPR, which take a while to tune and to learn.",
)
@click.option(
    "--sampled/--full-only",
    default=None,
    help="Also rank one target among 99 tracks drawn by chance, as older papers do, or nothing but the full catalog."
    "  [default: sampled for leave-one-out]",
)
@click.option("--ann", is_flag=True, help="Also what each type of index would cost: recall, accuracy, time and size.")
@click.option(
    "--recall",
    default=0.98,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="What --ann tunes each index to: the share of the exact list that it finds.",
)
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FOLDER|FILE.md", help="Also a page with pictures beside it."
)
@dial_option("Judges lists that cli recommend would make with the same dial.")
@click.option(
    "--users",
    "n_users",
    default=2_000,
    show_default=True,
    type=click.IntRange(2),
    help="So many listeners, or of next-track listens, are asked about at most.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the choice of listeners, of the drawn negatives and of the intervals.",
)
@output_options
@click.pass_obj
def evaluate(
    folder: Path,
    ks: tuple[int, ...],
    repeats: bool | None,
    which: str,
    sampled: bool | None,
    ann: bool,
    recall: float,
    report: Path | None,
    popularity: float | None,
    n_users: int,
    seed: int,
    output: str | None,
) -> None:
    """Judge the towers on listens that they never saw, over the full catalog, beside what they have to beat.

    Each figure has its 95 % interval (listeners drawn anew a thousand times). Beside it stand chance and the same
    figure of other recommenders, set to what did best on the validation part where there is anything to set. What is
    asked follows the --split of `cli train-tower`. All figures are kept in the table `metrics`.

    Example:

    \b
        cli evaluate
        cli evaluate --repeats -k 10
        cli evaluate --rivals all --sampled
        cli evaluate --ann --report evaluation/
    """
    from data.exam import exam_of, practice_exam, told_of
    from data.report_page import Heading, report_page, write_report
    from data.rivals import rivals
    from data.verdict import Answers, verdict
    from index.ann_figures import ann_figures, ann_section
    from index.figures import store_figures
    from index.library import Library
    from towers.assessment import exam_offsets, exam_queries, tower_scores
    from towers.retrieval import item_vectors, searched, unit_vectors

    with Library.open_to_write(folder) as library:
        saved, data, told = _saved_towers(library)
        name = told["tower"]["model"]
        if ann and name == "neumf":
            raise click.ClickException("NeuMF has no inner product that an index could search by.\n\nLeave out --ann.")
        parts = _parts_of(data, told)
        rules = PROTOCOLS[parts.protocol]
        repeats = bool(rules.repeats) if repeats is None else repeats
        with _explained():
            page = None if report is None else report_page(report)
            exam = exam_of(parts, repeats=repeats, n_queries=n_users, seed=seed)
        practice = practice_exam(parts, repeats=repeats, n_users=_TUNED_BY, seed=seed)
        config = {"split": told["split"], "repeats": repeats, "queries": len(exam), "tower": told["tower"]}
        config["popularity"] = dial = told["popularity"] if popularity is None else popularity
        run, _ = library.start_run("evaluate", config, seed=seed, versions=_versions())
        sampled = rules.sampled if sampled is None else sampled
        answers = Answers.to(exam, sorted(set(ks)) or [10, 20, 100], sampled=sampled, seed=seed)
        for rival in _progress(rivals(exam, practice, data.catalog, which), "ranking", "rival"):
            answers.add(rival.name, rival.scores, rival.told())
        queries, items = exam_queries(saved.towers, exam), item_vectors(saved.towers)
        offsets = exam_offsets(exam, dial)
        answers.add(name, tower_scores(saved.towers, queries, items, offsets))
        found = verdict(answers, name, data.catalog, rules, vectors=unit_vectors(items), seed=seed)
        figures, more = found.all_figures(), []
        if ann:
            k = answers.ks[-1]
            compared = ann_figures(*searched(items, queries, offsets), exam, k, recall, seed=seed)
            of_types = dict(_progress(compared, "building", "index"))
            figures += [figure for some in of_types.values() for figure in some]
            more = [ann_section(of_types, k, recall)]
        store_figures(library, run, figures)
        library.finish_run(run, {"queries": len(exam), "tracks": exam.known.n_tracks, "settings": answers.settings})
    asked = told_of(parts, exam, repeats=repeats)
    if page is not None:
        heading = Heading(f"{name} before {len(answers.lists) - 1} rivals", [asked, rules.told], answers.settings)
        with _explained():
            write_report(page, heading, found, more)
        click.echo(f"{page} written.", err=True)
    if output is not None:
        _echo_rows([asdict(figure) for figure in figures], output, "")
        return
    _echo_lines([asked, rules.told, *answers.settings])
    for section in [*found.summary(), *more]:
        click.echo(f"\n{section.title}:")
        _echo_rows(section.rows, None, "")
        _echo_lines([section.note])
    click.echo()
    _echo_lines(found.sentences())


def _parts_of(data: "TowerData", told: dict[str, Any]) -> "Split":
    """The log as it was parted when the towers learned."""
    from data.splits import split_listens

    if told["split"]["protocol"] == "none":
        raise click.ClickException(
            "These towers learned from everything: nothing is left to judge them by.\n\nRun `cli train-tower` anew."
        )
    if told["n_events"] != len(data.listens):
        raise click.ClickException(
            "The listens have changed since the towers learned from them.\n\nRun `cli train-tower` anew."
        )
    with _explained():
        return split_listens(data.listens, **told["split"])


@cli.command()
@click.argument("user", required=False)
@click.option("--all", "to_all", is_flag=True, help="For every listener, into the table `recommendations`.")
@click.option("--like", multiple=True, metavar="TRACK", help="For somebody who likes this; may be repeated.")
@click.option(
    "--history",
    type=_FILE,
    metavar="FILE",
    help="For somebody who played these, the latest last: a playlist, or a text file with a track per line.",
)
@click.option(
    "--seed-track",
    metavar="TRACK",
    help="What to play after this track; alone, or with USER, --like or --history for that listener.",
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many tracks.")
@click.option(
    "--novel/--repeats",
    default=True,
    show_default=True,
    help="Only what the listener has not played, or also what they have.",
)
@click.option("--max-per-artist", default=3, show_default=True, type=click.IntRange(1), help="Tracks of one artist.")
@dial_option("Adds so many times the log of a track's share of all plays to its score.")
@click.option("--m3u", type=click.Path(path_type=Path), help="Also write a playlist; with --all a folder of them.")
@output_options
@click.pass_obj
def recommend(
    folder: Path,
    user: str | None,
    to_all: bool,
    like: tuple[str, ...],
    history: Path | None,
    seed_track: str | None,
    k: int,
    novel: bool,
    max_per_artist: int,
    popularity: float | None,
    m3u: Path | None,
    output: str | None,
) -> None:
    """Recommend tracks to USER, a listener of the imported listens, or to anybody by what they like.

    TRACK is a path, an id, or words of artist and title. A new listener needs no training: what they played is enough.
    Neither does a new track that has a sound or an artist, where the towers are two-tower. With --all the lists of all
    listeners take the place of the earlier ones when the last of them is made; killed, the same command goes on where
    it was.

    Example:

    \b
        cli recommend alice
        cli recommend alice --seed-track "blue monday" --popularity -0.02
        cli recommend --like "blue monday" --like 42 --m3u mix.m3u8
        cli recommend --history played.txt --repeats
        cli recommend --all -k 50
    """
    from index.answer_rows import list_rows
    from index.library import Library
    from index.lookup import track_rows
    from towers.serving import Rules

    who = (user is not None) + bool(like) + (history is not None)
    if to_all and (who or seed_track is not None):
        raise click.UsageError("--all is for every listener: without USER, --like, --history and --seed-track.")
    if not to_all and (who > 1 or (not who and seed_track is None)):
        raise click.UsageError("Give one of USER, --like TRACK or --history FILE, or --seed-track TRACK, or --all.")
    dial = _own_dial(folder) if popularity is None else popularity
    rules = Rules(k, novel=novel, max_per_artist=max_per_artist, popularity=dial)
    if to_all:
        _recommend_to_all(folder, rules, m3u, output)
        return
    if m3u is not None and m3u.is_dir():
        raise click.UsageError(f"{m3u} is a folder; one playlist is a file, such as {m3u / 'mix.m3u8'}.")
    with Library.open(folder) as library:
        named = like if history is None else _track_lines(history)
        listens, asker = _asker(library, user, named, seed_track, ordered=not like)
        best = _list_for(library, listens, asker, rules)
        tracks = track_rows(library, [track_id for track_id, _ in best])
    if m3u is not None:
        _write_playlist(m3u, [tracks[track_id] for track_id, _ in best])
    _echo_rows(list_rows(best, tracks, plain=output is None), output, _nothing_left(rules))


def _nothing_left(rules: "Rules") -> str:
    return "Nothing is left to recommend" + ("; --repeats also lists what was played." if rules.novel else ".")


def _own_dial(folder: Path) -> float:
    """The popularity dial that suited the towers best when they learned."""
    from index.library import Library
    from index.tower_store import tower_run

    with Library.open(folder) as library:
        return float(tower_run(library)[1]["popularity"])


def _recommend_to_all(folder: Path, rules: "Rules", m3u: Path | None, output: str | None) -> None:
    """Fill the table of recommendations, or go on with what a killed run left."""
    import numpy as np

    from index.library import Library
    from index.library_listening import read_listening
    from index.recommendation_store import (
        RECOMMEND_STAGE,
        UnfinishedLists,
        listed_files,
        store_recommendations,
        stored_recommendations,
    )  # fmt: skip
    from index.tower_store import tower_run, without_dislikes
    from towers.serving import batches_of, lists_for_all

    began = monotonic()
    if m3u is not None and m3u.exists() and not m3u.is_dir():
        raise click.UsageError(f"{m3u} is a file; with --all, --m3u names a folder of playlists.")
    with Library.open_to_write(folder) as library:
        tower_run_id, _ = tower_run(library)
        read = read_listening(library)
        serving = _serving(library, read, rules, read.items.ids(np.arange(len(read.items))), read.users)
        listens = without_dislikes(read.listening)
        user_rows = np.unique(listens.user_rows)
        told = asdict(rules) | {"towers": tower_run_id, "listens": read.key, "tracks": serving.shelf.digest()}
        run, _ = library.start_run(RECOMMEND_STAGE, told, versions=_versions())
        lists = UnfinishedLists(library.folder, told)
        batches = batches_of(serving, user_rows)
        if n_kept := len(lists):
            click.echo(f"Going on after {n_kept:,} of {len(batches):,} batches of listeners.", err=True)
        with _bar(len(user_rows), "recommending", "listener") as bar:
            for number, part in enumerate(batches):
                if not lists.has(number):
                    lists.keep(number, read.users.ids(part), *lists_for_all(serving, listens, part, rules))
                bar.update(len(part))
        n_rows = store_recommendations(library, run, lists)
        report = {"listeners": len(user_rows), "recommendations": n_rows, "seconds": round(monotonic() - began, 1)}
        library.finish_run(run, report)
        lists.discard()
        if m3u is not None:
            _write_playlists(m3u, listed_files(library))
        if output is not None:
            _echo_stream(stored_recommendations(library), output)
    click.echo(
        f"{n_rows:,} recommendations to {len(user_rows):,} listeners in {report['seconds']} s."
        " Ask the view `user_recommendations` of library.db for them.",
        err=output is not None,
    )


def _asker(
    library: "Library", user: str | None, tracks: Sequence[str], seed_track: str | None, *, ordered: bool
) -> tuple["LibraryListening", "Asker"]:
    """All listens, and who wants a list: a listener, or somebody who played or likes some tracks."""
    from data.asker import Asker
    from index.library_listening import read_listening
    from index.serving_store import known_asker
    from index.tower_store import find_user, tower_run

    tower_run(library)  # first of all, somebody must have trained them
    listens = read_listening(library)
    seed_id = None if seed_track is None else _known_track(library, seed_track)
    if user is not None:
        return listens, known_asker(listens, find_user(library, user), seed_id)
    ordered = ordered and bool(listens.listening.times.any())  # towers that learned of no order hear none
    played = [_known_track(library, text) for text in tracks]
    return listens, Asker.stranger(played, ordered=ordered, seed_id=seed_id)


def _list_for(
    library: "Library", listens: "LibraryListening", asker: "Asker", rules: "Rules"
) -> list[tuple[int, float]]:
    """One list, from the tracks that the index finds near the query where these are enough, else from all of them."""
    import numpy as np

    from data.ids import IdMap
    from index.serving_store import near_shelves
    from towers.serving import list_for, query_of, serve

    track_ids, users = np.unique(asker.track_ids()), IdMap([asker.user_id])
    with _explained():
        with _trained_towers(library) as (kept, _, _):
            if kept.config.model == "two-tower" and not rules.popularity:  # which the index knows nothing of
                saved = _fitted(library, kept, track_ids, users)
                query = query_of(saved, asker).numpy()[0]
                for shelf in near_shelves(library, query, rules.k, n_left_out=len(track_ids)):
                    best = list_for(serve(saved, shelf), asker, rules)
                    if len(best) == rules.k:
                        return best
        return list_for(_serving(library, listens, rules, track_ids, users), asker, rules)


def _serving(
    library: "Library", listens: "LibraryListening", rules: "Rules", track_ids: "ndarray", users: "IdMap"
) -> "Serving":
    """The towers in use, fitted to nothing but some tracks and listeners, and all that they may recommend."""
    import numpy as np

    from index.serving_store import play_counts, read_shelf
    from towers.serving import serve

    with _trained_towers(library) as (kept, run, _):
        shelf = read_shelf(library, run, with_vectors=kept.config.model == "two-tower")
        known = np.concatenate([track_ids, np.setdiff1d(shelf.newcomers, track_ids)])
        saved = _fitted(library, kept, known, users)
    plays = shelf.plays(*play_counts(listens)) if rules.popularity else None
    with _explained():
        return serve(saved, shelf, plays)


def _fitted(library: "Library", kept: "TowerFile", track_ids: "ndarray", users: "IdMap") -> "SavedTowers":
    from data.ids import IdMap
    from index.tower_store import read_catalog
    from towers.checkpoint_file import fitted

    tracks = IdMap(track_ids)
    catalog, artists, albums = read_catalog(library, tracks)
    return fitted(kept, catalog, tracks=tracks, users=users, artists=artists, albums=albums)


def _saved_towers(library: "Library") -> tuple["SavedTowers", "TowerData", dict[str, Any]]:
    """The towers in use, the listens and tracks of the library, and the settings of their training."""
    from index.tower_store import read_tower_data
    from towers.checkpoint_file import fitted

    with _trained_towers(library) as (kept, _, told):
        data = read_tower_data(library)
        maps = {"tracks": data.tracks, "users": data.users, "artists": data.artists, "albums": data.albums}
        return fitted(kept, data.catalog, **maps), data, told


@contextlib.contextmanager
def _trained_towers(library: "Library") -> Iterator[tuple["TowerFile", int, dict[str, Any]]]:
    """The file of the towers in use, their run, and its settings; what is wrong with them is told."""
    from index.tower_store import tower_checkpoint, tower_run
    from towers.checkpoint_file import CheckpointError, read_towers

    run, told = tower_run(library)
    path = tower_checkpoint(library, run)
    gone = f"The towers {path} are gone.\n\nPut them back, or run `cli train-tower`."
    try:
        try:
            kept = read_towers(path)
        except OSError:
            raise click.ClickException(gone) from None
        if kept.hears and told["ear"] != library.current_fingerprint():
            raise CheckpointError("these towers hear tracks by another encoder than the library's present one")
        yield kept, run, told
    except CheckpointError as error:
        raise click.ClickException(f"{error}.\n\nRun `cli train-tower`.") from None


def _known_track(library: "Library", text: str) -> int:
    """The id of the track that a person means, with audio or without."""
    row = _meant(library, text, catalog=True)
    if row is None:
        raise click.ClickException(f"No track answers to {text!r}.\n\nTry fewer words, or its id.")
    return row.id


def _track_lines(path: Path) -> list[str]:
    """The tracks of a playlist, or of a text file with one a line, the latest last."""
    from data.playlists import SUFFIXES, read_playlist

    with _explained():
        if path.suffix.lower() in SUFFIXES:
            tracks = read_playlist(str(path)).entries
        else:
            try:
                lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
            except UnicodeDecodeError:
                raise ValueError(f"{path} is no text in UTF-8.\n\nGive a playlist, or a track per line.") from None
            tracks = [line for line in lines if line and not line.startswith("#")]
        if not tracks:
            raise ValueError(f"{path} names no track.\n\nGive a playlist, or a track per line.")
    return tracks


@cli.command()
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only along this graph; may be repeated.")
@config_options(DiffusionConfig)
@click.option("--check/--no-check", default=True, show_default=True, help="Hide some audio first and see what returns.")
@click.option(
    "--hide",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the nodes with audio that the check hides.",
)
@click.option("--seed", default=0, show_default=True, help="Decides what the check hides.")
@click.option("--json", "as_json", is_flag=True, help="Counts and figures as JSON.")
@click.pass_obj
def diffuse_audio(
    folder: Path, kinds: tuple[str, ...], check: bool, hide: float, seed: int, as_json: bool, **settings: Any
) -> None:
    """Spread sound over the preference graphs, so that tracks without audio get a vector too.

    A track takes what its neighbours in the graph lend it, or else the vector of its album or artist. Nothing is
    learned. `cli similar --by diffused` searches them all; run it again when tracks or graphs have changed.

    Example:

    \b
        cli diffuse-audio --graph listens --steps 3
    """
    from graph.diffusion import centred, sound_centre
    from index.diffused import DIFFUSE_STAGE, fill_catalog, level_graphs, n_catalog, sources_of, store_diffused
    from index.figures import store_figures
    from index.library import Library
    from index.spaces import read_vectors
    from index.track_store import AUDIO

    try:
        config = DiffusionConfig(**settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    began = monotonic()
    with Library.open_to_write(folder) as library:
        _refuse_empty(library)
        levels = level_graphs(library, kinds)
        ids, vectors = read_vectors(library, AUDIO)
        track_ids, centre = ids.ids(range(len(ids))), sound_centre(vectors, config.centre)
        vectors = centred(vectors, centre)
        sources = sources_of(library, [kind for level in levels for kind in level.kinds])
        facts = asdict(config) | sources | {"centre_vector": centre.tolist()}
        run, _ = library.start_run(DIFFUSE_STAGE, facts, seed=seed, versions=_versions())
        results = _progress(
            (_spread(library, level, track_ids, vectors, config, hide if check else 0, seed) for level in levels),
            *("spreading", "level", len(levels)),
        )
        spreads, figures = map(list, zip(*results, strict=True))
        figures = [figure for of_level in figures for figure in of_level]
        filled_ids, filled = fill_catalog(library, track_ids, vectors, spreads)
        store_diffused(library, run, filled_ids, filled, spreads)
        store_figures(library, run, figures)
        _refresh_index(library)
        counts = {"with_audio": len(track_ids), "catalog": n_catalog(library), "lacking": n_catalog(library, True)}
        counts["filled"] = counts["catalog"] - counts["lacking"]
        report = counts | {"levels": [spread.counts() for spread in spreads], "seconds": round(monotonic() - began, 3)}
        library.finish_run(run, report)
    _echo_spread(report, figures, as_json)


def _spread(
    library: "Library",
    level: "LevelGraph",
    track_ids: Any,
    vectors: Any,
    config: DiffusionConfig,
    hide: float,
    seed: int,
) -> tuple["Spread", list["Figure"]]:
    """Spread over the graphs of one level; the figures of the check where something is to be hidden."""
    from graph.diffusion import diffuse
    from graph.preference import build_graph
    from graph.recovery import check_recovery
    from index.diffused import node_sounds, spread_of

    graph = build_graph(level.source_rows, level.target_rows, level.weights, n_nodes=len(level.ids))
    node_ids, sounds = node_sounds(library, level.level, track_ids, vectors)
    known_rows, figures = level.ids.rows(node_ids), []
    if hide:
        try:
            figures = check_recovery(graph, sounds, known_rows, config, hide, seed, level.level)
        except ValueError as error:
            click.echo(f"No check of {level.level}s: {error}.", err=True)
    began = perf_counter()
    found = diffuse(graph, sounds, known_rows, config)
    return spread_of(level, found.vectors, found.is_known, found.is_reached, perf_counter() - began), figures


def _echo_spread(report: dict[str, Any], figures: list["Figure"], as_json: bool) -> None:
    from index.figures import compared

    if as_json:
        click.echo(json.dumps(report | {"figures": [asdict(figure) for figure in figures]}, ensure_ascii=False))
        return
    for level in report["levels"]:
        click.echo(
            f"{level['level']}s ({', '.join(level['graphs'])}): {level['with_audio']:,} with audio,"
            f" {level['reached']:,} reached, {level['unreached']:,} out of reach, {level['seconds']:.1f} s"
        )
    click.echo(
        f"{report['filled']:,} of {report['catalog']:,} tracks without audio have a vector now, beside"
        f" {report['with_audio']:,} with audio; `cli similar --by diffused` searches them all."
    )
    if figures:
        click.echo(f"\nWhat comes back when audio is hidden ({report['seconds']:.1f} s in all):\n")
        _echo_rows(compared(figures), None, "")


@cli.command("map")
@click.option(
    "--space",
    type=click.Choice(["audio", "diffused", "tower"]),
    default="audio",
    show_default=True,
    help="audio: how it sounds. diffused: sound spread by cli diffuse-audio. tower: who plays it, by cli train-tower.",
)
@click.option(
    "--color", type=click.Choice(["genre", "artist", "album"]), default="genre", show_default=True, help="Of the dots."
)
@click.option("--out", type=_NEW_FILE, metavar="FILE.png", help="A picture.  [default: map.png, without --html]")
@click.option("--html", type=_NEW_FILE, metavar="FILE.html", help="A page for a browser, with names; one file.")
@click.option("--limit", default=50_000, show_default=True, type=click.IntRange(1), help="Of more tracks, a sample.")
@click.option("--seed", default=0, show_default=True, help="Of the sample and of the places.")
@click.pass_obj
def draw_map(folder: Path, space: str, color: str, out: Path | None, html: Path | None, limit: int, seed: int) -> None:
    """Draw all tracks on one sheet: what is near in a vector space is near there (UMAP).

    Only neighbourhoods mean something: the distance between two heaps says little. The page shows names under the
    mouse and copies an id on a click; it needs no network.

    Example:

    \b
        cli map
        cli map --space tower --color artist --html map.html
    """
    from graph.map_colors import color_by
    from graph.map_layout import map_layout
    from graph.map_page import write_map_page
    from graph.map_picture import draw_map as draw_picture
    from graph.map_picture import refuse_unknown_format
    from index.library import Library
    from index.mapped import read_map

    out = Path("map.png") if out is None and html is None else out
    with _explained():  # before the work, not after it
        for path in filter(None, (out, html)):
            path.absolute().parent.resolve(strict=True)
        if out is not None:
            refuse_unknown_format(out)
    with Library.open(folder) as library:
        _refuse_empty(library, space)
        found = read_map(library, space, limit, seed)
    n_tracks = len(found.tracks)
    if not n_tracks:
        raise click.ClickException(f"No track has a vector in the space {space!r}.\n\nRun `cli status`.")
    of_all = f" of {found.n_all:,}" if n_tracks < found.n_all else ""
    click.echo(f"placing {n_tracks:,} tracks{of_all}{', a sample (--limit)' if of_all else ''} ...", err=True)
    places = map_layout(found.vectors, seed=seed)
    coloring = color_by([getattr(track, color) for track in found.tracks], several=color == "genre")
    title = f"{n_tracks:,} tracks{of_all} by {space}, colored by {color}"
    with _explained():
        if out is not None:
            draw_picture(out, places, coloring, title=title)
        if html is not None:
            write_map_page(
                html, places, coloring, title=title,
                ids=[track.id for track in found.tracks],
                names=[track.name for track in found.tracks],
                details=[" · ".join(filter(None, (track.album, track.genre))) for track in found.tracks],
            )  # fmt: skip
    if not coloring.names:
        click.echo(f"All dots are grey: no track has a tag for {color}; `cli import-tags` brings tags in.", err=True)
    for path in filter(None, (out, html)):
        click.echo(f"{path} written: {title}")


@cli.command()
@click.option(
    "--folder",
    "world_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where the world is made.",
)
def demo(world_folder: Path) -> None:
    """Make a small world of invented music and run every stage on it, so that the result can be judged.

    Example:

    \b
        cli demo --folder /tmp/world
    """
    from audio.writing import write_audio
    from data.synthetic import WorldConfig, make_world
    from data.world_files import written_files

    library, tracks = world_folder / "library", world_folder / "tracks"
    world = make_world(WorldConfig())
    click.echo(f"{world}\n\nEvery artist has a taste; its music, listeners and playlists follow from it.")
    files = _progress(written_files(world, tracks, write_audio), "rendering", "file", world.config.n_tracks)
    n_files = sum(1 for _ in files)
    click.echo(f"{n_files} files in {tracks}: six audio formats, playlists, listens, a graph.")

    _demo_step(library, "embed-audio", tracks)
    _demo_step(library, "status")
    titles = [world.tracks[row].title for row in (0, world.config.n_tracks // 2)]
    _demo_step(library, "similar", titles[0], "-k", 5, "--why")
    chance = (world.config.artists_per_genre - 1) / (len(world.artists) - 1)
    click.echo(
        f"\nOf the five nearest by another artist, {100 * _genre_agreement(library):.0f} % share the genre; by chance"
        f" {100 * chance:.0f} % would.\nSo far the ear knows other music only. Now it learns what these people like:"
    )
    _demo_step(library, "import-playlists", tracks)
    _demo_step(library, "import-listens", tracks / "listens.csv")
    _demo_step(library, "build-graph")
    _demo_step(library, "train-audio")
    _demo_step(library, "embed-audio")
    _demo_step(library, "similar", titles[1], "-k", 5)
    click.echo(
        f"\nNow {100 * _genre_agreement(library):.0f} % of the five nearest share the genre. And who wants what?"
    )
    _demo_step(library, "train-tower")
    _demo_step(library, "recommend", "listener-001", "-k", 5)
    click.echo("\nYours next: `cli embed-audio ~/Music`, then `cli similar` with a file, an id or words.")


def _genre_agreement(library_folder: Path) -> float:
    """How many of a track's five nearest by another artist share its genre, in the demo's world."""
    from index.library import Library

    with Library.open(library_folder) as library:
        (share,) = library.db.execute(_GENRE_AGREEMENT).fetchone()
    return share


_GENRE_AGREEMENT = """
    SELECT avg(same_genre) FROM (
        SELECT a.genre = b.genre AS same_genre, row_number() OVER (PARTITION BY a.id ORDER BY n.rank) AS place
        FROM neighbours AS n JOIN tracks AS a ON a.id = n.track_id JOIN tracks AS b ON b.id = n.neighbour_id
        WHERE a.artist <> b.artist
    ) WHERE place <= 5
"""


def _demo_step(library: Path, *arguments: object) -> None:
    """Show a command and run it, just as if it had been typed."""
    words = [str(argument) for argument in arguments]
    click.echo(click.style(f"\n$ {shlex.join(['cli', *words])}", bold=True))
    cli(["--library", str(library), *words], standalone_mode=False)


def _checkpoint(library: "Library") -> "Checkpoint":
    """The library's own trained encoder, else the packaged one."""
    from audio.checkpoint import Checkpoint, default_checkpoint

    trained = library.trained_checkpoint("train-audio")
    if trained is not None and not trained.is_file():
        raise click.ClickException(f"The trained encoder {trained} is gone.\n\nPut it back, or train anew.")
    return Checkpoint(trained) if trained else default_checkpoint()


def _load_ear(checkpoint: "Checkpoint", device: str) -> "Ear":
    import torch

    from audio.ear import load_ear

    torch.set_num_threads(1)  # the decoding processes need the cores more
    try:
        return load_ear(checkpoint, _device(device))
    except (ValueError, RuntimeError) as error:
        raise click.ClickException(str(error)) from None


def _device(asked: str) -> str:
    """The device meant by --device."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("earshot", "torch", "torchaudio", "av", "numpy", "faiss-cpu")}


def _refresh_index(library: "Library", type: str = "auto", recall: float = 0.98, anew: bool = False) -> None:
    """Bring the index and the neighbours of every space up to date; nothing happens when they are.

    Without `anew`, a type that was once asked for stays.
    """
    from index.index_file import build_index, index_state
    from index.neighbours import fill_neighbours
    from index.spaces import spaces

    for space in spaces(library):
        state, asked, target = index_state(library, space), type, recall
        if state is not None and not anew:
            asked, target = state.asked_type, state.target_recall
        if anew or state is None or state.problem:
            build_index(library, space, asked, target)
        for _ in _progress(fill_neighbours(library, space, anew=anew), f"neighbours by {space}", unit="block"):
            pass


def _echo_index(library: "Library") -> None:
    from index.index_file import index_state
    from index.spaces import spaces

    for state in filter(None, (index_state(library, space) for space in spaces(library))):
        settings = "".join(f", {name} {value:g}" for name, value in state.settings.items())
        click.echo(
            f"{state.path.name}: {state.type}, {state.n_vectors:,} vectors,"
            f" recall@10 {state.recall_at_10:.3f} against exact search{settings}"
        )


def _refuse_empty(library: "Library", space: str = "audio") -> None:
    from index.diffused import DIFFUSED
    from index.spaces import current_space
    from index.tower_store import TOWER, tower_run

    if space == TOWER:
        tower_run(library)
    if space == DIFFUSED and current_space(library, DIFFUSED) is None:
        raise click.ClickException("Nothing was spread over a graph yet.\n\nRun `cli diffuse-audio` first.")
    if not library.db.execute("SELECT 1 FROM current_vectors LIMIT 1").fetchone():
        raise click.ClickException("No track in this library has a vector yet.\n\nRun `cli embed-audio FOLDER` first.")


def _echo_rows(rows: Sequence[dict[str, Any]], output: str | None, nothing: str) -> None:
    from index import listing

    if output == "json":
        click.echo(listing.as_json(rows))
    elif output == "csv":
        click.echo(listing.as_csv(rows), nl=False)
    elif rows:
        told = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        click.echo(listing.table([[row[name] for name in told] for row in rows], told, _terminal_width()))
    else:
        click.echo(nothing, err=True)


def _echo_lines(lines: Iterable[str]) -> None:
    """Sentences, broken between words where they are longer than the terminal is wide; nothing for an empty one."""
    for line in filter(None, lines):
        click.echo(click.wrap_text(line, _terminal_width()))


def _echo_stream(rows: Iterator[dict[str, Any]], output: str) -> None:
    """As `_echo_rows` for programs, of more rows than memory may hold."""
    from index import listing

    for text in listing.json_parts(rows) if output == "json" else listing.csv_parts(rows):
        click.echo(text, nl=False)


def _terminal_width() -> int:
    return shutil.get_terminal_size((120, 24)).columns


def _bar(total: int | None, what: str, unit: str, *, is_hidden: bool = False) -> Any:
    """A progress bar with rate and ETA on stderr, silent where nobody watches."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit=unit, disable=is_hidden or None, dynamic_ncols=True, leave=False)


def _progress(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    with _bar(total, what, unit) as bar:
        for item in items:
            yield item
            bar.update()


if __name__ == "__main__":
    main()
