"""Play counts that are those of another file some time later, and those that are not."""

import pytest

from earshot.data.events.event_log import write_events
from earshot.data.events.play_totals import are_of_the_same, has_grown_into, read_totals
from event_blocks import LIKE, block


def written(path, *rows, level="track"):
    write_events(path, [block(*rows, level=level)], level)
    return path


def totals(path, plays, n_likes=0, first=0, user=1):
    """Totals of items from `first` on, some of them liked."""
    rows = [(user, first + item, None, number, 0) for item, number in enumerate(plays)]
    likes = [(user, first + item, None, 1, LIKE) for item in range(n_likes)]
    return read_totals(written(path, *rows, *likes), "track")


def test_files_of_play_counts(tmp_path):
    counted = written(
        tmp_path / "1.parquet", (1, 5, None, 12, 0), (1, 6, None, 3, 0), (1, 5, None, 2, 0), (1, 7, None, 1, LIKE)
    )
    found = read_totals(counted, "track")
    assert sorted(found.plays.rows()) == [(1, 5, 14.0), (1, 6, 3.0)] and found.n_opinions == 1
    last_played = written(tmp_path / "2.parquet", (1, 5, 10, 12, 0), (1, 6, 20, 1, 0), level="artist")
    assert sorted(read_totals(last_played, "artist").plays.rows()) == [(1, 5, 12.0), (1, 6, 1.0)]
    listens = written(tmp_path / "3.parquet", (1, 5, 10, 1, 0), (1, 6, 20, 1, 0))
    weighted = written(tmp_path / "4.parquet", (1, 5, 10, 2, 0), (1, 5, 20, 1, 0))
    liked = written(tmp_path / "5.parquet", (1, 5, None, 1, LIKE))
    assert read_totals(listens, "track") is read_totals(weighted, "track") is read_totals(liked, "track") is None


FIRST = [5, 1, 7, 2, 9, 4, 4, 8, 3, 1, 6, 2, 2, 5, 1, 3, 7, 1, 2, 4]


@pytest.mark.parametrize(
    ("later", "options", "is_grown"),
    [
        (FIRST, {}, True),
        ([plays + 1 for plays in FIRST] + [1, 1], {}, True),
        (FIRST[:19], {}, True),  # 19 of 20 are nearly all
        (FIRST[:18], {}, False),
        ([4, *FIRST[1:]], {}, True),
        ([4, 0.5, *FIRST[2:]], {}, False),
        (FIRST, {"first": 2}, False),
        (FIRST, {"user": 2}, False),
        (FIRST, {"n_likes": 3}, True),
    ],
)
def test_what_grew(tmp_path, later, options, is_grown):
    earlier = totals(tmp_path / "1.parquet", FIRST)
    assert has_grown_into(earlier, totals(tmp_path / "2.parquet", later, **options)) == is_grown


def test_of_few_songs_nothing_is_known(tmp_path):
    """Also two months of the same nine songs may show higher counts in the second."""
    for n_songs, is_grown in ((9, False), (10, True)):
        one, other = (totals(tmp_path / f"{plays}.parquet", [plays] * n_songs) for plays in (3, 4))
        assert has_grown_into(one, other) == is_grown and not has_grown_into(other, one)


def test_likes_that_are_gone_are_not_given_up(tmp_path):
    liked, bare = totals(tmp_path / "1.parquet", FIRST, n_likes=5), totals(tmp_path / "2.parquet", FIRST)
    assert has_grown_into(bare, liked) and not has_grown_into(liked, bare)


def test_half_of_the_smaller_file_is_mostly_the_same(tmp_path):
    one = totals(tmp_path / "1.parquet", FIRST)
    for first, is_same in ((16, True), (17, False)):
        assert are_of_the_same(one, totals(tmp_path / "2.parquet", [1] * 8, first=first)) == is_same
