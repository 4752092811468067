from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsainimotion.media.ffmpeg import find_ffmpeg

PROGRAM = Path(__file__).parents[2] / "scripts" / "overnight.sh"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a bash program; Windows has overnight.ps1")

RUN = """
name = "night"
task = "flow-fast"
out = "{out}"
steps = 2
learning_rate = 1e-3
crops = [[32, 1, 1]]
device = "cpu"
[[sources]]
kind = "film"
folder = "{data}"
"""


def _overnight(tmp_path: Path, films: Path, steps_file: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHON": sys.executable, "VSAINIMOTION_CACHE": str(tmp_path / "cache")}
    options = ("--skip-intro", "0", "--height", "64", "--workers", "1", "--validation", "0.5")
    command = [str(PROGRAM), str(films), str(tmp_path / "data"), str(steps_file), *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_a_night_extracts_trains_and_says_how_it_ended(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    films, run = tmp_path / "films", tmp_path / "night.toml"
    films.mkdir()
    run.write_text(RUN.format(out=tmp_path / "out", data=tmp_path / "data"))
    for name, rate in (("one", 12), ("other", 24)):
        source = ("-f", "lavfi", "-i", f"testsrc2=size=96x64:rate={rate}:duration=1")
        subprocess.run(
            [str(find_ffmpeg()), "-v", "error", *source, "-c:v", "ffv1", str(films / f"{name}.mkv")], check=True
        )
    (films / "noise.mp4").write_bytes(b"no film" * 99)
    done = _overnight(tmp_path, films, run)
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 4, done.stdout
    assert last.startswith("overnight: DONE: some films are damaged")
    assert (tmp_path / "data" / "logs" / "last.txt").read_text().strip() == last
    assert {path.name.split("-")[-1] for path in (tmp_path / "data" / "logs").glob("*.log")} == {
        "extract.log",
        "train.log",
    }
    assert (tmp_path / "out" / "night.safetensors").exists()


def test_a_night_that_cannot_extract_trains_nothing(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    run = tmp_path / "night.toml"
    run.write_text("")
    done = _overnight(tmp_path, tmp_path / "gone", run)
    assert done.returncode == 2
    assert "FAILED while extracting (exit code 2); nothing was trained" in done.stdout.splitlines()[-1]


def test_too_few_arguments_show_how_to_use_it() -> None:
    done = subprocess.run([str(PROGRAM)], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage: scripts/overnight.sh FILMS DATA RUN.toml" in done.stderr
