"""A decoding process outlives neither its limits nor its parent."""

import subprocess
import sys
import time

import psutil
import pytest

PARENT = """
import multiprocessing, os, time
from earshot.audio.decoding.decode_worker import start_worker

def hang():
    start_worker(1024)
    while True:
        sum(range(1000))  # busy, like a decoder that goes in circles

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=hang)
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)
"""


def test_a_hanging_worker_dies_with_its_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))
    time.sleep(1.5)  # until it hangs
    assert worker.is_running()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    try:
        worker.wait(timeout=10)
    except psutil.TimeoutExpired:
        worker.kill()
        pytest.fail("the worker went on without its parent")
