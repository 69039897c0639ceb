"""Damage a library at random, as a disk or a stranger would; every command answers or ends with one sentence.

    python benchmarks/reliability/foreign_library_trial.py --tries 200 --seed 1

A trial changes one to three things in a copy of a library that holds all that Earshot keeps: a value in a row, a whole
table, a definition of the schema, bytes of a file, settings or weights of an encoder or of towers. Hashes that the
library records are made to fit, so that readers have to look for themselves. Then two commands run with 8 GiB of
address space. A traceback, a signal or more than 60 s is a fault.
"""

import argparse
import json
import random
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import torch
from tqdm import tqdm
from writing_commands import STAGES, Workplace, undisturbed_workplace

from earshot.index.manifest import file_hash

_SECONDS, _ADDRESS_SPACE = 60, 8 * 2**30
_VALUES = (
    *(None, "", "../x", "/etc/passwd", "{}", "[]", '{"a":', "[[[[" * 5_000, -1, 0, 2**62, -(2**63), 1e308),
    *(b"\x00" * 7, b"\xff" * 64, "x" * 100_000, "\x1b]0;x\x07", "null", '{"tower":{"model":"x","use_audio":1}}'),
)
_NUMBERS = (0, 1, 2**20, 2**31, 2**40, 2**60, 2**64 - 1)
_SETTINGS = (10**9, -1, float("nan"), "x", None, [1], 2**31, 0, 1e300)
_COMMANDS = (
    *("similar 1", "similar 2 --by tower", "similar 3 --why --fewer-hubs", "status", "check --read-data", "failures"),
    *("recommend {listener}", "recommend --all -k 3", "build-index", "build-graph", "graph-stats", "diffuse-audio"),
    *(
        "map --html {out}/map.html",
        "evaluate -k 5",
        "train-tower --epochs 1",
        "forget-listens 1",
        "embed-audio",
        "link",
    ),
    *("evaluate-audio", "train-audio --epochs 1", "embed-audio --again", "forget-folder {music}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work; kept, so that a second call begins at once")
    arguments = parser.parse_args()
    rng, ends, n_survived = random.Random(arguments.seed), Counter[str](), 0
    with undisturbed_workplace(arguments.folder) as (work, _):
        whole = work.snapshot(next(stage for stage in STAGES if stage.name == "forget-listens"), "before")
        for _ in tqdm(range(arguments.tries), unit=" tries"):
            shutil.rmtree(work.library, ignore_errors=True)
            shutil.copytree(whole, work.library)
            work.out.mkdir(exist_ok=True)
            damages = [damage(rng.choice(_DAMAGES), work.library, rng) for _ in range(rng.choice([1, 1, 2, 3]))]
            faults = []
            for command in rng.sample(_COMMANDS, 2):
                end, fault = run_limited(work, command)
                ends[end] += 1
                faults += [f"{command}: {fault}"] if fault else []
            n_survived += not faults
            if faults:
                tqdm.write("\n     ".join([f"LOST {'; '.join(damages)}", *faults]))
    print(", ".join(f"{count} {what}" for what, count in sorted(ends.items())))
    print(f"{n_survived} of {arguments.tries} survived")
    sys.exit(n_survived != arguments.tries)


def run_limited(work: Workplace, command: str) -> tuple[str, str | None]:
    """Run a command under limits; its kind of end, and the fault, if it is one."""
    words = [word.format(listener="1", out=work.out, music=work.music) for word in command.split()]
    arguments = [*work.command(STAGES[0])[:3], *words]
    limits = (_ADDRESS_SPACE, _ADDRESS_SPACE)
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=work.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limits),
    )
    try:
        stderr = process.communicate(timeout=_SECONDS)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return "too slow", f"more than {_SECONDS} s"
    if "Traceback" in stderr:
        return "tracebacks", stderr[-400:]
    if process.returncode < 0:
        return "signals", f"signal {-process.returncode}"
    if process.returncode not in (0, 1, 2, 3):
        return "other exits", f"exit {process.returncode}"
    return ("answers" if process.returncode in (0, 3) else "sentences"), None


def damage(kind: "Damage", library: Path, rng: random.Random) -> str:
    """Do one damage; a library that an earlier one left beyond it stays as it is."""
    try:
        return kind(library, rng)
    except Exception as error:  # whatever reader meets it first
        return f"no {kind.__name__}: {error}"


