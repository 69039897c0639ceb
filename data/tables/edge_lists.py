"""Edge lists of other programs: CSV, TSV or Parquet with a source, a target and perhaps a weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from earshot.data.tables.table_blocks import find_column, malformed_examples, open_table, stripped

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_SOURCE_COLUMNS = ("source", "from", "from_node", "src", "node_1", "quelle", "origen", "follower_artist_id")
_TARGET_COLUMNS = ("target", "to", "to_node", "dst", "node_2", "ziel", "cible", "destino", "influencer_artist_id")
_WEIGHT_COLUMNS = ("weight", "w", "similarity", "score", "strength", "count", "plays", "gewicht", "poids", "peso")


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

    A file whose first line holds two numbers has no header.

    Raises
    ------
    ValueError
        The suffix is not one of `SUFFIXES`, the file cannot be parsed, or a named column is not in it.
    """
    table = open_table(path, SUFFIXES, "edge lists")
    columns = table.columns
    if len(columns) < 2:
        raise ValueError(f"{path.name} has {len(columns)} column; an edge needs a source and a target")
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


def _number(column: str) -> pl.Expr:
    """Numbers, also with a comma before their decimals; not 1,234, which may be a thousand."""
    given = pl.col(column)
    text = given.cast(pl.String, strict=False).str.strip_chars()
    decimal = pl.when(~text.str.contains(r"^[1-9]\d{0,2},\d{3}$")).then(text.str.replace(r"^(\d+),(\d+)$", "$1.$2"))
    return pl.coalesce(given.cast(pl.Float32, strict=False), decimal.cast(pl.Float32, strict=False))
