"""`cli import-listens`: every format from the command line, and what is wrong with a file."""

import json
import shutil
import zipfile
from functools import partial

import polars as pl
import pytest

from commands_typed import invoke, rows_of
from earshot.commands.import_listens import import_listens
from earshot.data.exports.listen_sources import READERS
from library_world import add, at, heard, open_library
from listen_exports import LASTFM_1K, SECOND, lastfm_1k, listen, listenbrainz, spotify, stream


@pytest.fixture
def folder(tmp_path):
    """Files 1, One by Air, and 2, Vitamin C by Can."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/m/1.mp3", at(0), artist="Air", title="One", album="Moon")])
        add(library, head, [heard("/m/2.mp3", at(9), artist="Can", title="Vitamin C")])
    return tmp_path


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


def logs(folder):
    return sorted((folder / "library" / "listens").glob("*.parquet"))


def test_a_spotify_folder_of_two_years(folder, run):
    spotify(folder / "in" / "2019.json", stream(), stream("Two"), stream(None, None, episode_name="Talk"))
    spotify(folder / "in" / "2020.json", stream("Two", ts="2010-01-01T00:00:00Z"), stream(ts="never"))
    result = run("import-listens", folder / "in", "--listener", "ana")
    assert result.stdout == (
        "3 listens by 1 user (1 new) to 2 tracks\n  of 2 tracks named, 1 were known and 1 have audio\n"
    )
    assert "1 podcasts left out" in result.stderr and "1 malformed rows left out" in result.stderr
    assert "row 2: never, 7000, One, Air, Moon" in result.stderr
    assert rows_of(
        folder / "library", "SELECT id, title, artist, artist_id, album, album_id, status FROM tracks WHERE id > 2"
    ) == [(3, "Two", "Air", 1, "Moon", 1, "catalog")]
    assert rows_of(folder / "library", "SELECT name FROM users") == [("ana",)]
    (log,) = logs(folder)
    assert pl.read_parquet(log)["track_id"].to_list() == [1, 3, 3]
    assert "Nothing added: in was imported" in run("import-listens", folder / "in").stdout
    assert logs(folder) == [log]


def test_what_was_playing_is_shown_with_its_line(folder, run):
    (folder / "ana.csv").write_text("Air,Moon,Playing,\nCan,Ege,Two,04 May 2009 23:08\n")
    words = "1 tracks that were playing left out, the first in row 1: Air, Moon, Playing"
    assert words in run("import-listens", folder / "ana.csv").stderr
    (imported,) = json.loads(run("import-listens", folder / "ana.csv", "--again", "--json").stdout)
    assert list(imported["examples"]) == list(imported["left_out"]) == ["tracks that were playing"]


def test_a_later_export_adds_only_what_is_new(folder, run):
    run("import-listens", listenbrainz(folder / "1.zip", listen("One"), listen("Two")))
    run("import-listens", listenbrainz(folder / "2.zip", listen("One"), listen("Two"), listen("Two", SECOND + 60)))
    assert len(logs(folder)) == 2 and rows_of(folder / "library", "SELECT name FROM users") == [("ana",)]
    run("build-graph", "--min-together", 1)
    from earshot.index.library import Library
    from earshot.index.listens.stored_interactions import read_interactions

    with Library.open(folder / "library") as library:
        assert repr(read_interactions(library).interactions) == "<Interactions 1 users x 2 tracks, 3 events>"


def test_an_export_beside_its_earlier_one_or_unpacked_counts_once(folder, run):
    first = [stream("One"), stream("Two", ts="2010-01-01T00:00:00Z"), stream("Two", ts="2010-01-01T00:00:09Z")]
    spotify(folder / "in" / "a.json", *first)
    assert "3 listens by 1 user" in run("import-listens", folder / "in").stdout
    assert "Listens   3 events, 1 user\n" in run("status").stdout
    spotify(folder / "in" / "b.json", *first, stream("Three"))
    shutil.make_archive(str(folder / "in" / "packed"), "zip", folder / "in", "b.json")
    result = run("import-listens", folder / "in")
    assert "4 listens by 1 user" in result.stdout and "7 that several of the files hold count once" in result.stderr
    assert "Listens   7 events, 1 user, in 2 imports: what several hold counts once\n" in run("status").stdout
    from earshot.index.library import Library
    from earshot.index.listens.stored_interactions import read_interactions

    with Library.open(folder / "library") as library:
        assert len(read_interactions(library).interactions) == 4


def test_an_archive_of_two_kinds_is_two_imports(folder, run):
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("a.tsv", LASTFM_1K)
        archive.writestr("b.json", json.dumps([stream()]))
        archive.writestr("c.json", json.dumps([stream("Two")]))
    for _ in range(2):
        result = run("import-listens", folder / "x.zip")
        assert rows_of(folder / "library", "SELECT n_events FROM listens ORDER BY id") == [(3,), (2,)]
    assert result.stdout.count("Nothing added") == 2


def test_yambda_of_two_sizes_counts_once(folder, run):
    events = pl.DataFrame({"uid": [7, 7, 9], "timestamp": [5, 10, 0], "item_id": [30, 31, 30]})
    for size, rows in (("50m", events[:2]), ("500m", events)):
        (folder / "yambda" / size).mkdir(parents=True)
        rows.write_parquet(folder / "yambda" / size / "listens.parquet")
        rows[:1].write_parquet(folder / "yambda" / size / "likes.parquet")
    assert "4 listens by 2 users (2 new) to 2 tracks" in run("import-listens", folder / "yambda").stdout


def test_the_published_thousand_users(folder, run):
    result = run("import-listens", lastfm_1k(folder / "x.tsv"))
    assert "3 listens by 2 users (2 new) to 2 tracks" in result.stdout and "4 malformed" in result.stderr
    assert rows_of(folder / "library", "SELECT title, artist, mbid FROM tracks WHERE id = 4") == [
        ('Behind The "Mask"', "坂本龍一", "f7c1f8f8-7935")
    ]


def test_a_second_import_fills_in_codes_and_finds_tracks_by_them(folder, run):
    lines = "me\t2009-05-04T23:08:57Z\ta\tAir\tcode\tOne\nme\t2009-05-04T23:08:58Z\ta\tAIR!\tcode\tUno\n"
    run("import-listens", lastfm_1k(folder / "x.tsv", lines))
    assert rows_of(folder / "library", "SELECT id, mbid FROM tracks ORDER BY id") == [
        (1, "code"),
        (2, None),
    ]
    again = run("import-listens", lastfm_1k(folder / "y.tsv", lines.replace("Uno", "Eins").replace("One", "Ein")))
    assert "of 1 track named, 1 were known" in again.stdout


def test_yambda(folder, run):
    source = folder / "yambda"
    source.mkdir()
    events = {"uid": [7, 7, 9], "timestamp": [5, 10, 0], "item_id": [30, 31, 30]}
    pl.DataFrame(events | {"played_ratio_pct": [100, 5, 50]}).write_parquet(source / "listens.parquet")
    pl.DataFrame({name: column[:1] for name, column in events.items()}).write_parquet(source / "likes.parquet")
    assert "4 listens by 2 users (2 new) to 2 tracks" in run("import-listens", source).stdout
    assert rows_of(folder / "library", "SELECT title FROM tracks WHERE status = 'catalog'") == [
        ("yambda:30",),
        ("yambda:31",),
    ]
    assert pl.read_parquet(logs(folder)[0])["kind"].to_list() == [1, 0, 0, 0]


def test_yambda_with_its_maps_and_vectors(folder, run):
    source = folder / "yambda"
    source.mkdir()
    pl.DataFrame({"uid": [7, 7], "timestamp": [5, 9], "item_id": [30, 31]}).write_parquet(source / "listens.parquet")
    run("import-listens", source)
    pl.DataFrame({"artist_id": [1, 1], "item_id": [31, 30]}).write_parquet(source / "artist_item_mapping.parquet")
    pl.DataFrame({"album_id": [2], "item_id": [30]}).write_parquet(source / "album_item_mapping.parquet")
    vectors = {"item_id": [30, 99], "embed": [[3.0, 4.0], [1.0, 0.0]]}
    pl.DataFrame(vectors).write_parquet(source / "embeddings.parquet")
    result = run("import-listens", source)
    assert "of 2 tracks named, 2 were known" in result.stdout
    assert "1 of their vectors are kept as the space yambda" in result.stdout
    query = "SELECT t.id, title, artist, name, album FROM tracks t JOIN artists a ON a.id = artist_id WHERE t.id > 2"
    artist = ("yambda:artist:1", "yambda:artist:1")
    assert rows_of(folder / "library", query) == [
        (3, "yambda:30", *artist, "yambda:album:2"),
        (4, "yambda:31", *artist, None),
    ]
    assert rows_of(folder / "library", "SELECT track_id, dim FROM current_vectors WHERE space = 'yambda'") == [(3, 2)]
    run("import-listens", source, "--again")
    assert rows_of(folder / "library", "SELECT count(*) FROM vectors WHERE space = 'yambda'") == [(1,)]
    assert rows_of(folder / "library", "SELECT count(*) FROM tracks") == [(4,)]


def test_a_table_without_times_says_so(folder, run):
    (folder / "x.csv").write_text("user,artist,track\nu,Air,One\n")
    assert "No column of times was found" in run("import-listens", folder / "x.csv").stderr
    (folder / "y.csv").write_text("user,artist,track,time\nu,Air,One,5\n")
    assert "No column of times" not in run("import-listens", folder / "y.csv").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("x.csv", "--user", "who", "--time", "when"),
            "--user, --time: for tables only, and this is lastfm-csv. With --format",
        ),
        (("x.json", "--level", "artist"), "--level: for tables only, and this is spotify."),
        (("x.tsv", "--listener", "ana"), "--listener: for the listens of one person, and lastfm-1k says who listened."),
    ],
)
def test_an_option_that_means_nothing_is_wrong_usage(folder, run, arguments, words):
    (folder / "x.csv").write_text("artist,track,date\nAir,One,2009-05-04\n")
    spotify(folder / "x.json", stream())
    lastfm_1k(folder / "x.tsv")
    name, *options = arguments
    assert words in run("import-listens", folder / name, *options, code=2).stderr
    assert logs(folder) == []


@pytest.mark.parametrize(
    ("text", "name", "arguments", "words"),
    [
        ("%PDF", "x.pdf", (), "x.pdf contains no listening export in a supported format; give a file of lastfm-1k, "),
        ("[{", "x.json", ("--format", "spotify"), "x.json is not JSON"),
        ("user,track\n,x\n", "x.csv", (), "x.csv holds no listens; 1 row is malformed"),
        ("PK", "x.zip", (), "x.zip is a damaged archive"),
    ],
)
def test_mistakes_get_one_clear_message(folder, run, text, name, arguments, words):
    (folder / name).write_text(text)
    result = run("import-listens", folder / name, *arguments, code=1)
    assert words in result.stderr and "Traceback" not in result.stderr
    assert logs(folder) == [] and not list((folder / "library").rglob("*.unfinished"))


def test_a_damaged_file_of_a_folder_costs_only_itself(folder, run):
    spotify(folder / "in" / "a.json", stream())
    (folder / "in" / "b.json").write_text('[{"msPlayed": 1')
    (folder / "in" / "c.zip").write_text("PK")
    (folder / "in" / "d.csv").write_text("")
    (folder / "in" / "e.parquet").write_text("PAR1 and no more PAR1")
    result = run("import-listens", folder / "in")
    assert "1 listen by 1 user" in result.stdout
    told = result.stderr.partition("Left out, because it could not be read:\n")[2]
    assert [line.split()[0] for line in told.splitlines()] == ["c.zip", "e.parquet", "b.json"]
    assert "Nothing added" in run("import-listens", folder / "in").stdout
    assert run("import-listens", folder / "in" / "b.json", code=1).stderr.startswith("Error: b.json is not JSON")


def test_a_damaged_table_of_a_folder_costs_only_itself(folder, run):
    (folder / "in").mkdir()
    for name, text in (("a", ""), ("b", "user,track\nu,x\n"), ("c", "x\ny\n"), ("d", "user,track\nv,y\n")):
        (folder / "in" / f"{name}.csv").write_text(text)
    result = run("import-listens", folder / "in")
    assert result.stdout.count("1 listen by 1 user") == 2
    assert "a.csv cannot be read as a table: empty CSV" in result.stderr and "c.csv: no column of" in result.stderr
    for name in "bd":
        (folder / "in" / f"{name}.csv").unlink()
    result = run("import-listens", folder / "in", code=1)
    assert "c.csv: no column of" in result.stderr and "Error: Nothing of in could be read." in result.stderr
    (folder / "in" / "c.csv").write_text("PK")
    (folder / "in" / "c.csv").rename(folder / "in" / "c.zip")
    assert "c.zip is a damaged archive" in run("import-listens", folder / "in", code=1).stderr
    assert len(logs(folder)) == 2


def test_every_reader_is_a_format_of_the_command_line():
    (option,) = (parameter for parameter in import_listens.params if parameter.name == "format")
    assert list(option.type.choices) == ["auto", *(reader.name for reader in READERS)]


def test_a_format_that_does_not_exist_is_wrong_usage(folder, run):
    lastfm_1k(folder / "x.tsv")
    assert (
        "'tabel' is not one of 'auto', 'lastfm-1k'"
        in run("import-listens", folder / "x.tsv", "--format", "tabel", code=2).stderr
    )


def test_letters_of_an_encoding_that_is_guessed_or_given(folder, run):
    path = folder / "x.csv"
    path.write_bytes("user,artist,track,time\nanna,Кино,Группа крови,1715020776\n".encode("cp1251"))
    assert "Letters are read as cp1251; --encoding names another." in run("import-listens", path).stderr
    path.write_bytes("user,artist,track,time\nanna,Сплин,Выхода нет,1715020776\n".encode("cp866"))
    assert "Letters" not in run("import-listens", path, "--encoding", "cp866").stderr
    artists = rows_of(folder / "library", "SELECT artist FROM tracks WHERE artist IN ('Кино', 'Сплин') ORDER BY id")
    assert artists == [("Кино",), ("Сплин",)]
    for name in ("cp0", "hex", "rot13", "idna", "undefined"):  # the last four are codecs, but of no text
        assert f"'{name}' is no encoding" in run("import-listens", path, "--encoding", name, code=2).stderr
    error = run("import-listens", path, "--again", "--encoding", "utf-16", code=1).stderr
    assert f"{path.name} cannot be read in this encoding: UTF-16 stream does not start with BOM" in error


def test_columns_that_are_named(folder, run):
    rows = "Intro,The xx,xx,2024-05-06T18:39Z\nIntro,Alt-J,,2024-05-06\n"
    (folder / "x.csv").write_text("Title,by,from,Played At\n" + rows)
    run("import-listens", folder / "x.csv", "--listener", "me", "--artist", "by", "--album", "from")
    rows = rows_of(folder / "library", "SELECT artist, title, album FROM tracks WHERE title = 'Intro' ORDER BY id")
    assert rows == [("The xx", "Intro", "xx"), ("Alt-J", "Intro", None)]
