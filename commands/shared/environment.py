"""The machine: the device, the versions, and how often a training is kept."""

import os

# Between two states of a training: what a kill may cost.
SAVE_SECONDS = float(os.environ.get("EARSHOT_SAVE_SECONDS", "30"))


def pick_device(asked: str) -> str:
    """The device meant by --device."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("earshot", "torch", "torchaudio", "av", "numpy", "soxr", "faiss-cpu")}
