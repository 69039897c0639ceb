"""Exports as their services write them, shortened."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from earshot.data.exports.listen_sources import find_sources
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import ReadOptions

# From the published file: a quote that is part of a title, a track without an MBID, and lines that are damaged.
LASTFM_1K = (
    "user_000001\t2009-05-04T23:08:57Z\tf1b1cf71-bd35\tDeep Dish\t\tFuck Me Im Famous (Pacha Ibiza)-09-28-2007\n"
    'user_000001\t2009-05-04T13:54:10Z\ta7f7df4a-77d8\t坂本龍一\tf7c1f8f8-7935\tBehind The "Mask"\n'
    'user_000002\t2009-05-04T13:54:10Z\ta7f7df4a-77d8\t坂本龍一\tf7c1f8f8-7935\tbehind the "mask"\n'
    "user_000002\tyesterday\ta7f7df4a-77d8\t坂本龍一\t\tTibetan Dance\n"
    "user_000002\t2009-05-04T13:42:52Z\ta7f7df4a-77d8\n"
    "user_000002\t2009-05-04T13:42:52Z\ta7f7df4a-77d8\tA\t\tB\tC\n"
    "user_000002\t2009-05-04T13:42:52Z\ta7f7df4a-77d8\tA\t\t\n"
)
SECOND = 1_241_478_537  # 2009-05-04T23:08:57Z


def lastfm_1k(path: Path, text: str = LASTFM_1K) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def stream(title: str | None = "One", artist: str | None = "Air", **fields: Any) -> dict[str, Any]:
    """A line of Spotify's extended history."""
    return {
        "ts": "2009-05-04T23:08:57Z", "platform": "android", "ms_played": 7_000, "conn_country": "DE",
        "master_metadata_track_name": title, "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": "Moon", "spotify_track_uri": "spotify:track:1", "episode_name": None,
        "episode_show_name": None, "spotify_episode_uri": None, "reason_end": "trackdone", "skipped": False, **fields,
    }  # fmt: skip


def spotify(path: Path, *streams: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(streams), encoding="utf-8")
    return path


def listen(title: str = "One", time: Any = SECOND, **fields: Any) -> dict[str, Any]:
    """A line of a ListenBrainz export."""
    info = {"recording_msid": f"msid of {title}", "duration_played": 12, "isrc": f"FR {title}"}
    track = {"artist_name": "Air", "track_name": title, "release_name": "Moon", "additional_info": info}
    return {
        "listened_at": time,
        "track_metadata": track | {"mbid_mapping": {"recording_mbid": f"mbid of {title}"}},
        **fields,
    }


def listenbrainz(path: Path, *listens: Any, feedback: tuple[Any, ...] = (), user: str = "ana") -> Path:
    """The zip of a user's export."""

    def lines(values: tuple[Any, ...]) -> str:
        return "".join(value if isinstance(value, str) else json.dumps(value) + "\n" for value in values)

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("user.json", json.dumps({"user_id": 7, "username": user}))
        archive.writestr("listens/2009/5.jsonl", lines(listens))
        archive.writestr("feedback.jsonl", lines(feedback))
        archive.writestr("pinned_recording.jsonl", json.dumps({"recording_mbid": "x", "blurb_content": "!"}))
    return path


def rows(batches: Iterable[Batch], *columns: str) -> list[tuple[Any, ...]]:
    """The events of all batches."""
    return [row for batch in batches for row in batch.events.select(columns).iter_rows()]


def read(path: Path, *columns: str, listener: str | None = None) -> tuple[str, list[tuple[Any, ...]], dict[str, int]]:
    """The format of the one source in a file, its events, and what was left out, malformed rows included."""
    (source,) = find_sources(path).sources
    batches = list(source.open(ReadOptions(listener=listener)).batches)
    left_out = Counter({"malformed": n_malformed} if (n_malformed := sum(one.n_malformed for one in batches)) else {})
    for batch in batches:
        left_out.update(batch.left_out)
    return source.reader.name, rows(batches, *columns), dict(left_out)
