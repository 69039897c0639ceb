"""What a file is, whatever it is called: a hash of its content."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import xxhash

_BLOCK = 64 * 1024  # bytes
_WHOLE = 16 * 1024 * 1024  # bytes; up to here every byte counts, beyond it as many are sampled


def content_hash(path: str) -> str:
    """A 128-bit hash of a file's content, as 32 hexadecimal digits.

    Up to 16 MiB every byte is read. A larger file is read in 256 blocks of 64 KiB spread evenly from its
    first byte to its last, and its size is hashed with them: a ten-hour mix costs what a song costs, and
    two recordings never agree in all of these. xxHash guards against accidents, not against forgers.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    digest = xxhash.xxh3_128()
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _WHOLE:
            while block := file.read(_WHOLE):
                digest.update(block)
        else:
            digest.update(size.to_bytes(8, "little"))
            n_blocks = _WHOLE // _BLOCK
            for number in range(n_blocks):
                file.seek((size - _BLOCK) * number // (n_blocks - 1))
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()


def content_hashes(paths: Iterable[str], threads: int = 4) -> Iterator[tuple[str, str | OSError]]:
    """Yield each path with its content hash, or with the error that reading it raised, in order.

    A few files are read ahead, so that a slow disk does not keep the reader of this waiting.
    """
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[tuple[str, Future[str]]] = deque()
        waiting = iter(paths)
        ahead.extend((path, pool.submit(content_hash, path)) for path in islice(waiting, 4 * threads))
        while ahead:
            path, future = ahead.popleft()
            ahead.extend((following, pool.submit(content_hash, following)) for following in islice(waiting, 1))
            try:
                yield path, future.result()
            except OSError as error:
                yield path, error
