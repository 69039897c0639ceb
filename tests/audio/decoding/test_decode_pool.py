"""A decoding process outlives neither its limits nor its parent, and imports neither the main module nor torch."""

import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.decode_pool import WorkerContext, hashed_files
from earshot.data.files.content_hash import content_hash

PARENT = """
import multiprocessing, os, time
from earshot.audio.decoding.decode_pool import start_worker

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
CHECK = "import sys; sys.exit('torch' in sys.modules or hasattr(sys.modules['__main__'], '__file__'))"


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


def test_a_process_imports_neither_the_main_module_nor_torch(monkeypatch, tmp_path):
    (tmp_path / "script.py").write_text("import torch; raise SystemExit(9)")
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "script.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    process = WorkerContext().Process(target=exec, args=[CHECK])
    process.start()
    process.join(30)
    assert process.exitcode == 0 and sys.modules["__main__"] is main


def test_files_are_hashed_in_order_up_to_one_that_cannot_be_read(tmp_path):
    paths = [str(tmp_path / str(number)) for number in range(20)]
    for path in paths:
        Path(path).write_text(path)
    expected = [content_hash(path) for path in paths]
    assert [file.content_hash for file in hashed_files(paths, DecodeConfig(workers=2))] == expected
    Path(paths[17]).unlink()
    assert [file.content_hash for file in hashed_files(paths, DecodeConfig(workers=2))] == expected[:17]
