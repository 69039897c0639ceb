"""Playlists on the page: made, filled, reordered, renamed, deleted, saved; imported ones are left as they are."""

from earshot.data.playlists.playlist_reader import read_playlists
from earshot.index.library import Library
from earshot.index.listens.playlist_store import import_playlists

AS_JSON = {"Accept": "application/json"}


def made(own_client, name, tracks):
    answer = own_client.post("/playlists", json={"name": name, "tracks": tracks}, headers=AS_JSON)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def listed(folder, playlist_id):
    with Library.open(folder) as library:
        query = "SELECT track_id FROM playlist_tracks WHERE playlist_id = ? ORDER BY position"
        return library.column(query, [playlist_id])


def test_a_playlist_is_made_filled_and_reordered(own_client, folder, ids):
    number = made(own_client, "Late night", ids[:3])
    own_client.post(f"/playlists/{number}/add", json={"tracks": [ids[5], ids[0]]}, headers=AS_JSON)
    assert listed(folder, number) == [*ids[:3], ids[5], ids[0]], "a track may come twice"
    own_client.post(f"/playlists/{number}/tracks", json={"tracks": ids[2::-1]}, headers=AS_JSON)
    assert listed(folder, number) == ids[2::-1]
    text = own_client.get(f"/playlists/{number}").text
    assert "Late night" in text and 'data-tracks="playlist"' in text and "3 tracks" in text
    assert "Late night" in own_client.get("/playlists").text
    assert own_client.get("/playlists.json").json() == [{"id": number, "name": "Late night", "n_tracks": 3}]


def test_it_is_renamed_and_deleted_by_forms_too(own_client, ids):
    answer = own_client.post("/playlists", data={"name": "By hand"})
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert "Nothing in it yet" in own_client.get(address).text
    assert own_client.post(f"{address}/name", data={"name": "Renamed"}).headers["location"] == address
    assert "Renamed" in own_client.get(address).text
    assert own_client.post(f"{address}/delete").headers["location"] == "/playlists"
    assert own_client.get(address).status_code == 404 and "No playlists yet" in own_client.get("/playlists").text


def test_what_is_saved_is_read_back_by_our_own_reader(own_client, ids, tmp_path, folder):
    number = made(own_client, "Über / alles", ids[3:6])
    answer = own_client.get(f"/playlists/{number}.m3u8")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%C3%9Cber%20")
    for suffix in ("m3u8", "xspf", "jspf"):
        path = tmp_path / f"saved.{suffix}"
        path.write_bytes(own_client.get(f"/playlists/{number}.{suffix}").content)
        with Library.open_to_write(folder) as library:
            (imported,) = import_playlists(library, read_playlists(str(path)))
            latest = library.value("SELECT max(id) FROM playlists")
        assert imported.n_matched == 3 and listed(folder, latest) == ids[3:6], suffix
    assert own_client.get(f"/playlists/{number}.wpl").status_code == 404


def test_it_is_made_to_flow_with_the_first_track_fixed(own_client, folder, ids):
    number = made(own_client, "Flow", ids)
    answer = own_client.post(f"/playlists/{number}/flow", headers=AS_JSON)
    assert answer.status_code == 200, answer.text
    after = listed(folder, number)
    assert after[0] == ids[0] and sorted(after) == sorted(ids) and after != ids


def test_an_imported_playlist_is_shown_and_not_changed(own_client, folder, ids, tmp_path):
    with Library.open_to_write(folder) as library:
        path = library.value("SELECT path FROM tracks WHERE id = ?", [ids[0]])
        (tmp_path / "theirs.m3u").write_text(f"{path}\n")
        import_playlists(library, read_playlists(str(tmp_path / "theirs.m3u")))
        number = library.value("SELECT max(id) FROM playlists")
    text = own_client.get(f"/playlists/{number}").text
    assert "Imported playlist" in text and 'data-tracks="playlist"' not in text
    answer = own_client.post(f"/playlists/{number}/tracks", json={"tracks": []}, headers=AS_JSON)
    assert answer.status_code == 409 and "was imported from" in answer.text and listed(folder, number) == [ids[0]]
    assert own_client.get("/playlists.json").json() == []


def test_what_makes_no_sense_changes_nothing(own_client, folder, ids):
    number = made(own_client, "Kept", ids[:2])
    assert own_client.post("/playlists", json={"name": "", "tracks": []}).status_code == 400
    assert own_client.post("/playlists", json={"name": "x", "tracks": [999]}).status_code == 409
    assert own_client.post(f"/playlists/{number}/tracks", json={"tracks": [ids[0], 999]}).status_code == 409
    assert own_client.post(f"/playlists/{number}/tracks", json={"tracks": "all"}).status_code == 400
    assert own_client.post("/playlists/999/add", json={"tracks": [ids[0]]}).status_code == 404
    assert listed(folder, number) == ids[:2] and len(own_client.get("/playlists.json").json()) == 1
