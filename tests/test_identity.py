"""The content of a file is its identity, whatever its name; a large file is sampled, not read."""

import os

import pytest
import xxhash

from data.identity import content_hash, content_hashes

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


def test_many_files_in_order_and_errors_in_their_place(tmp_path):
    paths = []
    for number in range(50):
        path = tmp_path / f"{number}"
        if number != 20:
            path.write_bytes(bytes([number]))
        paths.append(str(path))
    results = list(content_hashes(iter(paths), threads=3))
    assert [path for path, _ in results] == paths
    assert isinstance(results[20][1], FileNotFoundError)
    assert all(digest == content_hash(path) for path, digest in results if path != paths[20])


def test_few_files_are_read_ahead(tmp_path):
    (tmp_path / "song").write_bytes(b"x")
    drawn = 0

    def endless():
        nonlocal drawn
        while True:
            drawn += 1
            yield str(tmp_path / "song")

    hashes = content_hashes(endless(), threads=2)
    next(hashes)
    hashes.close()
    assert drawn <= 9


def test_reading_leaves_no_trace(tmp_path):
    path = tmp_path / "song"
    path.write_bytes(b"music")
    path.chmod(0o444)
    before = os.stat(path)
    content_hash(str(path))
    after = os.stat(path)
    assert (before.st_mtime_ns, before.st_size, before.st_mode) == (after.st_mtime_ns, after.st_size, after.st_mode)
