"""The taste of one session, learned from its songs: what is liked, heard to its end, skipped and disliked."""

import numpy as np

LIKED, HEARD, SKIPPED, DISLIKED = 2.0, 1.0, -1.0, -2.0  # what the score of a song should be
_PRIOR = 4.0  # ridge penalty of leaving the anchor: so many songs say as much as it does
_HALF_LIFE = 32.0  # songs after which one that was heard or skipped says half as much; thumbs do not fade
_N_REMEMBERED = 256  # songs after which it says nothing


class SessionTaste:
    r"""Everything that the songs of a session say, and the direction that says it best.

    .. math:: q = \arg\min_q \sum_i w_i (x_i \cdot q - y_i)^2 + \lambda |q - a|^2

    with the anchor a, songs x of unit length, what was said of them as y and its weight w. It is relevance feedback
    by ridge regression: unlike a mean of what was liked less one of what was skipped (Rocchio), it leaves alone what
    liked and skipped songs have in common.

    A song that nobody turns down counts as heard. That says nothing while nobody has said anything at all: then a list
    is only being made, and it stays near its anchor.
    """

    def __init__(self) -> None:
        self._said: dict[int, tuple[float, int | None]] = {}  # row: what was said, after how many songs (thumbs: None)
        self._is_told = False

    def hear(self, row: int, n_played: int) -> None:
        """Count a song as heard, unless something was said of it."""
        self._said.setdefault(row, (HEARD, n_played))

    def skip(self, row: int, n_played: int) -> None:
        """Count a song as turned down for now; it takes back a like, and does not soften a dislike."""
        if self._said.get(row, (0.0, None))[0] != DISLIKED:
            self._say(row, SKIPPED, n_played)

    def like(self, row: int) -> None:
        """Count a song as liked, whatever was said before."""
        self._say(row, LIKED, None)

    def dislike(self, row: int) -> None:
        """Count a song as disliked, whatever was said before."""
        self._say(row, DISLIKED, None)

    def forget(self, row: int) -> None:
        """Let a song say nothing."""
        self._said.pop(row, None)

    def is_turned_down(self, row: int) -> bool:
        """Tell whether a song was skipped or disliked."""
        return row in self._said and self._said[row][0] < 0

    def query(self, vectors: np.ndarray, anchor: np.ndarray, n_played: int) -> np.ndarray:
        """The direction of the taste, (dim,) float32 of unit length, from vectors (n, dim) and the anchor (dim,)."""
        ages = {row: 0 if at is None else n_played - at for row, (_, at) in self._said.items()}
        rows = [row for row, age in ages.items() if age < _N_REMEMBERED]
        query = anchor.astype(np.float64)
        if self._is_told and rows:
            songs = vectors[rows].astype(np.float64)
            wanted = np.array([self._said[row][0] for row in rows])
            weighted = songs.T * 0.5 ** (np.array([ages[row] for row in rows]) / _HALF_LIFE)  # (dim, n_songs)
            normal = weighted @ songs + _PRIOR * np.eye(len(query))
            query = query + np.linalg.solve(normal, weighted @ (wanted - songs @ query))
        return (query / max(float(np.linalg.norm(query)), 1e-12)).astype(np.float32)

    def _say(self, row: int, said: float, at: int | None) -> None:
        self._said[row] = said, at
        self._is_told = True
