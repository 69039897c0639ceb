"""Who may know whom: the two import tables of the design, enforced.

data <- audio <- graph;  data <- towers;  data <- index;  all <- commands <- cli
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("audio", "graph", "towers", "index", "data", "commands")

MAY_IMPORT = {
    "data": {"data"},
    "audio": {"audio", "data"},
    "graph": {"graph", "audio", "data"},
    "towers": {"towers", "data"},
    "index": {"index", "data"},
    "commands": {*PACKAGES},
    "cli": {"commands", "index"},
}
HOME: dict[str, str | tuple[str, ...]] = {  # one library, one home
    "av": "audio",
    "torchaudio": "audio",
    "librosa": "audio",
    "soundfile": "audio",
    "soxr": "audio",
    "networkx": "graph",
    "matplotlib": ("graph", "data"),  # pictures of graphs there, of figures where results are judged
    "umap": "graph",  # it lays out a graph of nearest neighbours
    "torch_geometric": "graph",
    "sqlite_utils": "index",
    "faiss": "index",
    "polars": "data",
    "pyarrow": "data",
    "implicit": "data",  # rivals, by which recommenders are judged
    "threadpoolctl": "data",
    "click": ("commands", "cli"),
    "tqdm": "commands",
}
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "model", "losses"}


def sources() -> list[tuple[str, Path]]:
    files = [(package, path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [*files, ("cli", ROOT / "cli.py")]


def imports(path: Path) -> set[str]:
    """The top-level names of every import in a file, also of those inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize(("package", "path"), sources(), ids=lambda value: getattr(value, "stem", value))
def test_a_package_imports_only_what_lies_below_it(package, path):
    ours = imports(path) & {*PACKAGES, "cli"}
    assert ours <= MAY_IMPORT[package], f"{path.relative_to(ROOT)} imports {ours - MAY_IMPORT[package]}"


@pytest.mark.parametrize(("package", "path"), sources(), ids=lambda value: getattr(value, "stem", value))
def test_a_library_has_one_home(package, path):
    strays = {name: HOME[name] for name in imports(path) if package not in _homes(name, package)}
    assert not strays, f"{path.relative_to(ROOT)} imports what lives elsewhere: {strays}"


def _homes(name: str, package: str) -> tuple[str, ...]:
    homes = HOME.get(name, package)
    return (homes,) if isinstance(homes, str) else homes


def test_packages_are_never_imported_whole():
    for _, path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & set(PACKAGES), path


def test_module_names_are_honest_and_unique():
    stems = [path.stem for _, path in sources() if path.stem not in ("__init__", "config")]
    assert len(stems) == len(set(stems)), sorted(stem for stem in stems if stems.count(stem) > 1)
    assert not set(stems) & FORBIDDEN_NAMES


def test_the_worker_of_a_decoding_process_needs_no_torch():
    """Its memory limit would not hold what torch maps."""
    reached, pending = set(), {"audio.decoding.decode_worker"}
    while pending:
        module = pending.pop()
        reached.add(module)
        path = ROOT / (module.replace(".", "/") + ".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
                pending.update({node.module} - reached)
        assert not imports(path) & {"torch", "torchaudio", "librosa"}, module
    assert "audio.decoding.decode" in reached
