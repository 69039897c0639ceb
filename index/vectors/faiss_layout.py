"""Check that a FAISS file is one that `index.vectors.ann` writes, before C++ trusts its numbers.

FAISS does not check them: a size of 2^60 exhausts memory, and an id beyond the end reads out of bounds or crashes. So
every count, size and reference of the four layouts is checked first; any other layout is refused. The layouts are those
of `index_write.cpp` in FAISS.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

_INNER_PRODUCT = 0
_MAX_LEVELS = 64  # of HNSW; a level has a thirty-second of the vectors of the one below


class LayoutError(ValueError):
    """A file is not as `index.vectors.ann` writes it; the message says where."""


def check_layout(path: Path, type: str, dim: int, n_vectors: int) -> None:
    """Refuse, with a LayoutError, an index file of another type, or with another number of vectors."""
    readers = {"flat": _flat, "hnsw": _hnsw, "ivf-sq8": _ivf_sq8, "ivf-pq": _ivf_pq}
    _require(type in readers and dim > 0 and n_vectors > 0, f"there is no index of type {type!r}")
    file = _Words(path)
    file.expect("IxMp")
    _header(file, dim, n_vectors)
    readers[type](file, dim, n_vectors)
    _require(len(file.vector("<i8")) == n_vectors, "ids are not as many as vectors")
    _require(file.place == len(file.data), "something follows the end")


class _Words:
    """Reader of the numbers and arrays of a memory-mapped file, one after another."""

    def __init__(self, path: Path) -> None:
        self.data = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
        self.place = 0

    def expect(self, word: str) -> None:
        tag = self.array("u1", 4).tobytes()
        _require(tag == word.encode(), f"it holds {tag!r} where {word!r} should be")

    def number(self, format: str) -> Any:
        return struct.unpack("<" + format, self.array("u1", struct.calcsize("<" + format)).tobytes())[0]

    def array(self, dtype: str, n: int) -> np.ndarray:
        n_bytes = n * np.dtype(dtype).itemsize
        _require(0 <= n_bytes <= len(self.data) - self.place, "it ends too early")
        values = self.data[self.place : self.place + n_bytes]
        self.place += n_bytes
        return np.frombuffer(values.data, dtype=dtype) if n_bytes else np.empty(0, dtype)

    def vector(self, dtype: str) -> np.ndarray:
        """An array preceded by its length."""
        return self.array(dtype, self.number("Q"))


def _require(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise LayoutError(otherwise)


def _header(file: _Words, dim: int, n_vectors: int) -> None:
    shape = file.number("i"), file.number("q")
    _require(shape == (dim, n_vectors), f"it says {shape[1]} vectors of {shape[0]} numbers, not {n_vectors} of {dim}")
    file.array("<i8", 2)  # unused
    _require(file.number("B") == 1, "it is not trained")
    _require(file.number("i") == _INNER_PRODUCT, "it measures something else than cosines")


def _flat(file: _Words, dim: int, n_vectors: int) -> None:
    file.expect("IxFI")
    _header(file, dim, n_vectors)
    _require(len(file.vector("<f4")) == dim * n_vectors, "its vectors are not as many as it says")


def _hnsw(file: _Words, dim: int, n_vectors: int) -> None:
    file.expect("IHNf")
    _header(file, dim, n_vectors)
    file.vector("<f8")  # probability of each level
    bounds = file.vector("<i4").astype(np.int64)  # (n_levels + 1,), of the links of a node by level
    levels, offsets = file.vector("<i4"), file.vector("<u8")  # (n_vectors,) levels per node; (n_vectors + 1,)
    links = file.vector("<i4")
    entry, top, _, effort, _ = (file.number("i") for _ in range(5))
    n_levels = len(bounds) - 1
    _require(1 <= n_levels <= _MAX_LEVELS and bounds[0] == 0, "the levels of its graph make no sense")
    _require((np.diff(bounds) >= 0).all() and bounds[-1] <= 2**16, "the levels of its graph make no sense")
    _require(len(levels) == n_vectors and len(offsets) == n_vectors + 1, "its nodes are not as many as vectors")
    _require(levels.min() >= 1 and levels.max() <= n_levels, "a node of its graph is on no level")
    _require(offsets[0] == 0 and offsets[-1] == len(links), "its links are not as many as it says")
    _require((np.diff(offsets) == bounds[levels].astype(np.uint64)).all(), "the links of a node are not where they are")
    _require(len(links) > 0, "its graph has no links")
    _require(links.min() >= -1 and links.max() < n_vectors, "a link of its graph leads nowhere")
    _require(0 <= entry < n_vectors and top == levels.max() - 1, "its graph has no entry")
    _require(levels[entry] == top + 1, "its graph has no entry")
    _require(1 <= effort <= max(n_vectors, 128), f"efSearch is {effort}")
    for level in range(1, top + 1):  # a link leads to a node on the same level
        nodes = np.flatnonzero(levels > level)
        places = offsets[nodes].astype(np.int64)[:, None] + np.arange(bounds[level], bounds[level + 1])
        ends = links[places]
        _require((levels[ends[ends >= 0]] > level).all(), "a link of its graph leads to another level")
    _flat(file, dim, n_vectors)


def _ivf_sq8(file: _Words, dim: int, n_vectors: int) -> None:
    file.expect("IwSq")
    n_lists = _ivf_header(file, dim, n_vectors)
    kind, _, _, width, code_size = (file.number(format) for format in "iifQQ")
    _require((kind, width, code_size) == (0, dim, dim), "its codes are not of one byte a number")
    _require(len(file.vector("<f4")) == 2 * dim, "its codes have no ranges")
    _require(file.number("Q") == dim, "its codes are not of one byte a number")
    _require(file.number("B") <= 1, "its codes are neither of vectors nor of what a centroid leaves over")
    _lists(file, n_lists, dim, n_vectors)


def _ivf_pq(file: _Words, dim: int, n_vectors: int) -> None:
    file.expect("IwPQ")
    n_lists = _ivf_header(file, dim, n_vectors)
    _require(file.number("B") <= 1, "its codes are neither of vectors nor of what a centroid leaves over")
    code_size, width, n_parts, n_bits = (file.number("Q") for _ in range(4))
    _require((width, n_bits) == (dim, 8) and code_size == n_parts > 0, "its codes are not of one byte a part")
    _require(dim % n_parts == 0 and len(file.vector("<f4")) == 256 * dim, "its codebooks are not as large as it says")
    _lists(file, n_lists, code_size, n_vectors)


def _ivf_header(file: _Words, dim: int, n_vectors: int) -> int:
    """Check the fields before the codes; return the number of lists."""
    _header(file, dim, n_vectors)
    n_lists, n_probed = file.number("Q"), file.number("Q")
    _require(1 <= n_probed <= n_lists <= n_vectors, f"it looks into {n_probed} of {n_lists} lists")
    _flat(file, dim, n_lists)  # the centroids
    _require(file.number("B") == 0 and len(file.vector("<i8")) == 0, "it has a map of its own")
    return int(n_lists)


def _lists(file: _Words, n_lists: int, code_size: int, n_vectors: int) -> None:
    file.expect("ilar")
    _require((file.number("Q"), file.number("Q")) == (n_lists, code_size), "its lists are not as many as it says")
    form, sizes = file.array("u1", 4).tobytes(), np.zeros(n_lists, dtype=np.uint64)
    if form == b"full":
        sizes = file.vector("<u8")
        _require(len(sizes) == n_lists, "its lists are not as many as it says")
    else:
        _require(form == b"sprs", f"its lists are in the form {form!r}")
        words = file.vector("<u8")
        _require(len(words) % 2 == 0, "its lists are not as many as it says")
        pairs = words.reshape(-1, 2)
        _require(len(np.unique(pairs[:, 0])) == len(pairs), "a list is there twice")
        _require(len(pairs) == 0 or pairs[:, 0].max() < n_lists, "a list is none of those that it has")
        sizes[pairs[:, 0].astype(np.int64)] = pairs[:, 1]
    _require(sizes.max() <= n_vectors and int(sizes.sum()) == n_vectors, "its lists hold more or less than all vectors")
    content, place = file.array("u1", n_vectors * (code_size + 8)).data, 0
    for size in sizes[sizes > 0].tolist():  # many thousand, so little work for each
        # As unsigned numbers, so that negative ids are large.
        ids = np.frombuffer(content, dtype="<u8", count=size, offset=place + size * code_size)
        _require(ids.max() < n_vectors, "a list holds what is not there")
        place += size * (code_size + 8)
