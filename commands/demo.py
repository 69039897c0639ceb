"""`cli demo`: a small world of invented music, and every stage on it."""

import shutil
import sys
from pathlib import Path

import click

from earshot.commands.shared.options import HomePath
from earshot.commands.shared.terminal import progress
from earshot.data.files.path_encoding import shell_word, shown_path

SPOTIFY_USER_ROW = 6  # the listener whose history is also written as Spotify exports it: 150 plays of 33 tracks


@click.command()
@click.option(
    "--folder",
    "world_folder",
    type=HomePath(path_type=Path, file_okay=False),
    default=Path("demo"),
    help="Where the world is made.",
)
def demo(world_folder: Path) -> None:
    """Make a small world of invented music, whose answers are known, and run every stage on it.

    Example:

    \b
        cli demo --folder /tmp/world
    """
    from earshot.audio.decoding.audio_writer import write_audio
    from earshot.data.synthetic.world import WorldConfig, make_world
    from earshot.data.synthetic.world_files import written_files, written_history

    library, tracks = world_folder / "library", world_folder / "tracks"
    if library.exists():
        click.echo(
            f"{shown_path(str(library))} is left from an earlier demo and learns on."
            " Remove it to begin at the beginning.\n"
        )
    world = make_world(WorldConfig())
    click.echo(f"{world}\n\nEvery artist has a taste; its music, listeners and playlists follow from it.")
    files = progress(written_files(world, tracks, write_audio), "rendering", "file", world.config.n_tracks)
    n_files = sum(1 for _ in files)
    history = world_folder / "my_spotify_data" / "Streaming_History_Audio_2024.json"
    written_history(world, SPOTIFY_USER_ROW, history)
    click.echo(f"{n_files} files in {shown_path(str(tracks))}: six audio formats, playlists, listens, a graph.")

    _demo_step(library, "embed-audio", tracks)
    _demo_step(library, "status")
    titles = [world.tracks[row].title for row in (0, world.config.n_tracks // 2)]
    _demo_step(library, "similar", titles[0], "-k", 5, "--why")
    chance = (world.config.artists_per_genre - 1) / (len(world.artists) - 1)
    click.echo(
        f"\nOf the five nearest by another artist, {100 * _genre_agreement(library):.0f} % share the genre; by chance"
        f" {100 * chance:.0f} % would."
        "\nSo far the encoder knows other music only. Now it learns what these people like:"
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
    typed = _as_typed()
    click.echo(
        f"\nAll this is in {shown_path(str(library))}: `{typed} --library {shell_word(str(library))} status`."
        f"\nYours next: `{typed} embed-audio ~/Music`, then `{typed} similar` with a file, a title or an artist."
    )


def _as_typed() -> str:
    """The command's name as a shell finds it: without its folder if that is on the PATH."""
    program = Path(sys.argv[0])
    return "cli" if program.name != "cli" or shutil.which("cli") else shell_word(str(program))


def _genre_agreement(library_folder: Path) -> float:
    from earshot.index.library import Library
    from earshot.index.vectors.neighbour_table import genre_agreement

    with Library.open(library_folder) as library:
        return genre_agreement(library)


def _demo_step(library: Path, *arguments: object) -> None:
    """Show a command and run it, just as if it had been typed."""
    words = [str(argument) for argument in arguments]
    click.echo("\n$ " + " ".join(["cli", *map(shell_word, words)]))
    whole = click.get_current_context().find_root().command
    whole.main(["--library", str(library), *words], standalone_mode=False)
