"""Facts of a listener are read again only where there are new ones."""

from earshot.index.library import Library
from earshot.stages.playing.feedback import record_like
from earshot.web.subsonic.player_state import PlayerState
from players import browsed_library


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
