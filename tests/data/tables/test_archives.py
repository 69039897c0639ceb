"""Archives are opened once, and what unpacks to far more than it is is refused before it does harm."""

import errno
import gzip
import io
import json
import os
import struct
import tarfile
import tempfile
import tracemalloc
import zipfile

import pytest

from earshot.data.exports.listen_sources import find_sources
from earshot.data.exports.scrobblers.lastfm import read_lastfm_1k
from earshot.data.tables import archives
from earshot.data.tables.archives import refuse_bomb, refuse_packed
from earshot.data.tables.text_blocks import Member, members_of
from listen_exports import lastfm_1k, listen, rows

ROW = b"user,artist,title\nana,Air,One\n"


@pytest.fixture
def strict(monkeypatch):
    """Ten kilobytes packed to a hundredth are a bomb."""
    monkeypatch.setattr(archives, "BOMB_BYTES", 10_000)
    archives._cached_archive.cache_clear()


def zipped(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    return path


def tarred(path, mode="w:gz", **files):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{name}.csv")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def content_of(path):
    contents = []
    for member in members_of(path):
        with member.open() as file:
            contents.append(file.read())
    return contents


def gzipped(path, content):
    path.write_bytes(gzip.compress(content))
    return path


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped], ids=lambda pack: pack.__name__)
def test_a_bomb_is_refused(tmp_path, strict, pack):
    path = tmp_path / {"zipped": "x.zip", "tarred": "x.tar.gz", "gzipped": "x.csv.gz"}[pack.__name__]
    content = bytes(1_000_000)
    path = gzipped(path, content) if pack is gzipped else pack(path, a=ROW, b=content)
    with pytest.raises(ValueError, match=r"^x\.\S+ unpacks to more than .* as no listens do"):
        content_of(path)


@pytest.mark.parametrize("pack", [zipped, tarred], ids=lambda pack: pack.__name__)
def test_what_is_large_or_well_packed_is_no_bomb(tmp_path, strict, rng, pack):
    path = tmp_path / {"zipped": "x.zip", "tarred": "x.tar.gz"}[pack.__name__]
    well = b"".join(b"user,%d\n" % number for number in rng.integers(0, 9, 100_000))  # a tenth or so
    assert content_of(pack(path, a=well, b=ROW)) == [well, ROW]


def test_a_ratio_counts_only_beyond_a_size():
    refuse_bomb(1_000_000, 1, "x")
    refuse_bomb(50 * 1024**3, 1024**3, "x")
    with pytest.raises(ValueError, match=r"x unpacks to more than 2\.0 GiB from 1\.0 MiB"):
        refuse_bomb(2 * 1024**3, 1024**2, "x")


def test_entries_of_a_zip_that_share_their_bytes_each_count(tmp_path, strict):
    content = zipped(tmp_path / "x.zip", a=b"u,a\n" * 2_000).read_bytes()
    at = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entries = content[at:end] * 500
    tail = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 500, 500, len(entries), at, 0)
    (tmp_path / "x.zip").write_bytes(content[:at] + entries + tail)
    with pytest.raises(ValueError, match="unpacks to more than"):
        members_of(tmp_path / "x.zip")


def test_a_zip_that_lies_about_a_size_is_damaged_or_a_bomb(tmp_path):
    content = bytearray(zipped(tmp_path / "x.zip", a=ROW * 99).read_bytes())
    at = content.index(b"PK\x01\x02") + 24  # the size as the directory has it
    for size, words in ((10, "is a damaged archive"), (2**32 - 2, "unpacks to more than")):
        content[at : at + 4] = struct.pack("<I", size)
        (tmp_path / "x.zip").write_bytes(content)
        with pytest.raises(ValueError, match=words):
            content_of(tmp_path / "x.zip")


