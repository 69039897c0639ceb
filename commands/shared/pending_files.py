"""The files that a scan left over: heard one after the other, each result stored as it comes."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING

import click

from earshot.audio.config import DecodeConfig
from earshot.commands.shared.read_failures import FailingDiskError, UnreadFiles, workers_lost
from earshot.commands.shared.terminal import progress_bar
from earshot.stages.environment import versions

if TYPE_CHECKING:
    from earshot.audio.checkpoint import Checkpoint
    from earshot.audio.ear import Ear
    from earshot.audio.embedding import EmbeddedTrack, EmbedFailure
    from earshot.index.library import Library
    from earshot.index.tracks.scan_plan import ScanPlan
    from earshot.index.tracks.track_store import NewTrack, PendingFile


def hear_pending(
    library: "Library",
    plan: "ScanPlan",
    ear: "Ear",
    checkpoint: "Checkpoint",
    config: DecodeConfig,
    *,
    adopting: bool,
) -> dict[str, float]:
    """Hear what a plan left over, and count it there; CPU seconds by phase.

    Raises
    ------
    click.ClickException
        Going on is of no use: a disk is away, or the installation is at fault. What was heard so far is kept.
    """
    from earshot.audio.embedding import WorkersLostError, embed_files
    from earshot.index.runs import EMBED_STAGE, finish_run, start_run
    from earshot.index.vectors.spaces import AUDIO, use_run

    run, head = start_run(
        library,
        EMBED_STAGE,
        {"origin": checkpoint.origin, "trained": checkpoint.path is not None, "ear": asdict(ear.config)},
        fingerprint=checkpoint.fingerprint,
        seed=ear.config.encoder.seed,
        versions=versions(),
        checkpoint=checkpoint.path.name if checkpoint.path else None,
    )
    use_run(library, AUDIO, head)
    stopped: click.ClickException | None = None
    with library.steady_commits() as commit_if_due, progress_bar(len(plan.pending), "hearing", "track") as bar:

        def finished() -> None:
            commit_if_due()
            bar.update()
            bar.set_postfix_str(f"{plan.counts.failed} failed" if plan.counts.failed else "")

        results = _Results(library, plan, head, adopting, finished)
        bounds = {file.path: file.bounds for file in plan.pending}
        with closing(embed_files(results.pending, ear, config, bounds, is_known=results.is_known)) as hearing:
            try:
                for result in hearing:
                    results.keep(result)
                results.end()
                results.keep_unread()
            except FailingDiskError as error:  # raised below: the transaction must not be undone by it
                results.keep_unread()  # so that the next run begins with other files
                stopped = error
            except click.ClickException as error:
                stopped = error
            except WorkersLostError as error:
                stopped = workers_lost(error)
    if stopped is not None:
        raise stopped
    _echo_lacking(use_run(library, AUDIO, head))
    phases = {"decode": results.decode_seconds, "mel": ear.times.mel, "encoder": ear.times.encoder}
    phases["store"] = results.store_seconds
    finish_run(library, run, asdict(plan.counts) | {"cpu_seconds": {k: round(v, 3) for k, v in phases.items()}})
    return phases


class _Results:
    """Stores each file's result, and counts it; the caller holds the transaction."""

    def __init__(
        self, library: "Library", plan: "ScanPlan", head: int, adopting: bool, finished: Callable[[], None]
    ) -> None:
        from earshot.index.tracks.roots import read_rules

        self._library, self._plan, self._head, self._adopting = library, plan, head, adopting
        self._finished = finished  # called for every file
        is_first = library.db.execute("SELECT 1 FROM vectors").fetchone() is None
        self.pending = {file.path: file for file in plan.pending}
        unread_before = {file.path for file in plan.pending if file.was_unread}
        self._unread = UnreadFiles(list(read_rules(library)), unread_before, is_first=is_first)
        self.decode_seconds = self.store_seconds = 0.0

    def is_known(self, path: str, content_hash: str) -> bool:
        """Whether this content was heard before, under whatever name: then it is adopted, and needs no decoding."""
        from earshot.index.tracks.track_store import reuse_vectors

        self._unread.was_hashed()
        if not self._adopting or not reuse_vectors(self._library, self.pending[path], content_hash, self._head):
            return False
        self._plan.counts.reused += 1
        self._plan.counts.adopted += 1
        self._unread.read_well()
        self._finished()
        return True

    def keep(self, result: "EmbeddedTrack | EmbedFailure") -> None:
        """Store what was heard, or why it was not; raises as `UnreadFiles.add` does."""
        from earshot.audio.embedding import Cause, EmbedFailure
        from earshot.index.tracks.track_store import store_exclusion, store_failure, store_track

        began, file, counts = perf_counter(), self.pending[result.path], self._plan.counts
        if not isinstance(result, EmbedFailure):
            store_track(self._library, _new_track(file, result), self._head)
            counts.embedded += 1
            self.decode_seconds += result.decode_seconds
            self._unread.read_well()
        elif result.cause is Cause.RULE:
            store_exclusion(self._library, file, result.reason, result.duration)
            counts.excluded += 1
            self._unread.read_well()
        elif result.cause is Cause.CONTENT:
            store_failure(self._library, file, result.reason)
            counts.failed += 1
            self._unread.read_well()
        else:
            counts.failed, counts.unread = counts.failed + 1, counts.unread + 1
            self._unread.add(result)
        self._finished()
        self.store_seconds += perf_counter() - began

    def end(self) -> None:
        """Look at the whole run once more; raises as `UnreadFiles.end` does."""
        self._unread.end()

    def keep_unread(self) -> None:
        """Record which files could not be read, after all others: the installation may be at fault."""
        from earshot.index.tracks.track_store import forget_stamp, store_unread

        for path, reason in self._unread.reasons.items():
            store_unread(self._library, path, reason)
            forget_stamp(self._library, path)
        self._plan.unread |= self._unread.reasons


def _new_track(file: "PendingFile", heard: "EmbeddedTrack") -> "NewTrack":
    from earshot.index.tracks.track_store import NewTrack

    assert heard.content_hash is not None  # asked for by `is_known`
    return NewTrack(
        file,
        heard.content_hash,
        **asdict(heard.tags),
        duration=heard.duration,
        sample_rate=heard.sample_rate,
        channels=heard.channels,
        codec=heard.codec,
        note=heard.note,
        vector=heard.vector,
        excerpt_vectors=heard.excerpt_vectors,
        starts=heard.starts,
    )


def _echo_lacking(n_lacking: int) -> None:
    if n_lacking:
        click.echo(
            f"{n_lacking:,} tracks still have vectors of an older encoder, elsewhere or because they could not be read;"
            " search stays with those until `cli embed-audio`, without a folder, has heard them all.",
            err=True,
        )
