"""Which durations are left out, and in what words."""

from earshot.data.files.exclusion import duration_exclusion


def test_both_bounds_belong_to_the_wanted():
    assert duration_exclusion(60.0, 60.0, 600.0) is None
    assert duration_exclusion(600.0, 60.0, 600.0) is None
    assert duration_exclusion(1e6, None, None) is None


def test_the_reason_names_the_flag_and_the_duration():
    assert duration_exclusion(59.6, 60.0, None) == "shorter than --min-duration 60 (60 s)"
    assert duration_exclusion(3600.0, None, 1800.0) == "longer than --max-duration 1800 (3600 s)"
