"""Laws of the house: who may import whom, one home for each library, and rooms of a size that can be read.

data <- evaluation;  data <- audio;  data <- towers;  data <- index;  evaluation <- graph, towers, index
all <- stages <- web, commands <- cli;  commands may start web
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("audio", "commands", "data", "evaluation", "graph", "index", "stages", "towers", "web")

MAY_IMPORT = {
    "data": {"data"},
    "evaluation": {"evaluation", "data"},
    "audio": {"audio", "data"},
    "graph": {"graph", "audio", "evaluation", "data"},
    "towers": {"towers", "evaluation", "data"},
    "index": {"index", "evaluation", "data"},
    "stages": {*PACKAGES} - {"commands", "web"},
    "web": {*PACKAGES} - {"commands"},
    "commands": {*PACKAGES},
    "cli": {"commands", "index", "stages"},
}
FLOORS = {  # within a package, lowest first: a module or wing imports from lower floors alone, and from its own wing
    "audio": ("acoustic_fingerprint augmentation config", "encoder_shape",
              "checkpoint decoding mel mel_statistics onnx_runtime", "encoder", "ear playback",
              "embed_files trained_ear", "spectral_baselines spectrogram_cache"),
    "data": ("top_k placeholder_names encoding_guess column_words",
             "ids catalog arrays cosine fingerprint parallel name_matching settings files",
             "tables recommend_request path_names", "events playlists",
             "listens", "exports synthetic"),
    "evaluation": ("metrics", "full_ranking", "queries vector_evaluation",
                   "slices sampled_metrics baselines", "evaluator metric_charts", "evaluation_report",
                   "markdown_report"),
    "graph": ("config preference_graph", "bfs build diffusion graph_files", "taste drawing graph_statistics"),
    "towers": ("config query_inputs losses", "networks", "models", "tower_checkpoint", "retrieval", "training"),
    "index": ("migrations", "schema_guard", "database_checks writer_lock", "manifest", "library", "runs", "vectors",
              "tracks", "recordings",
              "listens search", "browsing graphs playlists recommending", "evaluation moved_files removal", "health"),
    "stages": ("shared", "exports imports build_graphs diffuse embed evaluate encodings evaluate_encoder "
               "graph_view map map_places path radio recommend reorder similar train_encoder train_tower", "playing"),
    "commands": ("shared", "build_index", "build_graph check copies demo diffuse_audio embed_audio evaluate "
                 "evaluate_audio export export_encoder failures forget_folder forget_listens graph_stats import_graph "
                 "import_listens import_playlists import_tags keys link map mpd never path plays radio recommend "
                 "reorder serve similar status train_audio train_tower"),
    "web": ("security library_access command_process track_pools", "pages sound", "subsonic failure_answers", "app",
            "server"),
}  # fmt: skip
HOME: dict[str, str | tuple[str, ...]] = {  # one library, one home
    "av": "audio",
    "torchaudio": "audio",
    "librosa": "audio",
    "onnxruntime": "audio",
    "soundfile": "audio",
    "soxr": "audio",
    "networkx": "graph",
    "matplotlib": ("graph", "evaluation"),  # pictures of graphs there, of metrics here
    "umap": "graph",  # it lays out a graph of nearest neighbours
    "torch_geometric": "graph",
    "sqlite_utils": "index",
    "faiss": "index",
    "polars": "data",
    "chardet": "data",
    "pyarrow": "data",
    "fastexcel": "data",
    "implicit": "evaluation",  # baselines, beside which recommenders are judged
    "threadpoolctl": "evaluation",
    "PIL": "audio",  # covers lie in music files
    "starlette": "web",
    "uvicorn": "web",
    "jinja2": "web",
    "click": ("commands", "cli"),
    "tqdm": "commands",
    "mpd": "stages",
    "ray": "stages",
}
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "model"}
MAX_FILES, MAX_LINES, MIN_LINES = 15, 350, 30
LARGER = {  # file or folder: the reason
    "commands": "a listing of it is the list of commands",
    "index/migrations.py": "grows by every migration, and none may change",
}
SMALLER = {
    "audio/augmentation.py": "one transform, with its reasons",
    "towers/networks/event_features.py": "one embedding",
    "data/parallel.py": "the number of threads has one home",
    "index/health/problem.py": "what every check yields",
}
TESTED_ELSEWHERE = {
    "commands/shared/name_options.py": "options alone; tests/stages/test_name_mapping.py has what they do",
    "stages/shared/search_seeds.py": "both test_similar.py search from seeds of all kinds",
    "commands/demo.py": "tests/repo/test_readme_walk.py runs it, and what the README does after it",
}


def sources() -> list[tuple[str, Path]]:
    files = [(package, path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [*files, ("cli", ROOT / "cli.py")]


def each_source() -> pytest.MarkDecorator:
    ids = [str(path.relative_to(ROOT)) for _, path in sources()]
    return pytest.mark.parametrize(("package", "path"), sources(), ids=ids)


def imported_modules(path: Path) -> Iterator[tuple[str, ...]]:
    """The dotted parts of every import in a file, also of those inside functions; not of those for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            yield from ((*(node.module or "").split("."), alias.name) for alias in node.names)


