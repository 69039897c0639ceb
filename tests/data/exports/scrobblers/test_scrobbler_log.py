"""The log of Rockbox and other portable players as it is read."""

import pytest

from earshot.data.exports.listen_sources import find_sources
from listen_exports import SECOND, read

LINES = (
    "#AUDIOSCROBBLER/1.1\n#TZ/{zone}\n#CLIENT/Rockbox sansae200 $Revision$\n"
    "#ARTIST\t#ALBUM\t#TITLE\t#TRACKNUM\t#LENGTH\t#RATING\t#TIMESTAMP\t#MUSICBRAINZ_TRACKID\n"
    f"Air\tMoon Safari\tOne\t1\t259\tL\t{SECOND}\td5e4fb56-e457-4684-aa31-63ce70ee5a8c\n"
    "今堀恒雄\t\tTwo\t\t185\tL\t0\t\n"
    f"#1 Dads\tAbout Face\tSo Soldier\t1\t200\tL\t{SECOND}\t\n"
    f"<Untagged>\t\tUnknown Song.mp3\t0\t180\tL\t{SECOND}\t\n"
    f"Kraftwerk\tThe Man·Machine\tThe Model\t4\t224\tS\t{SECOND}\t\n"
    "Air\tMoon Safari\tThree\t1\t259\tL\tsoon\t\n"
    "Air\tMoon Safari\n"
)


@pytest.mark.parametrize(("zone", "second"), [("UTC", SECOND), ("UNKNOWN", SECOND - 7_200)])  # in May UTC+2
@pytest.mark.usefixtures("in_berlin")
def test_what_was_listened_to(tmp_path, zone, second):
    path = tmp_path / ".scrobbler.log"
    path.write_text(LINES.format(zone=zone), encoding="utf-8")
    mbid = "d5e4fb56-e457-4684-aa31-63ce70ee5a8c"
    assert read(path, "user", "artist", "title", "album", "mbid", "time_s") == (
        "scrobbler-log",
        [
            ("me", "Air", "One", "Moon Safari", mbid, second),
            ("me", "今堀恒雄", "Two", None, None, None),
            ("me", "#1 Dads", "So Soldier", "About Face", None, second),
        ],
        {"files without tags": 1, "tracks that were skipped": 1, "malformed": 2},
    )
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 3
    # The log alone is found in a folder, though its name begins with a dot.
    (tmp_path / ".hidden.log").write_text(LINES)
    (source,) = find_sources(tmp_path).sources
    assert source.paths == [path]
