"""`cli serve`: the library in a browser, on this computer."""

import os
import sys
from pathlib import Path

import click

from earshot.commands.shared.console import OutputError
from earshot.commands.shared.options import EXISTING_FILE
from earshot.commands.shared.signals import heed_signal

_PASSWORD = "EARSHOT_PASSWORD"


@click.command()
@click.option("--host", default="127.0.0.1", help="The address to listen at; another one than this needs a password.")
@click.option("--port", default=8765, type=click.IntRange(0, 65_535), help="The port to listen at; 0 for any free one.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="A name that leads here, such as music.home.")
@click.option(
    "--allow-origin", multiple=True, metavar="URL", help="A site whose page is a player, such as https://feishin.home."
)
@click.option("--password-file", type=EXISTING_FILE, help=f"A file whose first line is the password (or {_PASSWORD}).")
@click.option("--new-password", is_flag=True, help="Ask for a password, and keep its hash in place of the one before.")
@click.pass_obj
def serve(
    folder: Path,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    allow_origin: tuple[str, ...],
    password_file: Path | None,
    new_password: bool,
) -> None:
    """Serve the library to a browser until Ctrl-C.

    It prints an address that opens it once, in one browser, then the next one, and the address for music players that
    speak OpenSubsonic, with a key of `cli keys`. Nobody but this computer can reach it, unless --host says so.

    Example:

    \b
        cli serve
    """
    from earshot.web.app import ServerSettings
    from earshot.web.server import is_loopback
    from earshot.web.server import serve as serve_until_interrupted

    password_hash = _password_hash(password_file, new_password, is_needed=not is_loopback(host))
    origins = tuple(origin.rstrip("/") for origin in allow_origin)  # as browsers send them
    settings = ServerSettings(host=host, allowed_hosts=allow_host, allowed_origins=origins, password_hash=password_hash)
    n_told = 0

    def tell(address: str) -> None:
        nonlocal n_told
        try:
            click.echo(address)
        except OutputError:
            if not n_told:
                raise
            # Who read the first address, such as `head -1`, has left; the browser that used it is let in.
        n_told += 1

    serve_until_interrupted(folder, settings, port, tell=tell, tell_players=_tell_players)
    heed_signal()
    click.echo("Stopped.", err=True)


def _tell_players(address: str) -> None:
    click.echo(f"Players that speak OpenSubsonic: {address}, with a key of `cli keys`.", err=True)


def _password_hash(file: Path | None, is_new: bool, *, is_needed: bool) -> str | None:
    """The hash of the password that was given, kept or typed; None without one, if none is needed."""
    from earshot.web.security.passwords import hash_password, password_file, read_hash, store_hash

    try:
        if file is not None:
            return hash_password(file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))
        if not is_new and (given := os.environ.get(_PASSWORD)):
            return hash_password(given)
        kept = None if is_new else read_hash(password_file())
        if kept is None and (is_new or is_needed):
            kept = hash_password(_typed_password())
            store_hash(password_file(), kept)
        return kept
    except ValueError as error:
        raise click.ClickException(f"{error}.") from None


def _typed_password() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"This needs a password, and nobody is there to type one: give --password-file, or {_PASSWORD}."
        )
    return str(click.prompt("A password for Earshot's pages", hide_input=True, confirmation_prompt=True, err=True))
