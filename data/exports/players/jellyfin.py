"""Read who played what in Jellyfin: ``jellyfin.db``, ``library.db`` before 10.11, and ``playback_reporting.db``.

The plug-in Playback Reporting keeps single plays. Databases in one folder are read together, also if only one is given:
a play that is counted in two counts once, and users and items have their names.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from uuid import UUID

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.exports.players.player_database import PlayerSchema, opinion, refuse_several, rows_of, seconds_of
from earshot.data.listens.event_batch import Batch, json_text
from earshot.data.listens.listen_reader import OpenedSource, Reader
from earshot.data.tables.sqlite_files import database_tables, is_database, open_database
from earshot.data.tables.text_blocks import Member

_AUDIO = "MediaBrowser.Controller.Entities.Audio.Audio"
_USERS = "jellyfin.db"  # the file with the names of users
_BESIDE = (_USERS, "library.db", "playback_reporting.db")  # the databases of one server
_REPORTED = re.compile(r"(?P<artist>.+?) - (?P<title>.+) \((?P<album>(?:[^()]|\([^()]*\))+)\)")
_NOT_KNOWN = "Not Known"
_NAMELESS = f"users are called by their numbers, since {_USERS}, which has their names, does not lie beside"
_COUNTED = (  # an item may have several rows for one user, which say the same
    f"CAST(max(d.PlayCount) AS INTEGER) AS plays, max({seconds_of('d.LastPlayedDate')}) AS time,"
    f" min({opinion('round(d.Rating / 2)', 'd.IsFavorite')}) AS kind"
)
_ITEM = (
    "coalesce(nullif(i.Artists, ''), nullif(i.AlbumArtists, '')) AS artist, i.Name AS title, i.Album AS album,"
    " i.Path AS path"
)

SERVER = PlayerSchema(
    "Jellyfin",
    {
        "UserData": ("UserId", "ItemId", "PlayCount", "LastPlayedDate", "IsFavorite", "Rating"),
        "BaseItems": ("Id", "Type", "Name", "Album", "Artists", "AlbumArtists", "Path"),
    },
    'SELECT max(MigrationId) FROM "__EFMigrationsHistory"',
    lambda _: [
        f"SELECT d.UserId AS user, d.ItemId AS item, {_ITEM}, {_COUNTED} FROM UserData AS d"
        f" JOIN BaseItems AS i ON i.Id = d.ItemId WHERE i.Type = '{_AUDIO}' GROUP BY d.UserId, d.ItemId"
    ],
)
OLD_SERVER = PlayerSchema(
    "Jellyfin before 10.11",
    {
        "UserDatas": ("key", "userId", "playCount", "lastPlayedDate", "isFavorite", "rating"),
        "TypedBaseItems": ("guid", "type", "UserDataKey", "Name", "Album", "Artists", "AlbumArtists", "Path"),
    },
    "PRAGMA user_version",
    lambda _: [
        f"SELECT d.userId AS user, min(i.guid) AS item, {_ITEM}, {_COUNTED} FROM UserDatas AS d"
        f" JOIN TypedBaseItems AS i ON i.UserDataKey = d.key WHERE i.type = '{_AUDIO}' GROUP BY d.userId, d.key"
    ],
)
REPORTING = PlayerSchema(
    "Jellyfin's Playback Reporting",
    {"PlaybackActivity": ("DateCreated", "UserId", "ItemId", "ItemType", "ItemName", "PlayDuration")},
    "PRAGMA user_version",
    lambda _: [
        "SELECT UserId AS user, ItemId AS item, ItemName AS name, PlayDuration AS played_s,"
        " strftime('%s', DateCreated, CASE user_version WHEN 0 THEN 'utc' ELSE '0 seconds' END) AS time"  # once local
        " FROM PlaybackActivity, pragma_user_version WHERE ItemType = 'Audio'"
    ],
)

_SCHEMAS = (SERVER, OLD_SERVER, REPORTING)


def read_jellyfin(members: Sequence[Member], listener: str | None) -> Iterator[Batch]:
    """Read single plays, then what is counted besides at the time of the last, and what is liked.

    Raises
    ------
    ValueError
        A database cannot be read, or lacks a column; or several users played, despite a `listener`.
    """
    with ExitStack() as stack:
        by_schema: dict[str, list[sqlite3.Connection]] = defaultdict(list)
        for member in members:
            connection = stack.enter_context(open_database(member))
            tables = database_tables(connection)
            schema = next((one for one in _SCHEMAS if one.needed.keys() <= tables.keys()), None)
            if schema is not None:
                schema.checked_tables(connection, member.title)
                by_schema[schema.program].append(connection)
        current = SERVER if by_schema[SERVER.program] else OLD_SERVER  # an upgrade leaves the old one
        counts = [
            row for one in by_schema[current.program] for rows in rows_of(one, *current.queries({})) for row in rows
        ]
        reports = chain.from_iterable(rows_of(one, *REPORTING.queries({})) for one in by_schema[REPORTING.program])
        users = _user_names(next((member for member in members if member.title == _USERS), None))
        entries = list(chain(*_entries(counts, reports, users)))
    if listener:
        refuse_several({entry["user"] for entry in entries}, members[0].title)
    notes = () if users or listener else (_NAMELESS,)
    yield from (replace(batch, notes=notes) for batch in entry_batches([entries], dict, listener, needed=("title",)))


def _entries(
    counts: Sequence[Facts], reports: Iterator[list[Facts]], users: Mapping[str, str]
) -> Iterator[Iterator[Facts]]:
    """Yield the entries of reports, of the plays that are counted besides, and of what is liked."""
    items = {_key(row["item"]): {name: row[name] for name in ("artist", "title", "album", "path")} for row in counts}
    n_reported: Counter[tuple[str, str]] = Counter()

    def named(row: Facts) -> Facts:
        user = _key(row["user"])
        return {"user": users.get(user, user)} | (
            items.get(_key(row["item"])) or _names(json_text(row.get("name")) or "")
        )

    def reported(row: Facts) -> Facts:
        n_reported[_key(row["user"]), _key(row["item"])] += 1
        played = row["played_s"]
        return named(row) | {"time": row["time"], "played_ms": played * 1_000 if isinstance(played, int) else None}

    def rest(row: Facts) -> Facts:
        n = n_reported[_key(row["user"]), _key(row["item"])]
        return named(row) | {"plays": row["plays"] - n, "time": None if n else row["time"]}

    yield (reported(row) for rows in reports for row in rows)
    yield (entry for row in counts if row["plays"] and (entry := rest(row))["plays"] > 0)
    yield (named(row) | {"kind": row["kind"]} for row in counts if row["kind"] is not None)


def _key(code: object) -> str:
    """An id as all databases have it: sixteen bytes, or hexadecimal with dashes or without; or a small number."""
    if isinstance(code, bytes) and len(code) == 16:
        return UUID(bytes_le=code).hex
    return str(code).replace("-", "").lower()


def _names(reported: str) -> Facts:
    """Artist, title and album of a name in the reports."""
    match = _REPORTED.fullmatch(reported)
    names = match.groupdict() if match else {"title": reported}
    return {name: None if value == _NOT_KNOWN else value for name, value in names.items()}


def _user_names(file: Member | None) -> dict[str, str]:
    if file is None:
        return {}
    with open_database(file) as connection:
        if not {"Id", "Username"} <= database_tables(connection).get("Users", frozenset()):
            return {}
        number = "InternalId" if "InternalId" in database_tables(connection)["Users"] else "NULL"
        rows = connection.execute(f"SELECT Id, {number}, Username FROM Users").fetchall()
    return {_key(code): str(name) for *codes, name in rows for code in codes if code is not None}


def _of_one_server(members: Sequence[Member]) -> list[list[Member]]:
    """Group the given databases with those beside them: always the same, in one order, whichever are given."""
    by_folder: dict[Path, set[Member]] = defaultdict(set)
    for member in members:
        by_folder[member.location.parent].update(
            [member, *(one for name in _BESIDE if (one := member.beside(name)) and is_database(one))]
        )
    return [sorted(group, key=lambda member: member.location) for group in by_folder.values()]


JELLYFIN = Reader(
    "jellyfin",
    lambda head: any(schema.is_in(head) for schema in _SCHEMAS),
    lambda members, options: OpenedSource(read_jellyfin(members, options.listener)),
    group=_of_one_server,
    is_whole=True,
)
