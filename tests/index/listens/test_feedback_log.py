"""Feedback among the listens of a library: one file for a listener and a year, whole at any moment."""

import datetime as dt

import pytest

from earshot.data.events.feedback_events import FeedbackEvent
from earshot.data.events.interactions import LIKE
from earshot.index.health.manifest_check import check_presence
from earshot.index.library import Library, LibraryError
from earshot.index.listens import feedback_log, stored_interactions
from earshot.index.listens.feedback_log import add_feedback, feedback_files, latest_feedback, remove_feedback
from earshot.index.listens.listen_store import listen_files, match_users, stored_listens
from earshot.index.listens.stored_interactions import (
    listening_key,
    n_told_since,
    read_history,
    read_interactions,
)
from earshot.index.manifest import later_state
from earshot.index.removal import forget_listens
from library_world import add, at, heard, open_library
from tower_world import import_table


def on(year: int, month: int = 3, second: int = 0) -> int:
    return int(dt.datetime(year, month, 1, 12, tzinfo=dt.UTC).timestamp()) + second


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{n}.mp3", at(0), title=f"Song {n}", artist="Air") for n in (1, 2, 3)])
        with library.transaction():
            match_users(library, ["ana", "bob"])
        yield library


def tell(library, user_id, *events):
    news = []
    for event in events:
        with library.transaction():
            news.append(add_feedback(library, user_id, event))
    return news


def events_of(library, user_id):
    history = read_history(library, user_id)
    return list(zip(*(history[name].tolist() for name in ("item_ids", "times", "kinds")), strict=True))


def test_a_year_of_a_listener_is_one_file(library):
    plays = [FeedbackEvent(1, on(2024)), FeedbackEvent(2, on(2025)), FeedbackEvent(3, on(2025, 4))]
    assert tell(library, 1, *plays) == [True, True, True]
    assert tell(library, 2, plays[0]) == [True] and tell(library, 1, plays[0]) == [False]
    facts = [(one.listener_id, one.year, one.n_events, one.n_items, one.origin) for one in stored_listens(library)]
    assert facts == [
        (1, 2024, 1, 1, "played here by ana, 2024"),
        (1, 2025, 2, 2, "played here by ana, 2025"),
        (2, 2024, 1, 1, "played here by bob, 2024"),
    ]
    assert events_of(library, 1) == [(1, on(2024), 0), (2, on(2025), 0), (3, on(2025, 4), 0)]
    assert [one.track_id for one in latest_feedback(library, 1, 2)] == [3, 2]
    assert len(read_interactions(library).interactions) == 4


def test_the_state_before_stays_until_the_next_event_but_one(library):
    folder, names = library.folder / "listens", []
    for month in (3, 4, 5):
        tell(library, 1, FeedbackEvent(1, on(2024, month)))
        names += [path.name for path in listen_files(library, "track")]
        library.close()
        library = Library.open_to_write(library.folder)
        assert {path.name for path in folder.glob("*.parquet")} == set(names[-2:]), "somebody may be reading it"
        assert list(check_presence(library)) == []
    assert len(set(names)) == 3 and len(events_of(library, 1)) == 3
    forget_listens(library, 1)
    assert list(folder.glob("*.parquet")) == []
    library.close()


@pytest.mark.parametrize("moment", ["write", "record"])
def test_a_failure_leaves_the_earlier_events(library, monkeypatch, moment):
    tell(library, 1, FeedbackEvent(1, on(2024)))

    def failing(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        *{"write": (feedback_log.Feedback, "write"), "record": (feedback_log, "record")}[moment], failing
    )
    with pytest.raises(OSError, match="No space left"):
        tell(library, 1, FeedbackEvent(2, on(2024, 4)))
    monkeypatch.undo()
    assert events_of(library, 1) == [(1, on(2024), 0)]
    assert tell(library, 1, FeedbackEvent(2, on(2024, 4))) == [True] and len(events_of(library, 1)) == 2


def test_who_reads_while_events_come_in_reads_anew(library, monkeypatch):
    """The files that a reader has found are replaced and removed, once, before it opens them."""
    tell(library, 1, FeedbackEvent(1, on(2024)))
    listed = stored_interactions.listen_files

    def overtaken(*arguments):
        paths = listed(*arguments)
        monkeypatch.undo()
        tell(library, 1, FeedbackEvent(2, on(2024, 4)), FeedbackEvent(3, on(2024, 5)))
        assert not paths[0].exists()
        return paths

    monkeypatch.setattr(stored_interactions, "listen_files", overtaken)
    assert len(events_of(library, 1)) == 3
    tell(library, 2, FeedbackEvent(1, on(2024)))
    listen_files(library, "track")[0].unlink()
    with pytest.raises(LibraryError, match="is missing"):
        read_interactions(library)


