"""Tables block by block are the tables that they are whole, and giants and odd columns cost one sentence."""

import codecs
import gzip
import os
import zipfile

import polars as pl
import pytest

from earshot.data.listens.listen_tables import read_listen_table
from earshot.data.tables import parquet_blocks, table_blocks, text_blocks, text_layouts
from earshot.data.tables.table_blocks import open_table, table_errors
from earshot.data.tables.text_blocks import Member


@pytest.fixture
def small_blocks(monkeypatch):
    plain = text_blocks.line_blocks
    monkeypatch.setattr(text_layouts, "line_blocks", lambda file, *_, **options: plain(file, 40, **options))
    monkeypatch.setattr(parquet_blocks.parquet_blocks, "__defaults__", (2,))


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CASES = [
    "a,b\n1,2\n\n3,4\n",
    'a,b\n"x, y",2\n"over\ntwo lines, even\nthree",4\nz,"say ""hi"""\n' * 5,
    "a,b,a\n1,2,3,4,5\n6\n7,8,9\n" * 4,
    "\r\n\r\na,b\r\n1,2\r\n3,4",
    "1,2\n3,4\n5,6\n" * 9,
    "a\n1\n\n2\n",
    '"a\nb",c\n1,2\n',
    "a;b\n" + "1;2,3\n" * 30,
]


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_blocks_are_what_polars_reads_whole(tmp_path, small_blocks, text):
    has_header = not text.startswith("1,2")
    mark = ";" if ";" in text else ","
    whole = pl.read_csv(
        text.encode(), separator=mark, has_header=has_header, infer_schema=False, truncate_ragged_lines=True
    )  # fmt: skip
    table = open_table(written(tmp_path / "x.csv", text))
    assert table.columns == whole.columns
    assert table.whole().rows() == whole.rows()
    some = whole.columns[-1:]
    assert table.whole(some).rows() == whole.select(some).rows()


def test_many_blocks(tmp_path, small_blocks):
    text = "user,n\n" + "".join(f"u{number},{number}\n" for number in range(100))
    blocks = list(open_table(written(tmp_path / "x.csv", text)).blocks(["n"]))
    assert len(blocks) > 10 and pl.concat(blocks)["n"].to_list() == [str(number) for number in range(100)]
    pl.DataFrame({"n": range(7)}).write_parquet(tmp_path / "x.parquet")
    blocks = list(open_table(tmp_path / "x.parquet").blocks())
    assert [block["n"].to_list() for block in blocks] == [[0, 1], [2, 3], [4, 5], [6]]


