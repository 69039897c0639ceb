"""Files that were not heard for reasons that are no fact about them, and when such reasons end a run."""

import errno
import os
import platform
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from earshot.data.files.folder_walk import FoundFile, is_under
from earshot.data.files.path_encoding import shown_path
from earshot.stages.environment import versions

if TYPE_CHECKING:
    from earshot.audio.embedding import EmbedFailure

_MANY = 10  # files in a row: a disk that fails, and not a file
_VERY_MANY = 100  # in a row of those that are no news, or cost no time
_ENOUGH = {True: 5, False: 100}  # files with one error of the program and no other end, in a first run and in others
_MANY_TIMEOUTS = 3  # of a walk, each of ten seconds
_KEPT = "What was heard so far is kept, and so is all that the library knew of the others."
_QUICK = (errno.EACCES, errno.EPERM)  # a folder of somebody else's may hold many, and asking costs nothing


class FailingDiskError(click.ClickException):
    """Many files in a row could not be read."""


class UnreadFiles:
    """Collects the files of one run that could not be read, and says when to stop.

    Parameters
    ----------
    roots : the folders of the run
    unread_before : paths of files that an earlier run could not read either
    is_first : no file of this library was ever heard
    """

    def __init__(self, roots: Sequence[str], unread_before: Container[str] = (), *, is_first: bool) -> None:
        self.reasons: dict[str, str] = {}  # by path
        self._is_first = is_first
        self._roots = [root for root in roots if _is_there(root)]
        self._unread_before = unread_before
        self._n_in_a_row = 0
        self._n_news_in_a_row = 0  # of files that an earlier run did not fail to read
        self._was_any_hashed = False
        self._n_errors = 0  # of the program
        self._errors: set[str] = set()
        self._n_read_well = 0

    def read_well(self) -> None:
        """Note that a file's bytes were read, and heard or judged."""
        self._n_in_a_row = self._n_news_in_a_row = 0
        self._n_read_well += 1

    def was_hashed(self) -> None:
        """Note that a file's bytes were read; nothing is known yet of its decoding."""
        self._was_any_hashed = True

    def add(self, result: "EmbedFailure") -> None:
        """Note a file that was not read.

        Raises
        ------
        click.ClickException
            Going on is of no use: a disk is away or fails, or the installation is at fault.
        """
        from earshot.audio.embedding import Cause

        self.reasons[result.path] = result.reason
        if result.cause is Cause.PROGRAM:
            self._n_errors += 1
            self._errors.add(result.reason)
            self._blame_installation(_ENOUGH[self._is_first])
            return
        if result.errno is not None:
            self._require_root(result)
        self._count(result.errno in _QUICK, result.path in self._unread_before)
        if self._n_news_in_a_row >= _MANY or self._n_in_a_row >= _VERY_MANY:
            raise _failing_disk(f"{self._n_in_a_row} files in a row", result.path, result.reason)

    def end(self) -> None:
        """Look at the whole run once more; raises as `add` does."""
        self._blame_installation(1 if self._is_first else 2)

    def _count(self, is_quick: bool, was_unread: bool) -> None:
        if is_quick and (was_unread or self._was_any_hashed):
            return  # permissions of these files; those of a whole disk, as a ticket gives them, let none be read
        self._n_in_a_row += 1
        self._n_news_in_a_row += not (is_quick or was_unread)

    def _require_root(self, result: "EmbedFailure") -> None:
        away = [root for root in self._roots if not _is_there(root) and is_under(result.path, root)]
        if away:
            raise click.ClickException(
                f"{shown_path(away[0])} went away while its files were read. Was its disk unmounted?\n\n"
                f"{_KEPT} Run `cli embed-audio` again when it is back."
            )

    def _blame_installation(self, n_enough: int) -> None:
        if self._n_read_well == 0 and self._n_errors >= n_enough and len(self._errors) == 1:
            raise fault_of_installation(next(iter(self._errors)))


def until_disk_fails(found: Iterable[FoundFile]) -> Iterator[FoundFile]:
    """Pass on what a walk finds, for as long as the disk answers.

    Raises
    ------
    FailingDiskError
        Many files or folders in a row cannot be looked at, or several do not answer in time.
    """
    n_in_a_row = n_timeouts = 0
    for file in found:
        if file.failure is None:
            n_in_a_row = 0
        elif file.is_passing and file.errno not in (*_QUICK, errno.ENOENT, errno.ELOOP):  # gone, or a broken link
            n_in_a_row += 1
            n_timeouts += file.errno == errno.ETIMEDOUT
            if n_in_a_row >= _MANY:
                raise _failing_disk(f"{n_in_a_row} files in a row", file.path, file.failure)
            if n_timeouts >= _MANY_TIMEOUTS:
                raise _failing_disk(f"{n_timeouts} files", file.path, file.failure)
        yield file


def _failing_disk(files: str, last: str, reason: str) -> FailingDiskError:
    return FailingDiskError(
        f"{files} could not be read, the last of them {shown_path(last)}: {reason}."
        f"\n\n{_KEPT} Run `cli embed-audio` again when the disk is well, or leave the files out with --exclude."
    )


def fault_of_installation(error: str) -> click.ClickException:
    """The message for an error that has nothing to do with any file."""
    return click.ClickException(
        f"Earshot's installation is at fault, not the files: each of them fails with the same error, {error}."
        f" Nothing was recorded of them.\n\n{installed()}"
    )


def installed() -> str:
    """Name the versions that are installed, and the command that makes them fit together."""
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"Installed are {packages}, Python {platform.python_version()}. Install Earshot anew in a fresh environment,"
        " from its folder: python3 -m venv .venv && .venv/bin/pip install -e ."
    )


def workers_lost(error: Exception) -> click.ClickException:
    """The message for decoding processes of `cli embed-audio` that are gone or cannot be started."""
    return click.ClickException(
        f"No more can be heard: {error}.\n\n{_KEPT} Is memory short? Run the same command again with --workers 1."
    )


def _is_there(root: str) -> bool:
    """Whether a root exists; of an unmounted disk an empty folder may be left."""
    try:
        if not os.path.isdir(root):
            return os.path.exists(root)
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
