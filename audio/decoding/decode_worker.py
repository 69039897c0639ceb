"""Tasks of a decoding process. Imports no torch: its mappings alone would exceed the memory limit."""

import os
import signal
import threading
import time
from dataclasses import dataclass

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.decode import DecodedTrack, decode_track
from earshot.audio.decoding.music_file import Stamp, UndecodableError, reading
from earshot.data.files.content_hash import hash_of


@dataclass(frozen=True)
class HashedFile:
    """Content hash of a file, and the stamp that it had when it was read."""

    content_hash: str
    stamp: Stamp


def start_worker(memory_limit: int) -> None:
    """Bound this process to `memory_limit` MiB of address space and to its parent's life; Ctrl-C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler in Python would wait for a read that never returns
    threading.Thread(target=_die_with, args=[os.getppid()], daemon=True).start()
    try:
        import resource
    except ImportError:  # Windows has no such limit; the time limit still holds
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_limit * 2**20
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _die_with(parent: int) -> None:
    """End this process when the parent was killed, which can no longer stop a decoder that hangs."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def hash_task(path: str) -> HashedFile | UndecodableError:
    """Hash a file, or return the error: a result here, not an exception with a traceback."""
    try:
        with reading(path) as file:
            return HashedFile(hash_of(file, file.size), file.stamp)
    except UndecodableError as error:
        return error


def decode_task(
    path: str,
    config: ExcerptConfig,
    min_duration: float | None,
    max_duration: float | None,
    stamp: Stamp | None = None,
) -> DecodedTrack | UndecodableError:
    """Decode a track, or return the error, as `hash_task` does."""
    try:
        return decode_track(path, config, min_duration, max_duration, stamp)
    except UndecodableError as error:
        return error
