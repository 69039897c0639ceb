"""Artists, albums and genres by name."""

from earshot.index.search.named_tracks import albums_named, artists_holding, artists_named, genres_named, tracks_titled
from library_world import add, at, heard, open_library

NAMES = ("title", "artist", "album", "genre")
TRACKS = [
    ("/hits/1.mp3", "One", "A", "Hits '99", "Rock|Pop"),
    ("/hits/2.mp3", "Two", "B", "Hits '99", "rock"),
    ("/c/1.mp3", "One (Remastered)", "C", "Hits '99", "Rock & Roll"),
    ("/c/2.mp3", "One", "The C feat. D", "Hits '99 (Remastered)", None),
]


def test_two_albums_of_one_name_in_one_folder(tmp_path):
    library, head = open_library(tmp_path)
    artists = ["Queen", "Queen", "ABBA", "ABBA", "Eagles"]
    with library:
        tracks = [heard(f"/m/{n}.mp3", at(0), artist=name, album="Greatest Hits") for n, name in enumerate(artists)]
        add(library, head, tracks)
        found = {choice.label: choice.ids for choice in albums_named(library, "greatest hits", catalog=False)}
        assert found == {"Queen - Greatest Hits": [1, 2], "ABBA - Greatest Hits": [3, 4], "Eagles - Greatest Hits": [5]}
        assert [choice.ids for choice in albums_named(library, "abba - greatest hits", catalog=False)] == [[3, 4]]


def test_names_of_groups(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(path, at(0), **dict(zip(NAMES, names, strict=True))) for path, *names in TRACKS])
        found = {choice.label: choice.ids for choice in albums_named(library, "hits 99", catalog=False)}
        assert found == {"Hits '99": [1, 2], "C - Hits '99": [3, 4]}, "a sampler in one folder is one album"
        assert [choice.ids for choice in albums_named(library, "c - hits '99", catalog=False)] == [[3]]
        assert [choice.ids for choice in artists_named(library, "the C", catalog=False)] == [[3, 4]]
        assert [choice.ids for choice in artists_holding(library, "c", catalog=False)] == [[3, 4]]
        assert [choice.ids for choice in genres_named(library, "ROCK", catalog=False)] == [[1, 2]]
        assert [choice.ids for choice in genres_named(library, "rock and roll", catalog=False)] == [[3]]
        assert [row.id for row in tracks_titled(library, "one", catalog=False)] == [1, 4], "as it is written goes first"
        assert {row.id for row in tracks_titled(library, "c - one", catalog=False)} == {3, 4}
        assert artists_named(library, "nobody", catalog=False) == albums_named(library, "", catalog=False) == []
