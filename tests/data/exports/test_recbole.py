"""RecBole's data sets as they are read."""

from earshot.data.exports.listen_sources import find_sources
from earshot.data.listens.listen_reader import ReadOptions
from listen_exports import SECOND, read, rows


def test_columns_lose_their_types(tmp_path):
    path = tmp_path / "music.inter"
    path.write_text(
        f'user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t007\t4.0\t{SECOND}.0\n2\ta "b"\t1\tx\n'
    )
    assert read(path, "user", "title", "time_s") == ("recbole", [("1", "007", SECOND)], {"malformed": 1})


def test_a_column_can_be_named(tmp_path):
    path = tmp_path / "sessions.inter"
    path.write_text("session_id:token\titem_id:token\tplace:token\n5\tx\thome\n")
    (source,) = find_sources(path).sources
    assert rows(source.open(ReadOptions(user="session_id")).batches, "user", "title") == [("5", "x")]
