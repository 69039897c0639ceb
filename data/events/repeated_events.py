"""Deduplication of listening events: what two exports, or two parts of one, both hold counts once."""

from collections.abc import Sequence

import polars as pl


def without_repeats(files: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """Concatenate the events of several files without those that an earlier file holds already.

    A later export repeats an earlier one. Within one file nothing is dropped: if times are days, a track may well be
    played twice at one time. Events without a time are never repeats.
    """
    if len(files) == 1:
        return files[0]
    key = ["user_id", "item_id", "time_s", "kind"]
    of_files = [
        frame.with_columns(__n=pl.int_range(pl.len(), dtype=pl.UInt32).over(key), __file=pl.lit(number))
        for number, frame in enumerate(files)
    ]
    events = pl.concat(of_files)
    timed = events.filter(pl.col("time_s").is_not_null()).unique([*key, "__n"], keep="any")
    return pl.concat([timed, events.filter(pl.col("time_s").is_null())]).drop("__n", "__file")


def without_repeated_parts(block: pl.DataFrame) -> pl.DataFrame:
    """Drop repeats across the parts of one import, as `without_repeats` does across files; the first part stays."""
    key = ["user_row", "item_row", "time_s", "kind"]
    count = pl.int_range(pl.len(), dtype=pl.UInt32)
    number = pl.when(pl.col("time_s").is_null()).then(count.over(key)).otherwise(count.over([*key, "part"]))
    return block.with_columns(number=number).unique([*key, "number"], keep="first", maintain_order=True)
