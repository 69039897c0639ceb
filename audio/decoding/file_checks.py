"""Check of the first bytes of a file, before any decoder reads it."""

from earshot.audio.decoding.music_file import MusicFile, UndecodableError

_HEAD_BYTES = 512


def check_is_audio(file: MusicFile) -> None:
    """Refuse files that are recognizably not audio, with a better reason than a decoder's. Rewinds the file.

    Raises
    ------
    UndecodableError
        It is empty, or a text file with the suffix of audio.
    """
    if file.size == 0:
        raise UndecodableError("the file is empty")
    head = file.read(_HEAD_BYTES)
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
