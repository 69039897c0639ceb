"""Earshot's command line: the one place that opens a library, prints, and picks a device.

Stages are imported inside the commands, so that `cli --help` answers at once and `cli similar` of a known
track never waits for torch.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import click

from audio.config import HearingConfig

if TYPE_CHECKING:
    from audio.checkpoint import Checkpoint
    from audio.ear import Ear
    from audio.hearing import Heard
    from index.intake import ScanCounts, ScanPlan
    from index.library import Library
    from index.search import Matches, Seed
    from index.track_store import NewTrack, PendingFile

T = TypeVar("T")
EMBED_STAGE = "embed-audio"  # as `runs` calls it
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
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many tracks.")
@click.option("--max-per-artist", default=3, show_default=True, type=click.IntRange(1), help="Of one artist.")
@click.option("--max-per-album", type=click.IntRange(1), help="Of one album.")
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
    why: bool,
    m3u: Path | None,
    output: str | None,
    **wishes: Any,
) -> None:
    """List the tracks that sound like SEEDS: paths, ids, or words of titles and artists.

    A file outside the library is heard on the spot. The seeds and their copies are not in the answer.

    Example:

    \b
        cli similar "blue monday" --other-artists --why
        cli similar new_song.mp3 other.flac --unlike 42 -k 30 --m3u mix.m3u8
    """
    from index import listing
    from index.library import Library
    from index.search import Wishes
    from index.search import similar as find_similar
    from index.track_store import AUDIO

    with Library.open(folder) as library:
        _refuse_empty(library)
        wanted = [_seed(library, text) for text in seeds]
        unwanted = [_seed(library, text) for text in unlike]
        answer = find_similar(library, AUDIO, wanted, unwanted, Wishes(**wishes), why)
        is_current = library.current_fingerprint() == _checkpoint(library).fingerprint
    if m3u is not None:
        try:
            listing.write_m3u(m3u, [match.track for match in answer.matches])
        except OSError as error:
            raise click.ClickException(f"{m3u} cannot be written: {error.strerror}.") from None
        click.echo(f"{len(answer.matches)} tracks written to {m3u}", err=True)
    if output is None:
        title = " + ".join(seed.name for seed in wanted) + "".join(f" - {seed.name}" for seed in unwanted)
        click.echo(listing.one_line(f"Similar to {title}"))
    _echo_rows(_match_rows(answer, why, plain=output is None), output, "Nothing in the library fits these wishes.")
    if answer.copies and output is None:
        click.echo(f"Left out as copies: {', '.join(str(track.id) for track in answer.copies)}", err=True)
    if not is_current:
        click.echo("These vectors belong to an older encoder; `cli embed-audio` brings them up to date.", err=True)
    if answer.exhaustive:
        click.echo(f"Searched without the index ({answer.exhaustive}); `cli build-index` makes it fast.", err=True)


def _match_rows(answer: "Matches", why: bool, plain: bool) -> list[dict[str, Any]]:
    from index.listing import clock

    rows = []
    for match in answer.matches:
        track = match.track
        score = f"{match.score:.4f}" if plain else round(match.score, 6)
        row: dict[str, Any] = {"rank": match.rank, "score": score, "id": track.id}
        row |= {"artist": track.artist, "title": track.title, "album": track.album, "genre": track.genre}
        row |= {"length": clock(track.duration)} if plain else {"duration_s": track.duration}
        moment = match.moment
        if why and plain:
            row["why"] = f"{clock(moment.seed_start)} sounds like {clock(moment.match_start)}" if moment else None
        elif why and moment:
            row |= asdict(moment)
        rows.append(row if plain else row | {"path": track.path})
    return rows


def _seed(library: "Library", text: str) -> "Seed":
    """The track that a person means, from the library or, when it is a file elsewhere, heard now."""
    from index.copies import read_excerpts
    from index.listing import one_line, table
    from index.lookup import AmbiguousError, find_track
    from index.search import Seed
    from index.spaces import read_vector
    from index.track_store import AUDIO

    try:
        row = find_track(library, text)
    except AmbiguousError as error:
        rows = [(row.id, row.artist, row.title, row.album, row.path) for row in error.choices]
        choices = table(rows, ("id", "artist", "title", "album", "path"), _terminal_width())
        raise click.ClickException(f"{error}. Which one? Give its id, or more words.\n\n{choices}") from None
    if row is None and Path(text).is_file():
        return _heard_seed(library, text)
    vector = read_vector(library, AUDIO, row.id) if row else None
    if row is None or vector is None:
        raise click.ClickException(
            f"No track and no file answers to {one_line(text)!r}.\n\n"
            "Try fewer words, or `cli embed-audio` its folder first."
        )
    return Seed(
        row.name,
        vector,
        read_excerpts(library, row.id),
        row.duration,
        row.artist,
        row.title,
        row.content_hash,
        row.id,
    )


def _heard_seed(library: "Library", path: str) -> "Seed":
    """A file outside the library, heard with the very encoder that the library's vectors come from."""
    from audio.hearing import Unheard, hear
    from data.identity import content_hash
    from index.copies import ExcerptVectors
    from index.search import Seed
    from index.track_store import file_title

    checkpoint = _checkpoint(library)
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
    excerpts = ExcerptVectors(result.excerpt_vectors, result.starts)
    return Seed(name, result.vector, excerpts, result.duration, result.tags.artist, title, content_hash(absolute))


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
    type=click.Choice(["auto", "flat", "ivf-sq8", "ivf-pq", "hnsw"]),
    help="auto chooses by the size of the library.",
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


