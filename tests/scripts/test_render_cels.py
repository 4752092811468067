from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).parents[2] / "scripts" / "render_cels.py"


def _render(*arguments: str) -> str:
    command = [sys.executable, str(PROGRAM), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_stills_are_rendered_once_and_listed(tmp_path: Path) -> None:
    pytest.importorskip("skia", exc_type=ImportError)
    size = ("--size", "48", "--scenes", "3", "--validation-scenes", "2", "--workers", "1")
    said = _render("stills", "--out", str(tmp_path), *size)
    assert said.startswith("2 of 2 shards")
    train, valid = (tmp_path / f"{split}-00000.npy" for split in ("train", "valid"))
    assert np.load(train).shape == (3, 48, 48)
    assert np.load(valid).shape == (2, 48, 48)
    before = train.stat().st_mtime_ns
    _render("stills", "--out", str(tmp_path), *size)
    assert train.stat().st_mtime_ns == before
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest == {
        "kind": "stills",
        "size": 48,
        "shards": {"valid-00000.npy": [10**9, 10**9 + 2], "train-00000.npy": [0, 3]},
    }
