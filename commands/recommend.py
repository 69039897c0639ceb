"""`cli recommend`: tracks for a listener, a stranger, or for all."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from earshot.commands.shared.current_towers import fitted_towers, trained_towers
from earshot.commands.shared.environment import versions
from earshot.commands.shared.options import EXISTING_FILE, dial_option, output_options
from earshot.commands.shared.playlist_files import PLAYLIST_HELP, is_standard_output, write_playlist, write_playlists
from earshot.commands.shared.terminal import echo_rows, echo_stream, plural, progress_bar, user_errors
from earshot.commands.shared.track_argument import resolve_track

if TYPE_CHECKING:
    from numpy import ndarray

    from earshot.data.ids import IdMap
    from earshot.data.requests import RecommendRequest
    from earshot.index.library import Library
    from earshot.index.listens.stored_interactions import LibraryListening
    from earshot.towers.retrieval.recommend_lists import RecommendOptions, Serving


@click.command()
@click.argument("user", required=False)
@click.option("--all", "to_all", is_flag=True, help="For every listener, into the table `recommendations`.")
@click.option("--like", multiple=True, metavar="TRACK", help="For somebody who likes this; may be repeated.")
@click.option(
    "--history",
    type=EXISTING_FILE,
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
@click.option(
    "--m3u",
    type=click.Path(path_type=Path),
    help=f"{PLAYLIST_HELP} With --all a folder of them.",
)
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
    from earshot.commands.shared.output_rows import list_rows
    from earshot.index.library import Library
    from earshot.index.tracks.track_lookup import track_rows
    from earshot.towers.retrieval.recommend_lists import RecommendOptions

    who = (user is not None) + bool(like) + (history is not None)
    if to_all and (who or seed_track is not None):
        raise click.UsageError("--all is for every listener: without USER, --like, --history and --seed-track.")
    if to_all and is_standard_output(m3u):
        raise click.UsageError(
            f"--all writes a folder of playlists, and {m3u} is none; name a folder: --m3u playlists."
        )
    if not to_all and (who > 1 or (not who and seed_track is None)):
        raise click.UsageError("Give one of USER, --like TRACK or --history FILE, or --seed-track TRACK, or --all.")
    popularity_weight = _own_dial(folder) if popularity is None else popularity
    rules = RecommendOptions(k, novel=novel, max_per_artist=max_per_artist, popularity=popularity_weight)
    if to_all:
        _recommend_to_all(folder, rules, m3u, output)
        return
    if m3u is not None and m3u.is_dir():
        raise click.UsageError(f"{m3u} is a folder; one playlist is a file, such as {m3u / 'mix.m3u8'}.")
    with Library.open(folder) as library:
        named = like if history is None else _history(history)
        listens, request = _asker(library, user, named, seed_track, ordered=not like)
        best = _list_for(library, listens, request, rules)
        tracks = track_rows(library, [track_id for track_id, _ in best])
    if m3u is not None:
        write_playlist(m3u, [tracks[track_id] for track_id, _ in best])
    if is_standard_output(m3u):
        return
    echo_rows(list_rows(best, tracks, plain=output is None), output, _nothing_left(rules))


def _nothing_left(rules: "RecommendOptions") -> str:
    return "Nothing is left to recommend" + ("; --repeats also lists what was played." if rules.novel else ".")


def _own_dial(folder: Path) -> float:
    """The popularity dial that suited the towers best when they learned."""
    from earshot.index.library import Library
    from earshot.index.recommending.tower_runs import tower_run

    with Library.open(folder) as library:
        return tower_run(library).popularity


def _recommend_to_all(folder: Path, rules: "RecommendOptions", m3u: Path | None, output: str | None) -> None:
    """Fill the table of recommendations, or go on with what a killed run left."""
    import numpy as np

    from earshot.data.events.interactions import dislikes, without_dislikes
    from earshot.index.library import Library
    from earshot.index.listens.stored_interactions import read_listening
    from earshot.index.recommending.recommendation_table import (
        ResumableLists,
        listed_files,
        store_recommendations,
        stored_recommendations,
    )
    from earshot.index.recommending.tower_runs import tower_run
    from earshot.index.runs import RECOMMEND_STAGE, finish_run, start_run
    from earshot.towers.retrieval.recommend_lists import batches_of, recommend_all

    began = monotonic()
    if m3u is not None and m3u.exists() and not m3u.is_dir():
        raise click.UsageError(f"{m3u} is a file; with --all, --m3u names a folder of playlists.")
    with Library.open_to_write(folder) as library:
        run_id = tower_run(library).id
        read = read_listening(library)
        serving = _serving(library, read, rules, read.items.all_ids, read.users)
        listens, disliked = without_dislikes(read.listening), dislikes(read.listening)
        user_rows = np.unique(listens.user_rows)
        told = asdict(rules) | {"towers": run_id, "listens": read.key, "tracks": serving.shelf.digest()}
        run, _ = start_run(library, RECOMMEND_STAGE, told, versions=versions())
        lists = ResumableLists(library.folder, told)
        batches = batches_of(serving, user_rows)
        if n_kept := len(lists):
            click.echo(f"Going on after {n_kept:,} of {len(batches):,} batches of listeners.", err=True)
        with progress_bar(len(user_rows), "recommending", "listener") as bar:
            for number, part in enumerate(batches):
                if not lists.has(number):
                    lists.keep(number, read.users.ids(part), *recommend_all(serving, listens, part, rules, disliked))
                bar.update(len(part))
        n_rows = store_recommendations(library, run, lists)
        report = {"listeners": len(user_rows), "recommendations": n_rows, "seconds": round(monotonic() - began, 1)}
        finish_run(library, run, report)
        lists.discard()
        if m3u is not None:
            write_playlists(m3u, listed_files(library))
        if output is not None:
            echo_stream(stored_recommendations(library), output)
    click.echo(
        f"{plural(n_rows, 'recommendation')} to {plural(len(user_rows), 'listener')} in {report['seconds']} s."
        " Ask the view `user_recommendations` of library.db for them.",
        err=output is not None,
    )


def _asker(
    library: "Library", user: str | None, tracks: Sequence[str], seed_track: str | None, *, ordered: bool
) -> tuple["LibraryListening", "RecommendRequest"]:
    """All listens, and who wants a list: a listener, or somebody who played or likes some tracks."""
    from earshot.data.requests import RecommendRequest
    from earshot.index.listens.stored_interactions import find_user, read_listening
    from earshot.index.recommending.candidate_store import request_for_user
    from earshot.index.recommending.tower_runs import tower_run

    tower_run(library)  # first of all, somebody must have trained them
    listens = read_listening(library)
    seed_id = None if seed_track is None else _known_track(library, seed_track)
    if user is not None:
        return listens, request_for_user(listens, find_user(library, user), seed_id)
    ordered = ordered and bool(listens.listening.times.any())  # towers that learned of no order hear none
    played = [_known_track(library, text) for text in tracks]
    return listens, RecommendRequest.stranger(played, ordered=ordered, seed_id=seed_id)


def _list_for(
    library: "Library", listens: "LibraryListening", request: "RecommendRequest", rules: "RecommendOptions"
) -> list[tuple[int, float]]:
    """One list, from the tracks that the index finds near the query where these are enough, else from all of them."""
    import numpy as np

    from earshot.data.ids import IdMap
    from earshot.index.recommending.candidate_store import candidate_pools
    from earshot.towers.retrieval.recommend_lists import prepare, query_of, recommend_one

    track_ids, users = np.unique(request.track_ids()), IdMap([request.user_id])
    with user_errors():
        with trained_towers(library) as (kept, run):
            if kept.config.model == "two-tower" and not rules.popularity:  # which the index knows nothing of
                saved = fitted_towers(library, kept, run.sound, track_ids, users)
                query = query_of(saved, request).numpy()[0]
                for shelf in candidate_pools(library, query, rules.k, n_left_out=len(request.left_out(novel=True))):
                    best = recommend_one(prepare(saved, shelf), request, rules)
                    if len(best) == rules.k:
                        return best
        return recommend_one(_serving(library, listens, rules, track_ids, users), request, rules)


def _serving(
    library: "Library", listens: "LibraryListening", rules: "RecommendOptions", track_ids: "ndarray", users: "IdMap"
) -> "Serving":
    """The towers in use, fitted to nothing but some tracks and listeners, and all that they may recommend."""
    import numpy as np

    from earshot.index.recommending.candidate_store import play_counts, read_shelf
    from earshot.towers.retrieval.recommend_lists import prepare

    with trained_towers(library) as (kept, run):
        shelf = read_shelf(library, run.id, with_vectors=kept.config.model == "two-tower")
        known = np.concatenate([track_ids, np.setdiff1d(shelf.newcomers, track_ids)])
        saved = fitted_towers(library, kept, run.sound, known, users)
    plays = shelf.plays(*play_counts(listens)) if rules.popularity else None
    with user_errors():
        return prepare(saved, shelf, plays)


def _known_track(library: "Library", text: str) -> int:
    """The id of the track that a person means, with audio or without."""
    row = resolve_track(library, text, catalog=True)
    if row is None:
        raise click.ClickException(f"No track answers to {text!r}.\n\nTry fewer words, or its id.")
    return row.id


def _history(path: Path) -> list[str]:
    from earshot.data.tables.playlists import read_history

    with user_errors():
        return read_history(path)
