"""Vectors of excerpts."""

import numpy as np

from earshot.index.runs import start_run
from earshot.index.search.excerpts import read_excerpts
from library_world import add, at, heard, open_library


def test_excerpts_are_read_in_order_and_of_the_run_in_use(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/a.mp3", at(0), excerpts=[at(1), at(2), at(3)], starts=[5.0, 65.0, 125.0])])
        _, other = start_run(library, "embed-audio", {}, fingerprint="new ear")
        add(library, other, [heard("/a.mp3", at(0), excerpts=[at(9)])])
        excerpts = read_excerpts(library, 1)
        assert excerpts.starts == [5.0, 65.0, 125.0]
        np.testing.assert_array_equal(excerpts.vectors, [at(1), at(2), at(3)])
        assert excerpts.vectors.dtype == np.float32
        assert read_excerpts(library, 99).starts == []
