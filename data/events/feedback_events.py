"""Feedback of one listener, told event by event: plays and opinions are added to a small file of events.

Implicit feedback is a play with the time that was heard; a skip is a play of which little was heard. Explicit feedback
is an opinion: a like or a dislike, or taking one back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from earshot.data.events.event_log import EVENT_COLUMNS, LogError, log_errors, schema, write_events
from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN, UNDISLIKE, UNLIKE
from earshot.data.files.regular_files import require_regular

OPINIONS = (LIKE, DISLIKE, UNLIKE, UNDISLIKE)


@dataclass(frozen=True)
class FeedbackEvent:
    """A play of a track, or an opinion on it."""

    track_id: int
    time_s: int  # seconds since 1970: when the play began, or the opinion was told
    kind: int = LISTEN  # a code of data.events.interactions.KINDS
    played_ms: int | None = None  # None: nobody measured; the play counts as a whole one
    ratio: float | None = None  # the share of the track that was heard, in [0, 1]


@dataclass(frozen=True, eq=False)
class Feedback:
    """Events of one listener by time; a change makes a new table, and leaves this one as it is."""

    user_id: int
    events: pl.DataFrame  # in the columns of `event_log.schema`

    @classmethod
    def read(cls, path: Path | None, user_id: int) -> "Feedback":
        """Read a file of events; without a path there are none.

        Raises
        ------
        LogError
            The file is damaged, or holds what `write` does not write.
        OSError
            It cannot be read.
        """
        columns = schema("track")
        if path is None:
            return cls(user_id, pl.DataFrame(schema=columns))
        require_regular(path)
        with log_errors(path):
            events = pl.read_parquet(path, glob=False).select(pl.col(name).cast(of) for name, of in columns.items())
        if sum(events.select("user_id", "track_id", "time_s", "kind").null_count().row(0)):
            raise LogError(f"{path} holds an event without listener, track, time or kind")
        return cls(user_id, events)

    def write(self, path: Path) -> None:
        """Write the file that `read` reads."""
        write_events(path, [self.events], "track")

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        return f"<Feedback of user {self.user_id}, {len(self):,} events>"

    @property
    def n_tracks(self) -> int:
        return self.events["track_id"].n_unique()

    def with_event(self, event: FeedbackEvent, length_s: float | None) -> "Feedback | None":
        """Add an event; None if it is told already.

        Nobody hears one track twice at once. So a play that overlaps with another play of its track is that play, told
        again by another program or by another try, and is kept as the longer of the two. An opinion that is the last
        one on its track is told again, too.

        Parameters
        ----------
        length_s : seconds that the track lasts, and so a play whose length nobody measured; None if unknown
        """
        if event.kind == LISTEN:
            row = self._same_play(event, length_s)
            return self._appended(event) if row is None else self._longer(row, event)
        opinions = self.events.filter(pl.col("kind").is_in(OPINIONS), track_id=event.track_id)
        if not len(opinions):
            return self._appended(event)
        last = opinions.row(-1, named=True)
        if last["kind"] == event.kind:
            return None
        # A second later than the last opinion at least: of two in one second nobody could tell which came last.
        return self._appended(replace(event, time_s=max(event.time_s, last["time_s"] + 1)))

    def without_events(self, events: Iterable[FeedbackEvent]) -> "Feedback | None":
        """Remove all that is of the track, time and kind of one of these events; None if nothing is."""
        keys = ("track_id", "time_s", "kind")
        rows = [tuple(getattr(event, key) for key in keys) for event in events]
        gone = pl.DataFrame(rows, {key: schema("track")[key] for key in keys}, orient="row")
        rest = self.events.join(gone, on=keys, how="anti", maintain_order="left")
        return Feedback(self.user_id, rest) if len(rest) < len(self) else None

    def latest(self, n: int) -> list[FeedbackEvent]:
        """The last events, the latest first."""
        columns = ("track_id", "time_s", "kind", "played_ms", "ratio")
        return [FeedbackEvent(*row) for row in self.events.reverse().head(n).select(columns).rows()]

    def _appended(self, event: FeedbackEvent) -> "Feedback":
        row = {"user_id": self.user_id, **vars(event), "plays": 1.0, "split": None}
        added = pl.DataFrame([row], schema=schema("track"))
        return Feedback(self.user_id, pl.concat([self.events, added]).sort("time_s", maintain_order=True))

    def _same_play(self, event: FeedbackEvent, length_s: float | None) -> int | None:
        """The row of the play that an event tells again: of its track, with a moment in common."""
        whole = length_s or 0.0
        begin, end = event.time_s, event.time_s + (whole if event.played_ms is None else event.played_ms / 1_000)
        begins, played_s = pl.col("time_s"), pl.col("played_ms") / 1_000
        ends = begins + played_s.fill_null(whole)
        overlaps = (begins == begin) | (pl.max_horizontal(begins, begin) < pl.min_horizontal(ends, end))
        is_same = (pl.col("track_id") == event.track_id) & (pl.col("kind") == LISTEN) & overlaps
        rows = self.events.select(is_same.arg_true()).to_series()
        return rows[0] if len(rows) else None

    def _longer(self, row: int, event: FeedbackEvent) -> "Feedback | None":
        """Let a play be the longer of what two programs tell of it; None if that changes nothing."""
        known = self.events["played_ms"][row]
        if event.played_ms is None or (known is not None and known >= event.played_ms):
            return None
        is_row = pl.int_range(pl.len()) == row
        columns = {
            name: pl.when(is_row).then(pl.lit(getattr(event, name), EVENT_COLUMNS[name])).otherwise(pl.col(name))
            for name in ("played_ms", "ratio")
        }
        return Feedback(self.user_id, self.events.with_columns(**columns))
