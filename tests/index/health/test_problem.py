"""A problem and the command that fixes it."""

from earshot.index.health.problem import Problem


def test_a_problem_shows_its_fix_first():
    problem = Problem("there is none", "cli build-index")
    assert str(problem) == "cli build-index   (there is none)"
    assert problem.changed_path is None and not problem.is_new
