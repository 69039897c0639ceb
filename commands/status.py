"""`cli status`: contents of the library, what is stale, and what to type next."""

from dataclasses import asdict
from pathlib import Path

import click

from earshot.commands.shared.terminal import echo_json, plural
from earshot.data.files.path_encoding import escaped, shown_path


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The facts as JSON.")
@click.pass_obj
def status(folder: Path, as_json: bool) -> None:
    """Show what the library holds, by which encoder, what is stale, and what to type next.

    Example:

    \b
        cli status
    """
    from earshot.index.health.library_status import overview
    from earshot.index.library import Library
    from earshot.stages.shared.current_encoder import find_checkpoint

    with Library.open(folder) as library:
        checkpoint = find_checkpoint(library)
        facts = overview(library, None if checkpoint is None else checkpoint.fingerprint)
    if as_json:
        echo_json(asdict(facts), indent=2)
        return
    numbers = facts.summary
    _echo("Library", shown_path(facts.library))
    for number, root in enumerate(facts.roots or ["none yet"]):
        left_out = f"   ({facts.left_out[root]})" if root in facts.left_out else ""
        _echo("" if number else "Folders", f"{root}{left_out}")
    several = facts.recordings < numbers["tracks"]
    recordings = f", {facts.recordings:,} recordings (`cli copies`)" if several else ""
    _echo(
        "Tracks",
        f"{numbers['tracks']:,} embedded{recordings}, {numbers['artists']:,} artists, {numbers['albums']:,} albums,"
        f" {numbers['hours'] or 0:,.1f} hours",
    )
    unread = f" ({facts.unread:,} of them tried again at the next run)" if facts.unread else ""
    _echo("", f"{numbers['failed']:,} failed{unread}, {numbers['excluded']:,} excluded, {numbers['missing']:,} missing")
    if facts.ear:
        _echo("Encoder", f"{facts.ear['origin']}, run {facts.ear['run']} of {_minute(facts.ear['started'])}")
    if facts.index:
        health = facts.index["problem"] or "up to date"
        _echo(
            "Index",
            f"{facts.index['type']}, {facts.index['vectors']:,} vectors,"
            f" recall@10 {facts.index['recall_at_10']:.3f}, {health}",
        )
    if facts.listens["events"] or facts.listens["files"]:
        n_files, n_here = facts.listens["files"], facts.listens["told_here"]
        imports = f", in {n_files:,} imports: what several hold counts once" if n_files > 1 else ""
        imports += f"; {n_here:,} of them told here, while music played" if n_here else ""
        events, users = plural(facts.listens["events"], "event"), plural(facts.listens["users"], "user")
        _echo("Listens", f"{events}, {users}{imports}")
    if facts.towers:
        ndcg = facts.towers["validation"]
        validation = "" if ndcg is None else f", validation NDCG@20 {ndcg:.4f}"
        run = f"run {facts.towers['run']} of {_minute(facts.towers['started'])}"
        n_since = facts.towers["told_since"]
        since = f", {plural(n_since, 'event')} told since" if n_since else ""
        _echo("Towers", f"{facts.towers['model']}{validation}, {run}{since}")
    for number, step in enumerate(facts.next_steps):
        _echo("" if number else "Next", step)


def _echo(name: str, text: str) -> None:
    """One line of facts, even if the name of a folder holds a line break."""
    click.echo(f"{name:<10}{escaped(text)}")


def _minute(when: str) -> str:
    return f"{when[:16].replace('T', ' ')} UTC"
