"""What is known of an event of a history beside its track: how long ago it was, how much was played, and its kind.

The ordinary event, a whole listen a moment ago, adds nothing to its track. So a log that knows no time, no share of
play and no likes gives the queries that it would give without.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.towers.query_inputs import N_GAPS, N_KINDS, N_PLAYS


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
