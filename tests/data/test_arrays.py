"""Each value once, as NumPy has it."""

import numpy as np
import pytest

from earshot.data.arrays import unique_sorted


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_it_is_what_unique_gives(rng, n):
    values = rng.integers(-5, 5, size=n).astype(np.int32)
    found = unique_sorted(values)
    np.testing.assert_array_equal(found, np.unique(values))
    assert found.dtype == np.int32
