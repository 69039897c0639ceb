"""Embedding of many files on the machines of a Ray cluster, with the results of `audio.embed_files`.

    paths --a shard--> one `_Embedder` on each machine: embed_files there --result by result--> here, the one writer

A machine that is lost gives its unanswered files back to the others. A file that a machine cannot read is tried on each
of the others before it counts as unread: it may lie on a disk that only some of them see.
"""

import logging
import os
import signal
import socket
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from earshot.audio.checkpoint import PACKAGED_WEIGHTS, Checkpoint
from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.decode import Bounds
from earshot.audio.decoding.decode_pool import WorkersLostError
from earshot.audio.decoding.music_file import Cause
from earshot.audio.ear import Ear
from earshot.audio.embed_files import EmbeddedTrack, EmbedFailure, KnownContent, embed_files
from earshot.stages.shared.current_encoder import load_encoder
from earshot.stages.shared.reports import StageError

Result = EmbeddedTrack | EmbedFailure | KnownContent

LOCAL = "local"  # the address of a cluster of this machine alone, which ends with the run
_MIN_FILES, _MAX_FILES = 16, 512  # of one shard: its decoding processes take a second to start
_RESULTS_AHEAD = 64  # that a machine makes before they are drawn
_START_SECONDS = 120.0  # for machines to start; a busy cluster has none to give
_ANSWER_SECONDS = 10.0
_MAX_LOSSES = 3  # of the process on one machine, after which the machine counts as lost


class _Embedder:
    """The encoder and the decoding processes on one machine of the cluster; Ray makes it there."""

    def __init__(
        self, weights: bytes | None, is_packaged: bool, config: DecodeConfig, device: str, n_tracks: int
    ) -> None:
        self._config = config
        path = PACKAGED_WEIGHTS if is_packaged else None
        with tempfile.TemporaryDirectory() as folder:
            if weights is not None:
                path = Path(folder, "ear.safetensors")
                path.write_bytes(weights)
            self._ear = load_encoder(Checkpoint(path), device, n_tracks)  # as a plain run loads it, to the bit

    def version(self) -> str:
        return version("earshot")

    def embed(self, bounds: dict[str, Bounds]) -> Iterator[tuple[Result, dict[str, float]]]:
        """Yield results without the sound, with the seconds that the encoder spent since the last one."""
        before = dict(self._ear.seconds)
        with closing(embed_files(bounds, self._ear, self._config, bounds, is_known=lambda *_: False)) as results:
            for result in results:
                if isinstance(result, EmbeddedTrack):
                    result = replace(result, decoded=replace(result.decoded, excerpts=[]))
                yield result, {phase: spent - before[phase] for phase, spent in self._ear.seconds.items()}
                before = dict(self._ear.seconds)


@dataclass
class _Machine:
    """A machine of the cluster, and what it is doing."""

    node_id: str
    start: Callable[[], Any]  # makes an `_Embedder` there
    embedder: Any = None
    results: Any = None  # of its shard, as they come; None while it has none
    unanswered: set[str] = field(default_factory=set)
    n_losses: int = 0


def embed_on_cluster(
    bounds: Mapping[str, Bounds],
    ear: Ear,
    checkpoint: Checkpoint,
    config: DecodeConfig,
    *,
    address: str,
    device: str,
    is_known: Callable[[str, str], bool],
) -> Generator[Result, None, None]:
    """Embed files and yield each result as soon as it is ready, as `embed_files` does.

    A file of known content is decoded all the same, and its result is a `KnownContent`.

    Parameters
    ----------
    bounds : by the path of each file, the shortest and the longest duration in seconds
    ear : of the checkpoint; the seconds that the encoder takes are added to it
    address : of a running cluster, such as ``10.0.0.1:6379`` or ``auto``; `LOCAL` starts one
    is_known : called here with a path and its content hash

    Raises
    ------
    ModuleNotFoundError
        Ray is not installed.
    StageError
        The cluster does not answer, gives no machine, or has another version of Earshot.
    WorkersLostError
        No machine is left.
    """
    with _connected(address, config) as ray:
        machines = _start_machines(ray, checkpoint, config, device, len(bounds))
        with closing(_results(ray, machines, bounds)) as results:
            for result, seconds in results:
                for phase, spent in seconds.items():
                    ear.seconds[phase] += spent
                if isinstance(result, EmbeddedTrack) and is_known(result.path, result.content_hash or ""):
                    yield KnownContent(result.path)
                else:
                    yield result


