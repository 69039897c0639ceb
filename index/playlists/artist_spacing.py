"""Keep tracks of one artist apart in a playlist."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np


class ArtistRows:
    """The rows of a matrix by artist, to find those that share an artist with others.

    >>> rows = ArtistRows([{"air"}, {"björk", "air"}, set(), {"björk"}])
    >>> rows.sharing([0]), rows.sharing([2]), rows.of_artists({"björk"})
    (array([0, 1]), array([], dtype=int64), array([1, 3]))
    """

    def __init__(self, artists: Sequence[Collection[str]]) -> None:
        """`artists`: the keys of each row's artists (`data.name_matching.artist_keys`); none if unknown."""
        codes: dict[str, int] = {}
        pairs = [(row, codes.setdefault(key, len(codes))) for row, keys in enumerate(artists) for key in sorted(keys)]
        by_row = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
        by_code = by_row[np.argsort(by_row[:, 1], kind="stable")]
        self._codes = codes
        self._codes_of_rows, self._row_starts = by_row[:, 1], _starts(by_row[:, 0], len(artists))
        self._rows_of_codes, self._code_starts = by_code[:, 0], _starts(by_code[:, 1], len(codes))

    def sharing(self, rows: Iterable[int]) -> np.ndarray:
        """Rows, rising, that share an artist with one of `rows`; they are among these if their artist is known."""
        codes = [self._codes_of_rows[self._row_starts[row] : self._row_starts[row + 1]] for row in rows]
        return self._rows_of(np.unique(np.concatenate(codes)) if codes else [])

    def of_artists(self, keys: Iterable[str]) -> np.ndarray:
        """Rows, rising, of the artists with these keys."""
        return self._rows_of([self._codes[key] for key in keys if key in self._codes])

    def _rows_of(self, codes: Iterable[int]) -> np.ndarray:
        rows = [self._rows_of_codes[self._code_starts[code] : self._code_starts[code + 1]] for code in codes]
        return np.unique(np.concatenate(rows)) if rows else np.array([], dtype=np.int64)


def _starts(sorted_numbers: np.ndarray, n: int) -> np.ndarray:
    """The place of the first of each of n numbers, and after the last, in a sorted array, (n + 1,)."""
    return np.searchsorted(sorted_numbers, np.arange(n + 1))
