"""The Playback Statistics of foobar2000, as it exports them."""

import pytest

from earshot.data.exports.players.foobar2000 import windows_seconds
from listen_exports import SECOND, read

TICKS = (SECOND + 11_644_473_600) * 10_000_000 + 7
EXPORT = f"""<?xml version="1.0" encoding="utf-8"?>
<PlaybackStatistics Version="3.0" Mapping="C653739F-14B3-4EF2-819B-A3E2883230AE">
  <Entry ID="d12c59be0b98de6d" Count="14" FirstPlayed="133684470727504690" FirstPlayedFriendly="2024-01-01 12:00:0"
    LastPlayed="{TICKS}" LastPlayedFriendly="2009-05-05 01:08:57" Added="133684472245531140" >
<Item Path="C:\\Music\\Air\\R &amp; B.mp3"></Item>  </Entry>
  <Entry ID="2" Count="2"><Item Subsong="3" Path="C:\\Music\\Album.cue"></Item></Entry>
  <Entry ID="59fed92825ecb76d" Count="0" Added="133922363049820270" ><Item Path="/filepath/Track.flac"></Item>  </Entry>
  <Entry ID="3" Count="5" />
  <Entry ID="4" Count="{"9" * 5_000}"><Item Path="/b.mp3" /></Entry>
  <Entry ID="5" Count="two"><Item Path="/c.mp3" /></Entry>
</PlaybackStatistics>
""".replace("\\\\", "\\")


def test_files_and_how_often_they_were_played(tmp_path):
    (tmp_path / "stats.xml").write_text(EXPORT)
    name, events, left_out = read(tmp_path / "stats.xml", "user", "artist", "title", "time_s", "plays")
    assert name == "foobar2000"
    assert events == [
        ("me", None, "C:\\Music\\Air\\R & B.mp3", SECOND, 14),
        ("me", None, "C:\\Music\\Album.cue/track0003", None, 2),
    ]
    assert left_out == {"tracks that were never played": 1, "tracks whose file is not told": 1, "malformed": 2}


def test_damage_is_told(tmp_path):
    (tmp_path / "stats.xml").write_text(EXPORT[:300])
    with pytest.raises(ValueError, match=r"stats.xml is not XML"):
        read(tmp_path / "stats.xml")


def test_a_larger_file_is_not_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.exports.players.foobar2000._MAX_BYTES", 1024**2)
    (tmp_path / "stats.xml").write_text(EXPORT + " " * 1024**2)
    with pytest.raises(ValueError, match=r"stats\.xml is larger than 1 MiB, as no such file is"):
        read(tmp_path / "stats.xml")


def test_times_of_windows():
    assert windows_seconds(TICKS) == SECOND