def damage_value(library: Path, rng: random.Random) -> str:
    """Put something odd into a column of one row or of all."""
    with closing(sqlite3.connect(library / "library.db")) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        table = rng.choice(_tables(db))
        column = rng.choice([row[1] for row in db.execute(f'PRAGMA table_info("{table}")')])
        where = rng.choice(["", f'WHERE rowid = (SELECT min(rowid) FROM "{table}")'])
        value = rng.choice(_VALUES)
        with db:
            db.execute(f'UPDATE "{table}" SET "{column}" = ? {where}', [value])
    return f"{table}.{column} = {str(value)[:30]!r} {where and 'once'}"


def damage_table(library: Path, rng: random.Random) -> str:
    """Empty a table, behind the back of its references."""
    with closing(sqlite3.connect(library / "library.db")) as db, db:
        table = rng.choice(_tables(db))
        db.execute(f'DELETE FROM "{table}"')
    return f"{table} is empty"


def damage_schema(library: Path, rng: random.Random) -> str:
    """Add a trigger, or let a definition go or differ."""
    with closing(sqlite3.connect(library / "library.db")) as db:
        name = rng.choice([name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE sql NOT NULL")])
        statement = rng.choice(
            [
                "CREATE TRIGGER odd AFTER UPDATE ON tracks BEGIN DELETE FROM vectors; END",
                f"DELETE FROM sqlite_master WHERE name = '{name}'",
                f"UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = '{name}'",
            ]
        )
        db.executescript(f"PRAGMA writable_schema = ON; {statement}; PRAGMA writable_schema = RESET;")
    return statement


def damage_file(library: Path, rng: random.Random) -> str:
    """Flip bits of a file, cut it, or write numbers and noise into it."""
    path = rng.choice(sorted(path for path in library.rglob("*") if path.is_file() and path.stat().st_size > 16))
    data = bytearray(path.read_bytes())
    head = rng.choice([len(data), min(len(data), 400)])
    match rng.randrange(4):
        case 0:
            for _ in range(rng.randrange(1, 8)):
                data[rng.randrange(head)] ^= 1 << rng.randrange(8)
        case 1:
            del data[rng.randrange(len(data)) :]
        case 2:
            place = rng.randrange(head - 8)
            data[place : place + 8] = struct.pack("<Q", rng.choice(_NUMBERS))
        case 3:
            place = rng.randrange(head)
            data[place : place + rng.randrange(200)] = rng.randbytes(rng.randrange(1, 200))
    path.write_bytes(data)
    _record_hash(library, path)
    return f"bytes of {path.relative_to(library)}"


def damage_towers(library: Path, rng: random.Random) -> str:
    """Set a setting, a fact or a weight of the towers to something odd."""
    path = rng.choice(sorted((library / "checkpoints").glob("towers-*.pt")))
    kept = torch.load(path, weights_only=True)
    part = rng.choice(["config", "weights", "facts"])
    name = rng.choice(sorted(kept[part]))
    odd = [torch.tensor(float("nan")), torch.zeros(0), torch.zeros(3, 5, 7), torch.zeros(1).expand(2**35), "x", None]
    kept[part][name] = rng.choice(odd if part != "config" else _SETTINGS)
    torch.save(kept, path)
    _record_hash(library, path)
    return f"{part}.{name} of the towers"


def damage_encoder(library: Path, rng: random.Random) -> str:
    """Set a setting of the trained encoder to something odd."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = rng.choice(sorted((library / "checkpoints").glob("ear-*.safetensors")))
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["ear"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    part = rng.choice(sorted(facts["config"]))
    name, value = rng.choice(sorted(facts["config"][part])), rng.choice(_SETTINGS)
    facts["config"][part][name] = value
    save_file(weights, path, metadata={"ear": json.dumps(facts)})
    _record_hash(library, path)
    return f"{part}.{name} = {value} of the encoder"


Damage = Callable[[Path, random.Random], str]
_DAMAGES: tuple[Damage, ...] = (
    *(damage_value,) * 5,
    *(damage_file,) * 4,
    *(damage_schema,) * 2,
    *(damage_towers,) * 2,
    damage_table,
    damage_encoder,
)


def _tables(db: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%fts%'"
    return sorted(name for (name,) in db.execute(query))


def _record_hash(library: Path, path: Path) -> None:
    """Let the library find the hash and size that it recorded, as a stranger would see to."""
    if path.name == "library.db":
        return
    with closing(sqlite3.connect(library / "library.db")) as db, db:
        found = file_hash(path)
        db.execute("UPDATE index_files SET hash = ? WHERE name = ?", [found, path.name])
        name, size = str(path.relative_to(library)), path.stat().st_size
        db.execute("UPDATE kept_files SET hash = ?, n_bytes = ? WHERE name = ?", [found, size, name])


if __name__ == "__main__":
    main()
