"""Print pip constraints that pin every dependency of `pyproject.toml` at its lower bound."""

import re
import tomllib
from itertools import chain
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest_versions(pyproject: Path = PYPROJECT) -> list[str]:
    """A line `name==version` for each dependency, those of the extras too.

    Raises
    ------
    ValueError
        A dependency has no lower bound, or two that differ.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    lowest: dict[str, str] = {}
    for requirement in chain(project["dependencies"], *project["optional-dependencies"].values()):
        found = re.match(r"([\w.-]+)>=([\w.]+)", requirement)
        if not found:
            raise ValueError(f"{requirement} has no lower bound")
        name, version = found.groups()
        if lowest.setdefault(name, version) != version:
            raise ValueError(f"{name} has the lower bounds {lowest[name]} and {version}")
    return [f"{name}=={version}" for name, version in sorted(lowest.items())]


if __name__ == "__main__":
    print("\n".join(lowest_versions()))
