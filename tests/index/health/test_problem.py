"""A problem and the commands that fix it, safe for a shell."""

import shlex
from pathlib import Path

from earshot.index.health.problem import Problem, recovery


def test_a_problem_of_the_library_concerns_no_track():
    assert Problem("what", "cli embed-audio").changed_id is None


def test_a_damaged_database_is_recovered_beside_itself():
    words = shlex.split(recovery(Path("/my music's/library.db")))
    assert words == ["sqlite3", "/my music's/library.db", ".recover", "|", "sqlite3", "/my music's/mended.db"]
