"""Pull the plug right after a command said that it was done: what it wrote must be whole.

    sudo python benchmarks/reliability/power_cut_trial.py

The library lies on an ext4 image. When a command has ended, the image is copied as it is on the disk at that moment,
without a sync: what the operating system had not written yet is lost, as by a power cut. The copy is mounted (ext4
replays its journal) and compared, table by table, with the library of an undisturbed run. Linux and root only.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from library_contents import differences, library_contents
from writing_commands import STAGES, Stage, Workplace, undisturbed_workplace

_IMAGE_MIB = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to work; kept, so that a second call begins at once")
    n_survived = 0
    with undisturbed_workplace(parser.parse_args().folder) as (work, _):
        for stage in STAGES:
            faults = list(cut_faults(work, stage))
            n_survived += not faults
            print(f"{'LOST' if faults else 'ok  '} {stage.name}", *faults, sep="\n     ", flush=True)
    print(f"{n_survived} of {len(STAGES)} survived")
    sys.exit(n_survived != len(STAGES))


def cut_faults(work: Workplace, stage: Stage) -> Iterator[str]:
    """Run a stage on a disk of its own, pull the plug, and tell what is not as it should be."""
    work.prepare(stage)
    image, rest = work.folder / "disk.img", work.folder / "after.img"
    image.unlink(missing_ok=True)
    _run("truncate", "-s", f"{_IMAGE_MIB}M", image)
    _run("mkfs.ext4", "-q", image)
    with mounted(image, work.folder / "disk") as disk:
        if work.library.exists():
            _run("cp", "-r", work.library, disk / "library")
        _run("sync", "-f", disk)
        done = work.run(work.command(stage, disk / "library"))
        _run("cp", "--sparse=always", image, rest)  # the plug: no sync, no unmount
    if done.returncode not in (0, 3):
        yield f"exit {done.returncode}: {done.stderr[-300:]}"
        return
    with mounted(rest, work.folder / "disk") as disk:
        library = disk / "library"
        yield from (f"empty: {path.name}" for path in library.rglob("*") if path.is_file() and _is_cut(path))
        yield from differences(library_contents(work.snapshot(stage, "after")), library_contents(library))
        check = work.cli("check", "--read-data", library=library)
        if check.returncode and not stage.files_away:
            yield f"check: {check.stdout[:300]}{check.stderr[-200:]}"
    rest.unlink()


def _is_cut(path: Path) -> bool:
    return path.stat().st_size == 0 and not path.name.startswith(".writer")


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", image, folder)
    try:
        yield folder
    finally:
        _run("umount", folder)


def _run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    main()