@cli.command()
@click.option(
    "--folder",
    "world_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where the world is made.",
)
@click.pass_context
def demo(context: click.Context, world_folder: Path) -> None:
    """Make a small world of invented music and run every stage on it, so that the result can be judged.

    Example:

    \b
        cli demo --folder /tmp/world
    """
    from audio.writing import write_audio
    from data.synthetic import WorldConfig, make_world
    from data.world_files import written_files
    from index.library import Library

    context.obj = world_folder / "library"
    world = make_world(WorldConfig())
    click.echo(f"{world}\n\nEvery artist has a taste; its music, listeners and playlists follow from it.")
    files = _progress(
        written_files(world, world_folder / "tracks", write_audio), "rendering", "file", world.config.n_tracks
    )
    n_files = sum(1 for _ in files)
    click.echo(f"{n_files} files in {world_folder / 'tracks'}: six audio formats, playlists, listens, a graph.")

    _demo_step(f"cli embed-audio {world_folder / 'tracks'}")
    context.invoke(embed_audio, paths=(str(world_folder / "tracks"),))
    _demo_step("cli status")
    context.invoke(status)
    for row in (0, world.config.n_tracks // 2):
        title = world.tracks[row].title
        _demo_step(f'cli similar "{title}" -k 5 --why')
        context.invoke(similar, seeds=(title,), k=5, why=True)
    _demo_step(f"sqlite3 {context.obj / 'library.db'}   # do the five nearest by another artist share the genre?")
    with Library.open(context.obj) as library:
        (share,) = library.db.execute(_GENRE_AGREEMENT).fetchone()
    others, kin = len(world.artists) - 1, world.config.artists_per_genre - 1
    click.echo(f"{100 * share:.0f} % do; by chance {100 * kin / others:.0f} % would.")
    click.echo("\nNow yours: `cli embed-audio ~/Music`, then `cli similar` with a file, an id or words.")


_GENRE_AGREEMENT = """
    SELECT avg(same_genre) FROM (
        SELECT a.genre = b.genre AS same_genre, row_number() OVER (PARTITION BY a.id ORDER BY n.rank) AS place
        FROM neighbours AS n JOIN tracks AS a ON a.id = n.track_id JOIN tracks AS b ON b.id = n.neighbour_id
        WHERE a.artist <> b.artist
    ) WHERE place <= 5
"""


def _demo_step(command: str) -> None:
    click.echo(click.style(f"\n$ {command}", bold=True))


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

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)  # the decoding processes need the cores more
    try:
        return load_ear(checkpoint, device)
    except (ValueError, RuntimeError) as error:
        raise click.ClickException(str(error)) from None


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("earshot", "torch", "torchaudio", "av", "numpy", "faiss-cpu")}


def _refresh_index(library: "Library", type: str = "auto", recall: float = 0.98, anew: bool = False) -> None:
    """Bring the index and the neighbours up to date; nothing happens when they are.

    Without `anew`, a type that was once asked for stays.
    """
    from index.index_file import build_index, index_state
    from index.neighbours import fill_neighbours
    from index.track_store import AUDIO

    state = index_state(library, AUDIO)
    if state is not None and not anew:
        type, recall = state.asked_type, state.target_recall
    if anew or state is None or state.problem:
        build_index(library, AUDIO, type, recall)
    for _ in _progress(fill_neighbours(library, AUDIO, anew=anew), "neighbours", unit="block"):
        pass


def _echo_index(library: "Library") -> None:
    from index.index_file import index_state
    from index.track_store import AUDIO

    state = index_state(library, AUDIO)
    if state is not None:
        settings = "".join(f", {name} {value:g}" for name, value in state.settings.items())
        click.echo(
            f"{state.path.name}: {state.type}, {state.n_vectors:,} vectors,"
            f" recall@10 {state.recall_at_10:.3f} against exact search{settings}"
        )


def _refuse_empty(library: "Library") -> None:
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


def _terminal_width() -> int:
    return shutil.get_terminal_size((120, 24)).columns


def _bar(total: int | None, what: str, unit: str) -> Any:
    """A progress bar with rate and ETA on stderr, silent where nobody watches."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit=unit, disable=None, dynamic_ncols=True, leave=False)


def _progress(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    with _bar(total, what, unit) as bar:
        for item in items:
            yield item
            bar.update()


if __name__ == "__main__":
    main()
