"""Each different key gets a number, block after block: what turns names of billions of events into rows."""

import numpy as np
import polars as pl

_ROW = "__row"


class Numbering:
    """Keys in the order they come first, with what was known of each when it came.

    >>> users = Numbering()
    >>> users.rows(pl.DataFrame({"key": ["b", "a", "b"]}))
    array([0, 1, 0], dtype=int32)
    """

    def __init__(self) -> None:
        self._known: pl.DataFrame | None = None

    def __len__(self) -> int:
        return 0 if self._known is None else len(self._known)

    def rows(self, frame: pl.DataFrame) -> np.ndarray:
        """The row of each `key`, (n,) int32; other columns of `frame` are kept of each key that is new."""
        new = frame.unique("key", keep="first", maintain_order=True)
        if self._known is not None:
            new = new.join(self._known.select("key"), on="key", how="anti", maintain_order="left")
        first = len(self)
        new = new.with_columns(pl.Series(_ROW, np.arange(first, first + len(new), dtype=np.int32)))
        self._known = new if self._known is None else pl.concat([self._known, new])
        known = self._known.select("key", _ROW)
        return frame.select("key").join(known, on="key", how="left", maintain_order="left")[_ROW].to_numpy()

    def column(self, name: str) -> pl.Series:
        """Of the keys, in the order of their rows."""
        return pl.Series(name, [], pl.String) if self._known is None else self._known[name]
