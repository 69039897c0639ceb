"""Vectors for the facts of an event of a history beside its track: time gap, share of play, and kind.

The ordinary event, a whole listen a moment ago, adds nothing to its track. A log without times, shares of play and
likes therefore gives the same queries with these vectors as without.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.towers.query_inputs import N_GAPS, N_KINDS, N_PLAYS


class EventFacts(nn.Module):
    """A vector for each code of `event_codes`: the sum of one for the gap, one for the play and one for the kind.

    All begin at zero, and those of the ordinary event stay there.
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
