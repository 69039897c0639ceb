"""Embedding on a cluster: every file has one result, whatever becomes of the machines.

The machines of the first tests are made up; those of the last ones are two nodes of Ray on this computer.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest

from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.decode_pool import WorkersLostError
from earshot.audio.decoding.music_file import Cause
from earshot.audio.embed_files import EmbedFailure, KnownContent
from earshot.index.library import Library
from earshot.stages.embed import embed_folders
from earshot.stages.shared import cluster_embedding
from earshot.stages.shared.cluster_embedding import _Machine, _results
from earshot.stages.shared.reports import StageError
from scanned_folders import add_up

ONE = DecodeConfig(workers=1)
_DRIVER = """
from pathlib import Path
from earshot.audio.config import DecodeConfig
from earshot.index.library import Library
from earshot.stages.embed import embed_folders

with Library.open_to_write(Path({folder!r})) as library:
    for report in embed_folders(library, [{music!r}], DecodeConfig(workers=1), cluster={address!r}):
        print(report, flush=True)
"""


class LostError(Exception):
    """What Ray raises of a machine that is lost."""


class TaskError(LostError):
    cause = ValueError("no onnxruntime there")


class Ray:
    """A cluster that works when it is asked for a result, on one machine after the other."""

    exceptions = SimpleNamespace(RayTaskError=TaskError, RayError=LostError)

    def wait(self, results, num_returns):
        first = results[0]
        results.sort(key=lambda one: one.n_given)  # all at the same pace
        return [results[0]], [one for one in results if one is not first]

    def get(self, result):
        if isinstance(result, Exception):
            raise result
        return result


class Results:
    def __init__(self, items):
        self._items, self.n_given = iter(items), 0

    def __next__(self):
        self.n_given += 1
        return next(self._items)


class Embedder:
    """Knows the files of one machine; `dies_after` so many of them."""

    def __init__(self, name, log, sees=None, dies_after=None):
        self.name, self._log, self._sees, self._dies_after = name, log, sees, dies_after
        self.embed = self

    def options(self, **_):
        return self

    def remote(self, bounds):
        return Results(self._of(bounds))

    def _of(self, bounds):
        for n, path in enumerate(bounds):
            if n == self._dies_after:
                yield LostError()
                return
            self._log.append((self.name, path))
            is_seen = self._sees is None or path in self._sees
            gone = EmbedFailure(path, "No such file or directory", Cause.ENVIRONMENT, 2, None)
            yield (KnownContent(path) if is_seen else gone), {"mel": 0.5}


def run(paths, log, **machines):
    started = []
    for name, options in machines.items():

        def start(name=name, options=options):
            return Embedder(name, log, **options)

        started.append(_Machine(name, start, start()))
    return [result for result, _ in _results(Ray(), started, dict.fromkeys(paths, (None, None)))]


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(cluster_embedding, "_MIN_FILES", 2)
    monkeypatch.setattr(cluster_embedding, "_MAX_FILES", 4)


PATHS = [f"/music/{n:02}.mp3" for n in range(30)]


def test_machines_share_the_files(small_shards):
    log = []
    results = run(PATHS, log, a={}, b={}, c={})
    assert sorted(result.path for result in results) == PATHS
    assert set(Counter(name for name, _ in log)) == {"a", "b", "c"} and len(log) == 30


def test_a_file_that_only_one_machine_sees_is_embedded_there(small_shards):
    log = []
    results = run(PATHS, log, a={"sees": PATHS[:10]}, b={"sees": PATHS[5:20]}, c={"sees": []})
    seen = [result.path for result in results if isinstance(result, KnownContent)]
    failures = [result for result in results if isinstance(result, EmbedFailure)]
    assert sorted(seen) == PATHS[:20] and sorted(failure.path for failure in failures) == PATHS[20:]
    assert {failure.reason for failure in failures} == {"No such file or directory, on each of 3 machines"}
    assert {(failure.cause, failure.errno) for failure in failures} == {(Cause.ENVIRONMENT, 2)}
    assert max(Counter(log).values()) == 1  # none twice on one machine


def test_one_machine_tries_once(small_shards):
    log = []
    (failure,) = run(PATHS[:1], log, a={"sees": []})
    assert failure.reason == "No such file or directory" and len(log) == 1


@pytest.mark.parametrize("dies_after", [0, 1, 3])
def test_a_lost_machine_gives_its_files_to_the_others(small_shards, dies_after):
    """It is started anew twice, and then left out."""
    log = []
    results = run(PATHS, log, a={"dies_after": dies_after}, b={"sees": PATHS[:25]})
    paths = Counter(result.path for result in results)
    assert sorted(paths) == PATHS and set(paths.values()) == {1}
    failed = {result.path for result in results if isinstance(result, EmbedFailure)}
    assert failed <= set(PATHS[25:])


def test_the_run_ends_without_a_machine(small_shards):
    with pytest.raises(WorkersLostError, match="no machine of the cluster is left"):
        run(PATHS, [], a={"dies_after": 1}, b={"dies_after": 0})


def test_a_fault_of_the_program_there_ends_the_run():
    embedder = Embedder("a", [])
    embedder._of = lambda bounds: iter([TaskError()])
    with pytest.raises(WorkersLostError, match="cannot embed: no onnxruntime there"):
        list(_results(Ray(), [_Machine("a", lambda: embedder, embedder)], {"/x.mp3": (None, None)}))


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of Ray on this computer, of one CPU each."""
    utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed (the extra cluster)")
    nodes = {"num_cpus": 1, "include_dashboard": False}
    cluster = utils.Cluster(initialize_head=True, head_node_args=nodes)
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def music(track_files, tmp_path_factory):
    """Eighteen tracks, of which two have one content, and a broken one."""
    folder = tmp_path_factory.mktemp("music")
    for path in track_files:
        shutil.copy(path, folder)
    shutil.copy(track_files[0], folder / f"copy of {track_files[0].name}")
    (folder / "noise.mp3").write_bytes(b"ID3" + bytes(2_000))
    return folder


