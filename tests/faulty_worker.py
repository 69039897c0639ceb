"""A decoding task that goes wrong as the file's name says. It runs in worker processes, so it imports no torch."""

import ctypes
import os
import signal
import time
from pathlib import Path

from audio.worker import decode_task


def faulty_task(path, config, min_duration, max_duration, stamp):
    match Path(path).stem:
        case "hangs":
            while True:
                time.sleep(1)
        case "spins":
            while True:
                pass
        case "crashes":
            ctypes.string_at(0)  # a segmentation fault
        case "exits":
            os._exit(3)
        case "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "devours":
            return len(bytearray(2**30))
        case "has a fault":
            raise KeyError("stereo")
        case "is interrupted":
            os.kill(os.getpid(), signal.SIGINT)  # Ctrl-C reaches every process of the terminal
    return decode_task(path, config, min_duration, max_duration, stamp)
