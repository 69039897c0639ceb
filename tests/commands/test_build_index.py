"""`cli build-index` by the names of its types."""

from functools import partial

from commands_typed import invoke


def test_ivf_is_a_short_name(library_copy):
    run = partial(invoke, library_copy)
    short, whole = (run("build-index", "--type", name).stdout for name in ("ivf", "ivf-sq8"))
    assert short == whole
