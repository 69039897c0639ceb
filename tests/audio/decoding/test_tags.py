"""Tags: what people wrote, on one line, whatever they wrote."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.audio.decoding.tags import Tags, clean_text, parse_tags
from earshot.data.encoding_guess import bytes_before

BIDI_OVERRIDES = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


def test_the_tags_of_a_song():
    metadata = {
        "title": "Vltava", "artist": "Bedřich Smetana", "album": "Má vlast", "genre": "Classical",
        "date": "1874-11-20", "track": "02/06",
    }  # fmt: skip
    assert parse_tags(metadata) == Tags("Vltava", "Bedřich Smetana", "Má vlast", "Classical", 1874, 2)


def test_codes_of_the_recording():
    mbid = "f7c1f8f8-7935-43ed-8aa9-22786e9ba4a8"
    assert parse_tags({"MUSICBRAINZ_TRACKID": mbid, "ISRC": "FR-Z03-98-00212"}) == Tags(mbid=mbid, isrc="FRZ039800212")
    assert parse_tags({"MusicBrainz Track Id": mbid, "TSRC": "frz039800212"}) == Tags(mbid=mbid, isrc="FRZ039800212")
    assert parse_tags({"musicbrainz_trackid": "1; DROP", "isrc": "none"}) == Tags()


def test_nothing_said_is_none():
    assert parse_tags() == parse_tags({}, {}) == parse_tags({"title": " \t\n", "encoder": "Lavf"}) == Tags()


def test_keys_come_in_any_case():
    assert parse_tags({"TITLE": "A", "Artist": "B", "TRACKNUMBER": "7"}) == Tags("A", "B", track_number=7)


def test_the_first_dictionary_with_a_value_wins():
    container, stream = {"title": "of the file", "artist": "  "}, {"title": "of the stream", "artist": "stream"}
    assert parse_tags(container, stream) == Tags("of the file", "stream")  # a blank is no value
    assert parse_tags({}, stream) == Tags("of the stream", "stream")  # Ogg: nothing on the container


def test_the_author_of_an_aiff_file_is_its_artist():
    assert parse_tags({"author": "J\udcf6rg", "album_artist": "Both"}).artist == "Jörg"
    assert parse_tags({"author": "Who wrote it", "artist": "One"}).artist == "One"


def test_an_album_artist_stands_in():
    assert parse_tags({"album_artist": "Both"}) == Tags(artist="Both", album_artist="Both")
    assert parse_tags({"album_artist": "Both", "artist": "One"}) == Tags(artist="One", album_artist="Both")


@pytest.mark.parametrize("name", ["ALBUMARTIST", "album artist", "WM/AlbumArtist", "album_artist"])
def test_album_artists_of_all_formats(name):
    assert parse_tags({name: "Various Artists"}) == Tags(album_artist="Various Artists")  # who are no artist


def test_a_compilation_without_album_artist():
    for name in ("compilation", "TCMP", "cpil", "iTunesCompilation"):
        assert parse_tags({name: "1", "artist": "One"}) == Tags(artist="One", album_artist="Various Artists")
        assert parse_tags({name: "0", "artist": "One"}) == Tags(artist="One")
    assert parse_tags({"compilation": "1", "albumartist": "One"}).album_artist == "One"


def test_placeholders_are_no_names():
    unknown = {"artist": "Unknown Artist", "album": "Unbekanntes Album", "album_artist": "<unknown>"}
    assert parse_tags(unknown) == Tags()
    assert parse_tags({"artist": "Various Artists", "title": "Track 01"}) == Tags("Track 01")
    assert parse_tags({"artist": "unknown", "album_artist": "Ann"}).artist == "Ann"


def test_several_values():
    assert parse_tags({"artist": ["Anna", "Ben\0"], "genre": ["Folk", "Pop"]}) == Tags(
        artist="Anna; Ben", genre="Folk; Pop"
    )
    mbid = "f7c1f8f8-7935-43ed-8aa9-22786e9ba4a8"
    assert parse_tags({"musicbrainz/track id": f"{mbid.upper()};{mbid[::-1]}"}).mbid == mbid


def test_bytes_are_decoded_by_all_fields_together():
    def raw(text):
        return text.encode("cp1251").decode("utf-8", "surrogateescape")

    assert parse_tags({"artist": raw("Би-2"), "title": raw("Полковнику никто не пишет")}).artist == "Би-2"
    assert parse_tags({"artist": "Bj\udcf6rk", "title": "J\udcf3ga"}) == Tags("Jóga", "Björk")
    assert parse_tags({"artist": "\udc81\udc8d"}).artist is None or "\ufffd" not in str(
        parse_tags({"artist": "\udc81"})
    )


def test_letters_that_were_misread_once():
    """In tags that say UTF-8 or UTF-16, by programs that took what they read for Latin-1."""
    assert parse_tags({"artist": "BjÃ¶rk", "title": "JÃ³ga"}) == Tags("Jóga", "Björk")
    assert parse_tags({"artist": "Êèíî", "title": "Ãðóïïà êðîâè"}) == Tags("Группа крови", "Кино")
    assert parse_tags({"artist": "Motörhead", "title": "Ænima"}) == Tags("Ænima", "Motörhead")


def test_letters_are_composed():
    assert parse_tags({"artist": unicodedata.normalize("NFD", "Beyoncé")}).artist == "Beyoncé"


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1997", 1997), ("1997-05-21", 1997), ("1997-05-21T10:00:00Z", 1997), ("21.05.1997", 1997), ("(c) 1997", 1997),
        ("19970521", 1997), ("97", None), ("199", None), ("19979", None), ("May", None), ("", None), ("１９９７", None),
    ],
)  # fmt: skip
def test_a_year(text, year):
    assert parse_tags({"date": text}).year == year


def test_the_year_of_other_keys():
    assert parse_tags({"year": "1969"}).year == 1969
    assert parse_tags({"originaldate": "1969-09-26"}).year == 1969
    assert parse_tags({"date": "2009", "originaldate": "1969"}).year == 2009


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), ("03", 3), ("03/12", 3), ("A1", 1), ("/12", 12), ("B", None), ("123456", None)]
)
def test_a_track_number(text, number):
    assert parse_tags({"track": text}).track_number == number


def test_control_characters_become_a_space():
    # An escape sequence that would rename the terminal's window, a bell, two lines, a NUL, a C1 code.
    assert clean_text("\x1b]0;owned\x07 one\r\ntwo\x00three\x9bfour") == "]0;owned one two three four"
    assert clean_text("a\u2028b\u2029c\x85d\x0be") == "a b c d e"


def test_text_cannot_be_turned_round():
    assert clean_text("exe\u202egpj.\u2066mp3") == "exe gpj. mp3"
    assert clean_text("".join(BIDI_OVERRIDES)) == ""
    assert clean_text("שלום עולם") == "שלום עולם"  # what is written from right to left stays


def test_a_broken_surrogate_can_be_printed():
    assert clean_text("caf\udce9 \ud800!").encode() == b"caf !"


def test_a_pasted_lyric_is_cut():
    assert len(clean_text("la " * 1_000_000)) <= 500
    assert parse_tags({"title": "x" * 501}).title == "x" * 500


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_one_printable_line(text):
    line = clean_text(text)
    assert len(line.splitlines()) <= 1 and line == line.strip() and "  " not in line
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(BIDI_OVERRIDES) & set(line)
    assert clean_text(line) == line


@given(st.dictionaries(st.sampled_from(["title", "date", "track", "genre", "lyrics"]), st.text(st.characters())))
def test_any_metadata_can_be_parsed(metadata):
    tags = parse_tags(metadata)
    assert tags.title is None or tags.title == clean_text(metadata["title"]) or bytes_before(metadata["title"])
    assert tags.year is None or 0 <= tags.year <= 9_999
    assert tags.track_number is None or 0 <= tags.track_number <= 9_999
