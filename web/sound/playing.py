"""The means to play of one server: processes that decode, threads that wait for disks, places for streams."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from starlette.exceptions import HTTPException

from earshot.audio.playback.open_sounds import MAX_OPEN
from earshot.audio.playback.playback_pool import PlaybackPool

_THREADS = 8  # that wait for a disk or for the process


class Playing:
    """Processes, threads and places that the sounds and covers of a server share."""

    def __init__(self) -> None:
        self.sounds, self.pictures = PlaybackPool(), PlaybackPool()
        self.threads = ThreadPoolExecutor(_THREADS, "sounds")
        self.picture_threads = ThreadPoolExecutor(2, "pictures")  # a page of covers must not keep a sound waiting
        self._n_streams = 0

    @contextlib.contextmanager
    def stream_place(self) -> Iterator[None]:
        """Count a stream that is encoded, while the block lasts.

        Raises
        ------
        HTTPException
            There are as many as the process keeps open.
        """
        if self._n_streams >= MAX_OPEN:
            raise HTTPException(
                503, f"{MAX_OPEN} streams are encoded already, and no more at once.", {"Retry-After": "10"}
            )
        self._n_streams += 1
        try:
            yield
        finally:
            self._n_streams -= 1

    def close(self) -> None:
        """End the processes and threads."""
        self.sounds.close()
        self.pictures.close()
        self.threads.shutdown(cancel_futures=True)
        self.picture_threads.shutdown(cancel_futures=True)
