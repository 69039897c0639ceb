"""The first bytes of a file, without waiting for a disk that does not answer."""

import errno
import os
import threading

from data.regular_files import IrregularFileError, open_regular

_SECONDS = 10.0  # for a few bytes; a disk that has to wake up takes five


def first_bytes(path: str, n_bytes: int) -> bytes:
    """At most so many bytes from the beginning of a regular file.

    They are read in a thread of their own, which is left behind when it does not come back: it ends with the process.

    Raises
    ------
    OSError
        The file cannot be read, or does not answer within ten seconds.
    """
    result: list[bytes | Exception] = []

    def read() -> None:
        try:
            with open_regular(path, buffering=0) as file:
                result.append(file.read(n_bytes))
        except IrregularFileError as error:  # it has only just taken the place of a regular file
            result.append(OSError(errno.EINVAL, str(error)))
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=read, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # the system has no room for it
        raise OSError(errno.ENOMEM, str(error)) from None
    thread.join(_SECONDS)
    if not result:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]
