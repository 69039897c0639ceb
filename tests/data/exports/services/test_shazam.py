"""Shazam's library, whose header lies below a title."""

from listen_exports import SECOND, read

TABLE = "Index,TagTime,Title,Artist,URL,TrackKey\n"
ROWS = (
    '1,2009-05-04,"Sexy Boy","Air",https://www.shazam.com/track/1/sexy-boy,1\n'
    '2,2009-05-04T23:08:57Z,"Comma, Song","Air",https://www.shazam.com/track/2/x,2\n'
    '3,,"No time","Air",https://www.shazam.com/track/3/x,3\n'
)


def test_songs_that_were_recognized(tmp_path):
    path = tmp_path / "shazamlibrary.csv"
    for title in ("Shazam Library\n", "\ufeffShazam Library\r\n", ""):
        path.write_text(title + TABLE + ROWS, encoding="utf-8")
        name, events, left_out = read(path, "user", "artist", "title", "time_s")
        midnight = SECOND - (SECOND % 86_400)
        assert (name, left_out) == ("shazam", {"malformed": 1})
        assert events == [("me", "Air", "Sexy Boy", midnight), ("me", "Air", "Comma, Song", SECOND)]
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 2