def test_a_sparse_file_in_a_tar_is_bounded(tmp_path, strict):
    entry = tarfile.TarInfo("x.csv")
    entry.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % 2**30  # its size with all holes
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(bytes(header) + bytes(1_024))
    (member,) = members_of(tmp_path / "x.tar")
    with pytest.raises(ValueError, match=r"x\.csv in x\.tar unpacks to more than"), member.open() as file:
        while file.read(1_000_000):
            pass


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_many_files_are_opened_without_reading_the_archive_as_often(tmp_path, monkeypatch, name):
    files = {f"n{number}": b"%d" % number for number in range(500)}
    mode = "w:gz" if name.endswith("gz") else "w"
    path = zipped(tmp_path / name, **files) if name == "x.zip" else tarred(tmp_path / name, mode, **files)
    n_opened = 0
    plain = zipfile.ZipFile.__init__ if name == "x.zip" else tarfile.TarFile.__init__

    def counted(self, *arguments, **options):
        nonlocal n_opened
        n_opened += 1
        plain(self, *arguments, **options)

    monkeypatch.setattr(zipfile.ZipFile if name == "x.zip" else tarfile.TarFile, "__init__", counted)
    assert content_of(path) == list(files.values())
    assert n_opened == 1


def test_an_archive_that_changed_is_read_anew(tmp_path):
    assert content_of(zipped(tmp_path / "x.zip", a=b"one")) == [b"one"]
    assert content_of(zipped(tmp_path / "x.zip", a=b"another")) == [b"another"]


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    for path in (
        zipped(tmp_path / "x.zip", **dict.fromkeys("abcd", b"")),
        tarred(tmp_path / "x.tar", "w", **dict.fromkeys("abcd", b"")),
    ):
        with pytest.raises(ValueError, match="holds more than 3 files; unpack it"):
            members_of(path)


def nested(path, pack=zipped, **inner):
    """An archive of archives, each of one file of rows, with a plain file behind them."""
    folder = path.parent / "inner"
    folder.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inner.items():
            packed = content if isinstance(content, bytes) else pack(folder / name, **content)
            archive.writestr(f"a/{name}", packed if isinstance(packed, bytes) else packed.read_bytes())
        archive.writestr("z.csv", ROW)
    return path


@pytest.mark.parametrize(("pack", "end"), [(zipped, ".zip"), (tarred, ".tgz"), (tarred, ".tar.gz")])
def test_archives_in_an_archive_are_folders(tmp_path, pack, end):
    path = nested(tmp_path / "x.zip", pack, **{f"b{end}": {"one": ROW, "two": b"2"}, f"c{end}": {"one": b"3"}})
    names = [f"a/b{end}/one.csv", f"a/b{end}/two.csv", f"a/c{end}/one.csv", "z.csv"]
    before = sorted(os.listdir(tempfile.gettempdir()))
    assert [member.name for member in members_of(path)] == names
    assert content_of(path) == [ROW, b"2", b"3", ROW]
    assert sorted(os.listdir(tempfile.gettempdir())) == before, "nothing is left"


def test_archives_in_a_tar_are_folders(tmp_path):
    content = zipped(tmp_path / "b.zip", one=ROW).read_bytes()
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("b.zip")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    assert [member.name for member in members_of(tmp_path / "x.tar.gz")] == ["b.zip/one.csv"]
    assert content_of(tmp_path / "x.tar.gz") == [ROW]


def test_archives_in_an_archive_that_are_damaged_or_deeper_stay_files(tmp_path):
    deeper = nested(tmp_path / "deeper.zip", **{"b.zip": {"one": ROW}}).read_bytes()
    (tmp_path / "inner").rename(tmp_path / "before")
    path = nested(tmp_path / "x.zip", **{"damaged.zip": b"PK\x03\x04...", "deep.zip": deeper, "d.tar": b"x" * 600})
    assert [member.name for member in members_of(path)] == [
        "a/damaged.zip", "a/deep.zip/a/b.zip", "a/deep.zip/z.csv", "a/d.tar", "z.csv"
    ]  # fmt: skip


