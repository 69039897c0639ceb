"""The tracks of tracklists, and the lines that must not be taken for a track."""

import pytest

from earshot.index.search.selected import AmbiguousError
from earshot.stages.shared.history_tracks import history_tracks
from earshot.stages.shared.reports import StageError
from library_world import add, at, heard, open_library

SONGS = [
    ("Air", "Sexy Boy", "Moon Safari"),
    ("Moderat", "A New Error", "Moderat"),
    ("Moderat", "Rusty Nails (Live)", "Live"),
    ("Daft Punk", "Get Lucky (feat. Pharrell Williams & Nile Rodgers)", "RAM"),
    ("The Cure", "10:15 Saturday Night", "Three"),
    ("The Who", "Saturday Night", "Odds"),
    ("Bicep", "Glue (Original Mix)", "Bicep"),
    ("Bicep", "Opal (Four Tet Remix)", "Opal"),
    ("Cold Air", "Intro", "Ice"),
    ("Sven Väth", "L'Esperanza", "Accident"),
    ("Elton John", "Don't Go Breaking My Heart", "Duets"),
    ("Sebastian", "Embody [Reprise]", "Total"),
    ("David Bowie", "“Heroes”", "Heroes"),
    ("Kygo", "ID", "Cloud Nine"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library, head = open_library(tmp_path_factory.mktemp("library"))
    with library:
        names = [dict(zip(("artist", "title", "album"), song, strict=True)) for song in SONGS]
        add(library, head, [heard(f"/m/{n}.mp3", at(n), genre="Techno", **facts) for n, facts in enumerate(names, 1)])
        yield library


def taken(library, *lines):
    found = history_tracks(library, lines)
    return [SONGS[node - 1][1] for node in found.ids], found.strangers


def test_a_tracklist_as_people_write_it(library):
    lines = {
        "01. [00:00] Air – Sexy Boy [Source]": "Sexy Boy",
        "[03:30] Moderat — A New Error (Original Mix)": "A New Error",
        "- Daft Punk feat. Pharrell Williams - Get Lucky": SONGS[3][1],
        "Daft Punk & Pharrell Williams - Get Lucky": SONGS[3][1],
        "w/ Bicep - Glue": "Glue (Original Mix)",
        "Bicep - Opal (Four Tet Remix) [Ninja Tune]": "Opal (Four Tet Remix)",
        "Moderat - Rusty Nails (Live)": "Rusty Nails (Live)",
        "1:10:15 “Saturday Night” by The Who": "Saturday Night",
        "07 Sven Vath - L Esperanza": "L'Esperanza",
        "“Heroes” – David Bowie": "“Heroes”",
        "Air - Moon Safari - Sexy Boy": "Sexy Boy",
        "sexy boy air": "Sexy Boy",
        "/elsewhere/m/5.mp3": "10:15 Saturday Night",
    }
    assert taken(library, *lines) == (list(lines.values()), [])


@pytest.mark.parametrize(
    "line",
    [
        "Moderat - Rusty Nails",  # of which the library has a live take
        "Moderat rusty nails",
        "4) Moderat – Rusty Nails [50Weapons]",
        "Bicep - Opal (Original Mix)",
        "Bicep - Opal [Remix]",
        "Bicep - Glue (Someone Remix)",
        "Air - Intro",  # which is by Cold Air
        "Elton John & RuPaul - Don't Go Breaking My Heart",
        "Sebastian - Embody [Ed Banger]",
        "10:15 Saturday Nite",
        "10:14 Saturday Night - Someone Else",
        "ID - ID",
        "ID",
        "Techno",  # a heading
        "Moderat",
        "Saturday",
        "Sexy",
        "Air - Sex",
        "(((",
        "\\",
        "'",
        "x" * 5_000,
    ],
)
def test_a_line_that_names_no_track_of_the_library_costs_only_itself(library, line):
    rest = ["Air - Sexy Boy", "Moderat - A New Error", "Kygo - ID"]
    tracks, (stranger,) = taken(library, *rest[:2], line, rest[2])
    assert tracks == ["Sexy Boy", "A New Error", "ID"] and stranger.startswith(line)


def test_a_damaged_playlist_among_the_lines_is_named_with_its_reason(library, tmp_path):
    (tmp_path / "x.xspf").write_text("<playlist")
    tracks, (stranger,) = taken(library, str(tmp_path / "x.xspf"), "Air - Sexy Boy")
    assert tracks == ["Sexy Boy"] and "is not XML" in stranger


def test_titles_come_first_where_more_lines_say_so(library):
    assert taken(library, "Sexy Boy - Air", "A New Error - Moderat", "Nothing - Nobody")[0] == [
        "Sexy Boy",
        "A New Error",
    ]
    lines = ["Air - Sexy Boy", "Moderat - A New Error", "Intro - Cold Air"]
    assert taken(library, *lines) == (["Sexy Boy", "A New Error"], ["Intro - Cold Air"])


def test_numbers_of_bare_titles_belong_to_the_list_if_the_others_have_them(library):
    assert taken(library, "1. Sexy Boy", "2. A New Error", "7. Nothing") == (
        ["Sexy Boy", "A New Error"],
        ["7. Nothing"],
    )
    assert taken(library, "Sexy Boy", "A New Error", "10:14 Saturday Night")[1] == ["10:14 Saturday Night"]
    assert taken(library, "Sexy Boy", "10:15 Saturday Night")[0] == ["Sexy Boy", "10:15 Saturday Night"]


def test_artists_and_genres_count_where_the_list_is_none_of_pairs(library):
    assert taken(library, "Moderat")[0] == ["A New Error", "Rusty Nails (Live)"]
    assert len(taken(library, "Techno", "Nobody")[0]) == len(SONGS)


def test_a_history_of_strangers_shows_lines_with_what_is_like_them(library):
    lines = ["Air - Sexy Girl", "Moderat - Rusty Nails", "xyzzy", "ID - ID", *(f"Nobody {n} - qqq" for n in range(9))]
    with pytest.raises(StageError) as caught:
        history_tracks(library, lines)
    assert str(caught.value) == (
        "None of the 13 lines of this history is a track of the library:\n"
        '    Air - Sexy Girl: did you mean "Air - Sexy Boy"?\n'
        '    Moderat - Rusty Nails: did you mean "Moderat - Rusty Nails (Live)" or "Moderat"?\n'
        "    xyzzy: nothing is like it\n"
        "    Nobody 0 - qqq: nothing is like it\n"
        "    Nobody 1 - qqq: nothing is like it\n"
        "    and 8 more\n\n"
        'Write one track a line, as "Artist - Title" or its path, or run `cli embed-audio` on the folder of the music'
        " first."
    )


def test_an_unclear_line_says_what_to_type(library):
    with pytest.raises(AmbiguousError):
        history_tracks(library, ["night"])
    with pytest.raises(StageError, match=r"night: could be any of several: id:\d+ for The "):
        history_tracks(library, ["night", "xyzzy"])
