"""A first look at a file, before any decoder touches it."""

from earshot.audio.decoding.music_file import MusicFile, UndecodableError

_HEAD = 512  # bytes


def check_is_audio(file: MusicFile) -> None:
    """Say in a sentence what a decoder would only call invalid data. The file is left at its beginning.

    Raises
    ------
    UndecodableError
        It is empty, or text that only poses as audio.
    """
    if file.size == 0:
        raise UndecodableError("the file is empty")
    head = file.read(_HEAD)
    file.seek(0)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        raise UndecodableError("a git-LFS pointer, not the audio itself; run `git lfs pull`")
    is_markup = text.startswith(b"<")
    if text.startswith((b"#extm3u", b"#extinf", b"ffconcat", b"[playlist]")) or (is_markup and b"<playlist" in text):
        raise UndecodableError("a playlist, not audio")
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise UndecodableError("a web page or XML document, not audio")
    if not head.strip(b"\0") and file.size <= len(head):
        raise UndecodableError("nothing but zero bytes")
