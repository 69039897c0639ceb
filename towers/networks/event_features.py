"""What is known of an event of a history beside its track: how long ago it was, how much was played, and its kind.

The ordinary event, a whole listen a moment ago, adds nothing to its track. So a log that knows no time, no share of
play and no likes gives the queries that it would give without.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.data.events.interactions import KINDS, Interactions

N_GAPS, N_PLAYS, N_KINDS = 16, 5, 2
_MINUTE, _YEAR = 60.0, 365 * 24 * 60.0  # seconds, and minutes


def event_codes(events: Interactions, places: np.ndarray, latest: np.ndarray) -> np.ndarray:
    """The facts of each event of some histories as one number, (batch, length) int64; 0 is the ordinary event.

    Time is counted back from the latest event of the same past, and not from now: at serving nobody knows when the
    answer will be played.

    Parameters
    ----------
    places : (batch, length) int64, positions in `events`; what stands before a listener's first event is never read
    latest : (batch,) int64, the position of the last event of each past
    """
    minutes = np.maximum(events.times[latest][:, None] - events.times[places], 0) / _MINUTE
    gaps = (N_GAPS - 1) * np.log1p(minutes) / np.log1p(_YEAR)
    gaps = np.minimum(gaps.astype(np.int64), N_GAPS - 1)  # the first: within a minute and a half; the last: a year
    plays = np.minimum((events.weights[places] * (N_PLAYS - 1)).astype(np.int64), N_PLAYS - 1)
    plays = N_PLAYS - 1 - plays  # 0: all of it; then less than all, three quarters, half, a quarter
    kinds = 0 if events.kinds is None else (events.kinds[places] == KINDS.index("like")).astype(np.int64)
    return gaps + N_GAPS * (plays + N_PLAYS * kinds)


class EventFacts(nn.Module):
    """A vector for each code of `event_codes`: one for the time, one for the play and one for the kind, added up.

    All begin at zero, and those of the ordinary stay there.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gaps = nn.Parameter(torch.zeros(N_GAPS - 1, dim))
        self.plays = nn.Parameter(torch.zeros(N_PLAYS - 1, dim))
        self.kinds = nn.Parameter(torch.zeros(N_KINDS - 1, dim))

    def forward(self) -> Tensor:
        """Shape (n_codes, dim)."""
        gaps, plays, kinds = (F.pad(table, (0, 0, 1, 0)) for table in (self.gaps, self.plays, self.kinds))
        return (kinds[:, None, None] + plays[:, None] + gaps).flatten(0, 2)
