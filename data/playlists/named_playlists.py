"""Playlists that name tracks: JSPF, tables of services such as Exportify's and TuneMyMusic's, text of iTunes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from earshot.data import column_words
from earshot.data.playlists.playlist import VLC, Contents, Entry, entry_at, place_on_a_mac, recording_mbid, start_of
from earshot.data.tables.text_blocks import json_value
from earshot.data.tables.utf8_text import decoded

_COLUMNS = {  # names of columns; the first that a table has
    "place": ("path", "filepath", "file", "filename", "location", *column_words.PATHS),
    "title": (
        "trackname",
        "tracktitle",
        "songtitle",
        "title",
        "songname",
        "song",
        "track",
        *column_words.TITLES,
        "name",
    ),
    "artist": ("artistnames", "artistname", "artistname1", "artists", "artist", "creator", *column_words.ARTISTS),
    "album": ("albumname", "albumtitle", "album", *column_words.ALBUMS),
    "mbid": ("recordingmbid", "mbid"),
    "isrc": ("isrc",),
    "playlist": ("playlistname", "playlist"),
}
_OF_LISTENS = (
    *("user", "userid", "username", "listener", "plays", "playcount", "timestamp", "uts", "playedat", "listenedat"),
    *column_words.PLAYS,
)
# What iTunes and Apple's Music call "Export Playlist": in English by name, in other languages by place.
_APPLE_NAMES = {
    "title": "name", "artist": "artist", "album": "album", "plays": "plays", "time": "lastplayed",
    "rating": "myrating", "path": "location",
}  # fmt: skip
_OF_APPLE = {"name", "artist", "album", "bitrate", "location"}
_APPLE_PLACES = {"title": 0, "artist": 1, "album": 3, "plays": -6, "time": -5, "rating": -2, "path": -1}
_N_APPLE_COLUMNS = (27, 31)  # without those of works and movements, and with them
_WORD_NAME = (
    *("name", "nom", "nombre", "nome", "naam", "namn", "navn", "nazwa", "název", "nimi", "titel", "titre", "título"),
    *("название", "имя", "名前", "名称", "名稱", "이름"),
)
_WORD_ALBUM = ("album", "álbum", "albums", "альбом", "アルバム", "专辑", "專輯", "앨범", "albumi")
_DASH = " - "


def read_jspf(data: bytes, folder: str, name: str) -> Contents:
    """Read a JSPF: XSPF in JSON, as ListenBrainz writes it."""
    content = json_value(decoded(data))
    playlist = content.get("playlist") if isinstance(content, dict) else None
    if not isinstance(playlist, dict):
        raise ValueError(f"{name} is no JSPF playlist")
    tracks = playlist.get("track")
    return _text(playlist.get("title")), (
        entry_at(
            folder, _text(track.get("location")), is_encoded=True, artist=_text(track.get("creator")),
            title=_text(track.get("title")), album=_text(track.get("album")),
            mbid=recording_mbid(_text(track.get("identifier")), _text(track.get("location"))),
            begin=start_of(_player_options(track.get("extension"))),
        )
        for track in (tracks if isinstance(tracks, list) else [])
        if isinstance(track, dict)
    )  # fmt: skip


def read_playlist_table(_: bytes, folder: str, path: str) -> list[Contents]:
    """Read a table with a row per track, in columns of titles and artists, or of paths; it may hold several playlists.

    Raises
    ------
    ValueError
        It has no such columns, or is a text that iTunes did not write.
    """
    # Here, as in the functions below: polars takes 0.2 s to load.
    from earshot.data.tables.table_blocks import known_columns, list_columns, open_table, plain_column, stripped

    table = open_table(Path(path), what="playlists")
    apple = apple_columns(table.columns)
    is_text = table.name.lower().endswith(".txt")
    if apple is None and is_text and not column_words.are_of_rekordbox(map(plain_column, table.columns)):
        raise ValueError(f"{table.name} is no playlist that iTunes, Music or rekordbox exported as text")
    columns = known_columns(table.columns, _COLUMNS) if apple is None else apple
    if column_words.are_of_albums(map(plain_column, table.columns)):
        raise ValueError(f"{table.name} is a table of albums, and names no tracks")
    if not _names_tracks(columns) and "place" not in columns:
        names = list_columns(table.columns)
        raise ValueError(f"{table.name} has neither columns of titles and artists nor one of paths; it has {names}")
    used = {ours: theirs for ours, theirs in columns.items() if ours not in ("plays", "time", "rating")}
    by_title: dict[str | None, list[Entry | None]] = {}
    for block in table.blocks(list(used.values())):
        for row in block.select(map(stripped, used.values())).iter_rows():
            facts: dict[str, str | None] = dict(zip(used, row, strict=True))
            by_title.setdefault(facts.pop("playlist", None), []).append(_entry(folder, facts))
    return [*by_title.items()] or [(None, [])]


def _entry(folder: str, facts: dict[str, str | None]) -> Entry | None:
    place = facts.pop("place", None) or place_on_a_mac(facts.pop("path", None) or "")
    title = facts.get("title") or ""
    if not facts.get("artist") and _DASH in title:  # a video, whose channel is nobody's name
        artist, _, title = title.partition(_DASH)
        facts = facts | {"artist": artist, "title": title}
    return entry_at(folder, place, is_encoded=False, begin=None, **facts)


def is_playlist_table(path: str) -> bool:
    """Tell whether a table names tracks, and neither listeners nor plays; or is one of iTunes or rekordbox."""
    from earshot.data.tables.table_blocks import known_columns, plain_column

    names = _column_names(path)
    plain = {*map(plain_column, names)}
    if apple_columns(names) is not None or path.lower().endswith(".txt"):
        return apple_columns(names) is not None or column_words.are_of_rekordbox(plain)
    is_other = column_words.are_of_albums(plain) or _are_of_listens(path, names)
    return _names_tracks(known_columns(names, _COLUMNS)) and not is_other


def is_listen_table(path: str) -> bool:
    """Tell whether a CSV or TSV names tracks, and listeners or plays."""
    from earshot.data.tables.table_blocks import known_columns

    names = _column_names(path) if path.lower().endswith((".csv", ".tsv")) else []
    return _names_tracks(known_columns(names, _COLUMNS)) and _are_of_listens(path, names)


def _column_names(path: str) -> list[str]:
    """The columns of a file, none if it is no table."""
    from earshot.data.tables.table_blocks import open_table

    try:
        return open_table(Path(path)).columns
    except ValueError:
        return []


def _are_of_listens(path: str, names: Sequence[str]) -> bool:
    from earshot.data.tables.table_blocks import find_column

    return find_column(path, names, None, _OF_LISTENS) is not None


def apple_columns(names: Sequence[str]) -> Mapping[str, str] | None:
    """The columns of a playlist that iTunes or Apple's Music exported as text, by our names; None of another table.

    >>> apple_columns(["title", "artist"])
    """
    from earshot.data.tables.table_blocks import plain_column

    plain = [plain_column(name) for name in names]
    if set(plain) >= _OF_APPLE:
        return {ours: names[plain.index(theirs)] for ours, theirs in _APPLE_NAMES.items() if theirs in plain}
    if len(names) in _N_APPLE_COLUMNS and plain[0] in _WORD_NAME and plain[_APPLE_PLACES["album"]] in _WORD_ALBUM:
        return {ours: names[place] for ours, place in _APPLE_PLACES.items()}
    return None


def _names_tracks(columns: Mapping[str, str]) -> bool:
    return {"title", "artist"} <= columns.keys()


def _player_options(extension: object) -> list[str]:
    """The options of VLC that a track has, as `playlist_writer` writes them."""
    values = extension.get(VLC) if isinstance(extension, dict) else None
    return [
        option
        for value in (values if isinstance(values, list) else [])
        if isinstance(value, dict) and isinstance(value.get("option"), list)
        for option in value["option"]
        if isinstance(option, str)
    ]


def _text(value: object) -> str:
    """A text of JSON, or the first of a list; lone surrogates become question marks."""
    value = next(iter(value), None) if isinstance(value, list) else value
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
