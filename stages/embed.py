"""Embed folders and files: what is new or changed gets a vector, and the indexes follow.

    files --plan_scan--> reused | failed | excluded | touched | pending
    touched --hashed_files--> reused | pending
    pending --embed_files--> stored as they come --> indexes

Every result is stored before the next one is awaited, so that whatever ends a run costs a second of work.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from earshot.audio.checkpoint import Checkpoint
from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.music_file import Cause
from earshot.data.files.cue_sheets import sheet_path
from earshot.data.files.folder_walk import find_files
from earshot.data.files.path_encoding import expand_home, shown_path
from earshot.index.library import Library
from earshot.index.moved_files import adopt_moved_files
from earshot.index.runs import EMBED_STAGE, finish_interrupted, finish_run, head_run, start_run
from earshot.index.tracks.roots import files_outside, given_rules, read_rules
from earshot.index.tracks.scan_plan import ScanCounts, ScanPlan, count_vanished, plan_scan
from earshot.index.tracks.track_store import (
    NewTrack,
    PendingFile,
    forget_stamps,
    reuse_vectors,
    store_rejection,
    store_track,
    store_unread,
)
from earshot.index.vectors.spaces import AUDIO, use_run
from earshot.stages.shared.current_encoder import current_checkpoint, load_encoder
from earshot.stages.shared.current_towers import extend_to_new_tracks
from earshot.stages.shared.environment import versions
from earshot.stages.shared.indexes import refresh_indexes, refresh_recordings
from earshot.stages.shared.reports import InputError, Progress, StageError, collected
from earshot.stages.shared.unread_files import FailingDiskError, UnreadFiles, until_disk_fails, workers_lost_error

if TYPE_CHECKING:  # torch takes seconds to import, and a rescan needs none
    from earshot.audio.ear import Ear
    from earshot.audio.embed_files import EmbeddedTrack, EmbedFailure, KnownContent


@dataclass(frozen=True)
class EmbedReport:
    """The outcome of a run over folders and files."""

    counts: ScanCounts
    n_pruned: int  # tracks that were removed, since their files are gone
    n_outdated: int  # tracks that still have a vector of an older encoder; search stays with those
    unread: Mapping[str, str]  # by path, why a file could not be read this time
    away: Sequence[str]  # folders that seem to be unmounted; their tracks are kept
    is_untrained: bool  # files were embedded by an encoder that has learned nothing
    seconds: float
    cpu_seconds: Mapping[str, float]  # by phase: decode, mel, encoder, store
    folders_left_out: Sequence[str]  # paths of hidden folders and folders of the system, which were not entered


def embed_folders(
    library: Library,
    paths: Sequence[str | Path] = (),
    config: DecodeConfig | None = None,
    *,
    exclude: Sequence[str] = (),
    min_duration: float | None = None,
    max_duration: float | None = None,
    retry: bool = False,
    again: bool = False,
    prune: bool = False,
    device: str = "auto",
    cluster: str | None = None,
) -> Generator[Progress | EmbedReport, None, None]:
    """Embed all tracks in folders and files that are new or changed; the last report is the `EmbedReport`.

    The library remembers the folders and what they leave out. Left early, it keeps what was finished.

    Parameters
    ----------
    paths : all that the library knows, if none is given
    exclude, min_duration, max_duration, retry, again, prune, device : as the options of `cli embed-audio`
    cluster : the address of a Ray cluster whose machines embed; ``local`` starts one here

    Raises
    ------
    StageError
        A path does not exist; or going on is of no use: a disk is away, or the installation is at fault. What was
        embedded so far is kept.
    InputError
        There is no path, or a bound is no duration.
    """
    began = monotonic()
    known = read_rules(library)
    roots = [existing_path(os.fspath(path)) for path in paths] or [*known, *files_outside(library)]
    if not roots:
        raise InputError("Which folder? This library knows none yet: `cli embed-audio ~/Music`.")
    try:
        rules = given_rules(roots, known, exclude, min_duration, max_duration)
    except ValueError as error:
        raise InputError(f"{error}. Nothing was changed.") from None
    checkpoint = current_checkpoint(library)
    head = None if again else head_run(library, EMBED_STAGE, checkpoint.fingerprint)
    walk = until_disk_fails(find_files(roots, rules, [str(library.folder)]))
    files = yield from collected(walk, "looking", "file")
    plan = plan_scan(library, roots, files, head, rules=rules, retry=retry)
    cpu_seconds: dict[str, float] = {}
    n_outdated = 0
    config = config or DecodeConfig()
    if plan.touched:
        yield from _compare_touched(library, plan, head, config)
    if plan.pending:
        ear = load_encoder(checkpoint, device, len(plan.pending))
        embed = _embedding(ear, checkpoint, config, device, cluster)
        cpu_seconds, n_outdated = yield from _embed_pending(library, plan, ear, checkpoint, embed, reuse=not again)
    elif set(known) <= set(roots):
        finish_interrupted(library, EMBED_STAGE)
    yield from refresh_recordings(library)
    adopt_moved_files(library)
    count_vanished(library, plan)
    n_pruned = 0
    if prune and plan.missing_before:
        from earshot.index.listens.stored_interactions import listened_among
        from earshot.index.removal import prune_missing  # both import polars, which takes a quarter of a second

        listened = listened_among(library, sorted(plan.missing_before))
        n_pruned = prune_missing(library, listened, among=plan.missing_before)
    extend_to_new_tracks(library)
    yield from refresh_indexes(library)
    yield EmbedReport(
        plan.counts,
        n_pruned,
        n_outdated,
        plan.unread,
        sorted({place for place in plan.kept.values() if place is not None}),
        is_untrained=bool(plan.pending) and checkpoint.path is None,
        seconds=monotonic() - began,
        cpu_seconds=cpu_seconds,
        folders_left_out=[file.path for file in files if file.is_folder],
    )


def existing_path(path: str) -> str:
    """Make a path absolute, with ~ expanded; refuse, with a StageError, one that is empty or leads nowhere.

    For a track of a cue sheet it is the sheet.
    """
    if not path:
        raise InputError("One of the paths is empty. Was it a variable that is not set? Nothing was changed.")
    path = sheet_path(path)
    if not os.path.exists(expand_home(path)):
        raise StageError(f"There is no {shown_path(path)}. Is its disk mounted? Nothing was changed.")
    return os.path.abspath(expand_home(path))


def _compare_touched(
    library: Library, plan: ScanPlan, head: int | None, config: DecodeConfig
) -> Generator[Progress, None, None]:
    """Hash the files that only their ctime calls changed, without an encoder; those of other content become pending.

    So do all from the first that cannot be read: embedding them finds out why.
    """
    from earshot.audio.decoding.decode_pool import WorkersLostError, hashed_files

    assert head is not None, "touched files have a vector"
    counts, files, changed, n_done = plan.counts, plan.touched, [], 0
    hashes = hashed_files([file.path for file in files], config)
    with library.steady_commits() as commit_if_due, closing(hashes):
        try:
            for n_done, (file, hashed) in enumerate(zip(files, hashes, strict=False), start=1):
                old_path = reuse_vectors(library, file, hashed.content_hash, head)
                if old_path is None:
                    changed.append(file)
                else:
                    counts.reused += 1
                    counts.compared += old_path == file.path
                    counts.adopted += old_path != file.path
                commit_if_due()
                yield Progress("looking again", n_done, len(files), "file")
        except WorkersLostError as error:
            raise workers_lost_error(error) from None
    plan.pending = [*changed, *files[n_done:], *plan.pending]


def _embedding(
    ear: "Ear", checkpoint: Checkpoint, config: DecodeConfig, device: str, cluster: str | None
) -> Callable[..., "Generator[EmbeddedTrack | EmbedFailure | KnownContent, None, None]"]:
    """Choose how files are embedded, here or on a cluster: a function of their bounds by path, and of what is known."""
    if cluster is None:
        from earshot.audio.embed_files import embed_files

        return lambda bounds, is_known: embed_files(bounds, ear, config, bounds, is_known=is_known)
    from earshot.stages.shared.cluster_embedding import embed_on_cluster

    return lambda bounds, is_known: embed_on_cluster(
        bounds, ear, checkpoint, config, address=cluster, device=device, is_known=is_known
    )


def _embed_pending(
    library: Library, plan: ScanPlan, ear: "Ear", checkpoint: Checkpoint, embed: Callable, *, reuse: bool
) -> Generator[Progress, None, tuple[dict[str, float], int]]:
    """Embed the files that a scan left over, and count them in its plan.

    Return the CPU seconds by phase, and the number of tracks that still have a vector of an older encoder only.
    """
    from earshot.audio.decoding.decode_pool import WorkersLostError

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
    stopped: StageError | None = None
    with library.steady_commits() as commit_if_due:
        store = _ResultStore(library, plan, head, commit_if_due, reuse=reuse)
        bounds = {file.path: file.bounds for file in plan.pending}
        with closing(embed(bounds, store.is_known)) as results:
            try:
                for n_done, result in enumerate(results, start=1):
                    store.keep(result)
                    failed = f"{plan.counts.failed} failed" if plan.counts.failed else ""
                    yield Progress("embedding", n_done, len(plan.pending), "track", failed)
                store.unread.end()
                store.keep_unread()
            except FailingDiskError as error:  # raised below: the transaction must not be undone by it
                store.keep_unread()  # so that the next run begins with other files
                stopped = error
            except StageError as error:
                stopped = error
            except WorkersLostError as error:
                stopped = workers_lost_error(error)
    if stopped is not None:
        raise stopped
    n_outdated = use_run(library, AUDIO, head)
    cpu_seconds = {"decode": store.decode_seconds, **ear.seconds, "store": store.store_seconds}
    metrics = asdict(plan.counts) | {"cpu_seconds": {phase: round(spent, 3) for phase, spent in cpu_seconds.items()}}
    finish_run(library, run, metrics)
    return cpu_seconds, n_outdated


class _ResultStore:
    """Stores the result of each file, and counts it; the caller holds the transaction."""

    def __init__(
        self, library: Library, plan: ScanPlan, head: int, commit_if_due: Callable[[], None], *, reuse: bool
    ) -> None:
        self._library, self._plan, self._head, self._reuse = library, plan, head, reuse
        self._commit_if_due = commit_if_due
        self.pending = {file.path: file for file in plan.pending}
        unread_before = {file.path for file in plan.pending if file.was_unread}
        is_first = library.db.execute("SELECT 1 FROM vectors").fetchone() is None
        self.unread = UnreadFiles(list(read_rules(library)), unread_before, is_first=is_first)
        self.decode_seconds = self.store_seconds = 0.0

    def is_known(self, path: str, content_hash: str) -> bool:
        """Tell whether a track with this content has a vector; then the file gets the same, and is not decoded."""
        self.unread.note_hashed()
        if not self._reuse:
            return False
        old_path = reuse_vectors(self._library, self.pending[path], content_hash, self._head)
        self._plan.counts.adopted += old_path not in (None, path)
        return old_path is not None

    def keep(self, result: "EmbeddedTrack | EmbedFailure | KnownContent") -> None:
        """Store the outcome of a file: a vector, or the reason why there is none; raise as `UnreadFiles.add` does."""
        from earshot.audio.embed_files import EmbeddedTrack, EmbedFailure

        began, file, counts = perf_counter(), self.pending[result.path], self._plan.counts
        if isinstance(result, EmbeddedTrack):
            store_track(self._library, _new_track(file, result), self._head)
            counts.embedded += 1
            self.decode_seconds += result.decoded.decode_seconds
        elif not isinstance(result, EmbedFailure):
            counts.reused += 1
        elif result.cause is Cause.RULE:
            store_rejection(self._library, file, "excluded", result.reason, result.duration)
            counts.excluded += 1
        else:
            counts.failed += 1
            if result.cause is Cause.CONTENT:
                store_rejection(self._library, file, "failed", result.reason)
            else:
                counts.unread += 1
                self.unread.add(result)
        if result.path not in self.unread.reasons:
            self.unread.note_read()
        self._commit_if_due()
        self.store_seconds += perf_counter() - began

    def keep_unread(self) -> None:
        """Record the files that could not be read, after all others: the installation may be at fault."""
        for path, reason in self.unread.reasons.items():
            store_unread(self._library, path, reason)
        forget_stamps(self._library, self.unread.reasons)
        self._plan.unread |= self.unread.reasons


def _new_track(file: PendingFile, track: "EmbeddedTrack") -> NewTrack:
    assert track.content_hash is not None  # computed for `is_known`
    decoded = track.decoded
    return NewTrack(
        file,
        track.content_hash,
        **asdict(decoded.tags),
        duration=decoded.duration,
        sample_rate=decoded.sample_rate,
        channels=decoded.channels,
        codec=decoded.codec,
        note=decoded.note,
        vector=track.vector,
        excerpt_vectors=track.excerpt_vectors,
        starts=decoded.starts,
        fingerprint=track.fingerprint.to_bytes() if track.fingerprint else b"",
    )
