"""`cli keys`: the keys by which music players open the library."""

import click

from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows
from earshot.data.files.path_encoding import escaped


@click.command()
@click.argument("player", required=False)
@click.option("--listener", default="me", help="Whose plays, stars and playlists the player tells.")
@click.option("--password", is_flag=True, help="For a player that knows no API key: make a password instead.")
@click.option("--revoke", is_flag=True, help="Let this player in no more.")
@output_options
def keys(player: str | None, listener: str, password: bool, revoke: bool, output: str | None) -> None:
    """Make the key by which PLAYER, such as a phone, opens what `cli serve` serves, or list all keys.

    A key is shown once, and works at once. Give it to any player that speaks OpenSubsonic, with the address that
    `cli serve` prints. It is of no use for the pages of `cli serve`, whose password is another.

    Example:

    \b
        cli keys phone
        cli keys desktop --listener ana --password
        cli keys
        cli keys phone --revoke
    """
    from earshot.web.security.player_keys import keys_file, make_key, read_keys, revoke_key

    try:
        if player is None:
            if revoke or password:
                raise click.UsageError("Name the player.")
            rows = [
                {
                    "player": one.name,
                    "listener": one.listener,
                    "by": "password" if one.password else "key",
                    "made": one.made,
                }
                for one in read_keys(keys_file())
            ]
            echo_rows(rows, output, "There are no keys; `cli keys PLAYER` makes one.")
            return
        if output is not None:
            raise click.UsageError(f"--{output} lists the keys; leave it out with PLAYER. Nothing was changed.")
        player, listener = player.strip(), listener.strip()
        if not player or not listener:
            raise click.UsageError("A player and a listener have names.")
        if revoke:
            if not revoke_key(keys_file(), player):
                raise click.ClickException(f"There is no key {player!r}; `cli keys` lists them.")
            click.echo(f"{escaped(player)} is let in no more")
            return
        secret = make_key(keys_file(), player, listener, with_password=password)
    except ValueError as error:
        raise click.ClickException(f"{error}.") from None
    click.echo(f"user      {escaped(listener)}\npassword  {secret}" if password else f"API key  {secret}")
