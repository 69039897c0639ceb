"""Tables as data sets are published: separators of two letters, comments, and suffixes that say nothing."""

from collections import Counter

import polars as pl
import pytest

from earshot.data.tables import text_layouts
from earshot.data.tables.table_blocks import open_table
from earshot.data.tables.text_blocks import Member


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_fields_without_quotes_and_a_surplus_one(tmp_path):
    member = Member(written(tmp_path / "x.tsv", 'a\t"b\tc\td\n\nä\n'))
    layout = text_layouts.Layout(["one", "two", "surplus"], "\t", None, 0)
    rows = pl.concat(text_layouts.rows_of_layout(member, layout, layout.names, Counter())).rows()
    assert rows == [("a", '"b', "c"), (None, None, None), ("ä", None, None)]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('artist,7" size,title', ["artist", '7" size', "title"]),
        ('artist,"of\nthe title","b"', ["artist", "of\nthe title", "b"]),
        ('"a, ",b,"c"', ["a, ", "b", "c"]),
        ('artist,"7 size,title', None),  # never closed within a header's length
    ],
)
def test_a_quote_in_the_header_costs_no_row(tmp_path, header, names):
    rows = [("Air", str(number), '12" Mix') for number in range(30)]
    table = open_table(written(tmp_path / "x.csv", "\n".join([header, *map(",".join, rows)])))
    assert names is None or table.columns == names
    assert table.whole().rows() == [row[: len(table.columns)] for row in rows]


@pytest.mark.parametrize("name", ["ratings.dat", "u.data", "plays.tab", "plays", "plays.2011"])
@pytest.mark.parametrize("mark", ["\t", "::", ",", ";"])
def test_a_suffix_that_says_nothing(tmp_path, name, mark):
    lines = [["userID", "title", "weight"], ["2", "Air: Moon", "13883"], ["3", "Can", "5"]]
    path = written(tmp_path / name, "".join(mark.join(fields) + "\r\n" for fields in lines))
    table = open_table(path)
    assert table.columns == lines[0] and table.whole().rows() == list(map(tuple, lines[1:]))
    path.write_bytes(path.read_bytes().partition(b"\n")[2].replace(b"Air: Moon", b"7"))
    assert open_table(path).first_row == ("2", "7", "13883") and len(open_table(path).whole()) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.dat", b"\0\1,\2"),
        ("x", b'{"a": 1, "b": 2}'),
        ("x.xml", b"<a b='1, 2'/>"),
        ("x.ods", b"PK\x03\x04,"),
        ("x", b"one"),
    ],
)
def test_what_is_no_table_by_its_content_is_refused(tmp_path, name, content):
    with pytest.raises(ValueError, match=rf"{name}: tables end in \.csv"):
        open_table(written(tmp_path / name, content))
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "table.bin")
    assert open_table(tmp_path / "table.bin").whole().rows() == [(1,)]
    with pytest.raises(ValueError, match=r"table\.bin: edges end in \.csv"):
        open_table(tmp_path / "table.bin", (".csv",), "edges")


def test_comments_are_left_out_and_counted(tmp_path):
    text = (
        "% bip unweighted\n\n# made, by hand\nuser\titem\tn\n1\tAir\t5\n# half of it\n#9\tDream\t7\n%\n2\tCan\t6\n# end"
    )
    table = open_table(written(tmp_path / "x.tsv", text))
    assert table.whole().rows() == [("1", "Air", "5"), ("#9", "Dream", "7"), ("2", "Can", "6")]
    assert table.lost == {text_layouts.COMMENTS: 5}
    table = open_table(written(tmp_path / "x.csv", "user\n#1\n#2\n"))
    assert table.whole().rows() == [("#1",), ("#2",)] and not table.lost


@pytest.mark.parametrize(
    ("text", "columns", "n_comments"),
    [
        ("#id\tgender\nuser_1\tm\n", ["id", "gender"], 0),
        ("# SNAP\n# From\tTo\n1\t2\n", ["From", "To"], 1),
        ("#,Artist\n1,Air\n", ["#", "Artist"], 0),
        ("#rows\n", ["#rows"], 0),
    ],
)
def test_a_header_may_be_a_comment(tmp_path, text, columns, n_comments):
    table = open_table(written(tmp_path / "x.txt", text))
    assert table.columns == columns and table.lost.total() == n_comments


def test_a_title_above_the_header(tmp_path):
    table = open_table(
        written(tmp_path / "x.csv", "Shazam Library\nIndex,TagTime,Title,Artist\n1,2,One,Air\n2,3,Two,Air\n")
    )
    assert table.columns == ["Index", "TagTime", "Title", "Artist"] and len(table.whole()) == 2


@pytest.mark.parametrize("content", ["track\nAir, Sexy Boy\nAir, Talisman\n", "track\na,b,c,d\ne\n", "a b\n1,2,3,4\n"])
def test_a_list_in_one_column_has_no_title(tmp_path, content):
    assert open_table(written(tmp_path / "x.csv", content)).columns[0] in ("track", "a")
