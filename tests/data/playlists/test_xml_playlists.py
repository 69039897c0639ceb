"""XSPF, WPL and ASX, as players and services write them."""

from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import read_playlists


def texts(playlist):
    return [entry.text for entry in playlist.entries]


def test_xspf_with_a_title(tmp_path):
    path = tmp_path / "x.xspf"
    path.write_text(
        '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Night</title><trackList>'
        "<track><location>file:///m/%C3%A9.ogg</location></track><track><title>no place</title></track>"
        "<track><location>sub/b.ogg</location></track></trackList></playlist>"
    )
    playlist = read_playlists(str(path))[0]
    assert (playlist.name, texts(playlist)) == ("Night", ["/m/é.ogg", str(tmp_path / "sub" / "b.ogg")])


def test_xspf_is_always_decoded_and_names_what_has_no_place(tmp_path):
    tracks = [
        "<location>../100%25%20%231.mp3</location>",
        "<creator>Air</creator><title> Sexy Boy </title>",
        "<location>http://radio/1</location><creator>Air</creator><title>Talisman</title>",
        "<location>x.mp3</location><creator>Air</creator><title>Remember</title>",
        "<title>no artist</title>",
        "<location>http://radio/2</location>",
    ]
    text = "".join(f"<track>{track}</track>" for track in tracks)
    for opening in ('<playlist xmlns="http://xspf.org/ns/0/">', "<playlist>", '<playlist xmlns="urn:other">'):
        (tmp_path / "x.xspf").write_text(f"{opening}<title>Moon</title><trackList>{text}</trackList></playlist>")
        playlist = read_playlists(str(tmp_path / "x.xspf"))[0]
        place = str(tmp_path / "x.mp3")
        assert texts(playlist) == [str(tmp_path.parent / "100% #1.mp3"), "Air - Sexy Boy", "Air - Talisman", place]
        assert playlist.entries[3].name == "Air - Remember"
        assert (playlist.name, playlist.n_elsewhere) == ("Moon", 2)


def test_xspf_of_musicbrainz_recordings(tmp_path):
    mbid = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
    (tmp_path / "x.xspf").write_text(
        f"<playlist><track><identifier>https://musicbrainz.org/recording/{mbid}</identifier><creator>Air</creator>"
        "<title>Talisman</title><album>Moon Safari</album></track></playlist>"
    )
    entry = Entry(artist="Air", title="Talisman", album="Moon Safari", mbid=mbid)
    assert read_playlists(str(tmp_path / "x.xspf"))[0].entries == [entry]


def test_wpl_of_windows_media_player_and_of_groove(tmp_path):
    (tmp_path / "x.wpl").write_text(
        """<?wpl version="1.0"?>
        <smil>
            <head>
                <meta name="Generator" content="Microsoft Windows Media Player -- 12.0.22621.1"/>
                <author/><title>Léger</title>
            </head>
            <body><seq>
                <media src="..\\Musique\\Air\\a&amp;b.mp3"/>
                <media src="C:\\R & B\\100%25.mp3" albumTitle="Moon Safari" trackTitle="Talisman" trackArtist="Air"/>
                <media src="http://radio/1"/>
            </seq></body>
        </smil>""".replace("\\\\", "\\"),
        encoding="utf-8-sig",
    )
    playlist = read_playlists(str(tmp_path / "x.wpl"))[0]
    assert texts(playlist) == [str(tmp_path.parent / "Musique/Air/a&b.mp3"), "C:/R & B/100%25.mp3"]
    assert playlist.entries[1].name == "Air - Talisman"
    assert (playlist.name, playlist.n_elsewhere) == ("Léger", 1)


def test_asx_in_any_case_and_with_a_lone_ampersand(tmp_path):
    (tmp_path / "x.asx").write_text(
        """<ASX version = "3.0">
            <TITLE>Old & new</TITLE>
            <Entry><REF HREF = "file://C:\\Music\\1.mp3"/><Ref href="mms://radio/1"/></entry>
            <ENTRY><Title>Talisman</Title><Author>Air</Author><Ref href="mms://radio/2"/></ENTRY>
            <ENTRY><Title>Live</Title><Ref href="mms://radio/3"/></ENTRY>
        </ASX>""".replace("\\\\", "\\")
    )
    playlist = read_playlists(str(tmp_path / "x.asx"))[0]
    assert texts(playlist) == ["C:/Music/1.mp3", "Air - Talisman"]
    assert (playlist.name, playlist.n_elsewhere) == ("Old & new", 1)