def test_a_killed_event_is_overwritten_by_the_next(library):
    tell(library, 1, FeedbackEvent(1, on(2024)))
    (path,) = listen_files(library, "track")
    path.with_name(later_state(path.name)).write_bytes(path.read_bytes())
    assert list(check_presence(library)) == []
    tell(library, 1, FeedbackEvent(2, on(2024, 4)))
    assert len(events_of(library, 1)) == 2 and list(check_presence(library)) == []


def test_what_was_also_imported_counts_once(library, tmp_path):
    """The scrobbler knows when the song ended a moment earlier, and knows one play more."""
    tell(library, 1, FeedbackEvent(1, on(2024), played_ms=200_000), FeedbackEvent(2, on(2024, second=300)))
    rows = [f"ana,Air,Song {n},{on(2024, second=second)}" for n, second in ((1, 12), (2, 300), (3, 900))]
    import_table(library, tmp_path / "scrobbles.csv", ["user,artist,title,time", *rows])
    assert [item for item, *_ in events_of(library, 1)] == [1, 2, 3]
    assert len(read_interactions(library).interactions) == 3


def test_keys_of_listens_count_what_was_told(library, tmp_path):
    import_table(library, tmp_path / "listens.csv", ["user,artist,title,time", "ana,Air,Song 1,2020-01-01T00:00:00Z"])
    before = listening_key(library)
    assert "+" not in before, "libraries without feedback keep their keys"
    tell(library, 1, FeedbackEvent(1, on(2024)), FeedbackEvent(1, on(2025)), FeedbackEvent(2, on(2025), LIKE))
    today = listening_key(library)
    assert n_told_since(before, today) == 3 and n_told_since(today, today) == 0
    assert n_told_since(today, before) is None and n_told_since(None, today) is None
    tell(library, 1, FeedbackEvent(1, on(2024), played_ms=1_000))
    assert n_told_since(today, longer := listening_key(library)) == 0 and longer != today, "a longer play is no new one"
    import_table(library, tmp_path / "more.csv", ["user,artist,title", "eve,Air,Song 1"])
    assert n_told_since(longer, listening_key(library)) is None


def test_arrays_may_lag_behind_what_was_told(library, tmp_path):
    import_table(library, tmp_path / "listens.csv", ["user,artist,title,time", "ana,Air,Song 1,2020-01-01T00:00:00Z"])
    assert len(read_interactions(library).interactions) == 1
    tell(library, 1, FeedbackEvent(2, on(2024)))
    assert len(read_interactions(library, may_lag=True).interactions) == 1 and len(events_of(library, 1)) == 2
    assert (
        len(read_interactions(library).interactions) == len(read_interactions(library, may_lag=True).interactions) == 2
    )


def test_an_event_is_taken_back_and_an_empty_file_goes(library):
    play, like = FeedbackEvent(1, on(2024)), FeedbackEvent(1, on(2024), LIKE)
    tell(library, 1, play, like)
    with library.transaction():
        assert remove_feedback(library, 1, like) and not remove_feedback(library, 1, like)
    assert latest_feedback(library, 1, 9) == [play]
    with library.transaction():
        assert remove_feedback(library, 1, play)
    assert stored_listens(library) == [] and latest_feedback(library, 1, 9) == []


def test_feedback_is_forgotten_like_an_import(library):
    tell(library, 1, FeedbackEvent(1, on(2024)))
    (listens,) = feedback_files(library, 1)
    forgotten = forget_listens(library, listens.id)
    assert (forgotten.origin, forgotten.n_events, forgotten.n_users) == ("played here by ana, 2024", 1, 1)
    assert library.column("SELECT name FROM users") == ["bob"] and list(check_presence(library)) == []


def test_a_damaged_file_refuses_more_and_says_what_to_do(library):
    tell(library, 1, FeedbackEvent(1, on(2024)))
    (path,) = listen_files(library, "track")
    whole = path.read_bytes()
    path.write_bytes(b"PAR1 half")
    with pytest.raises(LibraryError, match=r"is damaged(.|\n)*`cli forget-listens 1`"):
        tell(library, 1, FeedbackEvent(2, on(2024, 4)))
    path.unlink()
    with pytest.raises(LibraryError, match=r"is missing(.|\n)*`cli forget-listens 1`"):
        tell(library, 1, FeedbackEvent(2, on(2024, 4)))
    (problem,) = check_presence(library)
    assert "those of played here by ana, 2024" in problem.what and problem.fix == "cli forget-listens 1"
    path.write_bytes(whole)
    assert tell(library, 1, FeedbackEvent(2, on(2024, 4))) == [True]
