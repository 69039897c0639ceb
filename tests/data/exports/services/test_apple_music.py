"""Apple Music's data as it is read."""

import json
import zipfile

import pytest

from earshot.data.exports.listen_sources import find_sources
from listen_exports import read

HEADER = (
    "Album Name,Apple ID Number,Container Album Name,Container Artist Name,End Position In Milliseconds,"
    "End Reason Type,Event End Timestamp,Event Start Timestamp,Event Type,Media Type,Play Duration Milliseconds,"
    "Song Name,Start Position In Milliseconds,UTC Offset In Seconds"
)
NOON = 1_715_018_400  # 2024-05-06T18:00:00Z


def event(title, minute, played=200_000, *, kind="PLAY_END", reason="NATURAL_END_OF_TRACK", artist="Air", begin=0):
    start, end = f"2024-05-06T18:{minute:02}:00.123Z", f"2024-05-06T18:{minute + 5:02}:00.5Z"
    return (
        f"Moon Safari,7,,{artist},{begin + played},{reason},{end},{start},{kind},AUDIO,{played},"
        f'"{title}",{begin},7200'
    )  # fmt: skip


def written(path, *events):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *events, ""]), encoding="utf-8")
    return path


COLUMNS = ("user", "artist", "title", "album", "time_s", "played_ms")


def test_only_plays_count(tmp_path):
    path = written(
        tmp_path / "Apple Music Play Activity.csv",
        event("Sexy Boy", 0),
        event("Talisman", 10, 3_000, reason="TRACK_SKIPPED_FORWARDS"),
        event("Talisman", 10, kind="PLAY_START", reason=""),
        event("Talisman", 10, kind="LYRIC_DISPLAY", reason=""),
        event("Remember", 20, 100_000, reason="MANUALLY_SELECTED_PLAYBACK_OF_A_DIFF_ITEM"),
        event("Interlude", 30, 12_000),
        event("", 40),
    )
    assert read(path, *COLUMNS) == (
        "apple-music",
        [
            ("me", "Air", "Sexy Boy", "Moon Safari", NOON, 200_000),
            ("me", "Air", "Remember", "Moon Safari", NOON + 20 * 60, 100_000),
            ("me", "Air", "Interlude", "Moon Safari", NOON + 30 * 60, 12_000),
        ],
        {"plays that were skipped within half a minute": 1, "plays of no song": 1},
    )
    assert {row[0] for row in read(path, "user", listener="ana")[1]} == {"ana"}


def test_a_play_that_was_paused_is_one(tmp_path):
    paused = event("Sexy Boy", 0, 20_000, reason="PLAYBACK_MANUALLY_PAUSED")
    rest = event("Sexy Boy", 5, 180_000, begin=20_000)
    again = event("Sexy Boy", 12)
    _, events, left_out = read(written(tmp_path / "x.csv", again, rest, paused), "time_s", "played_ms")
    assert events == [(NOON, 200_000), (NOON + 12 * 60, 200_000)] and not left_out


@pytest.mark.parametrize("is_packed", [False, True])
def test_artists_come_from_the_files_beside(tmp_path, is_packed):
    folder = tmp_path / "in" / "Apple Music Activity"
    written(
        folder / "Apple Music Play Activity.csv",
        *(event(title, 0, artist="") for title in ("Sexy Boy", "Intro", "One")),
    )
    (folder / "Apple Music - Play History Daily Tracks.csv").write_text(
        "Country,Track Identifier,Media type,Date Played,Hours,Play Duration Milliseconds,End Reason Type,Source Type,"
        "Play Count,Skip Count,Ignore For Recommendations,Track Reference,Track Description\n"
        "FR,1,AUDIO,20240506,9,200000,NATURAL_END_OF_TRACK,IPHONE,1,0,,1,Air - Sexy Boy\n"
        "FR,2,AUDIO,20240506,9,200000,NATURAL_END_OF_TRACK,IPHONE,1,0,,1,The xx - Intro\n"
    )
    (folder / "Apple Music - Track Play History.csv").write_text(
        "Track Name,Last Played Date,Is User Initiated\nAir - One,1750370508136,true\n"
    )
    library = [{"Content Type": "Song", "Title": "Intro", "Artist": "alt-J", "Track Play Count": 2}]
    (folder / "Apple Music Library Tracks.json").write_text(json.dumps(library))
    path = tmp_path / "in"
    if is_packed:
        path = tmp_path / "in.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, f"{folder.name}/{file.name}")
    # Of a title that two artists have, nothing is guessed.
    assert read(path, "artist", "title")[1] == [("Air", "Sexy Boy"), (None, "Intro"), ("Air", "One")]


def test_days_alone_are_read(tmp_path):
    path = tmp_path / "Apple Music - Play History Daily Tracks.csv"
    path.write_text(
        "Track Description,Date Played,Play Count,Skip Count\n"
        "Air - Sexy Boy - Remix,20240506,3,1\nAir - One,20240506,0,1\nAir - One,yesterday,1,0\n"
    )
    assert read(path, "artist", "title", "time_s", "plays") == (
        "apple-music",
        [("Air", "Sexy Boy - Remix", NOON - 18 * 3_600, 3)],
        {"days on which a song was only skipped": 1, "malformed": 1},
    )


def test_names_of_artists_alone_are_no_listens(tmp_path):
    (tmp_path / "Tracks.json").write_text(json.dumps([{"Title": "One", "Artist": "Air", "Track Play Count": 2}]))
    with pytest.raises(ValueError, match="contains no listening export"):
        find_sources(tmp_path / "Tracks.json")
