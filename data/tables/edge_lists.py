"""Edge lists of other programs: CSV, TSV or Parquet with a source, a target and perhaps a weight."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from earshot.data.tables.table_blocks import Table, find_column, malformed_examples, open_table, stripped

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_SOURCE_COLUMNS = ("source", "from", "from_node", "src", "node_1", "quelle", "origen", "follower_artist_id")
_TARGET_COLUMNS = ("target", "to", "to_node", "dst", "node_2", "ziel", "cible", "destino", "influencer_artist_id")
_WEIGHT_COLUMNS = ("weight", "w", "similarity", "score", "strength", "count", "plays", "gewicht", "poids", "peso")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_MIN_SECONDS = 1e8  # since 1970


@dataclass(frozen=True)
class EdgeList:
    """Edges between named nodes. Rows index `names`."""

    names: Sequence[str]  # sorted, each once
    source_rows: np.ndarray  # (n_edges,) int32
    target_rows: np.ndarray  # (n_edges,) int32
    weights: np.ndarray | None  # (n_edges,) float32
    n_malformed: int  # lines without two names or with a weight that is no positive number
    malformed: tuple[str, ...] = ()  # the first of them
    columns: tuple[str, ...] = ()  # the names of the columns of sources and targets

    def __repr__(self) -> str:
        return f"<EdgeList {len(self.names):,} nodes, {len(self.source_rows):,} edges>"


def read_edge_list(
    path: Path, *, source: str | None = None, target: str | None = None, weight: str | None = None
) -> EdgeList:
    """Read a table of edges. Columns that are not given are found by well-known names, else the first two are taken.

    A text has no header if its first line holds a number, or a name that also stands below it.

    Raises
    ------
    ValueError
        The suffix is not one of `SUFFIXES`, the file cannot be parsed, or a named column is not in it.
    """
    table = open_table(path, SUFFIXES, "edge lists")
    if len(table.columns) < 2:
        raise ValueError(f"{path.name} has {len(table.columns)} column; an edge needs a source and a target")
    if path.suffix != ".parquet" and not (source or target or weight) and _is_headless(table):
        first_row = table.first_row or table.columns
        table = open_table(path, SUFFIXES, "edge lists", has_header=False)
        weight = table.columns[2] if len(first_row) == 3 and _is_weight(first_row[2]) else None
    columns = table.columns
    weight = find_column(path.name, columns, weight, _WEIGHT_COLUMNS)
    nodes = [name for name in columns if name != weight]
    source = find_column(path.name, columns, source, _SOURCE_COLUMNS) or nodes[0]
    target = find_column(path.name, columns, target, _TARGET_COLUMNS) or next(name for name in nodes if name != source)
    edges = table.whole([source, target, *([weight] if weight else [])]).select(
        source=stripped(source),
        target=stripped(target),
        weight=_number(weight) if weight else pl.lit(1.0, pl.Float32),
    )
    weights = pl.col("weight")
    is_valid = pl.all_horizontal(pl.col("source", "target").is_not_null(), weights.is_finite(), weights > 0)
    flags = edges.select(valid=is_valid.fill_null(False))["valid"]
    valid = edges.filter(flags)
    names = pl.concat([valid["source"], valid["target"]]).unique().sort()
    rows = valid.select(pl.col("source", "target").cast(pl.Enum(names)).to_physical().cast(pl.Int32))
    return EdgeList(
        names.to_list(),
        rows["source"].to_numpy(),
        rows["target"].to_numpy(),
        valid["weight"].to_numpy() if weight else None,
        len(edges) - len(valid),
        malformed_examples(edges, flags),
        (source, target),
    )


def _is_headless(table: Table) -> bool:
    """Tell whether the first line of a table, which was taken for its header, is one of edges."""
    columns = table.columns
    is_known = any(
        find_column("", columns, None, names) for names in (_SOURCE_COLUMNS, _TARGET_COLUMNS, _WEIGHT_COLUMNS)
    )
    if table.first_row or is_known:
        return bool(table.first_row)
    if len(columns) == 3:
        return _is_weight(columns[2])
    named_again = (pl.col(name).is_in(columns).any() for name in columns)
    return len(columns) == 2 and any(next(table.blocks(columns)).select(named_again).row(0))


def _is_weight(field: str) -> bool:
    """Tell whether a field is a number that is no time."""
    return _NUMBER.fullmatch(field) is not None and float(field.replace(",", ".")) < _MIN_SECONDS


def _number(column: str) -> pl.Expr:
    """Numbers, also with a comma before their decimals; not 1,234, which may be a thousand."""
    given = pl.col(column)
    text = given.cast(pl.String, strict=False).str.strip_chars()
    decimal = pl.when(~text.str.contains(r"^[1-9]\d{0,2},\d{3}$")).then(text.str.replace(r"^(\d+),(\d+)$", "$1.$2"))
    return pl.coalesce(given.cast(pl.Float32, strict=False), decimal.cast(pl.Float32, strict=False))
