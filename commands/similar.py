"""`cli similar`: what is near, by sound or by who plays it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.audio.config import DecodeConfig
from earshot.commands.shared.options import output_options
from earshot.commands.shared.playlist_files import PLAYLIST_HELP, is_standard_output, write_playlist
from earshot.commands.shared.terminal import echo_rows
from earshot.commands.shared.track_argument import resolve_track
from earshot.data.files.path_encoding import shown_path
from earshot.data.files.regular_files import irregular_kind

if TYPE_CHECKING:
    from earshot.index.health.staleness import StalePart
    from earshot.index.library import Library
    from earshot.index.search.similarity_search import Seed
    from earshot.index.tracks.track_lookup import TrackRow


@click.command()
@click.argument("seeds", nargs=-1, required=True)
@click.option("--unlike", multiple=True, metavar="TRACK", help="Away from this track; may be repeated.")
@click.option(
    "--by",
    "space",
    metavar="SPACE",
    default="audio",
    show_default=True,
    help="audio: how it sounds. diffused: sound spread by cli diffuse-audio. tower, or towers: who plays it, by"
    " cli train-tower. both: a blend of sound and tower by rank. Or a space that an import brought, such as yambda.",
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
@click.option(
    "--m3u",
    type=click.Path(path_type=Path, dir_okay=False),
    help=PLAYLIST_HELP,
)
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
    **filters: Any,
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
    from earshot.commands.shared import text_tables
    from earshot.commands.shared.output_rows import match_rows
    from earshot.index.library import Library
    from earshot.index.recommending.tower_runs import tower_run
    from earshot.index.runs import current_fingerprint
    from earshot.index.search.filters import SearchFilters
    from earshot.index.search.rank_fusion import BOTH, similar_by_both
    from earshot.index.search.similarity_search import similar as find_similar
    from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, require_vectors
    from earshot.stages.current_encoder import find_checkpoint

    space = TOWER if space == "towers" else space
    with Library.open(folder) as library:
        require_vectors(library, TOWER if space == BOTH else space)
        sound = tower_run(library).sound or AUDIO if space == BOTH else space
        spaces = (sound, TOWER) if space == BOTH else (space,)
        wanted, unwanted = ([_seeds(library, text, spaces) for text in texts] for texts in (seeds, unlike))
        if space == BOTH:
            answer = similar_by_both(library, wanted, unwanted, SearchFilters(**filters), why, sound)
        else:
            likes, dislikes = ([seed[space] for seed in part] for part in (wanted, unwanted))
            answer = find_similar(library, space, likes, dislikes, SearchFilters(**filters), why)
        is_heard = any({AUDIO, DIFFUSED} & set(seed) for seed in wanted + unwanted)
        checkpoint = find_checkpoint(library) if is_heard else None
        is_current = checkpoint is None or current_fingerprint(library) == checkpoint.fingerprint
        stale = _stale_vectors(library) if space == DIFFUSED else None
    if m3u is not None:
        write_playlist(m3u, [match.track for match in answer.matches])
    if is_standard_output(m3u):
        return
    if output is None:
        names, others = ([next(iter(seed.values())).name for seed in part] for part in (wanted, unwanted))
        title = " + ".join(names) + "".join(f" - {name}" for name in others)
        click.echo(text_tables.one_line(f"Similar to {title}"))
    echo_rows(match_rows(answer, why=why, plain=output is None), output, "Nothing in the library fits these wishes.")
    if answer.copies and output is None:
        click.echo(f"Left out as copies: {', '.join(str(track.id) for track in answer.copies)}", err=True)
    if not is_current:
        click.echo("These vectors belong to an older encoder; `cli embed-audio` brings them up to date.", err=True)
    if stale:
        click.echo(f"`{stale.command}` brings these vectors up to date: {stale.why}.", err=True)
    if answer.exhaustive:
        click.echo(f"Searched without the index ({answer.exhaustive}); `cli build-index` makes it fast.", err=True)


def _stale_vectors(library: "Library") -> "StalePart | None":
    from earshot.index.health.staleness import stale_diffusion  # reads tables of graphs, which other searches need not

    return next(stale_diffusion(library), None)


def _seeds(library: "Library", text: str, spaces: Sequence[str]) -> dict[str, "Seed"]:
    """The track that a person means, by each space that knows it: from the library or, a file elsewhere, heard now."""
    from earshot.commands.shared.text_tables import one_line
    from earshot.index.search.same_recording import read_excerpts
    from earshot.index.search.similarity_search import Seed
    from earshot.index.vectors.spaces import AUDIO, DIFFUSED, read_vector

    row, seeds = resolve_track(library, text, catalog=tuple(spaces) != (AUDIO,)), dict[str, Seed]()
    is_file = row is None and os.path.isfile(text)
    for space in spaces:
        if is_file and space in (AUDIO, DIFFUSED):
            seeds[space] = _heard_seed(library, text, space)
        elif row is not None and (vector := read_vector(library, space, row.id)) is not None:
            facts = row.duration, row.artist, row.title, row.content_hash, row.id
            seeds[space] = Seed(row.name, vector, read_excerpts(library, row.id), *facts)
    if not seeds:
        unheard = resolve_track(library, text, catalog=True) if row is None and not is_file else None
        raise click.ClickException(_why_no_seed(library, row or unheard, text, spaces, is_file=is_file))
    for space in spaces:
        if space not in seeds:
            click.echo(f"{one_line(text)!r} has no vector by {space}, and counts by {', '.join(seeds)} only.", err=True)
    return seeds


def _why_no_seed(library: "Library", row: "TrackRow | None", text: str, spaces: Sequence[str], *, is_file: bool) -> str:
    """Why nothing can be searched from a track, and what to type."""
    from earshot.commands.shared.text_tables import one_line
    from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, sound_space

    if is_file and TOWER in spaces:
        return f"{shown_path(text)} is not in the library.\n\nRun `cli embed-audio` on it first."
    if is_file:
        return (
            f"{shown_path(text)} is not in the library, and cannot be heard as {spaces[0]} hears."
            "\n\nAsk by its sound: --by audio."
        )
    if row is None and os.path.exists(text):
        return (
            f"{shown_path(text)} is {irregular_kind(os.stat(text))}, not a music file."
            "\n\nGive the path of one, or its title."
        )
    if row is None:
        return (
            f"No track and no file answers to {one_line(text)!r}.\n\n"
            "Try fewer words, or `cli embed-audio` its folder first."
        )
    named = f"{one_line(row.name)} (track {row.id})"
    if tuple(spaces) == (AUDIO,):
        other = sound_space(library)
        other = TOWER if other in (None, AUDIO) else other
        return f"{named} was never heard.\n\nRun `cli embed-audio` on its folder, or ask otherwise: --by {other}."
    if TOWER in spaces:
        return f"{named} came after the last `cli train-tower`.\n\nRun it again."
    if DIFFUSED not in spaces:
        return f"{named} has no vector by {spaces[0]}: the import brought none.\n\nAsk by another space: --by tower."
    return (
        f"{named} has no spread vector: it came after the last `cli diffuse-audio`, or no graph leads to it.\n\n"
        "Run `cli diffuse-audio` again, or `cli build-graph` first."
    )


def _heard_seed(library: "Library", path: str, space: str) -> "Seed":
    """A file outside the library, heard with the very encoder that the library's vectors come from."""
    from earshot.audio.embedding import Cause, EmbeddedTrack, EmbedFailure, WorkersLostError, embed_files
    from earshot.graph.diffusion.diffusion import centred
    from earshot.index.graphs.diffused_vectors import centre_vector
    from earshot.index.runs import current_fingerprint
    from earshot.index.search.same_recording import ExcerptVectors
    from earshot.index.search.similarity_search import Seed
    from earshot.index.tracks.track_store import file_title
    from earshot.index.vectors.spaces import DIFFUSED
    from earshot.stages.current_encoder import current_checkpoint, load_encoder
    from earshot.stages.unread_files import installed

    checkpoint = current_checkpoint(library)
    if current_fingerprint(library) is None:
        raise click.ClickException(
            f"No track here was heard yet: {shown_path(path)} cannot be compared."
            "\n\nRun `cli embed-audio FOLDER` first."
        )
    if current_fingerprint(library) != checkpoint.fingerprint:
        raise click.ClickException(
            "The library's vectors belong to an older encoder, so a new file cannot be compared with them.\n\n"
            "Run `cli embed-audio` first: it hears the library again with the present one."
        )
    absolute = str(Path(path).absolute())
    ear = load_encoder(checkpoint, "cpu")
    try:
        (result,) = embed_files([absolute], ear, DecodeConfig(workers=1), is_known=lambda path, content_hash: False)
    except WorkersLostError as error:
        raise click.ClickException(f"{shown_path(path)} cannot be heard: {error}. Is memory short?") from None
    if isinstance(result, EmbedFailure):
        cure = f"\n\n{installed()}" if result.cause is Cause.PROGRAM else ""
        raise click.ClickException(f"{shown_path(path)} cannot be heard: {result.reason}.{cure}")
    assert isinstance(result, EmbeddedTrack)
    title = result.tags.title or file_title(absolute)
    name = f"{result.tags.artist} - {title}" if result.tags.artist else title
    excerpts, vector = ExcerptVectors(result.excerpt_vectors, result.starts), result.vector
    if space == DIFFUSED:
        vector = centred(vector[None], centre_vector(library, len(vector)))[0]
    return Seed(name, vector, excerpts, result.duration, result.tags.artist, title, result.content_hash)
