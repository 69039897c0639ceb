"""The content of a file is its identity, whatever its name; a large file is sampled, not read."""

import os

import pytest
import xxhash

from earshot.data.files.content_hash import content_hash
from earshot.data.files.regular_files import IrregularFileError

MIB = 2**20


def test_a_small_file_is_hashed_whole(tmp_path, rng):
    data = rng.bytes(3 * MIB + 17)
    (tmp_path / "song").write_bytes(data)
    assert content_hash(str(tmp_path / "song")) == xxhash.xxh3_128_hexdigest(data)


@pytest.mark.parametrize("place", [0, 1_500_000, 3 * MIB - 1])
def test_any_changed_byte_of_a_song_changes_it(tmp_path, rng, place):
    data = bytearray(rng.bytes(3 * MIB))
    (tmp_path / "before").write_bytes(data)
    data[place] ^= 1
    (tmp_path / "after").write_bytes(data)
    assert content_hash(str(tmp_path / "before")) != content_hash(str(tmp_path / "after"))


def sparse(path, size, *, last=b"end"):
    with open(path, "wb") as file:
        file.seek(size - len(last))
        file.write(last)
    return str(path)


def test_a_ten_hour_mix_costs_what_a_song_costs(tmp_path, monkeypatch):
    """1 GiB, nearly all of it a hole: the bytes that are read are counted."""
    path = sparse(tmp_path / "mix", 1024 * MIB)
    n_read = 0
    real = xxhash.xxh3_128

    class Counting:
        def __init__(self):
            self.inner = real()

        def update(self, data):
            nonlocal n_read
            n_read += len(data)
            self.inner.update(data)

        def hexdigest(self):
            return self.inner.hexdigest()

    monkeypatch.setattr(xxhash, "xxh3_128", Counting)
    content_hash(path)
    assert n_read == 16 * MIB + 8  # 256 blocks of 64 KiB, and the size


def test_large_files_differ_by_size_head_and_tail(tmp_path):
    paths = [
        sparse(tmp_path / "a", 20 * MIB),
        sparse(tmp_path / "b", 20 * MIB + 1),
        sparse(tmp_path / "c", 20 * MIB, last=b"END"),
    ]
    assert len({content_hash(path) for path in paths}) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_never_ends_is_not_hashed(tmp_path):
    os.mkfifo(tmp_path / "song.mp3")
    with pytest.raises(IrregularFileError, match=r"^song\.mp3 is a named pipe, not a regular file"):
        content_hash(str(tmp_path / "song.mp3"))


def test_reading_leaves_no_trace(tmp_path):
    path = tmp_path / "song"
    path.write_bytes(b"music")
    path.chmod(0o444)
    before = os.stat(path)
    content_hash(str(path))
    after = os.stat(path)
    assert (before.st_mtime_ns, before.st_size, before.st_mode) == (after.st_mtime_ns, after.st_size, after.st_mode)
