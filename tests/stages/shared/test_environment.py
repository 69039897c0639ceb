"""The device and the versions of this machine."""

from importlib.metadata import PackageNotFoundError, version

import pytest

from earshot.stages.shared import environment
from earshot.stages.shared.environment import pick_device, versions


@pytest.mark.parametrize("has_driver", [True, False])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_gpu_is_picked_if_there_is_one_and_its_driver(monkeypatch, has_driver, is_there):
    monkeypatch.setattr("torch.cuda.is_available", lambda: is_there)
    monkeypatch.setattr(environment, "has_gpu_driver", lambda: has_driver)
    assert pick_device("auto") == ("cuda" if has_driver and is_there else "cpu")
    assert (pick_device("cpu"), pick_device("cuda:1")) == ("cpu", "cuda:1")


def test_without_torch_it_is_the_cpu(monkeypatch):
    monkeypatch.setattr(environment, "has_gpu_driver", lambda: True)
    monkeypatch.setattr(environment, "is_installed", lambda name: False)
    assert pick_device("auto") == "cpu"


def test_a_driver_is_found_by_its_files(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_DRIVERS", (tmp_path / "driver",))
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not environment.has_gpu_driver()
    (tmp_path / "driver").touch()
    assert environment.has_gpu_driver()


def test_versions_are_those_installed(monkeypatch):
    assert versions()["torch"] == version("torch")
    assert {"earshot", "numpy", "faiss-cpu", "av", "onnxruntime"} <= versions().keys()

    def without_torch(name):
        if name == "torch":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(environment, "version", without_torch)
    assert "torch" not in versions() and versions()["numpy"] == version("numpy")
