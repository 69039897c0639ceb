"""A small world of music and every command that writes into a library, in the order in which a person would type them.

The trials beside this file disturb these commands and compare the library with that of an undisturbed run.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from earshot.audio.decoding.audio_writer import write_audio
from earshot.data.synthetic.world import WorldConfig, make_world
from earshot.data.synthetic.world_files import written_files

CLI = Path(sys.executable).with_name("cli")
WORLD = WorldConfig(
    n_genres=4,
    artists_per_genre=4,
    tracks_per_artist=3,
    seconds=15.0,
    n_listeners=50,
    listens_per_listener=120,
    n_playlists=12,
    playlist_length=8,
)
N_AWAY = 4  # files that are gone while a stage with `files_away` runs


@dataclass(frozen=True)
class Stage:
    """One command line. ``{music}`` is the folder of music, ``{out}`` a folder for files that the command writes."""

    name: str
    arguments: tuple[str, ...]
    files_away: bool = False


STAGES = (
    Stage("embed-audio", ("embed-audio", "{music}")),
    Stage("import-playlists", ("import-playlists", "{music}")),
    Stage("import-listens", ("import-listens", "{music}/listens.csv")),
    Stage("import-listens, unknown names", ("import-listens", "{music}/other.csv")),
    Stage("import-graph", ("import-graph", "{music}/graph.csv", "--level", "artist")),
    Stage("import-tags", ("import-tags", "{music}/tags.csv")),
    Stage("link", ("link",)),
    Stage("build-graph", ("build-graph",)),
    Stage("train-audio", ("train-audio", "--epochs", "6")),
    Stage("embed-audio, new encoder", ("embed-audio",)),
    Stage("evaluate-audio", ("evaluate-audio",)),
    Stage("train-tower", ("train-tower", "--epochs", "4")),
    Stage("train-tower, transformer", ("train-tower", "--epochs", "3", "--encoder", "transformer", "--refit")),
    Stage("recommend --all", ("recommend", "--all", "-k", "20", "--m3u", "{out}")),
    Stage("never", ("never", "{music}", "--listener", "somebody new")),
    Stage("build-index", ("build-index", "--type", "hnsw")),
    Stage("diffuse-audio", ("diffuse-audio",)),
    Stage("evaluate", ("evaluate", "-k", "10")),
    Stage("map", ("map", "--html", "{out}/map.html")),
    Stage("forget-listens", ("forget-listens", "2")),
    Stage("embed-audio, files gone", ("embed-audio",), files_away=True),
    Stage("embed-audio --prune", ("embed-audio", "--prune"), files_away=True),
    Stage("embed-audio --again", ("embed-audio", "--again")),
    Stage("forget-folder", ("forget-folder", "{music}")),
)


@dataclass(frozen=True)
class Workplace:
    """The folders of a trial: music, the library that is worked on, and copies of it before and after each stage."""

    folder: Path

    @property
    def music(self) -> Path:
        return self.folder / "music"

    @property
    def library(self) -> Path:
        return self.folder / "library"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def snapshot(self, stage: Stage, moment: str) -> Path:
        """The copy of the library ``before`` or ``after`` a stage."""
        return self.folder / "snapshots" / f"{STAGES.index(stage):02}-{moment}"

    def prepare(self, stage: Stage) -> None:
        """Put the library and the music into the state that a stage begins with."""
        shutil.rmtree(self.library, ignore_errors=True)
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        if self.snapshot(stage, "before").exists():
            shutil.copytree(self.snapshot(stage, "before"), self.library)
        self.place_files(away=stage.files_away)

    def place_files(self, *, away: bool) -> None:
        """Move a few files of music aside, or back."""
        aside = self.folder / "aside"
        origin, target = (self.music, aside) if away else (aside, self.music)
        paths = sorted(origin.rglob("*.mp3")) if origin.exists() else []
        for path in paths[: N_AWAY if away and not aside.exists() else None if not away else 0]:
            place = target / path.relative_to(origin)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
        if not away:
            shutil.rmtree(aside, ignore_errors=True)

    def command(self, stage: Stage, library: Path | None = None) -> list[str]:
        arguments = [text.format(music=self.music, out=self.out) for text in stage.arguments]
        return [str(CLI), "--library", str(library or self.library), *arguments]

    def environment(self) -> dict[str, str]:
        return os.environ | {"OMP_NUM_THREADS": "1", "EARSHOT_SAVE_SECONDS": "0.3"}

    def run(self, command: list[str], timeout: float = 400, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment() | extra
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=timeout)

    def cli(self, *arguments: str, library: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run([str(CLI), "--library", str(library or self.library), *arguments])


def make_music(folder: Path) -> None:
    """Render the world, with files without tags, broken ones, and tables that name tracks in other spellings."""
    for _ in written_files(make_world(WORLD), folder, write_audio):
        pass
    rng = np.random.default_rng(0)
    for number in range(3):
        noise = (rng.standard_normal((1, 16_000 * 6)) * 0.1).astype(np.float32)
        write_audio(folder / f"untagged{number}.wav", noise, 16_000, {})
    (folder / "broken.mp3").write_bytes(rng.bytes(4_000))
    (folder / "empty.flac").write_bytes(b"")
    tags = [[f"untagged{number}.wav", f"Hiss {number}", "The Hissers", "Noise", "Noise"] for number in range(3)]
    _write_csv(folder / "tags.csv", ["file", "title", "artist", "album", "genre"], tags)
    with open(folder / "listens.csv", encoding="utf-8", newline="") as file:
        listens = list(csv.DictReader(file))[:1_500]
    renamed = [_other_spelling(number, listen) for number, listen in enumerate(listens)]
    _write_csv(folder / "other.csv", ["user", "artist", "title", "timestamp"], renamed)


def _other_spelling(number: int, listen: dict[str, str]) -> list[str]:
    user = listen["user"] if number % 3 else f"stranger-{number % 7}"
    artist = listen["artist"].lower() if number % 2 else listen["artist"]
    title = f"{listen['title'].upper()} (Remastered 2011)" if number % 2 else f"{listen['title']} unknown"
    return [user, artist, title, str(int(listen["timestamp"]) + 5)]


def _write_csv(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


@contextmanager
def undisturbed_workplace(folder: Path | None) -> Iterator[tuple[Workplace, dict[str, float]]]:
    """A folder where every stage ran once, and the seconds of each; a temporary one where none is named."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Workplace((folder or Path(scratch)).absolute())
        work.folder.mkdir(parents=True, exist_ok=True)
        print("Every command once, undisturbed:", flush=True)
        yield work, run_undisturbed(work)
        work.place_files(away=False)


