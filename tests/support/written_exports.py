"""The same listens as each service writes them: artist, title and time since 1970, played for a minute."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from listen_exports import listen, listenbrainz, spotify, stream
from player_databases import JELLYFIN_REPORTS, MIXXX, NAVIDROME, NAVIDROME_SCROBBLES, PLEX, database

Listens = list[tuple[str, str, int]]
_MS = 60_000


def _time(second: int, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return datetime.fromtimestamp(second, UTC).strftime(form)


def _text(path: Path, *parts: str) -> Path:
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _json(path: Path, value: Any) -> Path:
    return _text(path, json.dumps(value))


def _lines(path: Path, header: str, lines: Iterable[str]) -> Path:
    return _text(path, header, *(f"{line}\n" for line in lines))


def _csv(path: Path, header: str, rows: Iterable[tuple[Any, ...]], separator: str = ",") -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write(header)
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


def _spotify(folder: Path, listens: Listens) -> Path:
    streams = [stream(title, artist, ts=_time(at + _MS // 1_000), ms_played=_MS) for artist, title, at in listens]
    return spotify(folder / "Streaming_History_Audio_2024.json", *streams)


def _spotify_year(folder: Path, listens: Listens) -> Path:
    keys = ("endTime", "artistName", "trackName", "msPlayed")
    rows = [
        dict(zip(keys, (_time(at + _MS // 1_000, "%Y-%m-%d %H:%M"), artist, title, _MS), strict=True))
        for artist, title, at in listens
    ]
    return spotify(folder / "StreamingHistory_music_0.json", *rows)


def _listenbrainz(folder: Path, listens: Listens) -> Path:
    rows = [listen(title, at) for _, title, at in listens]
    for row, (artist, _, _) in zip(rows, listens, strict=True):
        row["track_metadata"] |= {"artist_name": artist, "mbid_mapping": None, "additional_info": {}}
    return listenbrainz(folder / "listenbrainz_ana.zip", *rows)


def _youtube(folder: Path, listens: Listens) -> Path:
    return _json(folder / "watch-history.json", [
        {"header": "YouTube Music", "title": f"Watched {title}", "titleUrl": "https://music.youtube.com/watch?v=x",
         "subtitles": [{"name": f"{artist} - Topic", "url": "x"}], "time": _time(at, "%Y-%m-%dT%H:%M:%S.123Z")}
        for artist, title, at in listens
    ])  # fmt: skip


def _apple(folder: Path, listens: Listens) -> Path:
    header = (
        "Artist Name,Song Name,Event Type,Event Start Timestamp,Event End Timestamp,Play Duration Milliseconds,"
        "End Reason Type\n"
    )
    rows = (
        (artist, title, "PLAY_END", _time(at), _time(at + 60), _MS, "TRACK_SKIPPED_FORWARDS")
        for artist, title, at in listens
    )
    return _csv(folder / "Apple Music Play Activity.csv", header, rows)


def _apple_days(folder: Path, listens: Listens) -> Path:
    n_plays = Counter((_time(at, "%Y%m%d"), f"{artist} - {title}") for artist, title, at in listens)
    rows = ((day, number, name) for (day, name), number in n_plays.items())
    name = "Apple Music - Play History Daily Tracks.csv"
    return _csv(folder / name, "Date Played,Play Count,Track Description\n", rows)


def _tidal(folder: Path, listens: Listens) -> Path:
    header = "artist_name,track_title,entry_date,stream_duration_ms,product_type,time_zone\n"
    rows = ((artist, title, _time(at, "%d/%m/%Y %H:%M"), f"{_MS}.0", "TRACK", "null") for artist, title, at in listens)
    return _csv(folder / "streaming.csv", header, rows)


def _deezer(folder: Path, listens: Listens) -> Path:
    header = "Song Title,Artist,ISRC,Album Title,IP Address,Listening Time,Platform Name,Platform Model,Date\n"
    rows = ((title, artist, "", "", "", 60, "", "", _time(at, "%Y-%m-%d %H:%M:%S")) for artist, title, at in listens)
    return _csv(folder / "deezer.csv", header, rows)


def _lastfm_pages(folder: Path, listens: Listens) -> Path:
    tracks = [
        {"artist": {"#text": artist}, "album": {"#text": ""}, "name": title, "date": {"uts": str(at), "#text": ""}}
        for artist, title, at in listens
    ]
    return _json(folder / "recenttracks-ana-1.json", [{"track": tracks[n : n + 50]} for n in range(0, len(tracks), 50)])


def _lastfm_stats(folder: Path, listens: Listens) -> Path:
    scrobbles = [
        {"track": title, "artist": artist, "album": "", "albumId": "", "date": at * 1_000}
        for artist, title, at in listens
    ]
    return _json(folder / "lastfmstats-ana.json", {"username": "ana", "scrobbles": scrobbles})


def _lastfm_csv(folder: Path, listens: Listens) -> Path:
    rows = ((artist, "", title, _time(at, "%d %b %Y %H:%M")) for artist, title, at in listens)
    return _csv(folder / "ana.csv", "", rows)


def _ghan_csv(folder: Path, listens: Listens) -> Path:
    header = '"uts","utc_time","artist","artist_mbid","album","album_mbid","track","track_mbid"\n'
    rows = ((at, "", artist, "", "", "", title, "") for artist, title, at in listens)
    return _csv(folder / "recenttracks-ana-1.csv", header, rows)


def _lastfm_1k(folder: Path, listens: Listens) -> Path:
    lines = (f"ana\t{_time(at)}\t\t{artist}\t\t{title}" for artist, title, at in listens)
    return _lines(folder / "1k.tsv", "", lines)


def _log(folder: Path, listens: Listens) -> Path:
    lines = (f"{artist}\t\t{title}\t\t200\tL\t{at}\t" for artist, title, at in listens)
    return _lines(folder / ".scrobbler.log", "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/x\n", lines)


def _maloja(folder: Path, listens: Listens) -> Path:
    scrobbles = [
        {
            "time": at,
            "track": {"artists": [artist], "title": title, "album": None},
            "duration": 60,
            "origin": "client:x",
        }
        for artist, title, at in listens
    ]
    return _json(folder / "maloja_export.json", {"maloja": {"export_time": 1}, "scrobbles": scrobbles})


def _koito(folder: Path, listens: Listens) -> Path:
    def named(name: str) -> dict[str, Any]:
        return {"mbid": None, "aliases": [{"alias": name, "source": "Canonical", "is_primary": True}]}

    rows = [
        {"listened_at": _time(at), "track": named(title), "album": named(""), "artists": [named(artist)]}
        for artist, title, at in listens
    ]
    return _json(folder / "koito_export.json", {"version": "1", "user": "ana", "listens": rows})


def _pano(folder: Path, listens: Listens) -> Path:
    rows = (
        {"timeHuman": "x", "timeMs": at * 1_000, "artist": artist, "track": title, "event": "scrobble"}
        for artist, title, at in listens
    )
    return _lines(folder / "pano.jsonl", "", map(json.dumps, rows))


def _librefm(folder: Path, listens: Listens) -> Path:
    header = "+ACM- Data export from Libre.fm,,,\nArtist,Track,Album,Time\n"
    return _csv(folder / "librefm.csv", header, ((artist, title, "", at) for artist, title, at in listens))


def _recbole(folder: Path, listens: Listens) -> Path:
    header = "user_id:token\titem_id:token\ttimestamp:float\n"
    return _lines(folder / "x.inter", header, (f"ana\t{artist} - {title}\t{at}.0" for artist, title, at in listens))


def _table(folder: Path, listens: Listens) -> Path:
    rows = ((artist, title, _time(at)) for artist, title, at in listens)
    return _csv(folder / "table.csv", "artist;title;played_at\n", rows, ";")


def _navidrome(folder: Path, listens: Listens) -> Path:
    ids = {names: f"m{number}" for number, names in enumerate(dict.fromkeys(row[:2] for row in listens))}
    rows = {
        "user": [("u", "ana", "", "")],
        "media_file": [(code, "", title, "", artist, "", 1) for (artist, title), code in ids.items()],
        "annotation": [
            ("u", code, "media_file", sum(names == row[:2] for row in listens), None, 0, 0, None)
            for names, code in ids.items()
        ],
        "scrobbles": [(ids[artist, title], "u", at) for artist, title, at in listens],
    }
    return database(folder / "navidrome.db", NAVIDROME + NAVIDROME_SCROBBLES, rows)


def _plex(folder: Path, listens: Listens) -> Path:
    views = [(n, 1, f"g{n}", 10, artist, "", title, at) for n, (artist, title, at) in enumerate(listens, start=1)]
    return database(folder / "library.db", PLEX, {"accounts": [(1, "ana")], "metadata_item_views": views})


def _mixxx(folder: Path, listens: Listens) -> Path:
    ids = {names: number for number, names in enumerate(dict.fromkeys(row[:2] for row in listens), start=1)}
    rows = {
        "library": [
            (code, *names, "", "", None, sum(names == row[:2] for row in listens), 0, None)
            for names, code in ids.items()
        ],
        "Playlists": [(1, "2024-05-01", 2)],
        "PlaylistTracks": [
            (1, ids[artist, title], place, _time(at, "%Y-%m-%d %H:%M:%S"))
            for place, (artist, title, at) in enumerate(listens)
        ],
    }
    return database(folder / "mixxxdb.sqlite", MIXXX, rows)


def _jellyfin(folder: Path, listens: Listens) -> Path:
    plays = [
        (_time(at, "%Y-%m-%d %H:%M:%S.0000000"), "u", f"i{n}", "Audio", f"{artist} - {title} (Moon)", "", "", "", 60)
        for n, (artist, title, at) in enumerate(listens)
    ]
    return database(folder / "playback_reporting.db", JELLYFIN_REPORTS, {"PlaybackActivity": plays})


EXACT: dict[str, Callable[[Path, Listens], Path]] = {  # to the second
    "spotify": _spotify, "listenbrainz": _listenbrainz, "youtube": _youtube, "apple": _apple, "deezer": _deezer,
    "pages": _lastfm_pages,
    "stats": _lastfm_stats, "ghan": _ghan_csv, "1k": _lastfm_1k, "log": _log, "maloja": _maloja, "koito": _koito,
    "pano": _pano, "librefm": _librefm, "recbole": _recbole, "table": _table,
    "navidrome": _navidrome, "plex": _plex, "jellyfin": _jellyfin, "mixxx": _mixxx,
}  # fmt: skip
IN_MINUTES = {"year": _spotify_year, "tidal": _tidal, "csv": _lastfm_csv}
IN_DAYS = {"days": _apple_days}