def ours(path: Path) -> set[tuple[str, ...]]:
    """The modules of earshot that a file imports, without that word."""
    return {parts[1:] for parts in imported_modules(path) if parts[0] == "earshot"}


@each_source()
def test_a_package_imports_only_what_lies_below_it(package, path):
    packages = {parts[0] for parts in ours(path)}
    assert packages <= MAY_IMPORT[package], f"imports {packages - MAY_IMPORT[package]}"


@each_source()
def test_nothing_is_imported_but_by_the_name_that_is_installed(package, path):
    assert not {parts[0] for parts in imported_modules(path)} & {*PACKAGES, "cli"}


@pytest.mark.parametrize("package", FLOORS)
def test_inside_a_package_imports_go_down(package):
    floor_of = {wing: floor for floor, wings in enumerate(FLOORS[package]) for wing in wings.split()}
    there = {
        path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(floor_of) == there - {"__init__"}
    upwards = [
        f"{path.relative_to(ROOT)} imports {'.'.join(parts)}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for parts in ours(path)
        if parts[0] == package and (wing := path.relative_to(ROOT).parts[1].removesuffix(".py")) != parts[1]
        if floor_of[wing] <= floor_of[parts[1]]
    ]
    assert not upwards


@each_source()
def test_a_library_has_one_home(package, path):
    strays = {name: HOME[name] for name, *_ in imported_modules(path) if package not in _homes(name, package)}
    assert not strays, f"imports what lives elsewhere: {strays}"


def _homes(name: str, package: str) -> tuple[str, ...]:
    homes = HOME.get(name, package)
    return (homes,) if isinstance(homes, str) else homes


def test_module_names_are_honest_and_unique():
    for twin in ("commands", "stages"):  # a command and its stage have one name
        stems = [
            path.stem for package, path in sources() if package != twin and path.stem not in ("__init__", "config")
        ]
        assert len(stems) == len(set(stems)), sorted(stem for stem in stems if stems.count(stem) > 1)
    assert not {path.stem for _, path in sources()} & FORBIDDEN_NAMES


@each_source()
def test_a_file_is_neither_long_nor_a_crumb(package, path):
    name, n_lines = str(path.relative_to(ROOT)), len(path.read_text(encoding="utf-8").splitlines())
    assert (n_lines > MAX_LINES) == (name in LARGER)
    assert (n_lines < MIN_LINES) == (name in SMALLER) or path.name == "__init__.py"


def test_a_folder_is_read_at_one_look():
    folders = {path.parent for _, path in sources()}
    crowded = {str(folder.relative_to(ROOT)) for folder in folders if len(list(folder.glob("[!_]*.py"))) > MAX_FILES}
    assert crowded == {name for name in LARGER if not name.endswith(".py")}


def test_every_folder_of_code_is_installed():
    import tomllib

    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {path.parent.relative_to(ROOT) for _, path in sources()}
    assert sorted(setuptools["packages"]) == sorted(".".join(("earshot", *folder.parts)) for folder in folders)


def test_a_decoding_process_needs_no_torch():
    """Its memory limit would not hold what torch maps."""
    reached = set()
    pending = {("audio", *parts) for parts in (("decoding", "decode_pool"), ("decoding", "decode"))}
    pending |= {("audio", "playback", name) for name in ("open_sounds", "cover_art")}
    while pending:
        module = pending.pop()
        reached.add(module)
        path = ROOT.joinpath(*module).with_suffix(".py")
        pending.update({parts[:-1] for parts in ours(path)} - reached)
        assert not {parts[0] for parts in imported_modules(path)} & {"torch", "torchaudio", "librosa"}, module
    assert ("audio", "decoding", "music_file") in reached


@each_source()
def test_every_file_has_the_test_of_its_name(package, path):
    name = path.relative_to(ROOT)
    mirrored = ROOT / "tests" / name.with_name(f"test_{path.name}")
    if package != "cli" and path.name != "__init__.py":
        assert mirrored.exists() != (str(name) in TESTED_ELSEWHERE)


def test_every_test_file_is_named_after_a_file():
    """Or after one and what it asks of it; tests of the whole and of the checkout have folders of their own."""
    strays = [
        str(test)
        for test in sorted((ROOT / "tests").rglob("test_*.py"))
        if (parts := test.relative_to(ROOT / "tests").parts)[0] not in ("whole", "repo")
        if not any(
            test.stem.startswith(f"test_{source.stem}") for source in ROOT.joinpath(*parts[:-1]).glob("[!_]*.py")
        )
    ]
    assert [str(Path(stray).relative_to(ROOT)) for stray in strays] == ["tests/commands/test_cli.py"]
