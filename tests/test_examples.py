"""Every script in examples/ renders, and every command on its page runs as it is written there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.media.vspipe import child_environment, find_vspipe, read_info

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.vpy"))

NTSC_24, NTSC_48, NTSC_60 = (Fraction(rate * 1000, 1001) for rate in (24, 48, 60))
EXPECTED = {
    "compare.vpy": (1920, 1080, NTSC_48),
    "enhance.vpy": (1920, 1080, NTSC_48),
    "gate.vpy": (1280, 720, NTSC_24),
    "in_a_script.vpy": (1280, 720, NTSC_48),
    "interpolate.vpy": (1280, 720, NTSC_60),
    "upscale.vpy": (1920, 1080, NTSC_24),
}
"""Size and rate of each script's output."""


def blocks() -> Iterator[tuple[str, str]]:
    """The page's command blocks: what follows `sh` on the fence, and the commands."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    yield from re.findall(r"^```sh *([^\n]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(needs: str) -> list[str]:
    return [line for block, text in blocks() if block == needs for line in text.splitlines()]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout, so that what a command writes goes nowhere else."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment that the page asks for: ours active, ffmpeg on the PATH, vspipe configured."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ffmpeg").symlink_to(find_ffmpeg())
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**child_environment(), "PATH": path}


def test_every_script_is_on_the_page_and_has_an_expectation() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert sorted(EXPECTED) == [script.name for script in SCRIPTS]
    assert all(f"[{script.name}]({script.name})" in page for script in SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_has_the_size_and_the_rate_that_it_names(script: Path) -> None:
    info = read_info(script)
    assert (info.width, info.height, info.fps) == EXPECTED[script.name]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_renders(script: Path, tmp_path: Path) -> None:
    # A second in: there the scene moves, so that frames are made and not only repeated.
    command = [str(find_vspipe()), "--start", "24", "--end", "29", "--container", "y4m", str(script), "-"]
    result = subprocess.run(command, env=child_environment(), cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    assert result.stdout.count(b"FRAME\n") == 6


@pytest.mark.parametrize("command", commands("")[1:])
def test_a_command_on_the_page_runs(command: str, checkout: Path, environment: dict[str, str]) -> None:
    result = run(command, checkout, environment)
    assert result.returncode == 0, result.stderr


def test_the_pipe_on_the_page_keeps_sound_subtitles_and_fonts(checkout: Path, environment: dict[str, str]) -> None:
    result = run(commands("")[0], checkout, environment)
    assert result.returncode == 0, result.stderr
    with av.open(str(EXAMPLES / "clip.mkv")) as before, av.open(str(checkout / "piped.mkv")) as after:
        kinds = [sorted(stream.type for stream in film.streams) for film in (before, after)]
        assert kinds[0] == kinds[1]
        # Matroska counts milliseconds, from which libav guesses the rate.
        assert float(after.streams.video[0].average_rate or 0) == pytest.approx(float(NTSC_48), rel=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("command", commands("nvidia"))
def test_a_command_for_nvidia_runs(command: str, checkout: Path, environment: dict[str, str]) -> None:
    result = run(command, checkout, environment)
    assert result.returncode == 0, result.stderr


def run(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
