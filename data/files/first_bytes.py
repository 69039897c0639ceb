"""The first bytes of a file, from a disk that may not answer."""

import errno

from earshot.data.files.regular_files import IrregularFileError, open_regular
from earshot.data.files.time_limits import in_time

_SECONDS = 10.0  # for a few bytes; a disk that has to wake up takes five


def first_bytes(path: str, n_bytes: int) -> bytes:
    """At most so many bytes from the beginning of a regular file.

    Raises
    ------
    OSError
        The file cannot be read, or does not answer within ten seconds.
    """

    def read() -> bytes:
        with open_regular(path, buffering=0) as file:
            return file.read(n_bytes)

    try:
        return in_time(read, path, _SECONDS)
    except IrregularFileError as error:  # it has only just taken the place of a regular file
        raise OSError(errno.EINVAL, str(error)) from None
