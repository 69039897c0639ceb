"""Find the columns of a table of listens, by well-known names or as a person names them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.data import column_words
from earshot.data.events.event_log import EVENT_COLUMNS
from earshot.data.listens.event_batch import text_number
from earshot.data.listens.listen_reader import ReadOptions
from earshot.data.tables.table_blocks import find_column, list_columns, plain_column

# Names are compared without case, blanks and underscores: "Track Name" and trackName are track_name.
_USER = (
    *("user", "user_id", "user_name", "listener", "listener_id", "listener_name", "uid", "user_sha1", "user_mbid"),
    *(
        "benutzer",
        "utilisateur",
        "usuario",
        "utente",
        "gebruiker",
        "użytkownik",
        "пользователь",
        "ユーザー",
        "用户",
        "사용자",
    ),
)
_PATHS = ("path", "file", "filename", "track_path", "file_path", "location")
_TITLES = (  # with the artist in another column
    *("track", "track_name", "track_title", "title", "song", "song_name", "song_title", "recording_name"),
    *column_words.TITLES,
)
_IDS = (
    *("item", "item_id", "track_id", "song_id", "movie_id", "recording", "recording_id", "recording_mbid", "track_uri"),
)
# Without a column of artists: an item, then a title, then the id of a track.
_ITEMS = (*_PATHS, "item", "item_id", *_TITLES, *_IDS)
_ARTIST = (
    *(
        "artist",
        "artist_name",
        "artist_names",
        "artist_name_1",
        "artists",
        "track_artist",
        "song_artist",
        "performer",
        "creator",
        "grandparent_title",  # as Plex and Tautulli call it
    ),
    *column_words.ARTISTS,
)
_ARTIST_IDS = ("artist_id", "artist_mbid")
_ALBUM = ("album", "album_name", "album_title", "release", "release_name", "parent_title", *column_words.ALBUMS)
_MOMENTS = (
    *("time", "timestamp", "played_at", "listened_at", "ts", "date", "datetime", "date_time", "unix_time", "uts"),
    *("utc_time", "time_utc", "utc", "play_date", "date_played", "played_on", "listen_date", "end_time", "entry_date"),
    *("scrobbled_at", "scrobble_time", "scrobble_date", "time_played", "listened_on", "when"),
    *("date_listened", "listening_date", "listening_time", "stream_time", "datum", "zeit", "fecha", "heure"),
    *(
        "abgespielt_am",
        "gespielt_am",
        "gehört_am",
        "datum_uhrzeit",
        "date_d'écoute",
        "écouté_le",
        "fecha_y_hora",
        "дата",
    ),
    *("дата_и_время", "время", "日時", "再生日時", "时间", "播放时间", "날짜", "시간"),
)
_TIME = (*_MOMENTS, *(f"{name}_utc" for name in _MOMENTS))
_DATE = ("date", "play_date", "datum", "fecha", "data", "jour")  # beside a column of the time of day
_CLOCK = ("time", "uhrzeit", "zeit", "heure", "hora", "ora", "clock", "time_of_day")
_PLAYS = ("plays", "play_count", "playcount", "count", "n_plays", "listens", "weight", "scrobbles", *column_words.PLAYS)
_OF_PLAYLISTS = ("playlist_name", "added_at", "added_by")
_TAGS = ("tag", "tag_id", "tag_value")
_OPTIONAL = {  # well-known names of other columns, and the columns of a batch that they become
    **dict.fromkeys(("track_mbid", "recording_mbid", "mbid"), "mbid"),
    **{"isrc": "isrc", "event": "kind", "event_type": "kind", "kind": "kind", "split": "split"},
    **dict.fromkeys(("ratio", "play_ratio", "played_ratio", "played_ratio_pct"), "ratio"),
    **dict.fromkeys(("played_ms", "ms_played"), "played_ms"),
}
NAME_THEM = "Write the names of the columns above it, such as artist, title, album, play_count and last_played."
_CODE = re.compile(r"[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|")
_TIME_FIELD = re.compile(r"(?:[89]\d{8}|1\d{9})(?:\d{3})?(?:\.\d+)?|\d{4}-\d\d-\d\d.*")  # from 1995 on


@dataclass(frozen=True)
class ListenColumns:
    """The columns of a table of listens; None for what it lacks."""

    level: str  # of the items: "track" or "artist"
    item: str
    user: str | None = None
    artist: str | None = None
    path: str | None = None  # beside a title and an artist
    time: str | None = None
    date: str | None = None  # where the time is one of the day alone
    plays: str | None = None
    optional: tuple[tuple[str, str], ...] = ()  # columns of a batch, and of the table

    @property
    def used(self) -> list[str]:
        """The columns to read, each once."""
        own = (self.user, self.artist, self.item, self.path, self.date, self.time, self.plays)
        return list(dict.fromkeys(name for name in (*own, *dict(self.optional).values()) if name))


def find_columns(table: str, columns: Sequence[str], options: ReadOptions) -> ListenColumns:
    """Find the columns of the table of that name.

    Raises
    ------
    ValueError
        A given column is not in it, no column holds users or items, or one holds users despite a listener.
    """
    user = find_column(table, columns, options.user, _USER)
    if user is None and options.listener is None:
        raise _missing(table, columns, "users", "--user, or say whose listens these are with --listener")
    if user is not None and options.listener is not None:
        raise ValueError(f"{table} says who listened, in its column {user!r}.\n\nLeave out --listener.")
    others = [name for name in columns if name != user]
    time, plays = find_column(table, columns, options.time, _TIME), find_column(table, columns, options.plays, _PLAYS)
    artist = find_column(table, others, options.artist, (*_ARTIST, *_ARTIST_IDS))
    album = find_column(table, others, options.album, _ALBUM)
    item, level = _item(table, columns, others, artist, options)
    if level == "track" and item is None and artist and options.level is None:
        known = _plain((*_OPTIONAL, *_DATE, *_ARTIST, *_ARTIST_IDS))
        unknown = [name for name in others if name not in (album, time, plays) and plain_column(name) not in known]
        if not time or not unknown:  # else each row is a listen, to something that another column names
            item, level = artist, "artist"
    if item is None:
        cure = "--item" + (", or count artists with --level artist" if level == "track" and artist else "")
        raise _missing(table, columns, f"{level}s", cure)
    path = None
    if plain_column(item) in _plain(_PATHS) and options.item is None:
        title = find_column(table, others, None, _TITLES)
        if title and artist:
            item, path = title, item
    is_path = plain_column(item) in _plain(_PATHS)
    if (
        level == "artist"
        or artist == item
        or is_path
        or (options.artist is None and plain_column(artist or "") in _plain(_ARTIST_IDS))
    ):
        artist = None
    optional = _optional(columns, {user, item, artist, path, time, plays}, album, has_artist=artist is not None)
    date = find_column(table, others, None, _DATE) if options.time is None else None
    if date and time in (None, date):
        time = find_column(table, others, None, _CLOCK) or time
    date = date if date != time else None
    return ListenColumns(level, item, user, artist, path, time, date, plays, tuple(optional.items()))


def are_of_listens(columns: Sequence[str]) -> bool:
    """Tell whether columns are by their names those of listens: items, with users, times or numbers of plays."""
    has_others = not _plain(columns).isdisjoint(_plain((*_USER, *_TIME, *_PLAYS)))
    return (
        has_others
        and are_of_items(columns)
        and not (are_of_tags(columns) or column_words.are_of_albums(_plain(columns)))
    )


def are_of_items(columns: Sequence[str]) -> bool:
    """Tell whether a column has a well-known name of tracks or artists."""
    return not _plain(columns).isdisjoint(_plain((*_ITEMS, *_ARTIST, *_ARTIST_IDS)))


def are_of_tags(columns: Sequence[str]) -> bool:
    """Tell whether columns say who gave an item which tag, which is no listen.

    >>> are_of_tags(["userID", "artistID", "tagID", "timestamp"]), are_of_tags(["user", "track", "tag", "plays"])
    (True, False)
    """
    names = _plain(columns)
    return bool(names & _plain(_TAGS) and names & _plain(_USER)) and not names & _plain(_PLAYS)


def headless_names(first_row: Sequence[str]) -> list[str] | None:
    """Name the columns of a table without a header, by its first row, as data sets are published; None if it is none.

    >>> headless_names(["b80344d063b5ccb3212f76538f3d9e43d87dca9e", "SOAKIMP12A8C130995", "1"])
    ['user', 'item', 'plays']
    >>> headless_names(["196", "242", "3", "881250949"])
    ['user', 'item', 'rating', 'time']
    """
    are_times = [bool(_TIME_FIELD.fullmatch(field)) or 8e8 < (text_number(field) or 0) < 5e9 for field in first_row]
    are_codes, are_numbers = [bool(_CODE.fullmatch(field)) for field in first_row], [*map(str.isdecimal, first_row)]
    match len(first_row):
        case 3 if not any(are_times[:2]) and (are_times[2] or are_numbers[2]):
            return ["user", "item", "time" if are_times[2] else "plays"]
        case 4 if are_codes[0] and are_codes[1] and are_numbers[3] and not are_numbers[2]:
            return ["user", "artist_mbid", "artist", "plays"]
        case 4 if are_numbers[2] and not first_row[3].isdigit() and not any(map(str.isdigit, first_row[0])):
            return None  # a person, an item and a rating, or an artist, a title and plays
        case 4 if are_times[3] and not any(are_times[:3]):
            return ["user", "item", "rating", "time"] if are_numbers[2] else ["user", "artist", "track", "time"]
    return None


def _item(
    table: str, columns: Sequence[str], others: Sequence[str], artist: str | None, options: ReadOptions
) -> tuple[str | None, str]:
    """Find the column of items and their level; `others` are those that hold no users."""
    item, level = options.item, options.level
    if item is not None:
        found = find_column(table, columns, item, ())
        is_artist = plain_column(item) in _plain((*_ARTIST, *_ARTIST_IDS))
        return found, level or ("artist" if is_artist else "track")
    if level == "artist":
        return artist, level
    known = (*_PATHS, *_TITLES, "name", *_IDS) if artist else _ITEMS  # without an artist a name may be anything
    return find_column(table, [name for name in others if name != artist], None, known), "track"


def _optional(columns: Sequence[str], used: set[str | None], album: str | None, *, has_artist: bool) -> dict[str, str]:
    """Find the optional columns: their names in a batch, and in the table."""
    by_name = {plain_column(name): name for name in columns if name not in used}
    found = {
        ours: by_name[plain_column(theirs)] for theirs, ours in _OPTIONAL.items() if plain_column(theirs) in by_name
    }
    if album:
        found["album"] = album
    # Without an artist the item is a path or an id, of which the library knows more.
    return found if has_artist else {ours: theirs for ours, theirs in found.items() if ours in EVENT_COLUMNS}


def _plain(names: Sequence[str]) -> set[str]:
    return {plain_column(name) for name in names}


def _missing(table: str, columns: Sequence[str], what: str, cure: str) -> ValueError:
    hint = ""
    if any(map(str.isdecimal, columns)):
        hint = f".\n\nIf this is no header but the first row: {NAME_THEM[0].lower()}{NAME_THEM[1:]}"
    elif _plain(_OF_PLAYLISTS) & _plain(columns):
        hint = ".\n\nIt looks like a playlist, which `cli import-playlists` reads"
    return ValueError(f"{table}: no column of {what}; name one of {list_columns(columns)} with {cure}{hint}")
