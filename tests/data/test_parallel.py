"""Work in threads: all of it, and its failures."""

import threading

import pytest

from earshot.data.parallel import n_threads, run_in_threads


@pytest.mark.parametrize("n", ["1", "3"])
def test_every_piece_is_done_and_a_failure_is_told(monkeypatch, n):
    monkeypatch.setenv("OMP_NUM_THREADS", n)
    done = [0] * 10

    def work(piece):
        done[piece] += 1
        if piece == 7:
            raise ValueError("piece 7")

    run_in_threads(work, range(7))
    assert done == [1] * 7 + [0] * 3
    with pytest.raises(ValueError, match="piece 7"):
        run_in_threads(work, [7])


def test_they_work_at_once(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    both = threading.Barrier(2, timeout=10)  # broken, and told, where one waits for the other to end
    run_in_threads(lambda _: both.wait(), range(2))
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    assert (n_threads(), n_threads(2), n_threads(9)) == (5, 2, 1)