def _results(
    ray: Any, machines: list[_Machine], bounds: Mapping[str, Bounds]
) -> Generator[tuple[Result, dict[str, float]], None, None]:
    waiting = deque(bounds)
    unread: dict[str, tuple[EmbedFailure, set[str]]] = {}  # by path, with the machines that could not read it
    while True:
        living = {machine.node_id for machine in machines}
        for path in [path for path, (_, tried) in unread.items() if living <= tried]:
            failure, tried = unread.pop(path)
            reason = f"{failure.reason}, on each of {len(tried)} machines" if len(tried) > 1 else failure.reason
            yield replace(failure, reason=reason), {}
        for machine in machines:
            if machine.results is None and (shard := _shard(machine, machines, waiting, unread)):
                machine.unanswered = set(shard)
                machine.results = machine.embedder.embed.options(
                    num_returns="streaming", _generator_backpressure_num_objects=_RESULTS_AHEAD
                ).remote({path: bounds[path] for path in shard})
        working = {machine.results: machine for machine in machines if machine.results is not None}
        if not working:
            if waiting or unread:
                raise WorkersLostError("no machine of the cluster is left")
            return
        machine = working[ray.wait(list(working), num_returns=1)[0][0]]
        try:
            result, seconds = ray.get(next(machine.results))
        except StopIteration:
            machine.results = None
            continue
        except ray.exceptions.RayTaskError as error:  # of the program there, not of the machine
            raise WorkersLostError(f"a machine of the cluster cannot embed: {error.cause}") from error
        except ray.exceptions.RayError:
            waiting.extendleft(machine.unanswered - unread.keys())
            _begin_again(machine, machines)
            continue
        machine.unanswered.discard(result.path)
        if isinstance(result, EmbedFailure) and result.cause is Cause.ENVIRONMENT and result.errno is not None:
            unread[result.path] = (result, unread.get(result.path, (result, set()))[1] | {machine.node_id})
            continue
        unread.pop(result.path, None)
        yield result, seconds


def _shard(
    machine: _Machine,
    machines: list[_Machine],
    waiting: deque[str],
    unread: Mapping[str, tuple[EmbedFailure, set[str]]],
) -> list[str]:
    """The next files for a machine: those that others could not read last, for more may follow them."""
    if waiting:  # at the end fewer, so that all machines end at about the same time
        share = _MAX_FILES if len(machines) == 1 else len(waiting) // (2 * len(machines))
        return [waiting.popleft() for _ in range(min(max(share, _MIN_FILES), _MAX_FILES, len(waiting)))]
    tried_now = set[str]().union(*(other.unanswered for other in machines)) if unread else set()
    untried = (path for path, (_, tried) in unread.items() if machine.node_id not in tried and path not in tried_now)
    return list(islice(untried, _MAX_FILES))


def _begin_again(machine: _Machine, machines: list[_Machine]) -> None:
    """Start what was lost on a machine anew, or leave the machine out."""
    machine.results, machine.unanswered = None, set()
    machine.n_losses += 1
    if machine.n_losses < _MAX_LOSSES:
        machine.embedder = machine.start()
    else:
        machines.remove(machine)


@contextmanager
def _connected(address: str, config: DecodeConfig) -> Iterator[Any]:
    """Connect to a cluster, or start one; the signals stay with the command."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    import ray

    terminated = signal.getsignal(signal.SIGTERM)
    here = {"num_cpus": config.workers or os.cpu_count(), "include_dashboard": False}
    of_its_own: dict[str, Any] = here if address == LOCAL else {}
    try:
        if address not in (LOCAL, "auto"):
            _require_answer(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **of_its_own)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StageError(
            f"There is no Ray cluster at {address}: {reason}.\n\nRun `ray start --head` on one machine and"
            " `ray start --address HOST:6379` on the others, or leave the address out for this machine alone."
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminated)
    try:
        yield ray
    finally:
        with suppress(Exception):  # it may be gone
            ray.shutdown()


def _require_answer(address: str) -> None:
    """Refuse, with an OSError or ValueError, an address where nobody answers: Ray would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("it is not of the form HOST:PORT")
    socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()


def _start_machines(
    ray: Any, checkpoint: Checkpoint, config: DecodeConfig, device: str, n_tracks: int
) -> list[_Machine]:
    """Start an `_Embedder` on each machine with CPUs; it takes all of them, and a GPU if there is one."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    is_packaged = checkpoint.path == PACKAGED_WEIGHTS
    weights = None if checkpoint.path is None or is_packaged else checkpoint.path.read_bytes()
    machines = []
    for node in ray.nodes():
        n_cpus, n_gpus = (int(node["Resources"].get(name, 0)) for name in ("CPU", "GPU"))
        if not node["Alive"] or not n_cpus:
            continue
        options = {
            "num_cpus": n_cpus,
            "num_gpus": 1 if n_gpus and device != "cpu" else 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        }
        there = replace(config, workers=config.workers or n_cpus)
        machine = _Machine(node["NodeID"], _starter(ray, options, (weights, is_packaged, there, device, n_tracks)))
        machine.embedder = machine.start()
        machines.append(machine)
    try:
        versions = set(ray.get([machine.embedder.version.remote() for machine in machines], timeout=_START_SECONDS))
    except ray.exceptions.GetTimeoutError:
        raise StageError(
            f"The cluster gave no machine within {_START_SECONDS:.0f} s. Is other work on it? `ray status` tells."
        ) from None
    except ray.exceptions.RayError as error:
        raise StageError(f"A machine of the cluster cannot start: {str(error).strip().splitlines()[-1]}") from None
    if versions != {version("earshot")}:
        there_are = ", ".join(sorted(versions)) or "no machine with a CPU"
        raise StageError(f"This is Earshot {version('earshot')}, and the cluster has {there_are}.")
    return machines


def _starter(ray: Any, options: Mapping[str, Any], arguments: tuple) -> Callable[[], Any]:
    return lambda: ray.remote(_Embedder).options(**options).remote(*arguments)
