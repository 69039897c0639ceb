"""Facts about the machine: its device, the installed versions, how often a training saves its state."""

import os

# Between two saved states of a training: the work that a kill may cost.
SAVE_SECONDS = float(os.environ.get("EARSHOT_SAVE_SECONDS", "30"))


def pick_device(name: str) -> str:
    """The device of ``auto``, ``cpu`` or ``cuda``: a GPU if there is one and nothing else is chosen."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def versions() -> dict[str, str]:
    """The installed versions that a result may depend on, by distribution."""
    from importlib.metadata import version

    return {name: version(name) for name in ("earshot", "torch", "torchaudio", "av", "numpy", "soxr", "faiss-cpu")}
