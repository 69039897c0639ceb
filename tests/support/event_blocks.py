"""Blocks of listening events, written by hand."""

import polars as pl

from earshot.data.events.interactions import KINDS

LIKE, DISLIKE, UNLIKE = (KINDS.index(kind) for kind in ("like", "dislike", "unlike"))


def block(*rows, level="track"):
    """Events as (user, item, time, plays, kind)."""
    columns = ["user_id", f"{level}_id", "time_s", "plays", "kind"]
    frame = pl.DataFrame(
        [dict(zip(columns, row, strict=True)) for row in rows], schema=dict.fromkeys(columns, pl.Int64)
    )
    nothing = pl.lit(None)
    return frame.with_columns(played_ms=nothing, ratio=nothing, split=nothing)
