"""Ctrl-C and SIGTERM end a command soon, even one that waits inside of a C library for ever."""

import os
import signal
import subprocess
import sys
import time

import pytest

# A call that returns for nothing, not even a signal, as a read from a dead disk; with workers, as `embed-audio` has.
STUCK = """
import ctypes, multiprocessing, sys, time
from earshot.commands.shared.signals import end_on_signals
end_on_signals()
worker = multiprocessing.Process(target=time.sleep, args=[60])
worker.start()
print(worker.pid, flush=True)
libc = ctypes.CDLL(None)
while True:
    libc.sleep(60)
    if sys.argv[1] == "deaf":
        continue
"""


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc for processes")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_hangs_is_ended_with_its_workers(number, code):
    # Blocked in the main thread, whose call goes on whatever comes: only the watching thread hears the signal.
    script = STUCK.replace("libc = ", "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [2, 15])\nlibc = ")
    process = subprocess.Popen(
        [sys.executable, "-c", script, "deaf"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    worker = int(process.stdout.readline())
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)  # its two seconds are measured by benchmarks/reliability
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert ("the same command goes on from there" in stderr) == (number == signal.SIGINT)
    while is_alive(worker) and time.monotonic() - began < 5:  # it was killed; a busy machine takes its time
        time.sleep(0.05)
    assert not is_alive(worker)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_module_that_swallows_the_signal_while_it_is_imported(tmp_path, number, code):
    (tmp_path / "swallowing.py").write_text(
        "import time\n"
        "try: print('ready', flush=True); time.sleep(60)\n"
        "except BaseException as error: raise SystemError('a traceback of its own') from error\n"
    )
    script = "from earshot.commands.shared import signals; signals.end_on_signals(); import swallowing"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    process.stdout.readline()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code and "traceback" not in stderr.lower()
    assert ("Interrupted" in stderr) == (number == signal.SIGINT)


@pytest.mark.parametrize(("heeds", "code"), [(True, 0), (False, 130)])
def test_a_command_that_ended_by_itself_may_take_its_time_to_leave(heeds, code):
    script = (
        "import sys, time; from earshot.commands.shared import signals\n"
        "signals.GRACE_SECONDS = 0.3; signals.end_on_signals()\n"
        "try: print('ready', flush=True); time.sleep(60)\n"
        f"except KeyboardInterrupt: signals.heed_signal() if {heeds} else None\n"
        "time.sleep(1)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == code


def test_a_command_that_heeds_it_says_so_once(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "earshot.cli", "--library", str(tmp_path), "demo", "--folder", str(tmp_path / "world")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not list(tmp_path.rglob("*.flac")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.count("Interrupted.") == 1 and "Traceback" not in stderr