def test_packed_tables_need_no_copy(tmp_path):
    content = b"user,artist\nana,Air\n"
    written(tmp_path / "x.csv.gz", gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("in/y.csv", content)
    for member in (Member(tmp_path / "x.csv.gz"), Member(tmp_path / "x.zip", "in/y.csv")):
        assert open_table(member).whole().rows() == [("ana", "Air")]


@pytest.mark.parametrize("hint", ['"sep=;"', "SEP=;"])
def test_the_separator_that_excel_is_told(tmp_path, hint):
    path = written(tmp_path / "x.csv", f"{hint}\r\nartist;n\r\nAir, Moon;2\r\n")
    assert open_table(path).whole().rows(named=True) == [{"artist": "Air, Moon", "n": "2"}]


def test_a_line_too_long_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(text_blocks, "MAX_LINE_BYTES", 100)
    plain = text_blocks.line_blocks
    monkeypatch.setattr(text_layouts, "line_blocks", lambda file, *_, **options: plain(file, 64, **options))
    path = written(tmp_path / "x.csv", "user,title\na,One\nb," + "x" * 5_000 + "\nc,Two\n")
    table = open_table(path)
    assert table.whole().rows() == [("a", "One"), ("c", "Two")]
    assert table.lost == {"lines longer than 0 MiB": 1}


def test_a_quote_that_is_never_closed_costs_only_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(text_blocks, "MAX_LINE_BYTES", 100)
    plain = text_blocks.line_blocks
    monkeypatch.setattr(text_layouts, "line_blocks", lambda file, *_, **options: plain(file, 300, **options))
    path = written(tmp_path / "x.csv", 'user,title\na,12" mix\n' + 'b,"One, Two"\n' * 100)
    rows = open_table(path).whole().rows()
    assert rows[0] == ("a", '12" mix') and rows[1:] == [("b", "One, Two")] * 100


@pytest.mark.parametrize(
    "lines", ['"a, b",1\n' * 9 + 'c,"2', 'c,"2\n' + '"a, b",1\n' * 9], ids=["at the end", "before"]
)
def test_a_file_that_ends_within_quotes_keeps_its_other_lines(tmp_path, lines):
    rows = open_table(written(tmp_path / "x.csv", "artist,n\n" + lines)).whole().rows()
    assert sorted(rows) == [("a, b", "1")] * 9 + [("c", "2")]


def test_a_first_line_or_columns_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(table_blocks, "HEAD_BYTES", 50)
    monkeypatch.setattr(text_layouts, "HEAD_BYTES", 50)
    with pytest.raises(ValueError, match=r"x\.csv is no table: its first line is longer than"):
        open_table(written(tmp_path / "x.csv", "user,title" * 20))
    monkeypatch.undo()
    monkeypatch.setattr(text_layouts, "MAX_COLUMNS", 3)
    with pytest.raises(ValueError, match=r"x\.csv has 5 columns; a table has at most 3"):
        open_table(written(tmp_path / "x.csv", "a,b,c,d,e\n"))


def test_an_error_names_some_columns_only(tmp_path):
    path = written(tmp_path / "x.csv", ",".join(f"c{number}" for number in range(500)) + "\n")
    with pytest.raises(ValueError, match=r"one of c0, c1, .*, c19 and 480 more with --user") as caught:
        read_listen_table(path)
    assert len(str(caught.value)) < 300


def test_columns_of_lists_are_named(tmp_path):
    frame = {"user": [["a"]], "artist": [{"x": 1}], "title": [b"\xff"], "n": [1]}
    pl.DataFrame(frame).write_parquet(tmp_path / "x.parquet")
    table = open_table(tmp_path / "x.parquet")
    assert table.whole().rows() == [(1,)]
    for name, kind in (("user", "lists"), ("artist", "structs"), ("title", "bytes")):
        with pytest.raises(ValueError, match=rf"x\.parquet: the column '{name}' holds {kind}; give one"):
            table.whole([name])
    with pytest.raises(ValueError, match=r"x\.parquet: the column 'user' holds lists"):
        list(read_listen_table(tmp_path / "x.parquet").batches)
    with pytest.raises(ValueError, match=r"x\.jsonl: the column 'artist' holds lists"):
        open_table(written(tmp_path / "x.jsonl", '{"user":"a","artist":["b"]}\n')).whole(["artist"])


def test_a_text_longer_than_any_name_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(table_blocks, "LONGEST_TEXT", 20)
    path = written(tmp_path / "x.csv", "user,artist\na,Air\nb," + "x" * 21 + "\n")
    (batch,) = read_listen_table(path).batches
    assert batch.events["user"].to_list() == ["a"] and batch.n_malformed == 1


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.parquet", "x.jsonl"])
def test_what_is_no_regular_file_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=rf"{name} is a named pipe, not a regular file"):
        open_table(tmp_path / name).whole()


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_packed_file_under_another_name_is_not_unpacked(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name} is packed \(gzip\)"):
        open_table(written(tmp_path / name, gzip.compress(b"a,b\n1,2\n"))).whole()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            pl.exceptions.PanicException("index out of bounds\nat main.rs"),
            "cannot be read as a table: index out of bounds$",
        ),
        (MemoryError(), "cannot be read: it takes more memory than there is"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
        (pl.exceptions.ComputeError("bad\nand long"), "cannot be read as a table: bad$"),
    ],
)
def test_failures_below_are_one_sentence(error, words):
    with pytest.raises(ValueError, match=f"^x.csv {words}"), table_errors("x.csv"):
        raise error


def test_a_utf16_file_cut_within_a_letter(tmp_path):
    content = "artist,n\nBjörk,1\nSigur Rós \U0001f3b5".encode("utf-16")[:-1]
    assert open_table(written(tmp_path / "x.csv", content)).whole()["artist"].to_list() == ["Björk", "Sigur Rós \ufffd"]


