"""The library of Rhythmbox as it is read."""

import pytest

from listen_exports import SECOND, read

LIBRARY = """<?xml version="1.0" standalone="yes"?>
<rhythmdb version="2.0">
  <entry type="song">
    <title>Sexy Boy</title><genre>Pop</genre><artist>Air</artist><album>Moon &amp; Safari</album>
    <location>file:///m/Air/1.mp3</location><rating>5</rating><play-count>12</play-count>
    <last-played>1241478537</last-played><mb-trackid>8f34</mb-trackid>
  </entry>
  <entry type="song"><title>Two</title><artist>Air</artist><rating>1,0</rating><play-count>2</play-count></entry>
  <entry type="song"><artist>Unknown</artist><location>file:///m/a%20b.mp3</location><play-count>1</play-count></entry>
  <entry type="song"><title>Four</title><artist>Air</artist><play-count>MANY</play-count></entry>
  <entry type="song"><title>Three</title><artist>Air</artist><rating>3</rating></entry>
  <entry type="iradio"><title>Radio</title><play-count>9</play-count><rating>5</rating></entry>
</rhythmdb>
""".replace("MANY", "9" * 5_000)


def test_play_counts_and_stars(tmp_path):
    (tmp_path / "rhythmdb.xml").write_text(LIBRARY)
    name, events, left_out = read(tmp_path / "rhythmdb.xml", "user", "artist", "title", "time_s", "plays", "kind")
    assert name == "rhythmbox"
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 12, 0), ("me", "Air", "Sexy Boy", None, 1, 1),
        ("me", "Air", "Two", None, 2, 0), ("me", "Air", "Two", None, 1, 2),
        ("me", None, "a b", None, 1, 0),
    ]  # fmt: skip
    assert left_out == {
        "tracks that were never played": 1, "podcasts, radio stations and files that are no songs": 1, "malformed": 1,
    }  # fmt: skip
    facts = read(tmp_path / "rhythmdb.xml", "album", "mbid", "path", listener="ana")[1]
    assert facts[0] == ("Moon & Safari", "8f34", None) and facts[-1][-1] == "file:///m/a%20b.mp3"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LIBRARY.replace("2.0", "3.1"), r"rhythmdb.xml is of Rhythmbox's format 3.1; those up to 2 are known here"),
        (LIBRARY[:300], "rhythmdb.xml is not XML"),
        (LIBRARY.replace("<rhythmdb", '<!DOCTYPE a [<!ENTITY b "c">]><rhythmdb'), "rhythmdb.xml declares XML entities"),
    ],
)
def test_damage_and_later_formats(tmp_path, text, words):
    (tmp_path / "rhythmdb.xml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "rhythmdb.xml")
