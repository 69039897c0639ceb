"""Index files are checked before FAISS reads them: every count, size and reference."""

import random
import struct

import faiss
import numpy as np
import pytest

from earshot.index.vectors.ann import TYPES, build
from earshot.index.vectors.faiss_layout import LayoutError, check_layout
from library_world import random_units

DIM = 4
N_VECTORS = {"flat": 300, "hnsw": 300, "ivf-sq8": 300, "ivf-pq": 10_000}


@pytest.fixture(scope="module")
def written():
    """The bytes of an index of each type."""
    rng = np.random.default_rng(2)
    files = {}
    for type, n_vectors in N_VECTORS.items():
        built = build(random_units(rng, n_vectors, DIM), np.arange(n_vectors) + 7, type)
        assert built.type == type
        files[type] = faiss.serialize_index(built.index).tobytes()
    return files


@pytest.fixture
def looked_through(tmp_path):
    def look(data, type):
        path = tmp_path / "x.faiss"
        path.write_bytes(data)
        check_layout(path, type, DIM, N_VECTORS[type])

    return look


def replaced(data, place, format, value):
    return data[:place] + struct.pack(format, value) + data[place + struct.calcsize(format) :]


@pytest.mark.parametrize("type", TYPES)
def test_what_is_written_here_is_read_here(written, looked_through, type):
    looked_through(written[type], type)


def test_lists_of_which_most_are_empty(tmp_path):
    """FAISS writes their sizes in another form."""
    rng = np.random.default_rng(3)
    inner = faiss.index_factory(DIM, "IVF20,SQ8", faiss.METRIC_INNER_PRODUCT)
    inner.train(random_units(rng, 780, DIM))
    index = faiss.IndexIDMap(inner)
    vector = random_units(rng, 1, DIM)
    index.add_with_ids(np.repeat(vector, 30, axis=0), np.arange(30))
    faiss.write_index(index, str(tmp_path / "x.faiss"))
    assert b"sprs" in (tmp_path / "x.faiss").read_bytes()
    check_layout(tmp_path / "x.faiss", "ivf-sq8", DIM, 30)


@pytest.mark.parametrize("type", TYPES)
def test_a_file_that_ends_too_early_or_too_late(written, looked_through, type):
    data = written[type]
    for stop in [*range(0, 400, 7), *range(400, len(data), len(data) // 20)]:
        with pytest.raises(LayoutError):
            looked_through(data[:stop], type)
    with pytest.raises(LayoutError, match="something follows the end"):
        looked_through(data + b"\0", type)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("size", [2**60, 2**63, 2**64 - 1, 2**33])
def test_sizes_beyond_the_file(written, looked_through, type, size):
    data = written[type]
    place = len(data) - 8 * N_VECTORS[type] - 8  # how many ids there are
    assert struct.unpack_from("<Q", data, place) == (N_VECTORS[type],)
    with pytest.raises(LayoutError, match="it ends too early"):
        looked_through(replaced(data, place, "<Q", size), type)


@pytest.mark.parametrize("type", TYPES)
def test_counts_and_dimensions_that_are_not_the_librarys(written, looked_through, type):
    for place, format, value, reason in (
        (4, "<i", 5, f"says {N_VECTORS[type]} vectors of 5"),
        (8, "<q", 2**60, "it says 1152921504606846976 vectors of 4"),
        (8, "<q", -1, "it says -1 vectors"),
        (33, "<i", 1, "measures something else"),
    ):
        with pytest.raises(LayoutError, match=reason):
            looked_through(replaced(written[type], place, format, value), type)


def test_a_link_of_hnsw_that_leads_nowhere(written, looked_through):
    """FAISS would read the vector of node 300,000, wherever that is."""
    data = written["hnsw"]
    links = data.rindex(b"IxFI") - 5 * 4 - 4  # the last link before the five numbers and the vectors
    for end in (300, 300_000, -2):
        with pytest.raises(LayoutError, match="a link of its graph leads nowhere"):
            looked_through(replaced(data, links, "<i", end), "hnsw")
    with pytest.raises(LayoutError, match="its graph has no entry"):
        looked_through(replaced(data, links + 4, "<i", 300), "hnsw")
    with pytest.raises(LayoutError, match="efSearch is 2147483647"):
        looked_through(replaced(data, links + 4 + 12, "<i", 2**31 - 1), "hnsw")


def test_a_graph_of_hnsw_without_links(written, looked_through):
    """Every node says that it has none, so that all counts agree with each other."""
    n, data = N_VECTORS["hnsw"], written["hnsw"]
    start = data.index(b"IHNf") + 4 + 33  # behind the second header
    entry = data.rindex(b"IxFI") - 5 * 4
    empty = struct.pack("<Q", 0)
    bounds, levels = struct.pack("<Q2i", 2, 0, 0), struct.pack(f"<Q{n}i", n, *[1] * n)
    offsets = struct.pack(f"<Q{n + 1}Q", n + 1, *[0] * (n + 1))
    graph = empty + bounds + levels + offsets + empty + struct.pack("<2i", 0, 0)
    with pytest.raises(LayoutError, match="its graph has no links"):
        looked_through(data[:start] + graph + data[entry + 8 :], "hnsw")


@pytest.mark.parametrize("type", ["ivf-sq8", "ivf-pq"])
def test_a_list_that_holds_what_is_not_there(written, looked_through, type):
    data = written[type]
    place = len(data) - 8 * N_VECTORS[type] - 8 - 8  # the last id of the last list
    for row in (-1, N_VECTORS[type], 2**40):
        with pytest.raises(LayoutError, match="a list holds what is not there"):
            looked_through(replaced(data, place, "<q", row), type)


def test_other_indexes_that_faiss_would_gladly_read(written, looked_through):
    vectors = random_units(np.random.default_rng(4), 300, DIM)
    for words in ("Flat", "PCA2,Flat", "HNSW8", "SQ8", "IDMap2,Flat"):
        index = faiss.index_factory(DIM, words, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.add_with_ids(vectors, np.arange(300)) if "IDMap" in words else index.add(vectors)
        with pytest.raises(LayoutError, match="where 'IxMp' should be"):
            looked_through(faiss.serialize_index(index).tobytes(), "flat")
    binary = faiss.IndexBinaryFlat(8)
    binary.add(np.zeros((300, 1), np.uint8))
    with pytest.raises(LayoutError, match="where 'IxMp' should be"):
        looked_through(faiss.serialize_index_binary(binary).tobytes(), "flat")
    with pytest.raises(LayoutError, match="it holds b'IxFI' where 'IHNf' should be"):
        looked_through(written["flat"], "hnsw")


@pytest.mark.parametrize("type", TYPES)
def test_whatever_is_in_a_file_nothing_but_a_sentence_comes_of_it(written, looked_through, type):
    """Bits that are flipped anywhere are refused or are harmless: a coordinate, a code, an id."""
    chance = random.Random(5)
    for _ in range(60):
        data = bytearray(written[type])
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(min(len(data), 500))] ^= 1 << chance.randrange(8)
        try:
            looked_through(bytes(data), type)
        except LayoutError:
            continue
        index = faiss.deserialize_index(np.frombuffer(bytes(data), dtype=np.uint8))
        assert index.search(np.eye(DIM, dtype=np.float32), 10)[1].shape == (4, 10)
