"""Facts about the machine: its device, the installed versions, how often a training saves its state."""

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from earshot.stages.shared.extras import is_installed

# Between two saved states of a training: the work that a kill may cost.
SAVE_SECONDS = float(os.environ.get("EARSHOT_SAVE_SECONDS", "30"))
_DRIVERS = (Path("/proc/driver/nvidia"), Path("/dev/kfd"))  # NVIDIA's and AMD's
_PACKAGES = ("earshot", "onnxruntime", "torch", "torchaudio", "av", "numpy", "scipy", "soxr", "faiss-cpu")


def pick_device(name: str) -> str:
    """The device of ``auto``, ``cpu`` or ``cuda``: a GPU if there is one and nothing else is chosen.

    Without the driver of a GPU torch is not imported: that takes seconds.
    """
    if name != "auto":
        return name
    if not has_gpu_driver() or not is_installed("torch"):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def has_gpu_driver() -> bool:
    """Whether the driver of a GPU that torch could use is installed."""
    return shutil.which("nvidia-smi") is not None or any(driver.exists() for driver in _DRIVERS)


def versions() -> dict[str, str]:
    """The installed versions that a result may depend on, by distribution."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # of the extra `train`
            continue
    return found
