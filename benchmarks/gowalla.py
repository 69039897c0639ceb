"""The towers on Gowalla's given split, by the commands that anybody would type, beside rivals from the same harness.

    EARSHOT_DATA=... python benchmarks/gowalla.py

29,858 people, 40,981 places, 810,128 pairs to learn from and 217,242 to be asked about; nothing else is known, not even
when. Validation is a tenth of the training pairs; the settings below were chosen on it, and so is the number of epochs,
after which the towers learn anew from all training pairs (--refit). Published, Recall@20 / NDCG@20: LightGCN
.1824 / .1547, GF-CF .1849 / .1518.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

from measuring import CLI, run, show

SETTINGS = {
    "encoder": "mean", "history": 100, "history-dropout": 0.3, "use-user": False, "use-seed": False, "use-audio": False,
    "dim": 256, "hidden": 0, "start": "spectral", "temperature": 0.07, "popularity-share": 0.7, "table-rate": 0.05,
    "learning-rate": 0.001, "batch-size": 2_048, "negatives": 1_024, "epochs": 12, "patience": 2,
    "seed": 0,
}  # fmt: skip


def write_table(folder: Path, table: Path) -> None:
    """Both files of the split as one table that `cli import-listens` reads."""
    with open(table, "w", encoding="utf-8") as out:
        out.write("user,item,split\n")
        for part in ("train", "test"):
            for line in (folder / f"{part}.txt").read_text(encoding="utf-8").splitlines():
                user, *items = line.split()
                out.writelines(f"{user},{item},{part}\n" for item in items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="leave the library here")
    parser.add_argument("--rivals", default="quick", help="as of cli evaluate")
    for name, value in SETTINGS.items():
        kind = argparse.BooleanOptionalAction if isinstance(value, bool) else "store"
        options_of = {} if isinstance(value, bool) else {"type": type(value)}
        parser.add_argument(f"--{name}", action=kind, default=value, **options_of)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    command = [*CLI, "--library", folder / "library"]
    try:
        table = folder / "gowalla.csv"
        write_table(Path(os.environ["EARSHOT_DATA"]) / "gowalla", table)
        run([*command, "import-listens", table, "--format", "table"])
        given = {name: getattr(options, name.replace("-", "_")) for name in SETTINGS}
        settings = [
            word
            for name, value in given.items()
            for word in ([f"--{'' if value else 'no-'}{name}"] if isinstance(value, bool) else [f"--{name}", value])
        ]
        trained = run([*command, "train-tower", "--split", "given", "--refit", "--json", *settings])
        report = json.loads(trained.output)
        print(f"{report['epochs']} epochs were best, validation NDCG@20 {report['validation']:.4f}")
        print(
            f"popularity dial {report['popularity']:g}, both trainings {trained.seconds / 60:.0f} minutes", flush=True
        )
        judged = run([*command, "evaluate", "-k", 20, "--users", 30_000, "--rivals", options.rivals, "--json"])
        print(f"judged in {judged.seconds:.0f} s")
        rows: dict[str, dict[str, str | float]] = {}
        for figure in json.loads(judged.output):
            if figure["slice"] == "all" and figure["metric"] in ("recall", "ndcg") and " - " not in figure["subject"]:
                row = rows.setdefault(figure["subject"], {"subject": figure["subject"]})
                row[figure["metric"] + "@20"] = f"{figure['value']:.4f}"
                row["n"] = figure["n"]
        show(list(rows.values()))
    finally:
        if options.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
