"""The server and its users."""

from earshot.index.library import Library
from earshot.index.runs import start_run
from earshot.stages.playing.feedback import record_like
from earshot.web.subsonic.system_endpoints import EXTENSIONS


def test_a_listener_sees_themselves_alone(player):
    assert player.ask("getUser")["user"]["username"] == "ana"
    assert player.error("getUser", username="ben") == (50, "A listener sees themselves alone.")
    with Library.open_to_write(player.client.app.state.library.folder) as library:
        record_like(library, "ben", 1)
    assert player.error("getUser", username="ben") == player.error("getUser", username="nobody of this name"), (
        "it does not tell who is there"
    )
    assert [one["username"] for one in player.ask("getUsers")["users"]["user"]] == ["ana"]
    assert player.error("getAvatar", username="ana")[0] == 70 and player.error("getAvatar")[0] == 10


def test_every_extension_that_is_told_of_is_there(player):
    told = player.ask("getOpenSubsonicExtensions")["openSubsonicExtensions"]
    assert {one["name"]: one["versions"] for one in told} == EXTENSIONS
    assert "songLyrics" not in EXTENSIONS, "there are none"


def test_a_scan_is_a_command_that_runs(player):
    assert player.ask("getScanStatus")["scanStatus"] == {"scanning": False, "count": 9}
    with Library.open_to_write(player.client.app.state.library.folder) as library:
        start_run(library, "embed-audio", {}, fingerprint="ear")
    assert player.ask("getScanStatus")["scanStatus"]["scanning"] is False, "it was killed"
    assert player.error("startScan")[0] == 50