def vectors_of(library):
    rows = library.db.execute("SELECT path, vector FROM current_vectors ORDER BY path").fetchall()
    excerpts = library.db.execute(
        "SELECT path, position, start_s, vector FROM excerpts JOIN tracks ON id = track_id ORDER BY path, position"
    ).fetchall()
    return rows, excerpts, library.db.execute("SELECT path, reason FROM failures").fetchall()


@pytest.fixture(scope="module")
def expected(music, tmp_path_factory):
    """What one process makes of the music, without Ray."""
    with Library.open_to_write(tmp_path_factory.mktemp("plain") / "library") as library:
        list(embed_folders(library, [music], ONE))
        return vectors_of(library)


def embed(tmp_path, music, cluster, config=ONE):
    with Library.open_to_write(tmp_path / "library") as library:
        *_, report = embed_folders(library, [music], config, cluster=cluster.address)
        return report, vectors_of(library)


@pytest.mark.slow
def test_two_nodes_give_equal_bits(cluster, music, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_embedding, "_MIN_FILES", 4)
    report, found = embed(tmp_path, music, cluster)
    n_tracks = len(expected[0])
    assert found == expected and add_up(report.counts)
    assert (report.counts.embedded, report.counts.reused, report.counts.failed) == (n_tracks - 1, 1, 1)
    assert report.cpu_seconds["mel"] > 0 and report.cpu_seconds["decode"] > 0
    again, same = embed(tmp_path, music, cluster)
    assert again.counts.reused == n_tracks and same == expected


@pytest.mark.slow
def test_the_same_command_goes_on_after_a_kill(cluster, music, expected, tmp_path):
    """SIGKILL to the driver after three files; then the rest, and nothing twice."""
    folder = tmp_path / "library"
    code = _DRIVER.format(folder=str(folder), music=str(music), address=cluster.address)
    driver = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    assert any(line.startswith("embedding: 3 of") for line in driver.stdout)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    report, found = embed(tmp_path, music, cluster)
    assert found == expected and add_up(report.counts)
    assert os.listdir(tmp_path) == ["library"]


@pytest.mark.slow
def test_a_killed_node_costs_nothing(cluster, music, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_embedding, "_MIN_FILES", 4)
    node = cluster.add_node(num_cpus=1)
    with Library.open_to_write(tmp_path / "library") as library:
        reports = embed_folders(library, [music], ONE, cluster=cluster.address)
        for report in reports:
            if getattr(report, "phase", "") == "embedding" and node is not None:
                cluster.remove_node(node, allow_graceful=False)
                node = None
        assert node is None and add_up(report.counts)
        assert (report.counts.embedded + report.counts.reused, report.counts.failed) == (len(expected[0]), 1)
        assert vectors_of(library) == expected


@pytest.mark.parametrize(
    ("address", "reason"),
    [("127.0.0.1:1", r"\[Errno 111\] Connection refused"), ("here", "it is not of the form HOST:PORT")],
)
def test_a_cluster_that_is_not_there(music, tmp_path, address, reason):
    pytest.importorskip("ray", reason="Ray is not installed (the extra cluster)")
    with (
        Library.open_to_write(tmp_path / "library") as library,
        pytest.raises(StageError, match=rf"There is no Ray cluster at {address}: {reason}\.\n\nRun `ray start --head`"),
    ):
        list(embed_folders(library, [music], ONE, cluster=address))