def test_what_lies_in_inner_archives_is_bounded_by_the_outer_one(tmp_path, strict, monkeypatch):
    """Each unpacks to less than a bomb; together they do not."""
    inner = {f"{name}.zip": {"one": bytes(9_000)} for name in "bcdefgh"}
    path = nested(tmp_path / "x.zip", **inner)
    n_bytes = path.stat().st_size
    names = [member.name for member in members_of(path)]
    assert len([name for name in names if name.endswith(".zip/one.csv")]) == 7 and 100 * n_bytes > 9_000 * 7
    monkeypatch.setattr(archives, "BOMB_RATIO", 25_000 // n_bytes)
    archives._cached_archive.cache_clear()
    names = [member.name for member in members_of(path)]
    assert names[:2] == ["a/b.zip/one.csv", "a/c.zip/one.csv"] and names[2:-1] == [f"a/{one}.zip" for one in "defgh"]
    monkeypatch.undo()
    monkeypatch.setattr(archives, "_MAX_NESTED", 3)
    archives._cached_archive.cache_clear()
    assert [member.name for member in members_of(path)][2:5] == ["a/d.zip/one.csv", "a/e.zip", "a/f.zip"]
    monkeypatch.setattr(archives, "_NESTED_BYTES", 10)
    archives._cached_archive.cache_clear()
    assert [member.name for member in members_of(path)] == [*(f"a/{one}" for one in inner), "z.csv"]


@pytest.mark.parametrize(("code", "is_told"), [(errno.ENOSPC, False), (errno.EIO, True)])
def test_without_room_to_unpack_an_inner_archive_stays_a_file(tmp_path, monkeypatch, code, is_told):
    def full(*_):
        raise OSError(code, os.strerror(code))

    path = nested(tmp_path / "x.zip", **{"b.zip": {"one": ROW}})
    monkeypatch.setattr(archives, "copy_bounded", full)
    if is_told:  # an error of the disk says nothing about a file
        with pytest.raises(OSError, match=os.strerror(code)):
            members_of(path)
    else:
        assert [member.name for member in members_of(path)] == ["a/b.zip", "z.csv"]


def test_gzip_of_several_parts_and_of_garbage_behind_it(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"a") + gzip.compress(b"b"))
    assert content_of(tmp_path / "x.csv.gz") == [b"ab"]
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"a") + b"garbage")
    with pytest.raises(ValueError, match=r"x\.csv\.gz is a damaged archive"):
        content_of(tmp_path / "x.csv.gz")


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.csv.gz", "x.csv"])
def test_no_pipe_is_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match="is a named pipe, not a regular file"), Member(tmp_path / name).open():
        pass
    with pytest.raises(ValueError, match="is a named pipe, not a regular file"):
        content_of(tmp_path / name)


def test_what_is_packed_otherwise_is_named():
    refuse_packed(b"user,artist", "x.csv")
    with pytest.raises(ValueError, match=r"x\.csv is packed \(zstd\); unpack it first"):
        refuse_packed(b"\x28\xb5\x2f\xfd....", "x.csv")


def test_zips_that_no_piece_bounds_are_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.csv", ROW)
    with pytest.raises(ValueError, match=r"^x\.zip is packed in a way that is not read here; unpack it"):
        members_of(tmp_path / "x.zip")


@pytest.mark.parametrize("n_said", [5_000, 50_000_000])
def test_bzip2_in_a_zip_that_lies_about_its_size_is_unpacked_in_pieces(tmp_path, n_said):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.csv", bytes(30_000_000))
    content = bytearray((tmp_path / "x.zip").read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", n_said)
    (tmp_path / "x.zip").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"x\.zip is a damaged archive: x\.csv is not as long as"):
        drained(tmp_path / "x.zip")
    assert tracemalloc.get_traced_memory()[1] < 15_000_000
    tracemalloc.stop()


def drained(path):
    (member,) = members_of(path)
    with member.open() as file:
        while file.read(100_000):
            pass


def test_bzip2_in_a_zip_is_read(tmp_path, rng):
    content = rng.bytes(3_000_000)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.csv", content)
        archive.writestr("empty.csv", b"")
    assert content_of(tmp_path / "x.zip") == [content, b""]


@pytest.fixture
def rewinds(monkeypatch):
    """Count how often what is packed was unpacked from its beginning."""
    rewinds = []
    plain = archives.BoundedReader.seek

    def seek(self, offset, whence=os.SEEK_SET):
        if whence == os.SEEK_SET and offset < self._position:
            rewinds.append(offset)
        return plain(self, offset, whence)

    monkeypatch.setattr(archives.BoundedReader, "seek", seek)
    monkeypatch.setattr(archives, "_PIECE_BYTES", 4_096)
    return rewinds


