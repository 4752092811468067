from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsainimotion.media.ffmpeg import find_ffmpeg

PROGRAM = Path(__file__).parents[2] / "scripts" / "extract_triplets.py"
SHORT = ("--skip-intro", "0", "--height", "64", "--workers", "1", "--quiet")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film and a file that is none."""
    pytest.importorskip("cv2")
    folder = tmp_path_factory.mktemp("films")
    source = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=24:duration=1")
    subprocess.run([str(find_ffmpeg()), "-v", "error", *source, "-c:v", "ffv1", str(folder / "film.mkv")], check=True)
    (folder / "noise.mp4").write_bytes(b"no film" * 99)
    return folder


def _extract(*arguments: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"VSAINIMOTION_CACHE": str(cache)}
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_a_damaged_film_is_named_and_the_exit_code_tells(films: Path, tmp_path: Path) -> None:
    done = _extract(films, "--out", tmp_path / "out", *SHORT, cache=tmp_path)
    assert done.returncode == 4
    assert "triplets in" in done.stdout
    assert "of 1 films" in done.stdout
    assert f"{films / 'film.mkv'}: " in done.stdout  # a log has a line for each film instead of bars
    assert f"damaged: {films / 'noise.mp4'}" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "manifest.jsonl").read_text()


def test_a_dry_run_lists_and_writes_nothing(films: Path, tmp_path: Path) -> None:
    done = _extract(films / "film.mkv", "--out", tmp_path / "out", *SHORT, "--dry-run", cache=tmp_path)
    assert done.returncode == 0
    assert "train        24       1     1" in done.stdout
    assert "1 chunks left with 24 frames to look at" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_wrong_option_is_a_message(films: Path, tmp_path: Path) -> None:
    done = _extract(films, "--out", tmp_path / "out", "--crop-top", "3", cache=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("extract_triplets: Settings: 'crop_top' must be even")
