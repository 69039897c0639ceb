"""Commands beside the server: one at a time, with their progress and their end."""

import sys
import time

import pytest

from earshot.web.command_process import CommandProcess

BAR = (
    "import sys, time; from tqdm import tqdm\n"
    "print('beginning')\n"
    "for n in tqdm(range(4), desc='learning', unit='epoch', dynamic_ncols=True):\n"
    "    sys.stdin.read() if n == 2 and len(sys.argv) > 1 else None\n"
    "    time.sleep(0.12)\n"
    "print('done \\x1b[31mred\\x1b[0m')\n"
)


@pytest.fixture
def process():
    made = CommandProcess()
    yield made
    made.stop()


def until(process, is_so, seconds=20.0):
    end = time.monotonic() + seconds
    while not is_so(state := process.state()):
        assert time.monotonic() < end, state
        time.sleep(0.02)
    return state


def test_progress_is_read_while_it_runs(process):
    assert process.state() is None
    assert process.start("Learning", [sys.executable, "-c", BAR])
    running = until(process, lambda state: state.share and state.share < 1)
    assert running.is_running and running.title == "Learning" and running.code is None
    assert running.progress in ("learning 1/4", "learning 2/4", "learning 3/4")
    ended = until(process, lambda state: not state.is_running)
    assert ended.code == 0 and ended.share is None and ended.seconds > 0.3
    assert ended.lines == ("beginning", "done red"), "a terminal's colors are no text"


def test_one_runs_at_a_time(process):
    assert process.start("One", [sys.executable, "-c", "import time; time.sleep(60)"])
    assert not process.start("Two", [sys.executable, "-c", ""])
    process.ask_to_end()
    assert until(process, lambda state: not state.is_running).title == "One"
    assert process.start("Two", [sys.executable, "-c", ""])
    assert until(process, lambda state: not state.is_running).code == 0


def test_a_failure_has_its_code_and_words(process):
    process.start(
        "Failing", [sys.executable, "-c", "import sys; print('Error: no such thing', file=sys.stderr); sys.exit(1)"]
    )
    state = until(process, lambda state: not state.is_running)
    assert state.code == 1 and state.lines == ("Error: no such thing",)
    process.forget()
    assert process.state() is None


def test_the_end_of_the_server_ends_it(process):
    process.start("Long", [sys.executable, "-c", "import time; time.sleep(60)"])
    process.stop()
    assert until(process, lambda state: not state.is_running).code == -15


def test_a_command_that_is_not_there_leaves_no_process(process):
    with pytest.raises(FileNotFoundError):
        process.start("Nothing", ["/nowhere/at/all"])
    assert process.state() is None
