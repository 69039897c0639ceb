"""Reading a music file: an error of the disk is never taken for damage, and damage never for an error of the disk."""

import errno
import itertools
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding import decode, music_file
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.music_file import Cause, HashedFile, UndecodableError, hash_file, reading
from earshot.data.files.content_hash import content_hash
from earshot.data.files.regular_files import open_regular

BRIEF = ExcerptConfig(excerpts=2, excerpt_seconds=1.0)


@pytest.fixture(params=["song.flac", "song.mp3", "song.ogg", "song.m4a"])
def song(request, tmp_path, rng):
    write_audio(tmp_path / request.param, (rng.standard_normal((1, 64_000)) * 0.1).astype(np.float32), 16_000, {})
    return str(tmp_path / request.param)


@pytest.fixture
def failing_disk(monkeypatch):
    """A function that lets reading fail from the nth call on, counted from 0."""

    def fail(n: int, number: int) -> None:
        calls = itertools.count()

        class Failing:
            def __init__(self, file) -> None:
                self._file = file
                self.seek, self.tell, self.close, self.fileno = file.seek, file.tell, file.close, file.fileno

            def read(self, n_bytes):
                if next(calls) >= n:
                    raise OSError(number, os.strerror(number))
                return self._file.read(n_bytes)

        monkeypatch.setattr(
            music_file, "open_regular", lambda path, buffering: Failing(open_regular(path, buffering=0))
        )

    return fail


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOMEM])
def test_whichever_read_fails_it_is_no_verdict(song, failing_disk, number):
    """Every read of the file in turn is the first that fails, until none is left."""
    whole = again = decode_track(song, BRIEF)
    for n in itertools.count():
        failing_disk(n, number)
        try:
            again = decode_track(song, BRIEF)
            break
        except UndecodableError as error:
            assert error.reason == f"cannot be read: {os.strerror(number)}"
            assert (error.cause, error.errno) == (Cause.ENVIRONMENT, number)
    assert n > 2
    np.testing.assert_array_equal(again.excerpts, whole.excerpts)


def test_a_hash_of_half_a_file_is_none(song, failing_disk):
    stamp = (os.stat(song).st_size, os.stat(song).st_mtime_ns)
    assert hash_file(song) == HashedFile(content_hash(song), stamp)
    for n in (0, 1):  # the second read would have found the end
        failing_disk(n, errno.EIO)
        with pytest.raises(UndecodableError) as caught:
            hash_file(song)
        assert caught.value.cause is Cause.ENVIRONMENT


def test_damage_is_a_verdict(song):
    size = os.path.getsize(song)
    Path(song).write_bytes(bytes(size - 40) + Path(song).read_bytes()[-40:])
    with pytest.raises(UndecodableError) as caught:
        decode_track(song, BRIEF)
    assert (caught.value.cause, caught.value.errno) == (Cause.CONTENT, None)


def test_what_cannot_be_opened(tmp_path, song, monkeypatch):
    with pytest.raises(UndecodableError, match=r"^cannot be opened: No such file or directory$") as caught:
        decode_track(str(tmp_path / "gone.mp3"), BRIEF)
    assert (caught.value.cause, caught.value.errno) == (Cause.ENVIRONMENT, errno.ENOENT)

    def refused(path, buffering):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(music_file, "open_regular", refused)
    with pytest.raises(UndecodableError, match=r"^cannot be opened: Permission denied$") as caught:
        decode_track(song, BRIEF)
    assert (caught.value.cause, caught.value.errno) == (Cause.ENVIRONMENT, errno.EACCES)


def test_a_file_that_is_being_written(song):
    """A download: what was hashed, what is decoded and what is there afterwards must be one content."""
    before = hash_file(song).stamp
    with open(song, "ab") as file:
        file.write(b"more")
    with pytest.raises(UndecodableError, match=r"^it was changed while it was read$") as caught:
        decode_track(song, BRIEF, stamp=before)
    assert caught.value.cause is Cause.ENVIRONMENT
    with pytest.raises(UndecodableError, match="changed"), reading(song) as file:
        os.truncate(song, 7)
        raise UndecodableError("damaged")
    assert file.size > 7


@pytest.mark.parametrize(
    ("error", "sentence", "cause"),
    [
        (TypeError("open() got a surprise"), "TypeError: open() got a surprise", Cause.PROGRAM),
        (AttributeError("no layout"), "AttributeError: no layout", Cause.PROGRAM),
        (ImportError("libav"), "ImportError: libav", Cause.PROGRAM),
        (MemoryError(), "decoding needs more memory than the limit allows", Cause.ENVIRONMENT),
        (ValueError("of bytes"), "the decoder gave up: of bytes", Cause.CONTENT),
        (IndexError("of bytes"), "the decoder gave up: of bytes", Cause.CONTENT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_the_program_is_no_verdict(song, monkeypatch, error, sentence, cause):
    def broken(*arguments, **options):
        raise error

    monkeypatch.setattr(decode.av, "open", broken)
    with pytest.raises(UndecodableError) as caught:
        decode_track(song, BRIEF)
    outcome = pickle.loads(pickle.dumps(caught.value))  # as it leaves a worker
    assert (outcome.reason, outcome.cause) == (sentence, cause)


def test_letters_that_are_not_utf8(tmp_path, rng):
    """The same with every PyAV: up to 18 it keeps them by an option, from 19 on always."""
    samples = (rng.standard_normal((1, 32_000)) * 0.1).astype(np.float32)
    write_audio(tmp_path / "a.flac", samples, 16_000, {"title": "J__ga"})
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data.replace(b"J__ga", b"J\xf3\xffga"))
    assert decode_track(str(tmp_path / "a.flac"), BRIEF).tags.title == "Jóÿga"
