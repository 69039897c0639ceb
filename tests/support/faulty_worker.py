"""Tasks that go wrong as the file's name says. They run in worker processes, so they import no torch."""

import ctypes
import errno
import os
import signal
import time
from pathlib import Path

from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.music_file import Cause, UndecodableError, hash_file


def faulty_task(path, config, bounds, stamp):
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
    return decode_track(path, config, bounds, stamp)


def faulty_hash(path):
    match Path(path).stem.split("-")[0]:
        case "hangs":
            time.sleep(3_600)
        case "crashes":
            ctypes.string_at(0)
        case "failing disk":
            raise UndecodableError("cannot be read: Input/output error", Cause.ENVIRONMENT, errno.EIO)
        case "not allowed":
            raise UndecodableError("cannot be opened: Permission denied", Cause.ENVIRONMENT, errno.EACCES)
        case "wrong program":
            raise UndecodableError("TypeError: open() got a surprise", Cause.PROGRAM)
        case "root goes":
            os.rename(Path(path).parent, Path(path).parent.with_name("away"))
            raise UndecodableError("cannot be opened: No such file or directory", Cause.ENVIRONMENT, errno.ENOENT)
    return hash_file(path)
