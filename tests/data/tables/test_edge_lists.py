"""Tables of edges, with and without headers, weights and mistakes."""

import polars as pl
import pytest

from earshot.data.tables.edge_lists import read_edge_list


def named(edges):
    names, weights = edges.names, edges.weights
    pairs = [(names[s], names[t]) for s, t in zip(edges.source_rows, edges.target_rows, strict=True)]
    return pairs if weights is None else list(zip(pairs, weights.tolist(), strict=True))


def test_csv_with_known_columns_in_any_order(tmp_path):
    path = tmp_path / "graph.csv"
    path.write_text("weight,target,source\n0.5,Björk,Air\n2,Air,Can\n", encoding="utf-8")
    edges = read_edge_list(path)
    assert edges.names == ["Air", "Björk", "Can"]
    assert named(edges) == [(("Air", "Björk"), 0.5), (("Can", "Air"), 2.0)]


def test_a_list_of_numbers_has_no_header(tmp_path):
    path = tmp_path / "graph.txt"
    path.write_text("10 20\n20 30\n10 30\n")
    assert named(read_edge_list(path)) == [("10", "20"), ("20", "30"), ("10", "30")]


def test_tsv_with_named_columns(tmp_path):
    path = tmp_path / "graph.tsv"
    path.write_text("a\tb\tc\nx\ty\t3\n")
    assert named(read_edge_list(path, source="b", target="a", weight="c")) == [(("y", "x"), 3.0)]


def test_parquet_with_integer_nodes(tmp_path):
    pl.DataFrame({"node_1": [7, 8], "node_2": [8, 9]}).write_parquet(tmp_path / "graph.parquet")
    assert named(read_edge_list(tmp_path / "graph.parquet")) == [("7", "8"), ("8", "9")]


def test_malformed_lines_are_counted_and_left_out(tmp_path):
    path = tmp_path / "graph.csv"
    path.write_text("source,target,weight\na,b,1\n,b,1\na,,1\na,c,heavy\na,c,-1\na,c,nan\na,c,inf\nc,a,2,and more\n")
    edges = read_edge_list(path)
    assert named(edges) == [(("a", "b"), 1.0), (("c", "a"), 2.0)]
    assert edges.n_malformed == 6


def test_what_is_no_edge_list_is_refused(tmp_path):
    for name, content, words in (
        ("x.json", "{}", "edge lists end in .csv"),
        ("x.csv", "only\na\n", "has 1 column; an edge needs a source and a target"),
        ("x.parquet", "no parquet", "cannot be read as a table"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=words):
            read_edge_list(tmp_path / name)
    (tmp_path / "y.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column 'z'; it has a, b"):
        read_edge_list(tmp_path / "y.csv", source="z")


@pytest.mark.parametrize("name", ["similarity", "Score", "WEIGHT"])
def test_a_third_column_of_weights(tmp_path, name):
    (tmp_path / "x.csv").write_text(f"artist_a,artist_b,{name}\nRadiohead,Air,0.5\nAir,Can,0.25\n")
    edges = read_edge_list(tmp_path / "x.csv")
    assert edges.weights.tolist() == [0.5, 0.25] and edges.names == ["Air", "Can", "Radiohead"]


def test_a_table_of_a_country_with_decimal_commas(tmp_path):
    (tmp_path / "kanten.csv").write_text("Gewicht;Quelle;Ziel\n0,85;Air;Can\n1;Can;Air\n1,234;Air;Can\n")
    edges = read_edge_list(tmp_path / "kanten.csv")
    assert named(edges) == [(("Air", "Can"), pytest.approx(0.85)), (("Can", "Air"), 1.0)] and edges.n_malformed == 1


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("Air,Can,0.5\nCan,M83,2\n", [(("Air", "Can"), 0.5), (("Can", "M83"), 2.0)]),
        ("Air;Can\nM83;Air\n", [("Air", "Can"), ("M83", "Air")]),
        ("10 20 0.5\n20 30 1\n", [(("10", "20"), 0.5), (("20", "30"), 1.0)]),
        ("10 20 1715020776\n", [("10", "20")]),  # a time is no weight
        ("artist_a,artist_b\nM83,Air\n", [("M83", "Air")]),
    ],
)
def test_the_first_edge_is_no_header(tmp_path, text, edges):
    (tmp_path / "x.csv").write_text(text)
    assert named(read_edge_list(tmp_path / "x.csv")) == edges
