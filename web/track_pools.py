"""The vectors that playlists are made of, read once for all requests: 100,000 tracks of 128 dimensions are 51 MB."""

from threading import Lock
from typing import TYPE_CHECKING

from starlette.requests import Request

from earshot.index.library import Library
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space

if TYPE_CHECKING:
    from earshot.index.playlists.track_pool import TrackPool


class TrackPools:
    """The pool of each space, read anew where the space has changed since; threads may ask for it at the same time.

    pool = TrackPools().current(library)
    """

    def __init__(self) -> None:
        self._pools: dict[str, TrackPool] = {}
        self._lock = Lock()  # else each of several first requests would read it

    def current(self, library: Library, space: str = AUDIO) -> "TrackPool":
        """The pool of a space as it is now; the errors are those of `index.playlists.track_pool.read_pool`."""
        from earshot.index.playlists.track_pool import (
            current_pool,  # polars, for which the server's start does not wait
        )

        with self._lock:
            self._pools[space] = current_pool(library, space, self._pools.get(space))
            return self._pools[space]

    def towers(self, library: Library) -> "TrackPool | None":
        """The pool of the towers; None before their training."""
        return self.current(library, TOWER) if current_space(library, TOWER) is not None else None


def pools_of(request: Request) -> TrackPools:
    """The pools of the server that a request asks."""
    pools: TrackPools = request.app.state.pools
    return pools
