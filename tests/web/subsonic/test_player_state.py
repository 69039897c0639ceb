"""The memory of a server: what plays now, and facts that are read again only where there are new ones."""

from earshot.index.library import Library
from earshot.stages.playing.feedback import record_like
from earshot.web.subsonic import player_state
from earshot.web.subsonic.player_state import PlayerState
from players import browsed_library


def test_a_song_plays_until_it_is_over(monkeypatch):
    now = 1_000.0
    monkeypatch.setattr(player_state, "time", lambda: now)
    state = PlayerState()
    state.begin("ana", "phone", 1, 180.0)
    now = 1_010.0
    state.begin("ben", "car", 2, None)
    state.begin("ben", "car", 3, 100.0)
    assert [(one.listener, one.track_id) for one in state.playing()] == [("ben", 3), ("ana", 1)]
    assert (
        state.begun("ana", "phone", 1) == 1_000
        and state.begun("ana", "phone", 2) is state.begun("ben", "phone", 3) is None
    )
    now = 1_200.0
    assert [one.listener for one in state.playing()] == ["ana"]
    now = 1_241.0
    assert state.playing() == [] and state.begun("ana", "phone", 1) is None


def test_facts_are_read_again_after_an_event(tmp_path):
    folder, state = browsed_library(tmp_path / "library"), PlayerState()
    with Library.open(folder) as library:
        facts = state.facts(library, "ana")
        assert facts.starred == {} and state.facts(library, "ana") is facts
    with Library.open_to_write(folder) as library:
        record_like(library, "ana", 3, 1_700_000_000)
    with Library.open(folder) as library:
        assert state.facts(library, "ana").starred == {3: 1_700_000_000}
        assert state.facts(library, "ben").starred == {}
