"""Edge lists as other programs write them: CSV, TSV or Parquet with a source, a target and perhaps a weight."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_SOURCE = ("source", "from", "from_node", "src", "node_1", "follower_artist_id")
_TARGET = ("target", "to", "to_node", "dst", "node_2", "influencer_artist_id")
_WEIGHT = ("weight", "w", "count", "plays", "score")


@dataclass(frozen=True)
class EdgeList:
    """Edges between named nodes. Rows index `names`."""

    names: list[str]  # in order of their first letters; each once
    source_rows: np.ndarray  # (n_edges,) int32
    target_rows: np.ndarray  # (n_edges,) int32
    weights: np.ndarray | None  # (n_edges,) float32
    n_malformed: int  # lines without two names or with a weight that is no positive number

    def __repr__(self) -> str:
        return f"<EdgeList {len(self.names):,} nodes, {len(self.source_rows):,} edges>"


def read_edge_list(
    path: Path, *, source: str | None = None, target: str | None = None, weight: str | None = None
) -> EdgeList:
    """Read a table of edges. Without names of columns, well-known ones are looked for, else the first two are taken.

    A file whose first line holds two numbers has no header.

    Raises
    ------
    ValueError
        The suffix is not one of `SUFFIXES`, the file cannot be parsed, or a named column is not in it.
    """
    table = _read_table(path)
    columns = table.columns
    if len(columns) < 2:
        raise ValueError(f"{path.name} has {len(columns)} column; an edge needs a source and a target")
    source = _column(path, columns, source, _SOURCE) or columns[0]
    target = _column(path, columns, target, _TARGET) or next(name for name in columns if name != source)
    weight = _column(path, columns, weight, _WEIGHT)
    edges = table.select(
        source=pl.col(source).cast(pl.String).str.strip_chars(),
        target=pl.col(target).cast(pl.String).str.strip_chars(),
        weight=pl.col(weight).cast(pl.Float32, strict=False) if weight else pl.lit(1.0, pl.Float32),
    )
    named = (pl.col("source").fill_null("") != "") & (pl.col("target").fill_null("") != "")
    whole = edges.filter(named & pl.col("weight").is_finite().fill_null(False) & (pl.col("weight") > 0))
    names = pl.concat([whole["source"], whole["target"]]).unique().sort()
    rows = pl.DataFrame({"name": names, "row": np.arange(len(names), dtype=np.int32)})
    numbered = whole.join(rows, left_on="source", right_on="name", maintain_order="left").join(
        rows, left_on="target", right_on="name", suffix="_target", maintain_order="left"
    )
    return EdgeList(
        names.to_list(),
        numbered["row"].to_numpy(),
        numbered["row_target"].to_numpy(),
        numbered["weight"].to_numpy() if weight else None,
        len(edges) - len(whole),
    )


def _read_table(path: Path) -> pl.DataFrame:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name}: edge lists end in {', '.join(SUFFIXES)}")
    try:
        if suffix == ".parquet":
            return pl.read_parquet(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            first = file.readline()
        separator = next((mark for mark in ("\t", ",", ";", " ") if mark in first.strip()), ",")
        has_header = not all(field.strip().lstrip("-").isdigit() for field in first.split(separator)[:2])
        return pl.read_csv(
            path, separator=separator, has_header=has_header, infer_schema=False, truncate_ragged_lines=True,
            encoding="utf8-lossy",
        )  # fmt: skip
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name} cannot be read as a table: {str(error).splitlines()[0]}") from None


def _column(path: Path, columns: list[str], asked: str | None, known: tuple[str, ...]) -> str | None:
    if asked is not None and asked not in columns:
        raise ValueError(f"{path.name} has no column {asked!r}; it has {', '.join(columns)}")
    return asked or next((name for name in columns if name.lower() in known), None)
