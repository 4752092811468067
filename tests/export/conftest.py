"""The workshop's tests run where its extra `export` is installed and skia finds the system's libGL."""

from __future__ import annotations

import importlib


def _missing(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return True
    return False


# Without torch or skia these modules cannot even be imported.
collect_ignore_glob = ["test_*.py"] if any(_missing(name) for name in ("torch", "skia", "onnx", "openvino")) else []