def test_a_whole_table_of_far_more_text_than_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.tables.archives.BOMB_BYTES", 1_000_000)
    pl.DataFrame({"artist": ["x" * 1_000] * 2_000}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"x\.parquet unpacks to more than"):
        open_table(tmp_path / "x.parquet").whole()
    assert sum(map(len, open_table(tmp_path / "x.parquet").blocks())) == 2_000  # one by one there is room for all
    pl.DataFrame({"artist": [f"artist {number}" for number in range(200_000)]}).write_parquet(tmp_path / "x.parquet")
    assert len(open_table(tmp_path / "x.parquet").whole()) == 200_000


def write(path, frame):
    {".csv": frame.write_csv, ".parquet": frame.write_parquet, ".jsonl": frame.write_ndjson}[path.suffix](path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("name", ["best of *", "of [2023]", "who?"])
def test_a_name_is_no_pattern(tmp_path, name, suffix):
    for neighbour in ("best of 1999", "of 2", "whom"):
        write(tmp_path / f"{neighbour}{suffix}", pl.DataFrame({"x": ["another"]}))
    path = tmp_path / f"{name}{suffix}"
    write(path, pl.DataFrame({"x": ["mine"]}))
    assert open_table(path).whole().rows() == [("mine",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl"])
def test_letters_are_what_was_meant(tmp_path, name, encoding):
    mark = {"x.csv": ";", "x.tsv": "\t"}.get(name)
    text = f"artist{mark}n\r\nBjörk{mark}1\r\nSigur Rós{mark}2\r\n"
    if mark is None:
        text = '{"artist": "Björk", "n": "1"}\n{"artist": "Sigur Rós", "n": "2"}\n'
    start = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    (tmp_path / name).write_bytes(start + text.encode(encoding))
    assert open_table(tmp_path / name).whole().rows() == [("Björk", "1"), ("Sigur Rós", "2")]


def test_of_damaged_utf8_only_the_damage_is_lost(tmp_path):
    text = "artist,n\nBjörk,1\nSigur Rós,2\nMú".encode()
    (tmp_path / "x.csv").write_bytes(text[:-1])
    assert open_table(tmp_path / "x.csv").whole()["artist"].to_list() == ["Björk", "Sigur Rós", "M\ufffd"]


def test_a_table_between_tabs_whose_header_is_quoted(tmp_path):
    path = written(tmp_path / "x.tsv", '"user"\t"title"\n"ana"\t"12"" Mix"\nbob\t12" Mix\n')
    assert open_table(path).whole().rows(named=True) == [
        {"user": "ana", "title": '12" Mix'}, {"user": "bob", "title": '12" Mix'},
    ]  # fmt: skip


def test_fields_that_excel_encloses_between_tabs(tmp_path):
    """It does so for a comma or a quote; anybody else's quotes are letters."""
    cells = ['"Tyler, The Creator"', '"12"" Mix"', '"""Heroes"""', '"Heroes"', '"', '""', 'a "b, c"']
    path = written(tmp_path / "x.txt", "user\ttitle\n" + "".join(f"ana\t{cell}\n" for cell in cells))
    titles = open_table(path).whole()["title"].to_list()
    assert titles == ["Tyler, The Creator", '12" Mix', '"Heroes"', '"Heroes"', '"', '""', 'a "b, c"']


@pytest.mark.parametrize(
    "line", ["b80344d063b5ccb3212f76538f3d9e43d87dca9e\tSO1\t1", "ana\tAir\tOne\t1715020776", "5\t3\tx"]
)
def test_a_first_line_of_data_is_no_header(tmp_path, line):
    table = open_table(written(tmp_path / "x.tsv", f"{line}\n{line}\n"))
    assert table.first_row == tuple(line.split("\t")) and table.whole().rows() == [table.first_row] * 2
    assert not open_table(written(tmp_path / "x.tsv", f"user\titem\t2024\n{line}\n")).first_row


def test_lines_that_end_as_on_a_macintosh(tmp_path):
    text = 'user,title\ra,"One, Two"\rb,Three\r'
    for content in (text.encode(), text.encode("utf-16")):
        assert open_table(written(tmp_path / "x.csv", content)).whole().rows() == [("a", "One, Two"), ("b", "Three")]


def test_columns_are_found_in_any_writing():
    assert table_blocks.find_column("x", ["Track Name"], None, ("track_name",)) == "Track Name"
    assert table_blocks.find_column("x", ["trackName"], "track name", ()) == "trackName"
