"""A first look at a file, before any decoder touches it."""

import os
import stat

_HEAD = 512  # bytes


class UnheardError(Exception):
    """A file that cannot be heard, with the reason in plain words."""


def refuse_impostors(path: str) -> None:
    """Say in a sentence what a decoder would only call invalid data, or wait for without end.

    Raises
    ------
    UnheardError
        It is no file, cannot be read, is empty, or is text that only poses as audio.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise UnheardError(f"cannot be opened: {error.strerror}") from None
    if stat.S_ISDIR(status.st_mode):
        raise UnheardError("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise UnheardError("not a regular file but a pipe, a socket or a device")
    if status.st_size == 0:
        raise UnheardError("the file is empty")
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UnheardError(f"cannot be read: {error.strerror}") from None
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        raise UnheardError("a git-LFS pointer, not the audio itself; run `git lfs pull`")
    is_markup = text.startswith(b"<")
    if text.startswith((b"#extm3u", b"#extinf", b"ffconcat", b"[playlist]")) or (is_markup and b"<playlist" in text):
        raise UnheardError("a playlist, not audio")
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise UnheardError("a web page or XML document, not audio")
    if not head.strip(b"\0") and status.st_size <= len(head):
        raise UnheardError("nothing but zero bytes")