def test_files_of_a_tar_are_named_in_the_order_in_which_they_lie(tmp_path, rewinds):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as archive:  # as `tar --append` leaves it: the later file of a name counts
        for name, content in [
            *((f"n{n}", b"old") for n in range(50)),
            *((f"n{n}", b"new") for n in reversed(range(50))),
        ]:
            entry = tarfile.TarInfo(f"{name}.csv")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert content_of(path) == [b"new"] * 50
    assert len(rewinds) <= 1


def test_listens_in_a_tar_are_read_in_one_go(tmp_path, rewinds):
    """Whatever their names: each rewind unpacks all that lies before."""
    lines = {f"listens/{n:03d}": json.dumps([listen(f"Song {n}")]).encode() + b" " * 9_000 for n in reversed(range(40))}
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        for name, content in lines.items():
            entry = tarfile.TarInfo(f"{name}.json")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    (source,) = find_sources(tmp_path / "x.tar.gz").sources
    assert sum(len(batch.events) for batch in source.open().batches) == 40
    assert len(rewinds) <= 2


def test_a_plain_tar_is_not_read_through(tmp_path, rng):
    """Bytes between two files are passed over."""
    path = tarred(tmp_path / "x.tar", "w", a=bytes(50_000_000), b=ROW)
    n_read = 0
    plain = os.read

    def read(descriptor, n_bytes):
        nonlocal n_read
        content = plain(descriptor, n_bytes)
        n_read += len(content)
        return content

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "read", read)
        (_, member) = members_of(path)
        with member.open() as file:
            assert file.read() == ROW
    assert n_read < 5_000_000


@pytest.mark.parametrize("kind", [b"L", b"K", b"x"])  # a long name, a long link, an extended header
def test_headers_of_headers_are_damage(tmp_path, kind):
    header = tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT)
    header = bytearray(header[:156] + kind + header[157:])
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(bytes(header) * 1_500 + bytes(1_024))
    with pytest.raises(ValueError, match=r"x\.tar is a damaged archive"):
        members_of(tmp_path / "x.tar")


def test_a_mistake_of_ours_is_no_damage_of_a_plain_file(tmp_path):
    (tmp_path / "x.csv").write_bytes(ROW)
    with pytest.raises(NotImplementedError, match=r"^of ours$"), Member(tmp_path / "x.csv").open():
        raise NotImplementedError("of ours")


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz"])
def test_a_damaged_archive(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 and no more" * 50)
    with pytest.raises(ValueError, match=rf"{name} is a damaged archive"):
        members_of(tmp_path / name)


def packed(path, plain):
    """The zip packed with bzip2, which tells damage in another way than others do."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if path.stem == "x" else zipfile.ZIP_BZIP2) as archive:
            archive.write(plain, "x.tsv")
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path, "w:gz") as archive:
            archive.add(plain, "x.tsv")
            archive.add(plain, "y.tsv")
    else:
        path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize("name", ["x.zip", "y.zip", "x.tar.gz", "x.tsv.gz"])
def test_no_damage_is_read_as_something_else(tmp_path, rng, name):
    lines = [f"u\t2009-05-04T23:08:57Z\t\t{artist}\t\tOne\n" for artist in rng.bytes(40).hex(" ").split()]
    path = packed(tmp_path / name, lastfm_1k(tmp_path / "x.tsv", "".join(lines)))

    def outcome():
        return [rows(read_lastfm_1k(member), "artist") for member in members_of(path)]

    whole, content = outcome(), path.read_bytes()
    n_refused = 0
    for place in range(0, len(content) - 120, 3):  # a zip's end is a list of names and lengths that nothing checks
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        try:
            assert outcome() == whole, place  # the date of a file is nothing to us
        except ValueError as error:
            assert str(error).startswith(f"{name} is "), place
            n_refused += 1
    assert n_refused > 0.7 * (len(content) - 120) / 3


def test_an_encrypted_zip(tmp_path):
    path = packed(tmp_path / "x.zip", lastfm_1k(tmp_path / "x.tsv"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the archive's directory
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.zip is encrypted; unpack it, and import the folder"):
        members_of(path)


def test_a_damaged_gzip_file(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(lastfm_1k(tmp_path / "x.tsv").read_bytes())[:-20])
    with pytest.raises(ValueError, match=r"x\.tsv\.gz is a damaged archive"):
        list(read_lastfm_1k(Member(path)))
