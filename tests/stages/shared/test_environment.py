"""The device and the versions of this machine."""

import torch

from earshot.stages.shared.environment import pick_device, versions


def test_a_gpu_is_picked_if_there_is_one(monkeypatch):
    for is_there, device in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr("torch.cuda.is_available", lambda is_there=is_there: is_there)
        assert pick_device("auto") == device
    assert (pick_device("cpu"), pick_device("cuda:1")) == ("cpu", "cuda:1")


def test_versions_are_those_installed():
    assert versions()["torch"] == torch.__version__.split("+")[0] or versions()["torch"] == torch.__version__
    assert {"earshot", "numpy", "faiss-cpu", "av"} <= versions().keys()