def run_undisturbed(work: Workplace) -> dict[str, float]:
    """Run every stage once, with a copy of the library before and after it; the seconds that each took.

    What an earlier call did in the same folder is not done again.

    Raises
    ------
    RuntimeError
        A stage failed, or `cli check` found something wrong after it.
    """
    known = work.folder / "seconds.json"
    if known.exists():
        return dict(json.loads(known.read_text()))
    for folder in (work.library, work.out, work.folder / "snapshots"):
        shutil.rmtree(folder, ignore_errors=True)
    if not (work.music / "tags.csv").exists():
        make_music(work.music)
    seconds = {}
    for stage in STAGES:
        work.place_files(away=stage.files_away)
        work.out.mkdir(exist_ok=True)
        _copy(work.library, work.snapshot(stage, "before"))
        began = monotonic()
        done = work.run(work.command(stage))
        seconds[stage.name] = monotonic() - began
        if done.returncode not in (0, 3):
            raise RuntimeError(f"{stage.name} ended with {done.returncode}: {done.stderr}")
        _copy(work.library, work.snapshot(stage, "after"))
        check = work.cli("check", "--read-data")
        if check.returncode and not stage.files_away:
            raise RuntimeError(f"after {stage.name}, `cli check` says: {check.stdout}{check.stderr}")
        print(f"{stage.name:32} {seconds[stage.name]:5.1f} s", flush=True)
    work.place_files(away=False)
    known.write_text(json.dumps(seconds))
    return seconds


def _copy(origin: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    if origin.exists():
        shutil.copytree(origin, target)
