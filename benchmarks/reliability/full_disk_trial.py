"""Every writing command on a disk that fills up: one sentence, exit 1, and it goes on when there is room again.

    sudo python benchmarks/reliability/full_disk_trial.py

The library lies on a tmpfs with room for 8 or 300 kB more than it holds, or for one more file. Linux and root only.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from library_contents import differences, library_contents
from writing_commands import STAGES, Stage, Workplace, undisturbed_workplace

_BLOCK = 4_096  # bytes
_KINDS = (("kB", 8), ("kB", 300), ("files", 1))
_WORDS = ("space", "full", "disk", "quota", "inode")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to work; kept, so that a second call begins at once")
    n_full = n_survived = n_roomy = 0
    with undisturbed_workplace(parser.parse_args().folder) as (work, _):
        for stage, (kind, room) in product(STAGES, _KINDS):
            done, faults = full_disk(work, stage, kind, room)
            is_full = done.returncode == 1
            n_full, n_roomy = n_full + is_full, n_roomy + (not is_full)
            n_survived += not faults
            verdict = "LOST" if faults else "ok  " if is_full else "room"
            said = f"exit {done.returncode} {' '.join(done.stderr.split())[-140:]!r}"
            print(f"{verdict} {stage.name}, {room} {kind}: {said}", *faults, sep="\n     ", flush=True)
    print(f"{n_survived} of {n_full + n_roomy} survived; in {n_full} the disk was full, in {n_roomy} the room sufficed")
    sys.exit(n_survived != n_full + n_roomy)


def full_disk(
    work: Workplace, stage: Stage, kind: str, room: int
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a stage with so much room, and again with plenty; how the first run ended, and all faults of both."""
    work.prepare(stage)
    disk = work.folder / "small"
    disk.mkdir(exist_ok=True)
    size, n_files = _size(work.library)
    limits = f"size={size // 1024 + 40 + room}k" if kind == "kB" else f"size=200m,nr_inodes={n_files + 3 + room}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", limits, "tmpfs", disk], check=True)
    try:
        library = disk / "library"
        if work.library.exists():
            subprocess.run(["cp", "-r", work.library, library], check=True)
        done = work.run(work.command(stage, library))
        faults = list(_faults_of_sentence(done))
        subprocess.run(["mount", "-o", "remount,size=400m,nr_inodes=100000", disk], check=True)
        again = work.run(work.command(stage, library))
        is_gone = "There is no import" in again.stderr or "no folder of this library" in again.stderr
        if again.returncode not in (0, 3) and not is_gone:
            faults.append(f"with room, exit {again.returncode}: {again.stderr[-300:]!r}")
        check = work.cli("check", "--read-data", library=library)
        if check.returncode and not stage.files_away:
            faults.append(f"check: {check.stdout[:300]}{check.stderr[-200:]}")
        faults += differences(library_contents(work.snapshot(stage, "after")), library_contents(library))
    finally:
        subprocess.run(["umount", disk], check=True)
    return done, faults


def _faults_of_sentence(done: subprocess.CompletedProcess[str]) -> Iterator[str]:
    if "Traceback" in done.stderr:
        yield f"a traceback: {done.stderr.strip().splitlines()[-1][:200]}"
    if done.returncode not in (0, 1, 3):
        yield f"exit {done.returncode}"
    if done.returncode == 1 and not any(word in done.stderr.lower() for word in _WORDS):
        yield f"says nothing of a full disk: {done.stderr[-200:]!r}"


def _size(folder: Path) -> tuple[int, int]:
    """Bytes in whole blocks, and the number of files and folders."""
    paths = list(folder.rglob("*")) if folder.exists() else []
    return sum(-(-path.stat().st_size // _BLOCK) * _BLOCK + _BLOCK for path in paths), len(paths)


if __name__ == "__main__":
    main()
