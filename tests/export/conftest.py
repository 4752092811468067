"""The workshop's tests run where its extra `export` is installed and skia finds the system's libGL."""

from __future__ import annotations

import importlib
import importlib.util


def _missing(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return True
    return False


def _unable() -> bool:
    # OpenVINO's package is only looked for: it cannot be imported where VapourSynth's plugin has loaded its own build.
    return any(_missing(name) for name in ("torch", "skia", "onnx")) or importlib.util.find_spec("openvino") is None


# Without torch or skia these modules cannot even be imported. A run with --complete notices that they are missing.
collect_ignore_glob = ["test_*.py"] if _unable() else []
