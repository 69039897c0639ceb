"""Decoding processes, whatever their parent has for a main module."""

import sys
from types import ModuleType

from earshot.audio.decoding.spawn_context import WorkerContext

CHECK = "import sys; sys.exit('torch' in sys.modules or hasattr(sys.modules['__main__'], '__file__'))"


def test_a_process_imports_neither_the_main_module_nor_torch(monkeypatch, tmp_path):
    (tmp_path / "script.py").write_text("import torch; raise SystemExit(9)")
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "script.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    process = WorkerContext().Process(target=exec, args=[CHECK])
    process.start()
    process.join(30)
    assert process.exitcode == 0 and sys.modules["__main__"] is main
