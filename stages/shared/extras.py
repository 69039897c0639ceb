"""Extras of the installation: what training, judging and the map need, and hearing, asking and serving do not."""

from importlib.util import find_spec

_EXTRAS = {  # by module, the extra of pyproject.toml that brings it
    "torch": "train",
    "torchaudio": "train",
    "torch_geometric": "train",
    "librosa": "train",
    "implicit": "train",
    "threadpoolctl": "train",
    "umap": "map",
    "matplotlib": "map",
    "mpd": "mpd",
    "ray": "cluster",
}
_PURPOSES = {
    "train": "Training, recommending and judging need",
    "map": "Maps and pictures need",
    "mpd": "Following a Music Player Daemon needs",
    "cluster": "Embedding on a cluster needs",
}


def missing_extra(error: ImportError) -> str | None:
    """One sentence and what to type, for a module that an extra would bring; None for any other."""
    module = (error.name or "").split(".")[0]
    extra = _EXTRAS.get(module)
    if extra is None or is_installed(module):
        return None
    return (
        f"{_PURPOSES[extra]} {module}, which this installation was made without."
        f"\n\nRun `pip install 'earshot[{extra}]'`."
    )


def is_installed(module: str) -> bool:
    """Whether a module can be imported, found out without the seconds that its import takes."""
    return find_spec(module) is not None
