"""Files that could not be read for reasons outside of them, and when such reasons end a run."""

import errno
import os
import platform
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from earshot.audio.decoding.music_file import Cause
from earshot.data.files.folder_walk import FoundFile, is_under
from earshot.data.files.path_encoding import shown_path
from earshot.stages.shared.environment import versions
from earshot.stages.shared.reports import StageError

if TYPE_CHECKING:  # torch takes seconds to import
    from earshot.audio.embed_files import EmbedFailure

_MAX_IN_A_ROW = 10  # unread files in a row: more are no fault of the files, the disk fails
_MAX_KNOWN_IN_A_ROW = 100  # the same for files that failed before, or whose failure costs no time
_MAX_PROGRAM_ERRORS = {True: 5, False: 100}  # files with one error of the program and no other result; True: first run
_MAX_TIMEOUTS = 3  # of a walk, each of ten seconds
_QUICK_ERRORS = (errno.EACCES, errno.EPERM)  # another user's folder may hold many, and each takes no time
_GONE = (errno.ENOENT, errno.ELOOP)  # since the folder was listed; ELOOP: a broken link
_SAVED = "What was embedded so far is kept, and so is all that the library knew of the others."


class FailingDiskError(StageError):
    """Many files in a row could not be read."""


class UnreadFiles:
    """Collects the files of one run that could not be read, and decides when to stop.

    Parameters
    ----------
    roots : the folders of the run
    unread_before : paths of files that an earlier run could not read either
    is_first : no file of this library was ever embedded
    """

    def __init__(self, roots: Sequence[str], unread_before: Container[str] = (), *, is_first: bool) -> None:
        self.reasons: dict[str, str] = {}  # by path
        self._is_first = is_first
        self._roots = [root for root in roots if _is_present(root)]
        self._unread_before = unread_before
        self._n_in_a_row = 0
        self._n_new_in_a_row = 0  # without files that an earlier run could not read either
        self._was_any_hashed = False
        self._program_errors: Counter[str] = Counter()
        self._n_read = 0

    def note_read(self) -> None:
        """Note that a file's bytes were read, and embedded or rejected."""
        self._n_in_a_row = self._n_new_in_a_row = 0
        self._n_read += 1

    def note_hashed(self) -> None:
        """Note that a file's bytes were read; whether it can be decoded is unknown."""
        self._was_any_hashed = True

    def add(self, failure: "EmbedFailure") -> None:
        """Note a file that was not read; a StageError says that a disk is away or fails, or blames the installation."""
        self.reasons[failure.path] = failure.reason
        if failure.cause is Cause.PROGRAM:
            self._program_errors[failure.reason] += 1
            self._blame_installation(_MAX_PROGRAM_ERRORS[self._is_first])
            return
        if failure.errno is not None:
            self._require_root(failure)
        is_quick, was_unread = failure.errno in _QUICK_ERRORS, failure.path in self._unread_before
        # Permissions of these files alone count for nothing; of the whole disk, no file would have been read.
        if not (is_quick and (was_unread or self._was_any_hashed)):
            self._n_in_a_row += 1
            self._n_new_in_a_row += not (is_quick or was_unread)
        if self._n_new_in_a_row >= _MAX_IN_A_ROW or self._n_in_a_row >= _MAX_KNOWN_IN_A_ROW:
            raise _failing_disk(f"{self._n_in_a_row} files in a row", failure.path, failure.reason)

    def end(self) -> None:
        """Check the run as a whole: if nothing but one error of the program came of it, blame the installation."""
        self._blame_installation(1 if self._is_first else 2)

    def _require_root(self, failure: "EmbedFailure") -> None:
        away = [root for root in self._roots if not _is_present(root) and is_under(failure.path, root)]
        if away:
            raise StageError(
                f"{shown_path(away[0])} went away while its files were read. Was its disk unmounted?\n\n"
                f"{_SAVED} Run `cli embed-audio` again when it is back."
            )

    def _blame_installation(self, n_enough: int) -> None:
        if self._n_read == 0 and self._program_errors.total() >= n_enough and len(self._program_errors) == 1:
            raise StageError(
                "Earshot's installation is at fault, not the files: each of them fails with the same error,"
                f" {next(iter(self._program_errors))}. Nothing was recorded of them.\n\n{reinstall_advice()}"
            )


def until_disk_fails(files: Iterable[FoundFile]) -> Iterator[FoundFile]:
    """Pass on the files of a walk for as long as the disk answers.

    Raises
    ------
    FailingDiskError
        Many files or folders in a row cannot be looked at, or several do not answer in time.
    """
    n_in_a_row = n_timeouts = 0
    for file in files:
        if file.failure is None:
            n_in_a_row = 0
        elif file.is_transient and file.errno not in (*_QUICK_ERRORS, *_GONE):
            n_in_a_row += 1
            n_timeouts += file.errno == errno.ETIMEDOUT
            if n_in_a_row >= _MAX_IN_A_ROW:
                raise _failing_disk(f"{n_in_a_row} files in a row", file.path, file.failure)
            if n_timeouts >= _MAX_TIMEOUTS:
                raise _failing_disk(f"{n_timeouts} files", file.path, file.failure)
        yield file


def reinstall_advice() -> str:
    """Say which versions are installed, and how to install Earshot anew."""
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"Installed are {packages}, Python {platform.python_version()}. Install Earshot anew in a fresh environment,"
        " from its folder: python3 -m venv .venv && .venv/bin/pip install -e ."
    )


def workers_lost_error(error: Exception) -> StageError:
    """The error for decoding processes that are gone or cannot be started."""
    return StageError(
        f"No more can be embedded: {error}.\n\n{_SAVED} Is memory short? Run the same command again with --workers 1."
    )


def _failing_disk(files: str, last: str, reason: str) -> FailingDiskError:
    return FailingDiskError(
        f"{files} could not be read, the last of them {shown_path(last)}: {reason}."
        f"\n\n{_SAVED} Run `cli embed-audio` again when the disk is well, or leave the files out with --exclude."
    )


def _is_present(root: str) -> bool:
    """Whether a root exists; an unmounted disk may leave an empty folder."""
    try:
        if not os.path.isdir(root):
            return os.path.exists(root)
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
